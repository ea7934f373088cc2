"""Purchases from a CSV file: rows that can be calculated, and every reason why another cannot.

A *credit note*, a negative amount, is read as it stands and calculated as a negative line. The purchase that it takes
back is in the ledger at its full amount, and the spend-based method asks for what was paid in the end; leaving credit
notes out would overstate, and nobody could see by how much. They stay visible: their sum is shown beside the total.

A row that repeats an earlier one in all six values is read too, and marked with the first one's number. Two equal
purchases on one day are ordinary, and the six columns hold nothing that tells them from a double export; only the
sender knows. The sum of the marked rows is shown beside the total.

Values are trimmed, and runs of white space in supplier and description become one blank. A NAICS code may carry the
`.0` of a spreadsheet. A currency is an ISO 4217 code in any case, or the sign `€`, which means one currency only.

The sample ledger forty times over (201,280 rows, 15 MB, 29 % of the lines with quotation marks) took 0.82 s on two
cores that were busy otherwise, 246,000 rows a second:

    python -m timeit -n 1 -s "import datetime; from vcci_platform.carbon import intake, samples" \\
        -s "header, body = samples.purchases().read_bytes().split(b'\\n', 1); data = header + b'\\n' + body * 40" \\
        "intake.read_purchases(data, today=datetime.date(2026, 11, 23))"
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from vcci_platform.carbon.intake.amounts import read_amounts
from vcci_platform.carbon.intake.dates import read_dates
from vcci_platform.carbon.intake.header import FIELDS, find_header
from vcci_platform.carbon.intake.reading import Reading
from vcci_platform.carbon.intake.records import split_records
from vcci_platform.carbon.intake.text import decode, split_lines
from vcci_platform.carbon.model import GAP_SCHEMA, ROW_SCHEMA, GapReason, Intake, IntakeError

__all__ = ["read_purchases"]

LONGEST_SHOWN = 200
"""Characters of a value that a gap shows."""

PART_ROWS = 250_000
"""Rows that are understood at a time, so that the intermediate columns of a long file do not all live at once."""

_AS_STATED = Reading()


def read_purchases(data: bytes, *, today: date, reading: Reading = _AS_STATED) -> Intake:
    """Return what a CSV file holds; raise `IntakeError` when it cannot be read as one at all.

    `today` tells which dates lie in the future; `reading` holds what the sender states about dates and decimals.
    """
    lines = split_lines(decode(data))
    header = find_header(lines)
    records = split_records(lines, header)
    del lines  # a million lines are a hundred megabytes
    total = records.rows.height + records.malformed.height
    if not total:
        raise IntakeError("no-rows", f"The file has a header in line {header.body} and not one row behind it.")
    parts = [_part(part, today, reading) for part in records.rows.iter_slices(PART_ROWS)]
    rows = _mark_repeated(pl.concat([rows for rows, _ in parts])) if parts else pl.DataFrame(schema=ROW_SCHEMA)
    gaps = pl.concat([*(gaps for _, gaps in parts), _malformed(records.malformed)]).sort("row", maintain_order=True)
    return Intake(
        rows=rows,
        gaps=gaps,
        total=total,
        rejected=total - rows.height,
        blank=records.blank,
        repeated=rows.height - rows["repeats_row"].null_count(),
        ignored_columns=header.ignored,
    )


def _part(texts: pl.DataFrame, today: date, reading: Reading) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that can be read, without `repeats_row`, and the gaps of the others."""
    table = _understand(_tidy(texts), today, reading)
    reasons = [name for name in table.columns if name.startswith("why_")]
    good = pl.all_horizontal(pl.col(name).is_null() for name in reasons)
    values = {name: f"{name}_value" for name in ("date", "naics", "amount", "currency")}
    rows = table.filter(good).select("row", "supplier", "description", **values)
    return rows, pl.concat(list(_field_gaps(table.filter(~good), reasons)))


