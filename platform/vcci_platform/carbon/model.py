"""What passes through the carbon service: purchase rows, calculated lines, gaps, and their exact columns.

Tables are polars frames with a fixed schema, so that a file of a million lines stays a few arrays. The schemas are the
contract between intake, calculators and storage: names, types and units are written here once.

A purchase ends as exactly one of two things: a calculated *line*, or a row that has one or more *gaps*. Nothing is
dropped and nothing is guessed, so `calculated + with_gaps == rows` for every file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import IntEnum, StrEnum
from typing import Any

import polars as pl

__all__ = [
    "AGGREGATE_SCHEMA",
    "FORMULA",
    "GAP_SCHEMA",
    "LINE_SCHEMA",
    "ROW_SCHEMA",
    "Aggregates",
    "Calculation",
    "Category",
    "GapReason",
    "Intake",
    "IntakeError",
    "Lineage",
    "PriceBasis",
    "Stage",
]


class Category(IntEnum):
    """A category of the GHG Protocol's Scope 3 Standard; its number is what is stored and labelled."""

    PURCHASED_GOODS_AND_SERVICES = 1

    @property
    def title(self) -> str:
        """The category's name in the standard."""
        return _CATEGORY_TITLES[self]


_CATEGORY_TITLES: Mapping[Category, str] = {Category.PURCHASED_GOODS_AND_SERVICES: "Purchased goods and services"}


class PriceBasis(StrEnum):
    """Which price the spend was paid at, and so which column of the factor table applies."""

    PURCHASER = "purchaser"
    """What the buyer pays, wholesale, retail and transport margins included: factors *with margins*."""

    PRODUCER = "producer"
    """What the producer receives: factors *without margins*."""


class Stage(StrEnum):
    """Where a gap was found."""

    INTAKE = "intake"
    """The row itself cannot be read."""

    CALCULATION = "calculation"
    """The row is good, but a factor, rate or deflator is missing."""


class GapReason(StrEnum):
    """Why a row was not calculated. A closed set: its values are metric labels and are stored."""

    ROW_MALFORMED = "row_malformed"
    DATE_MISSING = "date_missing"
    DATE_UNREADABLE = "date_unreadable"
    DATE_AMBIGUOUS = "date_ambiguous"
    DATE_IN_FUTURE = "date_in_future"
    SUPPLIER_MISSING = "supplier_missing"
    NAICS_MISSING = "naics_missing"
    NAICS_MALFORMED = "naics_malformed"
    AMOUNT_MISSING = "amount_missing"
    AMOUNT_UNREADABLE = "amount_unreadable"
    AMOUNT_AMBIGUOUS = "amount_ambiguous"
    AMOUNT_ZERO = "amount_zero"
    AMOUNT_OUT_OF_RANGE = "amount_out_of_range"
    CURRENCY_MISSING = "currency_missing"
    CURRENCY_MALFORMED = "currency_malformed"
    CURRENCY_CONFLICT = "currency_conflict"
    NAICS_TOO_BROAD = "naics_too_broad"
    NAICS_UNKNOWN = "naics_unknown"
    RATE_CURRENCY_UNKNOWN = "rate_currency_unknown"
    RATE_YEAR_UNCOVERED = "rate_year_uncovered"
    DEFLATOR_YEAR_UNCOVERED = "deflator_year_uncovered"

    @property
    def stage(self) -> Stage:
        """Whether the row could not be read, or could not be calculated."""
        return Stage.CALCULATION if self in _CALCULATION_REASONS else Stage.INTAKE

    @property
    def sentence(self) -> str:
        """What a person reads: what is wrong and what would mend it."""
        return _SENTENCES[self]


_CALCULATION_REASONS = frozenset(
    {
        GapReason.NAICS_TOO_BROAD,
        GapReason.NAICS_UNKNOWN,
        GapReason.RATE_CURRENCY_UNKNOWN,
        GapReason.RATE_YEAR_UNCOVERED,
        GapReason.DEFLATOR_YEAR_UNCOVERED,
    }
)

