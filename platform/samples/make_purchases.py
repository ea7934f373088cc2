"""Writes purchases.csv: the ledger of an invented pump maker, with the blemishes that real ledgers have.

    python platform/samples/make_purchases.py

The same seed gives the same bytes: only `Random.random()` is used, which Python keeps stable between versions. Every
supplier is invented. About one row in twenty-five cannot be calculated, for every reason that happens in practice.
"""  # noqa: INP001  # a script beside its data, not part of a package

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import exp, log
from pathlib import Path
from random import Random
from typing import TypeVar

__all__ = ["make"]

HERE = Path(__file__).parent
SEED = 20_241_231
ROWS = 5_000
HEADER = ("date", "supplier", "description", "naics", "amount", "currency")

YEARS = {2019: 0.10, 2020: 0.10, 2021: 0.13, 2022: 0.19, 2023: 0.22, 2024: 0.248, 2025: 0.012}
"""Share of the rows in each year; prices of 2025 have no deflator yet, so its rows are gaps."""

UNITS_PER_EURO = {
    "EUR": 1.0, "USD": 1.1, "GBP": 0.86, "CHF": 1.0, "SEK": 11.0, "NOK": 11.0, "DKK": 7.46, "PLN": 4.4, "CZK": 25.0,
    "HUF": 380.0, "JPY": 150.0, "CNY": 7.6, "INR": 88.0, "HKD": 8.6, "AUD": 1.6, "SGD": 1.45, "MXN": 20.0,
    "BRL": 5.5, "TRY": 18.0,
}  # fmt: skip
"""Rough levels that make the invented amounts plausible; nothing is calculated with them."""

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Offer:
    """What a supplier sells."""

    naics: str
    supplier: str
    currency: str
    low: float
    high: float
    weight: float
    items: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """A line of the ledger, as it is written."""

    day: date
    date: str
    supplier: str
    description: str
    naics: str
    amount: str
    currency: str
    value: float

    def cells(self) -> tuple[str, ...]:
        return (self.date, self.supplier, self.description, self.naics, self.amount, self.currency)


