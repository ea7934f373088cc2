"""From any format to another one in one call: files in, files and a report of what changed out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from vcci_slo.errors import SpecError, SpecProblem
from vcci_slo.formats.documents import Format
from vcci_slo.formats.incoming import Reading, format_of, incoming
from vcci_slo.formats.native.signals import WhyNot
from vcci_slo.formats.native.write import written
from vcci_slo.formats.notes import Note, Notes
from vcci_slo.formats.to_openslo import openslo_objects
from vcci_slo.formats.to_sloth import SlothFiles, sloth_files
from vcci_slo.formats.yaml_text import yaml_documents, yaml_text
from vcci_slo.promql.durations import promql_duration
from vcci_slo.resolve import resolve
from vcci_slo.spec.document import Document, parse

__all__ = ["Conversion", "Target", "convert"]

Target = Literal["vcci", "sloth", "openslo"]
CONVERTED = "the converted spec"


@dataclass(frozen=True)
class Conversion:
    """The files by name, the first being the one that matters most, and what could not be carried over as it was."""

    files: Mapping[str, str]
    notes: tuple[Note, ...]

    @property
    def lossless(self) -> bool:
        """Whether the target says all that the source does."""
        return not any(note.weight == "lost" for note in self.notes)


def convert(
    texts: Mapping[str, str],
    *,
    given: Format | None,
    target: Target,
    reading: Reading,
    why_not: WhyNot,
    name: str,
    include: Callable[[str], str] | None = None,
) -> Conversion:
    """Return the files of `target` that say what the texts say.

    `given` is their format, None to ask each file. `why_not` tells why a query is no PromQL. `include` reads the files
    that a spec of ours names. Raises SpecError with every problem of the input.
    """
    notes = Notes()
    formats = {file: given or format_of(text, file) for file, text in texts.items()}
    own = [file for file, format_ in formats.items() if format_ == "vcci"]
    if own and (target == "vcci" or len(own) < len(texts)):
        expected = "a spec of another format" if target == "vcci" else "files of vcci alone, or none of them"
        raise SpecError(SpecProblem(file, 1, 1, "", expected, "a spec of vcci") for file in own)
    if own:
        documents = tuple(parse(text, file=file, include=include) for file, text in texts.items())
    else:
        promises, _ = incoming(texts, given, reading, notes)
        text = written(promises, notes, why_not, name=name)
        if target == "vcci":
            return Conversion({f"{name}.yaml": text}, tuple(notes.found))
        documents = (parse(text, file=CONVERTED),)
    files = _outgoing(documents, target, notes, by_hand=bool(own))
    # What our spec alone needs, between two other formats, nobody will see.
    told = (note for note in notes.found if own or note.weight != "added")
    return Conversion(files, tuple(told))


def _outgoing(documents: tuple[Document, ...], target: Target, notes: Notes, *, by_hand: bool) -> dict[str, str]:
    files: dict[str, str] = {}
    for document in documents:
        plan = resolve(document)
        if target == "openslo":
            files[f"{plan.name}.yaml"] = yaml_documents(openslo_objects(document, plan, notes, by_hand=by_hand))
            continue
        sets = sloth_files(document, plan, notes, by_hand=by_hand)
        for number, found in enumerate(sets, start=1):
            files |= _sloth_files(plan.name if len(sets) == 1 else f"{plan.name}-{number}", found)
    return files


def _sloth_files(name: str, found: SlothFiles) -> dict[str, str]:
    files = {f"{name}.yaml": yaml_documents(found.specs)}
    if found.windows is not None:
        period = promql_duration(found.period)
        files[f"windows-{name}/{period}.yaml"] = yaml_text(found.windows)
    return files
