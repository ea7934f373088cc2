"""Category 1 by spend: what was paid, at the prices of the factor's year, times the factor of its industry.

    kg CO2e = amount x rate to USD of the spend's year x CPI(factor's year) / CPI(spend's year) x factor

First the exchange rate of the year of the spend, then the deflator in US dollars (the other order, deflating abroad and
converting at the rate of the factor's year, gives other numbers; one inventory keeps to one order). Every factor of the
product is a column of the line. There is no default: where a rate, a deflator or a factor is missing, the row is a gap.

Rates, deflators and factors are looked up once for each distinct key, a few thousand even in a ledger of millions of
lines, and joined back. Elementwise products of float64 and sums of decimals make the result the same bits on each run.

The rows of the sample ledger forty times over (197,040, see `carbon.intake.purchases`) were calculated and summed up in
0.047 s on two cores that were busy otherwise, four million a second; `pack` and `rates` were loaded before:

    python -m timeit -n 1 -s "..." "aggregate(calculate(rows, pack, rates).lines)"
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

import polars as pl

from vcci_platform.carbon.factors import FactorPack
from vcci_platform.carbon.factors.naics import SECTORS, Resolved, sector_of
from vcci_platform.carbon.model import (
    AGGREGATE_SCHEMA,
    FORMULA,
    GAP_SCHEMA,
    LINE_SCHEMA,
    Aggregates,
    Calculation,
    Category,
    GapReason,
    Lineage,
    PriceBasis,
)
from vcci_platform.carbon.rates import ReferenceRates

__all__ = ["METHOD", "aggregate", "calculate"]

METHOD = "spend-based"
"""The name of the method in the GHG Protocol's Technical Guidance, category 1."""

_SUM_SCALE = 6
"""Decimals of a kilogram that sums are exact to: a milligram."""


def calculate(
    rows: pl.DataFrame,
    pack: FactorPack,
    rates: ReferenceRates,
    *,
    basis: PriceBasis = PriceBasis.PURCHASER,
) -> Calculation:
    """Return the lines of all rows (`ROW_SCHEMA`) that can be calculated, and why the others cannot."""
    rows = rows.sort("row").with_columns(year=pl.col("date").dt.year())
    factors = _factors(rows["naics"].unique(maintain_order=True), pack, basis)
    conversions = _conversions(rows.select("currency", "year").unique(maintain_order=True), pack, rates)
    joined = rows.join(factors, on="naics", how="left", maintain_order="left").join(
        conversions, on=["currency", "year"], how="left", maintain_order="left"
    )
    missing = pl.any_horizontal(pl.col(name).is_not_null() for name in ("why_naics", "why_rate", "why_deflator"))
    bad = joined.filter(missing)
    lines = (
        joined.filter(~missing)
        .with_columns(category=pl.lit(int(Category.PURCHASED_GOODS_AND_SERVICES)))
        .with_columns(amount_usd=pl.col("amount") * pl.col("rate_to_usd"))
        .with_columns(amount_factor_usd=pl.col("amount_usd") * pl.col("deflator"))
        .with_columns(kg_co2e=pl.col("amount_factor_usd") * pl.col("factor_kg_per_usd"))
        .select(pl.col(name).cast(kind) for name, kind in LINE_SCHEMA.items())
    )
    return Calculation(
        lines=lines,
        gaps=pl.concat(list(_gaps(bad))).sort("row", maintain_order=True),
        uncalculated=bad.height,
        lineage=lineage(pack, rates, basis),
    )


def lineage(pack: FactorPack, rates: ReferenceRates, basis: PriceBasis) -> Lineage:
    """Return what every line of a calculation with these sources shares."""
    return Lineage(
        category=int(Category.PURCHASED_GOODS_AND_SERVICES),
        method=METHOD,
        formula=FORMULA,
        code_version=version("vcci"),
        factor_pack=pack.id,
        factor_release=pack.release,
        factor_unit=pack.unit,
        factor_sha256=pack.sha256,
        factor_source=pack.source,
        factor_licence=pack.licence,
        price_basis=basis.value,
        gwp_set=pack.gwp_set,
        deflator=pack.deflators.id,
        deflator_source=pack.deflators.source,
        deflator_sha256=pack.deflators.sha256,
        rates=rates.id,
        rates_source=rates.source,
        rates_sha256=rates.sha256,
        rates_first=rates.first,
        rates_last=rates.last,
    )


