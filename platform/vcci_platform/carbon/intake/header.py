"""The header of a purchases file: which separator it uses, and which column is which.

A column is recognised by its name, without regard to case, accents of writing (`_`, `-`, several blanks) or a trailing
colon. Known names, besides the canonical ones, are in `ALIASES`; they are a closed list, and a column that could mean
something else on a ledger (a gross amount, a NAICS code of another edition) is not on it. Other columns are ignored and
named in the result. A first line `sep=;`, which Excel writes and reads, is understood.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vcci_platform.carbon.model import IntakeError

__all__ = ["ALIASES", "FIELDS", "Header", "find_header"]

FIELDS = ("date", "supplier", "description", "naics", "amount", "currency")
"""The columns of a purchases file, all of them required."""

ALIASES: Mapping[str, tuple[str, ...]] = {
    "date": (
        "date", "posting date", "invoice date", "document date", "transaction date", "purchase date", "booking date",
        "datum", "buchungsdatum", "belegdatum", "rechnungsdatum",
    ),
    "supplier": ("supplier", "supplier name", "vendor", "vendor name", "creditor", "lieferant", "kreditor"),
    "description": (
        "description", "line description", "item description", "item", "text", "memo", "purchase",
        "beschreibung", "bezeichnung", "buchungstext",
    ),
    "naics": ("naics", "naics code", "naics 2017", "naics 2017 code", "2017 naics code", "naics2017"),
    "amount": ("amount", "net amount", "amount net", "spend", "net spend", "betrag", "nettobetrag"),
    "currency": ("currency", "currency code", "iso currency", "ccy", "währung", "waehrung"),
}  # fmt: skip
"""Names under which a column is recognised, as they read after normalisation."""

DELIMITERS: Mapping[str, str] = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
MAX_COLUMNS = 256
"""More columns than any ledger export has; a file with more is something else."""

_FIELD_OF: Mapping[str, str] = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
_SEPARATOR_LINE = re.compile(r"sep=(.)", re.IGNORECASE)


@dataclass(frozen=True)
class Header:
    """How the records of a file are written."""

    delimiter: str
    width: int
    """How many fields a record has."""

    columns: Mapping[str, int]
    """Field of `FIELDS` → position."""

    ignored: tuple[str, ...]
    """Named columns that are not used."""

    body: int
    """Index of the first line behind the header."""


def find_header(lines: Sequence[str]) -> Header:
    """Return the header of a file, or raise what is wrong with it: missing, doubled or too many columns."""
    index = next(index for index, line in enumerate(lines) if line.strip())
    delimiters = tuple(DELIMITERS)
    if (separator := _SEPARATOR_LINE.fullmatch(lines[index].strip('\ufeff "'))) is not None:
        delimiters = (separator[1],)
        index = next((later for later in range(index + 1, len(lines)) if lines[later].strip()), len(lines))
        if index == len(lines):
            raise IntakeError("empty", "The file holds nothing but a separator line.")
    names = max((_names(lines[index], delimiter) for delimiter in delimiters), key=_recognised)
    delimiter = next(one for one in delimiters if _names(lines[index], one) == names)
    if len(names) > MAX_COLUMNS:
        detail = f"The header has {len(names)} columns, expected at most {MAX_COLUMNS}."
        raise IntakeError("too-many-columns", detail, [{"row": index + 1, "reason": detail}])
    if len(names) == 1 and _field(names[0]) is None:
        detail = (
            f"Line {index + 1} is not the header of a CSV file: expected the columns {', '.join(FIELDS)},"
            f" separated by {_either(list(DELIMITERS.values()))}; found “{_short(lines[index])}”."
        )
        raise IntakeError("not-csv", detail, [{"row": index + 1, "reason": detail}])
    return Header(
        delimiter=delimiter,
        width=len(names),
        columns=_columns(names, index + 1),
        ignored=tuple(name.strip() for name in names if name.strip() and _field(name) is None),
        body=index + 1,
    )


def _columns(names: Sequence[str], row: int) -> dict[str, int]:
    found: dict[str, list[int]] = {field: [] for field in FIELDS}
    for position, name in enumerate(names):
        if (field := _field(name)) is not None:
            found[field].append(position)
    doubled = {field: [names[position] for position in places] for field, places in found.items() if len(places) > 1}
    if doubled:
        errors = [
            {"row": row, "field": field, "reason": f"the columns {_listed(several)} all mean {field}; keep one"}
            for field, several in doubled.items()
        ]
        detail = "The header names a column twice: " + "; ".join(str(error["reason"]) for error in errors) + "."
        raise IntakeError("ambiguous-columns", detail, errors)
    missing = [field for field in FIELDS if not found[field]]
    if missing:
        errors = [{"row": row, "field": field, "reason": _missing(field, names)} for field in missing]
        detail = "The header lacks " + "; ".join(str(error["reason"]) for error in errors) + "."
        raise IntakeError("missing-columns", detail, errors)
    return {field: places[0] for field, places in found.items()}


def _missing(field: str, names: Sequence[str]) -> str:
    unused = {_normal(name): name.strip() for name in names if name.strip() and _field(name) is None}
    near = [match for alias in ALIASES[field] for match in difflib.get_close_matches(alias, unused, n=1, cutoff=0.7)]
    if not near:
        return f"{field} (found {_listed(list(names)) if any(names) else 'no names'})"
    return f"{field} (the nearest name is “{unused[near[0]]}”; call it {field})"


def _names(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return [line]


def _recognised(names: Sequence[str]) -> tuple[int, int]:
    return len({_field(name) for name in names} - {None}), 0 if len(names) == 1 else 1


def _field(name: str) -> str | None:
    return _FIELD_OF.get(_normal(name))


def _normal(name: str) -> str:
    return re.sub(r"[\s_\-.]+", " ", name.strip(" \t\"':")).strip().casefold()


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"“{_short(name.strip())}”" for name in names[:12]) + (", …" if len(names) > 12 else "")


def _either(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" or {names[-1]}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