_SENTENCES: Mapping[GapReason, str] = {
    GapReason.ROW_MALFORMED: "The row does not have as many fields as the header, or a quoted field never ends.",
    GapReason.DATE_MISSING: "The date is empty.",
    GapReason.DATE_UNREADABLE: "The date is not a day of the calendar in a known form; write it as 2024-03-31.",
    GapReason.DATE_AMBIGUOUS: "The date can be read day first and month first; write it as 2024-03-31.",
    GapReason.DATE_IN_FUTURE: "The date lies in the future.",
    GapReason.SUPPLIER_MISSING: "The supplier is empty.",
    GapReason.NAICS_MISSING: "The NAICS code is empty.",
    GapReason.NAICS_MALFORMED: "The NAICS code is not two to six digits.",
    GapReason.AMOUNT_MISSING: "The amount is empty.",
    GapReason.AMOUNT_UNREADABLE: "The amount is not a number; write it as 1234.56.",
    GapReason.AMOUNT_AMBIGUOUS: (
        "The amount's single mark can separate thousands or decimals; write both, or none: 1234.00 or 1.234."
    ),
    GapReason.AMOUNT_ZERO: "The amount is zero, so nothing was bought.",
    GapReason.AMOUNT_OUT_OF_RANGE: "The amount is too large to be one purchase.",
    GapReason.CURRENCY_MISSING: "The currency is empty.",
    GapReason.CURRENCY_MALFORMED: "The currency is not a three-letter ISO 4217 code.",
    GapReason.CURRENCY_CONFLICT: "The amount carries the sign of another currency than the currency column.",
    GapReason.NAICS_TOO_BROAD: "The NAICS code covers several six-digit industries with factors of their own.",
    GapReason.NAICS_UNKNOWN: "The factor release has no factor for this NAICS 2017 code.",
    GapReason.RATE_CURRENCY_UNKNOWN: "The reference rates do not know this currency.",
    GapReason.RATE_YEAR_UNCOVERED: "The reference rates do not cover this currency for the whole year.",
    GapReason.DEFLATOR_YEAR_UNCOVERED: "The price index has no annual average for this year.",
}

ROW_SCHEMA: Mapping[str, pl.DataType] = {
    "row": pl.Int64(),  # line of the file on which the record begins; the header is usually line 1
    "date": pl.Date(),
    "supplier": pl.String(),  # trimmed, runs of white space made one blank; never empty
    "description": pl.String(),  # likewise; may be empty
    "naics": pl.String(),  # two to six digits, as given
    "amount": pl.Float64(),  # in `currency`; negative for a credit note; never zero
    "currency": pl.String(),  # ISO 4217, upper case
    "repeats_row": pl.Int64(),  # line of the first record with the same six values; null for the first
}
"""A purchase that could be read."""

LINE_SCHEMA: Mapping[str, pl.DataType] = {
    **ROW_SCHEMA,
    "category": pl.Int16(),  # a `Category`
    "year": pl.Int32(),  # of the spend
    "sector": pl.String(),  # two-digit NAICS sector: "54", "31-33"
    "factor_id": pl.String(),  # "epa-scef/1.3.0/541511"
    "rate_to_usd": pl.Float64(),  # USD per unit of `currency`, average of `year`; 1 for USD
    "amount_usd": pl.Float64(),  # USD of `year` = amount x rate_to_usd
    "deflator": pl.Float64(),  # price level of the factor's year over that of `year`
    "amount_factor_usd": pl.Float64(),  # USD of the factor's year = amount_usd x deflator
    "factor_kg_per_usd": pl.Float64(),  # kg CO2e per USD of the factor's year
    "kg_co2e": pl.Float64(),  # kg CO2e = amount_factor_usd x factor_kg_per_usd, not rounded
}
"""A calculated purchase, with every intermediate value."""

