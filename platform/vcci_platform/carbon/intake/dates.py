"""Dates as ledgers write them, read only where one reading is possible.

Read at once: `2024-03-31`, `2024/03/31`, `2024.03.31`, `20240331`, each also with a time behind it, which is dropped;
`31.03.2024` (a point between the parts is written day first everywhere); `31 Mar 2024`, `31-Mar-2024`, `Mar 31, 2024`
with English months. `31/03/2024` and `03-31-2024` are read when one of the parts cannot be a month or both are the
same day; `03/04/2024` is ambiguous unless the sender has stated the order. Two-digit years and the serial numbers of
spreadsheets are not read.
"""

from __future__ import annotations

import re
from datetime import date

import polars as pl

from vcci_platform.carbon.intake.reading import DateOrder
from vcci_platform.carbon.model import GapReason

__all__ = ["read_date", "read_dates"]

_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_CERTAIN = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"(?P<year>\d{{4}})([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){_TIME}",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d{{4}}){_TIME}",
        r"(?P<day>\d{1,2})([ -])(?P<month>[A-Za-z]{3,9})\2(?P<year>\d{4})",
        r"(?P<month>[A-Za-z]{3,9}) (?P<day>\d{1,2}), (?P<year>\d{4})",
    )
)
_YEAR_LAST = re.compile(rf"(?P<first>\d{{1,2}})([-/])(?P<second>\d{{1,2}})\2(?P<year>\d{{4}}){_TIME}", re.ASCII)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_MONTH_NUMBERS = {form: str(number) for number, name in enumerate(_MONTHS, 1) for form in (name, name[:3])}


def read_dates(column: pl.Series, order: DateOrder | None) -> pl.DataFrame:
    """Return, for a column of trimmed text, `date` (null if not read) and `reason` (null if read, or if empty).

    The common form is read as an array, and every other distinct text once.
    """
    table = pl.DataFrame({"text": column}).with_columns(date=_iso(pl.col("text")), reason=pl.lit(None, pl.String))
    rest = table.filter(pl.col("date").is_null() & (pl.col("text") != ""))["text"].unique(maintain_order=True)
    if rest.is_empty():
        return table.select("date", "reason")
    read = [read_date(text, order) for text in rest.to_list()]
    others = pl.DataFrame(
        {
            "text": rest,
            "other": pl.Series([one if isinstance(one, date) else None for one in read], dtype=pl.Date),
            "why": pl.Series([one.value if isinstance(one, GapReason) else None for one in read], dtype=pl.String),
        }
    )
    joined = table.join(others, on="text", how="left", maintain_order="left")
    return joined.select(date=pl.coalesce("date", "other"), reason=pl.col("why"))


def read_date(text: str, order: DateOrder | None = None) -> date | GapReason:
    """Return the day that a text means, or why it is not certain.

    >>> read_date("31/03/2024"), read_date("03/04/2024").value
    (datetime.date(2024, 3, 31), 'date_ambiguous')
    """
    if match := _YEAR_LAST.fullmatch(text):
        return _year_last(match["year"], match["first"], match["second"], order)
    for form in _CERTAIN:
        if match := form.fullmatch(text):
            return _day(match["year"], match["month"], match["day"])
    return GapReason.DATE_UNREADABLE


def _year_last(year: str, first: str, second: str, order: DateOrder | None) -> date | GapReason:
    day_first, month_first = _day(year, second, first), _day(year, first, second)
    if order is DateOrder.DAY_FIRST:
        return day_first
    if order is DateOrder.MONTH_FIRST:
        return month_first
    if isinstance(day_first, date) and isinstance(month_first, date) and day_first != month_first:
        return GapReason.DATE_AMBIGUOUS
    return day_first if isinstance(day_first, date) else month_first


def _day(year: str, month: str, day: str) -> date | GapReason:
    try:
        return date(int(year), int(_MONTH_NUMBERS.get(month.lower(), month)), int(day))
    except ValueError:
        return GapReason.DATE_UNREADABLE


def _iso(text: pl.Expr) -> pl.Expr:
    plain = text.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    return pl.when(plain).then(text).str.to_date("%Y-%m-%d", strict=False)
