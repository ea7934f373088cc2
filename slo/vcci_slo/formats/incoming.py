"""Promises from files of any format: each document is read as what it says it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vcci_slo.errors import SpecError, SpecProblem
from vcci_slo.formats.documents import Format, documents, objects, sniffed
from vcci_slo.formats.from_openslo import openslo_promises
from vcci_slo.formats.from_pyrra import pyrra_promises
from vcci_slo.formats.from_sloth import MONTH, Plugins, sloth_promises
from vcci_slo.formats.notes import Notes, Origin
from vcci_slo.formats.openslo.inline import Catalogue
from vcci_slo.formats.openslo.model import Object
from vcci_slo.formats.openslo.read import read_objects
from vcci_slo.formats.promise import Promise
from vcci_slo.formats.pyrra.read import read_pyrra
from vcci_slo.formats.sloth import BUILT_IN, SlothError, Windows, kind_of, read_document, split_documents
from vcci_slo.spec.source import Place, Source

__all__ = ["Reading", "format_of", "incoming"]

_CATALOGUE = re.compile(r"^kind: +['\"]?AlertWindows['\"]? *$", re.MULTILINE)


@dataclass(frozen=True)
class Reading:
    """How to read what leaves something open: plugins of Sloth, and its period and windows."""

    plugins: Plugins
    windows: Windows = BUILT_IN[MONTH]


def format_of(text: str, file: str) -> Format:
    """Return the format that all documents of a file have. Raises SpecError if they have none, or several."""
    if any(kind_of(part) is not None for part in split_documents(text)):
        return "sloth"
    found: dict[Format | None, Place] = {}
    for source in documents(text, file):
        found |= {sniffed(data): source.place(path) for path, data in objects(source)}
    for name in found if len(found) == 1 else ():
        if name is not None:
            return name
    place = next(iter(found.values()), None)
    line, column = (place.line, place.column) if place else (1, 1)
    told = " and ".join(sorted(name for name in found if name)) or "something else"
    expected = "a spec of vcci, Sloth, OpenSLO or Pyrra, one format to a file"
    raise SpecError([SpecProblem(file, line, column, "", expected, told if found else "an empty file")])


def incoming(
    texts: Mapping[str, str], given: Format | None, reading: Reading, notes: Notes
) -> tuple[tuple[Promise, ...], frozenset[Format]]:
    """Return the promises of all files, in their order, and the formats that were met.

    References of OpenSLO are followed across files. Raises SpecError with every problem of all of them.
    """
    promises: list[Promise] = []
    openslo: list[Object] = []
    problems: list[SpecProblem] = []
    met: set[Format] = set()
    for file, text in texts.items():
        try:
            format_ = given or format_of(text, file)
            met.add(format_)
            match format_:
                case "sloth":
                    promises += _sloth(text, file, reading, notes)
                case "openslo":
                    openslo += _openslo(documents(text, file), notes)
                case "pyrra":
                    promises += [
                        promise
                        for source in documents(text, file)
                        for promise in pyrra_promises(read_pyrra(source, notes), notes)
                    ]
                case "vcci":
                    problems.append(SpecProblem(file, 1, 1, "", "a file of another format", "a spec of vcci"))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    return (*promises, *openslo_promises(Catalogue(openslo), notes)), frozenset(met)


def _openslo(sources: Iterable[Source], notes: Notes) -> list[Object]:
    return [one for source in sources for one in read_objects(source, notes)]


def _sloth(text: str, file: str, reading: Reading, notes: Notes) -> list[Promise]:
    found: list[Promise] = []
    try:
        for part in split_documents(text):
            if kind_of(part) is None and _CATALOGUE.search(part):
                why = "it belongs to a run of Sloth, and not to one of its specs"
                notes.lost(Origin(file), "", "the catalogue of alert windows", why, "--slo-period-windows-path")
                continue
            found += sloth_promises(read_document(part), file, notes, reading.plugins, reading.windows)
    except SlothError as error:
        raise SpecError([SpecProblem(file, 1, 1, "", "a spec that Sloth reads", str(error))]) from None
    if not found and not split_documents(text):
        raise SpecError([SpecProblem(file, 1, 1, "", "a spec that Sloth reads", "an empty file")])
    return found