GAP_SCHEMA: Mapping[str, pl.DataType] = {
    "row": pl.Int64(),  # line of the file; the same number may appear with several reasons
    "reason": pl.String(),  # a `GapReason`
    "field": pl.String(),  # the column it is about: date, supplier, naics, amount, currency; "row" for all of it
    "value": pl.String(),  # what was found there, shortened to 200 characters; null when there was nothing
    "detail": pl.String(),  # a sentence for people
}
"""One reason why one row was not calculated."""

AGGREGATE_SCHEMA: Mapping[str, pl.DataType] = {
    "key": pl.String(),  # "1", "Acme GmbH", "31-33"
    "label": pl.String(),  # "Purchased goods and services", "Acme GmbH", "Manufacturing"
    "kg_co2e": pl.Float64(),  # exact to a milligram, see `aggregate`
    "share": pl.Float64(),  # of the total, 0.25 = 25 %; null when the total is not positive
    "lines": pl.Int64(),  # how many lines
    "amount_usd": pl.Float64(),  # USD of the spend years
}
"""One group of results; sorted by `kg_co2e` downwards, then by `key`."""

FORMULA = "spend-based/1: kg_co2e = amount x rate_to_usd(year) x cpi(factor year)/cpi(year) x factor"
"""Identifier and text of the one formula of category 1 by spend (GHG Protocol Technical Guidance, category 1)."""


class IntakeError(Exception):
    """The file as a whole cannot be read; not one row was taken.

    `code` is stable: empty, not-csv, not-utf8, missing-columns, ambiguous-columns, too-many-columns, no-rows.
    """

    def __init__(self, code: str, detail: str, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = tuple(dict(error) for error in errors)


@dataclass(frozen=True)
class Intake:
    """A file, read: what can go on, what cannot and why."""

    rows: pl.DataFrame
    """Rows that could be read, `ROW_SCHEMA`, in the file's order."""

    gaps: pl.DataFrame
    """Reasons for those that could not, `GAP_SCHEMA`, in the file's order."""

    total: int
    """Records in the file: `rows.height + rejected`."""

    rejected: int
    """Records with at least one gap."""

    blank: int
    """Lines without any content; they are not records."""

    repeated: int
    """Rows that repeat an earlier one exactly; they are calculated, and marked."""

    ignored_columns: tuple[str, ...]
    """Columns of the file that are not used."""


@dataclass(frozen=True)
class Lineage:
    """What all lines of a calculation share: with a line's own columns it lets anyone repeat the number."""

    category: int
    method: str
    formula: str
    code_version: str
    factor_pack: str
    factor_release: str
    factor_unit: str
    factor_sha256: str
    factor_source: str
    factor_licence: str
    price_basis: str
    gwp_set: str
    deflator: str
    deflator_source: str
    deflator_sha256: str
    rates: str
    rates_source: str
    rates_sha256: str
    rates_first: date
    rates_last: date

    def document(self) -> dict[str, Any]:
        """Return the lineage as a JSON document."""
        return {
            key: value.isoformat() if isinstance(value, date) else value for key, value in sorted(asdict(self).items())
        }


@dataclass(frozen=True)
class Calculation:
    """Rows, calculated: the lines, and what was missing for the rest; `lines.height + uncalculated` rows in all."""

    lines: pl.DataFrame
    """`LINE_SCHEMA`, sorted by `row`."""

    gaps: pl.DataFrame
    """`GAP_SCHEMA`, sorted by `row`, all of stage *calculation*."""

    uncalculated: int
    """Rows with at least one gap."""

    lineage: Lineage


@dataclass(frozen=True)
class Aggregates:
    """Results of many lines, each table in `AGGREGATE_SCHEMA`."""

    by_category: pl.DataFrame
    by_supplier: pl.DataFrame
    by_sector: pl.DataFrame
    kg_co2e: float
    """The sum of all lines, credit notes subtracted."""

    credit_kg_co2e: float
    """The part of it that comes from credit notes: zero or negative."""

    repeated_kg_co2e: float
    """The part of it that comes from rows that repeat an earlier one."""

    lines: int
    amount_usd: float
