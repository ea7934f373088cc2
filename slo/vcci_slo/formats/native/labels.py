"""Labels of other formats as labels of our spec: valid names, none of those that the rules set themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vcci_slo.formats.notes import Notes, Origin
from vcci_slo.promql.series import RESERVED

__all__ = ["MOST", "labels_of"]

MOST = 20
LONGEST_VALUE = 1000
LONGEST_NAME = 60
_STRANGE = re.compile(r"[^a-zA-Z0-9_]")


def labels_of(given: Mapping[str, str], origin: Origin, notes: Notes, taken: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the labels that a promise can have, with a note for each that had to change or stay behind."""
    found: dict[str, str] = {}
    for name, value in sorted(given.items()):
        wished = _valid(name)
        if wished in RESERVED or wished in taken:
            wished = f"source_{wished}"
        if wished in found or len(found) == MOST or len(wished) > LONGEST_NAME:
            why = f"a promise has at most {MOST} labels of at most {LONGEST_NAME} characters, each once"
            notes.lost(origin, "labels", f"the label {name}", why)
            continue
        text = value.strip()
        if not text:
            notes.lost(origin, "labels", f"the label {name}", "it is empty, which Prometheus takes for absent")
            continue
        if len(text) > LONGEST_VALUE or text != value:
            notes.lost(origin, "labels", f"the whole value of {name}", "values are at most 1000 characters, stripped")
        if wished != name:
            why = "the rules use it themselves" if _valid(name) == name else "it is no label of Prometheus 2"
            notes.changed(origin, "labels", f"the label {name}", why, wished)
        found[wished] = text[:LONGEST_VALUE]
    return found


def _valid(name: str) -> str:
    text = _STRANGE.sub("_", name)
    return f"_{text}" if not text or text[0].isdigit() else text
