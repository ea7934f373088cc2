"""Amounts as ledgers write them, read only where one reading is possible.

Read at once: `1234.56`, `1234,56`, `1,234.56`, `1.234,56`, `1 234,56` (also with narrow and unbreakable blanks),
`1'234.56`, `12,34,567.00` (the Indian grouping), `1,234,567`; the minus as `-`, as U+2212, behind the number as some
ledgers write it, or as parentheses; one currency sign or code before or behind, which must agree with the currency
column. A single mark before exactly three digits (`1,234`, `1.234`) separates thousands in one country and decimals in
another: it is ambiguous unless the sender has stated the decimal mark. `0.125` and `1234.567` are not ambiguous, since
neither a zero nor four digits begin a group. Not read: exponents, fractions, `NaN`, anything with other letters.
"""

from __future__ import annotations

import polars as pl

from vcci_platform.carbon.intake.reading import DecimalMark
from vcci_platform.carbon.model import GapReason

__all__ = ["LARGEST_AMOUNT", "read_amounts"]

LARGEST_AMOUNT = 1e12
"""Beyond this, in any currency, a line is an error of the export and not a purchase."""

_SIGNED_CURRENCIES: dict[str, tuple[str, ...]] = {
    "€": ("EUR",),
    "£": ("GBP",),
    "¥": ("JPY", "CNY"),
    "₹": ("INR",),
    "$": ("USD", "AUD", "BRL", "CAD", "HKD", "MXN", "NZD", "SGD"),
    "US$": ("USD",),
}
"""Signs that are read, each with the currencies of the reference rates that write it."""

_PLAIN = r"^-?[0-9]+(?:\.[0-9]{1,2})?$"
_BLANKS = " \u00a0\u2009\u202f"
_APOSTROPHES = "'\u2019"
_SIGN = r"US\$|[€£¥₹$]|[A-Za-z]{3}"
_SHAPE = (
    rf"^(?<minus>[-+(]?)\s*(?<before>{_SIGN})?\s*(?<minus2>[-+]?)\s*"
    rf"(?<number>[0-9](?:[0-9.,{_APOSTROPHES}{_BLANKS}]*[0-9])?)\s*(?<after>{_SIGN})?\s*(?<minus3>[-)]?)$"
)
_MINUS_FORMS = ("", "+", "-", "()")
"""What the three places of a sign may hold together."""

_AMBIGUOUS = r"^[1-9][0-9]{0,2}[.,][0-9]{3}$"
_POINT_FORMS = (
    r"^[0-9]+(?:\.[0-9]+)?$",
    r"^[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+$",
    r"^[0-9]{1,3}(?:,[0-9]{3}){2,}$",
    r"^[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?$",
    rf"^[0-9]{{1,3}}(?:[{_BLANKS}][0-9]{{3}})+(?:\.[0-9]+)?$",
    rf"^[0-9]{{1,3}}(?:[{_APOSTROPHES}][0-9]{{3}})+(?:\.[0-9]+)?$",
)
_COMMA_FORMS = (
    r"^[0-9]+,[0-9]+$",
    r"^[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+$",
    r"^[0-9]{1,3}(?:\.[0-9]{3}){2,}$",
    rf"^[0-9]{{1,3}}(?:[{_BLANKS}][0-9]{{3}})+,[0-9]+$",
    rf"^[0-9]{{1,3}}(?:[{_APOSTROPHES}][0-9]{{3}})+,[0-9]+$",
)


def read_amounts(texts: pl.Series, currencies: pl.Series, mark: DecimalMark | None) -> pl.DataFrame:
    """Return, for columns of trimmed text, `amount` (null if not read) and `reason` (null if read, or if empty).

    Plain numbers are read as an array; only what is left goes through the other forms, as an array too.
    """
    table = pl.DataFrame({"text": texts, "currency": currencies}).with_row_index()
    plain = pl.col("text").str.contains(_PLAIN)
    table = table.with_columns(
        amount=pl.when(plain).then("text").cast(pl.Float64, strict=False), reason=pl.lit(None, pl.String)
    )
    rest = table.filter(pl.col("amount").is_null() & (pl.col("text") != "")).select("index", "text", "currency")
    if rest.height:
        table = table.update(_read_others(rest, mark), on="index", how="left")
    out_of_range = pl.col("amount").abs() >= LARGEST_AMOUNT
    return table.select(
        amount=pl.when(pl.col("reason").is_null() & ~out_of_range & (pl.col("amount") != 0)).then("amount"),
        reason=pl.coalesce(
            "reason",
            pl.when(out_of_range).then(pl.lit(GapReason.AMOUNT_OUT_OF_RANGE.value)),
            pl.when(pl.col("amount") == 0).then(pl.lit(GapReason.AMOUNT_ZERO.value)),
        ),
    )


def _read_others(rest: pl.DataFrame, mark: DecimalMark | None) -> pl.DataFrame:
    text = pl.col("text").str.replace_all("\u2212", "-", literal=True)
    parts = rest.with_columns(shape=text.str.extract_groups(_SHAPE)).unnest("shape")
    number = pl.col("number")
    ambiguous = number.str.contains(_AMBIGUOUS)
    point = pl.any_horizontal(number.str.contains(form) for form in _POINT_FORMS)
    comma = pl.any_horizontal(number.str.contains(form) for form in _COMMA_FORMS)
    if mark is not None:
        point = pl.when(ambiguous).then(pl.lit(mark is DecimalMark.POINT)).otherwise(point)
        comma = pl.when(ambiguous).then(pl.lit(mark is DecimalMark.COMMA)).otherwise(comma)
        ambiguous = pl.lit(value=False)
    digits = (
        pl.when(point)
        .then(number.str.replace_all(rf"[,{_APOSTROPHES}{_BLANKS}]", ""))
        .when(comma)
        .then(number.str.replace_all(rf"[.{_APOSTROPHES}{_BLANKS}]", "").str.replace(",", ".", literal=True))
        .cast(pl.Float64, strict=False)
    )
    signs = pl.concat_str("minus", "minus2", "minus3", ignore_nulls=True)
    readable = number.is_not_null() & signs.is_in(_MINUS_FORMS) & digits.is_not_null()
    conflict = ~(_agrees("before") & _agrees("after"))
    return parts.select(
        "index",
        amount=pl.when(readable).then(pl.when(signs.is_in(("-", "()"))).then(-digits).otherwise(digits)),
        reason=pl.when(~readable.fill_null(value=False))
        .then(pl.lit(GapReason.AMOUNT_UNREADABLE.value))
        .when(conflict)
        .then(pl.lit(GapReason.CURRENCY_CONFLICT.value))
        .when(ambiguous)
        .then(pl.lit(GapReason.AMOUNT_AMBIGUOUS.value)),
    )


def _agrees(name: str) -> pl.Expr:
    """Whether the sign or code in a column is none, or one of the row's currency."""
    sign, currency = pl.col(name).fill_null(""), pl.col("currency")
    allowed = pl.lit(value=False)
    for mark, currencies in _SIGNED_CURRENCIES.items():
        allowed |= (sign == mark) & currency.is_in(currencies)
    return (sign == "") | (sign.str.to_uppercase() == currency) | allowed | (currency == "")
