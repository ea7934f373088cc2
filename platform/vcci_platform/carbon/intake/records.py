"""From lines to records: fields as text, each with the number of the line on which its record begins.

A record is named by the line of the file on which it begins, counted from 1 as a text editor counts, blank lines and
the lines inside quoted fields included. The header is on line 1 unless blank lines or a `sep=` line come before it.

Lines without a quotation mark, nearly all of a ledger, are split as a whole array. Where a quotation mark appears, the
standard library's reader takes that record, over as many lines as it needs, in its strict form: a quoted field that
does not end within `MAX_RECORD_LINES`, or text between a closing quotation mark and the next separator, makes that one
line malformed, and reading goes on with the next line, so that one stray mark never swallows the rest of a ledger.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from vcci_platform.carbon.intake.header import DELIMITERS, FIELDS, Header

__all__ = ["MAX_RECORD_LINES", "Records", "split_records"]

MAX_RECORD_LINES = 100
"""How many lines one record may span."""

PART_LINES = 250_000
"""Lines that are split at a time, so that the intermediate columns of a long file do not all live at once."""

_SCHEMA = {"row": pl.Int64(), **{name: pl.String() for name in FIELDS}}
_MALFORMED = {"row": pl.Int64(), "value": pl.String(), "detail": pl.String()}


@dataclass(frozen=True)
class Records:
    """The records of a file."""

    rows: pl.DataFrame
    """row and the six fields, as text; in the file's order."""

    malformed: pl.DataFrame
    """row, value (the line) and detail (what is wrong with it) of lines that are no record."""

    blank: int
    """Lines without content."""


def split_records(lines: Sequence[str], header: Header) -> Records:
    """Return the records behind the header."""
    quoted = _quoted_records(lines, header)
    rows = [pl.DataFrame(quoted.rows, schema=_SCHEMA, orient="row")]
    malformed = [pl.DataFrame(quoted.malformed, schema=_MALFORMED, orient="row")]
    blank = quoted.blank
    taken = pl.Series(quoted.taken, dtype=pl.Int64).implode()
    for start in range(header.body, len(lines), PART_LINES):
        series = pl.Series("line", lines[start : start + PART_LINES], dtype=pl.String)
        numbered = pl.DataFrame([series]).with_row_index("row", offset=start + 1).cast({"row": pl.Int64})
        part = _plain_records(numbered.filter(~pl.col("row").is_in(taken)), header)
        rows.append(part.rows)
        malformed.append(part.malformed)
        blank += part.blank
    return Records(rows=pl.concat(rows).sort("row"), malformed=pl.concat(malformed).sort("row"), blank=blank)


def _plain_records(numbered: pl.DataFrame, header: Header) -> Records:
    """Return the records of lines without a quotation mark: `row` and `line`."""
    line, width = pl.col("line"), header.width
    marks = line.str.count_matches(header.delimiter, literal=True)
    trimmed = line.str.strip_chars_end(f" {header.delimiter}").str.count_matches(header.delimiter, literal=True)
    content = numbered.filter(line.str.strip_chars(f" \t\u00a0{header.delimiter}") != "").with_columns(
        marks=marks,
        # empty fields behind the last column come from spreadsheets and hold nothing
        good=(marks == width - 1) | ((marks >= width) & (trimmed < width)),
    )
    fields = content.filter("good").select("row", parts=line.str.split_exact(header.delimiter, width - 1))
    places = ((name, pl.col("parts").struct.field(f"field_{header.columns[name]}")) for name in FIELDS)
    wrong = content.filter(~pl.col("good"))
    return Records(
        rows=fields.select("row", *(part.fill_null("").alias(name) for name, part in places)),
        malformed=wrong.select(
            "row",
            value=line,
            detail=pl.format("The row has {} fields where the header has {}.", pl.col("marks") + 1, pl.lit(width)),
        ),
        blank=numbered.height - content.height,
    )


@dataclass
class _Quoted:
    """Records that hold a quotation mark, and every line that they take up."""

    rows: list[tuple[int | str, ...]] = field(default_factory=list)
    malformed: list[tuple[int, str, str]] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    blank: int = 0


@dataclass
class _Feed:
    """Lines from a place on, as the reader asks for them."""

    lines: Sequence[str]
    at: int = 0
    end: int = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        at = self.at
        if at >= self.end:
            raise StopIteration
        self.at = at + 1
        return self.lines[at] + "\n"


def _quoted_records(lines: Sequence[str], header: Header) -> _Quoted:
    found = _Quoted()
    places = [header.columns[name] for name in FIELDS]
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=header.delimiter, strict=True)
    free = header.body
    for start, line in enumerate(lines):
        if start < free or '"' not in line:
            continue
        feed.at, feed.end = start, min(start + MAX_RECORD_LINES, len(lines))
        try:
            values = next(reader)
            problem = "" if len(values) == header.width else _wrong_width(values, header.width)
        except (csv.Error, StopIteration):
            values, problem = [], _bad_quotes(header.delimiter)
        empty = not "".join(values).strip()
        free = start + 1 if problem else feed.at
        if problem:
            found.malformed.append((start + 1, line, problem))
        elif empty:
            found.blank += 1
        else:
            found.rows.append((start + 1, *(values[place] for place in places)))
        found.taken.extend(range(start + 1, free + 1))
    return found


def _wrong_width(fields: Sequence[str], width: int) -> str:
    if len(fields) < width or any(value.strip() for value in fields[width:]):
        return f"The row has {len(fields)} fields where the header has {width}."
    return ""


def _bad_quotes(delimiter: str) -> str:
    return (
        "A quotation mark opens a field that does not end, or ends before its"
        f" {DELIMITERS.get(delimiter, 'separator')}; double the marks inside a quoted field."
    )