class Dice:
    """Choices that depend on the seed only, on any version of Python."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311  # a sample, not a secret

    def share(self) -> float:
        return self._random.random()

    def below(self, limit: int) -> int:
        return int(self._random.random() * limit)

    def one(self, options: Sequence[Choice]) -> Choice:
        return options[self.below(len(options))]

    def weighted(self, options: Sequence[Choice], weights: Sequence[float]) -> Choice:
        rest = self._random.random() * sum(weights)
        for option, weight in zip(options, weights, strict=True):
            rest -= weight
            if rest < 0:
                return option
        return options[-1]


def make() -> str:
    """Return the text of purchases.csv."""
    dice = Dice(SEED)
    offers = _offers()
    rows = sorted((_purchase(dice, offers) for _ in range(ROWS)), key=lambda row: row.day)
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(HEADER)
    for row in rows:
        spoiled = _spoil(row, dice)
        writer.writerow(spoiled.cells())
        if dice.share() < 0.006:  # the same line came with two exports
            writer.writerow(spoiled.cells())
    # an export that lost its quotation marks, one that was cut off, and the blank lines of a spreadsheet
    written.write("2024-12-30,Spedition Gerber GmbH,Toll, December,484121,312.40,EUR\n")
    written.write("2024-12-31,Hotel Zur Post,Accommodation\n")
    written.write(",,,,,\n\n")
    return written.getvalue()


def _offers() -> list[Offer]:
    with (HERE / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return [
            Offer(
                naics=line["naics"],
                supplier=line["supplier"],
                currency=line["currency"],
                low=float(line["low"]),
                high=float(line["high"]),
                weight=float(line["weight"]),
                items=tuple(line["items"].split("|")),
            )
            for line in csv.DictReader(file)
        ]


def _purchase(dice: Dice, offers: Sequence[Offer]) -> Row:
    offer = dice.weighted(offers, [offer.weight for offer in offers])
    year = dice.weighted(list(YEARS), list(YEARS.values()))
    day = date(year, 1, 1) + timedelta(days=dice.below(31 if year == 2025 else 365))
    euros = exp(log(offer.low) + dice.share() * (log(offer.high) - log(offer.low)))
    value = round(euros * UNITS_PER_EURO[offer.currency], 0 if offer.currency == "JPY" else 2)
    if dice.share() < 0.015:
        value = -round(value * 0.2, 2)
    text = dice.one(offer.items).format(
        month=f"{MONTHS[day.month - 1]} {day.year}",
        drawing=f"P-{1000 + dice.below(9000)}",
        rev=dice.one("ABCDE"),
        lang=dice.one(("FR", "IT", "PL", "ES")),
        number=1 + dice.below(12),
    )
    if value < 0:
        text = f"Credit note: {text}"
    return Row(day, day.isoformat(), offer.supplier, text, offer.naics, _plain(value), offer.currency, value)


def _plain(value: float) -> str:
    return f"{value:.2f}"


def _european(row: Row, _dice: Dice) -> Row:
    return replace(row, amount=f"{row.value:,.2f}".translate(str.maketrans(",.", ".,")))


def _english(row: Row, _dice: Dice) -> Row:
    return replace(row, amount=f"{row.value:,.2f}")


def _swiss(row: Row, _dice: Dice) -> Row:
    return replace(row, amount=f"{row.value:,.2f}".replace(",", "'"))


def _accounting(row: Row, _dice: Dice) -> Row:
    return replace(row, amount=f"({-row.value:,.2f})") if row.value < 0 else row


def _minus_behind(row: Row, _dice: Dice) -> Row:
    return replace(row, amount=f"{-row.value:.2f}-") if row.value < 0 else row


def _with_code(row: Row, _dice: Dice) -> Row:
    return replace(row, amount=f"{row.currency} {row.value:,.2f}")


def _german_date(row: Row, _dice: Dice) -> Row:
    return replace(row, date=row.day.strftime("%d.%m.%Y"))


def _slashed_date(row: Row, _dice: Dice) -> Row:
    return replace(row, date=row.day.strftime("%d/%m/%Y"))


def _moment(row: Row, _dice: Dice) -> Row:
    return replace(row, date=f"{row.date} 00:00:00")


def _blanks(row: Row, _dice: Dice) -> Row:
    return replace(row, supplier=f"{row.supplier}  ", naics=f" {row.naics}", currency=row.currency.lower())


def _two_lines(row: Row, dice: Dice) -> Row:
    return replace(row, description=f"{row.description}\ndelivered to gate {1 + dice.below(9)}")


def _inches(row: Row, dice: Dice) -> Row:
    return replace(row, description=f'{row.description} {1 + dice.below(4)}/2" thread')


def _spreadsheet_code(row: Row, _dice: Dice) -> Row:
    return replace(row, naics=f"{row.naics}.0")


def _short_code(row: Row, _dice: Dice) -> Row:
    return replace(row, naics=row.naics[:5])


def _group_code(row: Row, _dice: Dice) -> Row:
    return replace(row, naics=row.naics[:4])


def _cell(**cells: str) -> Callable[[Row, Dice], Row]:
    def spoil(row: Row, _dice: Dice) -> Row:
        return replace(row, **cells)  # type: ignore[arg-type]  # only cells of text are named below

    return spoil


def _whole_thousands(row: Row, dice: Dice) -> Row:
    return replace(row, amount=f"{1 + dice.below(98)}{dice.one('.,')}{100 + dice.below(900)}")


def _impossible_date(row: Row, dice: Dice) -> Row:
    return replace(row, date=dice.one((f"{row.day.year}-02-30", f"31.04.{row.day.year}", "00.00.0000", "45017")))


BLEMISHES: tuple[tuple[float, Callable[[Row, Dice], Row]], ...] = (
    # read all the same
    (0.06, _european),
    (0.03, _english),
    (0.008, _swiss),
    (0.01, _with_code),
    (0.07, _german_date),
    (0.004, _slashed_date),
    (0.02, _moment),
    (0.03, _blanks),
    (0.006, _two_lines),
    (0.006, _inches),
    (0.01, _spreadsheet_code),
    (0.30, _accounting),
    (0.20, _minus_behind),
    (0.008, _short_code),  # one industry in half of the cases, several in the others
    # cannot be calculated
    (0.008, _cell(naics="")),
    (0.004, _group_code),
    (0.001, _cell(naics="31-33")),
    (0.0015, _cell(naics="513210")),  # Software Publishers of NAICS 2022
    (0.001, _cell(naics="n/a")),
    (0.0012, _cell(currency="UAH")),
    (0.001, _cell(currency="AED")),
    (0.0012, _cell(currency="RUB")),
    (0.001, _cell(currency="HRK")),
    (0.0012, _cell(currency="")),
    (0.0006, _cell(currency="Euro")),
    (0.002, _whole_thousands),
    (0.001, _cell(amount="0.00")),
    (0.0008, _cell(amount="")),
    (0.0006, _cell(amount="on request")),
    (0.0004, _cell(amount="1.2E+05")),
    (0.0012, _impossible_date),
    (0.0008, _cell(date="")),
    (0.0004, _cell(date="2042-01-15")),
    (0.001, _cell(supplier="")),
)
"""How often what happens to a row; one row may have several."""


def _spoil(row: Row, dice: Dice) -> Row:
    for spoil in _drawn(dice):
        row = spoil(row, dice)
    return row


def _drawn(dice: Dice) -> Iterator[Callable[[Row, Dice], Row]]:
    for share, spoil in BLEMISHES:
        if dice.share() < share:
            yield spoil


if __name__ == "__main__":
    (HERE / "purchases.csv").write_text(make(), encoding="utf-8", newline="\n")