def aggregate(lines: pl.DataFrame) -> Aggregates:
    """Return the sums of lines (`LINE_SCHEMA`) by category, supplier and sector.

    Sums are taken over decimals of `_SUM_SCALE` places: they do not depend on the order of the lines or the number of
    cores, and the groups of a table add up to the total. A share is a group's part of the total; credit notes may make
    a group negative, and a total that is not positive has no shares. Suppliers are told apart by their exact name.
    """
    exact = lines.select(
        "supplier",
        "sector",
        pl.col("category").cast(pl.String),
        kg=pl.col("kg_co2e").cast(pl.Decimal(38, _SUM_SCALE)),
        usd=pl.col("amount_usd").cast(pl.Decimal(38, _SUM_SCALE)),
        credit=pl.col("amount") < 0,
        repeated=pl.col("repeats_row").is_not_null(),
    )
    totals = exact.select(
        kg=pl.col("kg").sum(),
        usd=pl.col("usd").sum(),
        credit=pl.col("kg").filter("credit").sum(),
        repeated=pl.col("kg").filter("repeated").sum(),
    ).select(pl.all().cast(pl.Float64))
    total = float(totals["kg"][0])
    categories = {str(int(category)): category.title for category in Category}
    return Aggregates(
        by_category=_grouped(exact, "category", total, categories),
        by_supplier=_grouped(exact, "supplier", total, {}),
        by_sector=_grouped(exact, "sector", total, dict(SECTORS)),
        kg_co2e=total,
        credit_kg_co2e=float(totals["credit"][0]),
        repeated_kg_co2e=float(totals["repeated"][0]),
        lines=lines.height,
        amount_usd=float(totals["usd"][0]),
    )


def _grouped(exact: pl.DataFrame, key: str, total: float, labels: dict[str, str]) -> pl.DataFrame:
    share = pl.col("kg_co2e") / total if total > 0 else pl.lit(None, pl.Float64)
    return (
        exact.group_by(key=pl.col(key))
        .agg(kg_co2e=pl.col("kg").sum(), lines=pl.len(), amount_usd=pl.col("usd").sum())
        .sort(["kg_co2e", "key"], descending=[True, False])
        .with_columns(pl.col("kg_co2e", "amount_usd").cast(pl.Float64), label=pl.col("key").replace(labels))
        .with_columns(share=share)
        .select(pl.col(name).cast(kind) for name, kind in AGGREGATE_SCHEMA.items())
    )


def _factors(codes: pl.Series, pack: FactorPack, basis: PriceBasis) -> pl.DataFrame:
    """Return one row per code: the factor and where it comes from, or `why_naics` and its sentence."""
    values = dict(zip(pack.factors["naics"], pack.factors[pack.columns[basis]], strict=True))
    found = [pack.find(code) for code in codes]
    good = [one.naics if isinstance(one, Resolved) else None for one in found]
    return pl.DataFrame(
        {
            "naics": codes,
            "factor_id": [pack.factor_id(one) if one else None for one in good],
            "factor_kg_per_usd": [values[one] if one else None for one in good],
            "sector": [sector_of(one) if one else None for one in good],
            "why_naics": [None if isinstance(one, Resolved) else one.reason.value for one in found],
            "detail_naics": [None if isinstance(one, Resolved) else one.detail for one in found],
        },
        schema_overrides={
            "factor_id": pl.String,
            "factor_kg_per_usd": pl.Float64,
            "sector": pl.String,
            "why_naics": pl.String,
            "detail_naics": pl.String,
        },
    )


_CONVERSION_SCHEMA = {
    "currency": pl.String(),
    "year": pl.Int32(),
    "rate_to_usd": pl.Float64(),
    "why_rate": pl.String(),
    "detail_rate": pl.String(),
    "deflator": pl.Float64(),
    "why_deflator": pl.String(),
    "detail_deflator": pl.String(),
}


def _conversions(keys: pl.DataFrame, pack: FactorPack, rates: ReferenceRates) -> pl.DataFrame:
    """Return one row per currency and year: rate and deflator, or why one is missing."""
    rows = [(currency, year, *_rate(currency, year, rates), *_deflator(year, pack)) for currency, year in keys.rows()]
    return pl.DataFrame(rows, schema=_CONVERSION_SCHEMA, orient="row")


def _rate(currency: str, year: int, rates: ReferenceRates) -> tuple[float | None, str | None, str | None]:
    rate = rates.rate(currency, year)
    if rate is not None:
        return rate, None, None
    known = currency in rates.currencies
    reason = GapReason.RATE_YEAR_UNCOVERED if known else GapReason.RATE_CURRENCY_UNKNOWN
    return None, reason.value, rates.why_not(currency, year)


def _deflator(year: int, pack: FactorPack) -> tuple[float | None, str | None, str | None]:
    deflator = pack.deflator(year)
    if deflator is not None:
        return deflator, None, None
    covered = f"{min(pack.deflators.index)} to {max(pack.deflators.index)}"
    detail = f"The index {pack.deflators.id} has annual averages from {covered}, none for {year}."
    return None, GapReason.DEFLATOR_YEAR_UNCOVERED.value, detail


def _gaps(bad: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield `GAP_SCHEMA`, one table for each thing that may be missing."""
    for name, field, value in (
        ("naics", "naics", pl.col("naics")),
        ("rate", "currency", pl.format("{} {}", "currency", "year")),
        ("deflator", "date", pl.col("date").cast(pl.String)),
    ):
        yield (
            bad.filter(pl.col(f"why_{name}").is_not_null())
            .select(
                "row",
                reason=pl.col(f"why_{name}"),
                field=pl.lit(field),
                value=value,
                detail=pl.col(f"detail_{name}"),
            )
            .select(GAP_SCHEMA.keys())
        )
