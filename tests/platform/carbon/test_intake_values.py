"""Values: which dates and amounts are read, which are refused, and why."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.carbon.intake import DateOrder, DecimalMark
from vcci_platform.carbon.intake.amounts import read_amounts
from vcci_platform.carbon.intake.dates import read_date, read_dates


def amount(text, currency="EUR", mark=None):
    read = read_amounts(pl.Series([text]), pl.Series([currency]), mark).row(0)
    return read[0] if read[1] is None else read[1]


@pytest.mark.parametrize(
    "text",
    [
        *("2024-03-31", "2024/03/31", "2024.3.31", "20240331", "2024-03-31T00:00:00Z", "2024-03-31 23:59"),
        *("31.03.2024", "31.3.2024 08:15:00", "31/03/2024", "03/31/2024", "31-03-2024"),
        *("31 Mar 2024", "31-mar-2024", "31 March 2024", "Mar 31, 2024", "March 31, 2024"),
    ],
)
def test_a_date_that_can_only_mean_one_day_is_read(text):
    assert read_date(text) == date(2024, 3, 31)


@pytest.mark.parametrize(
    "text",
    [
        *("2024-02-30", "2023-02-29", "31.04.2024", "32/01/2024", "13/13/2024", "0000-01-01", "45382", "31.03.24"),
        *("yesterday", "2024-03", "2024-3", "Q1 2024", "2024-03-31x", "31 Mär 2024", "٢٠٢٤-٠٣-٣١", "2024/03-31"),
    ],
)
def test_what_is_no_day_is_unreadable(text):
    assert read_date(text) == "date_unreadable"


def test_a_date_with_two_readings_is_ambiguous_until_the_order_is_stated():
    assert read_date("03/04/2024") == "date_ambiguous"
    assert read_date("03/04/2024", DateOrder.DAY_FIRST) == date(2024, 4, 3)
    assert read_date("03/04/2024", DateOrder.MONTH_FIRST) == date(2024, 3, 4)


def test_the_same_day_both_ways_is_not_ambiguous():
    assert read_date("04/04/2024") == date(2024, 4, 4)


def test_a_stated_order_is_kept_even_where_the_other_would_fit():
    assert read_date("03/31/2024", DateOrder.DAY_FIRST) == "date_unreadable"


@given(st.dates(date(1999, 1, 1)), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "%d-%b-%Y"]))
def test_dates_are_read_back_by_column_and_alone(day, form):
    text = day.strftime(form)

    column = read_dates(pl.Series([text, "", text, "nonsense"]), None)

    assert read_date(text) == day
    assert column.rows() == [(day, None), (None, None), (day, None), (None, "date_unreadable")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("12", 12.0), ("12.5", 12.5), ("12.50", 12.5), ("1234567.89", 1234567.89), ("007.10", 7.1)),
        *(("12,5", 12.5), ("1234,56", 1234.56), ("0,125", 0.125), ("0.125", 0.125), ("1234.567", 1234.567)),
        *(("1,234.56", 1234.56), ("1,234,567", 1234567.0), ("1,234,567.8", 1234567.8), ("1,234.567", 1234.567)),
        *(("1.234,56", 1234.56), ("1.234.567", 1234567.0), ("1.234.567,8", 1234567.8)),
        *(("1 234,56", 1234.56), ("1\u00a0234.56", 1234.56), ("1\u202f234\u202f567", 1234567.0), ("1 234", 1234.0)),
        *(("1'234.50", 1234.5), ("1\u2019234\u2019567,50", 1234567.5), ("12,34,567.00", 1234567.0)),
        *(("-12.50", -12.5), ("\u221212,50", -12.5), ("12.50-", -12.5), ("(12.50)", -12.5), ("+12.50", 12.5)),
        *(("(1.234,56)", -1234.56), ("1,234.56-", -1234.56), ("- 12.50", -12.5)),
        *(
            ("€ 12,50", 12.5),
            ("12,50 €", 12.5),
            ("EUR 1,234.56", 1234.56),
            ("1.234,56 eur", 1234.56),
            ("-€12.50", -12.5),
        ),
        *(("€-12.50", -12.5), ("(€ 12.50)", -12.5), ("-0.01", -0.01), ("999999999999.99", 999999999999.99)),
    ],
)
def test_an_amount_with_one_reading_is_read(text, value):
    assert amount(text) == value


@pytest.mark.parametrize("text", ["1,234", "1.234", "12.345", "999,999", "-1.234", "€ 1,234", "(1.234)"])
def test_a_single_mark_before_three_digits_is_ambiguous_until_the_decimal_mark_is_stated(text):
    assert amount(text) == "amount_ambiguous"
    assert abs(amount(text, mark=DecimalMark.POINT)) in {1234, 1.234, 12.345, 999999}
    assert amount(text, mark=DecimalMark.POINT) != amount(text, mark=DecimalMark.COMMA)


def test_the_stated_decimal_mark_decides():
    assert (amount("1,234", mark=DecimalMark.POINT), amount("1,234", mark=DecimalMark.COMMA)) == (1234.0, 1.234)
    assert (amount("1.234", mark=DecimalMark.POINT), amount("1.234", mark=DecimalMark.COMMA)) == (1.234, 1234.0)


@pytest.mark.parametrize(
    "text",
    [
        *("n/a", "on request", "1e5", "1.2E+05", "NaN", "inf", "12.", ".5", "1.2.3", "1,23,4", "12,34.5,6", "1.234.56"),
        *(
            "--5",
            "-5-",
            "(5",
            "5)",
            "(-5)",
            "5 5",
            "12 34",
            "½",
            "٣",
            "1/2",
            "0x10",
            "#REF!",
            "12%",
            "kr 5",
            "5 E",
            "-",
            "€",
        ),
        *("1 234 56", "1'23", "1,2345,678", "EUR", "USDX 5"),
    ],
)
def test_what_is_no_number_is_unreadable(text):
    assert amount(text) == "amount_unreadable"


@pytest.mark.parametrize("text", ["0", "0.00", "-0", "0,00", "€ 0.00"])
def test_zero_is_a_reason_of_its_own(text):
    assert amount(text) == "amount_zero"


@pytest.mark.parametrize("text", ["1000000000000", "-1000000000000.00", "1,000,000,000,000.00", "9" * 400])
def test_an_amount_beyond_any_purchase_is_refused(text):
    assert amount(text) == "amount_out_of_range"


@pytest.mark.parametrize(
    ("text", "currency", "agrees"),
    [
        *(
            ("$ 5", "USD", True),
            ("$5", "CAD", True),
            ("$5", "EUR", False),
            ("US$ 5", "USD", True),
            ("US$5", "CAD", False),
        ),
        *(("£5", "GBP", True), ("£5", "EUR", False), ("¥5", "JPY", True), ("¥5", "CNY", True), ("₹5", "INR", True)),
        *(("CHF 5", "CHF", True), ("CHF 5", "EUR", False), ("€ 5 EUR", "EUR", True), ("€ 5 USD", "EUR", False)),
    ],
)
def test_a_currency_sign_must_agree_with_the_currency(text, currency, agrees):
    assert amount(text, currency) == (5.0 if agrees else "currency_conflict")


def test_an_empty_amount_is_neither_read_nor_refused_here():
    assert read_amounts(pl.Series([""]), pl.Series(["EUR"]), None).rows() == [(None, None)]


GROUPED = st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("\u202f", ",")])


@given(st.integers(1, 10**13), GROUPED, st.sampled_from(["{}", "-{}", "({})", "{}-", "€ {}", "{} EUR"]))
def test_grouped_amounts_with_decimals_are_read_exactly(cents, marks, form):
    group, decimal = marks
    text = f"{cents // 100:,}".replace(",", group) + f"{decimal}{cents % 100:02d}"
    expected = float(f"{cents // 100}.{cents % 100:02d}") * (-1 if form in {"-{}", "({})", "{}-"} else 1)

    assert amount(form.format(text)) == expected


@given(st.lists(st.text("0123456789.,-' €()E", max_size=9), min_size=1, max_size=20))
def test_the_same_text_is_read_the_same_alone_and_in_a_column(texts):
    together = read_amounts(pl.Series(texts), pl.Series(["EUR"] * len(texts)), None).rows()

    assert together == [read_amounts(pl.Series([one]), pl.Series(["EUR"]), None).row(0) for one in texts]