def _tidy(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the six texts without white space that means nothing."""
    trimmed = rows.with_columns(pl.col(name).str.strip_chars() for name in FIELDS)
    untidy = [name for name in ("supplier", "description") if trimmed[name].str.contains(r"\s\s|[^\S ]").any()]
    return trimmed.with_columns(pl.col(name).str.replace_all(r"\s+", " ") for name in untidy)


def _understand(texts: pl.DataFrame, today: date, reading: Reading) -> pl.DataFrame:
    """Return the rows with their values, and one column `why_<field>` for each field that may be wrong."""
    upper = pl.col("currency").str.to_uppercase()
    table = texts.with_columns(
        naics_value=pl.col("naics").str.strip_suffix(".0"),
        currency_value=pl.when(upper == "€").then(pl.lit("EUR")).otherwise(upper),
    )
    dates = read_dates(table["date"], reading.date_order)
    amounts = read_amounts(table["amount"], table["currency_value"], reading.decimal_mark)
    why_date = pl.coalesce(
        _when(pl.col("date") == "", GapReason.DATE_MISSING),
        dates["reason"],
        _when(pl.lit(dates["date"]) > today, GapReason.DATE_IN_FUTURE),
    )
    why_naics = pl.coalesce(
        _when(pl.col("naics") == "", GapReason.NAICS_MISSING),
        _when(~pl.col("naics_value").str.contains(r"^[0-9]{2,6}$"), GapReason.NAICS_MALFORMED),
    )
    why_amount = pl.coalesce(_when(pl.col("amount") == "", GapReason.AMOUNT_MISSING), amounts["reason"])
    why_currency = pl.coalesce(
        _when(pl.col("currency") == "", GapReason.CURRENCY_MISSING),
        _when(~pl.col("currency_value").str.contains(r"^[A-Z]{3}$"), GapReason.CURRENCY_MALFORMED),
    )
    return table.with_columns(
        why_date=why_date,
        why_supplier=_when(pl.col("supplier") == "", GapReason.SUPPLIER_MISSING),
        why_naics=why_naics,
        why_amount=why_amount,
        why_currency=why_currency,
        date_value=dates["date"],
        amount_value=amounts["amount"],
    )


def _when(condition: pl.Expr, reason: GapReason) -> pl.Expr:
    return pl.when(condition).then(pl.lit(reason.value))


def _mark_repeated(rows: pl.DataFrame) -> pl.DataFrame:
    """Return `ROW_SCHEMA`, where a row that equals an earlier one names it."""
    suspects = rows.filter(rows.select(FIELDS).hash_rows().is_duplicated())
    repeated = suspects.select("row", first=pl.col("row").first().over(FIELDS)).filter(pl.col("row") != pl.col("first"))
    marked = rows.join(repeated, on="row", how="left", maintain_order="left").rename({"first": "repeats_row"})
    return marked.select(pl.col(name).cast(kind) for name, kind in ROW_SCHEMA.items())


def _field_gaps(bad: pl.DataFrame, reasons: list[str]) -> Iterator[pl.DataFrame]:
    sentences = {reason.value: reason.sentence for reason in GapReason}
    for name in reasons:
        field = name.removeprefix("why_")
        value = pl.col(field).str.slice(0, LONGEST_SHOWN)
        yield bad.filter(pl.col(name).is_not_null()).select(
            "row",
            reason=pl.col(name),
            field=pl.lit(field),
            value=pl.when(value != "").then(value),
            detail=pl.col(name).replace_strict(sentences, return_dtype=pl.String),
        )


def _malformed(malformed: pl.DataFrame) -> pl.DataFrame:
    return malformed.select(
        "row",
        reason=pl.lit(GapReason.ROW_MALFORMED.value),
        field=pl.lit("row"),
        value=pl.col("value").str.slice(0, LONGEST_SHOWN),
        detail=pl.col("detail"),
    ).select(GAP_SCHEMA.keys())
