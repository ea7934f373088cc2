"""Rows: each reason for which a row cannot go on, and what is done with those that can."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.carbon.intake import DateOrder, DecimalMark, Reading, read_purchases
from vcci_platform.carbon.model import GAP_SCHEMA, ROW_SCHEMA, GapReason, Stage

TODAY = date(2026, 11, 23)
HEADER = "date,supplier,description,naics,amount,currency"
NOTHING_STATED = Reading()
GOOD = {
    "date": "2024-03-31",
    "supplier": "Acme",
    "description": "bolts",
    "naics": "332722",
    "amount": "12.50",
    "currency": "EUR",
}


def read(*rows, reading=NOTHING_STATED):
    lines = [",".join(f'"{value}"' for value in (GOOD | row).values()) for row in rows]
    return read_purchases("\n".join([HEADER, *lines]).encode(), today=TODAY, reading=reading)


@pytest.mark.parametrize(
    ("cells", "reason", "field"),
    [
        ({"date": ""}, GapReason.DATE_MISSING, "date"),
        ({"date": "31.04.2024"}, GapReason.DATE_UNREADABLE, "date"),
        ({"date": "03/04/2024"}, GapReason.DATE_AMBIGUOUS, "date"),
        ({"date": "2026-11-24"}, GapReason.DATE_IN_FUTURE, "date"),
        ({"supplier": " \u00a0"}, GapReason.SUPPLIER_MISSING, "supplier"),
        ({"naics": ""}, GapReason.NAICS_MISSING, "naics"),
        ({"naics": "31-33"}, GapReason.NAICS_MALFORMED, "naics"),
        ({"naics": "5"}, GapReason.NAICS_MALFORMED, "naics"),
        ({"naics": "5415111"}, GapReason.NAICS_MALFORMED, "naics"),
        ({"naics": "٥٤١٥١١"}, GapReason.NAICS_MALFORMED, "naics"),
        ({"amount": ""}, GapReason.AMOUNT_MISSING, "amount"),
        ({"amount": "n/a"}, GapReason.AMOUNT_UNREADABLE, "amount"),
        ({"amount": "1.234"}, GapReason.AMOUNT_AMBIGUOUS, "amount"),
        ({"amount": "0.00"}, GapReason.AMOUNT_ZERO, "amount"),
        ({"amount": "9999999999999"}, GapReason.AMOUNT_OUT_OF_RANGE, "amount"),
        ({"amount": "£ 5"}, GapReason.CURRENCY_CONFLICT, "amount"),
        ({"currency": ""}, GapReason.CURRENCY_MISSING, "currency"),
        ({"currency": "Euro"}, GapReason.CURRENCY_MALFORMED, "currency"),
    ],
)
def test_each_reason_is_told_with_row_field_value_and_a_sentence(cells, reason, field):
    intake = read({}, cells)

    (gap,) = intake.gaps.to_dicts()
    found = cells[field].strip(" \u00a0") or None
    expected = {"row": 3, "reason": reason.value, "field": field, "value": found, "detail": reason.sentence}
    assert gap == expected
    assert (intake.total, intake.rejected, intake.rows["row"].to_list()) == (2, 1, [2])


def test_every_reason_has_a_sentence_and_a_stage():
    assert all(reason.sentence.endswith(".") for reason in GapReason)
    assert {reason for reason in GapReason if reason.stage is Stage.CALCULATION} == {
        *(GapReason.NAICS_TOO_BROAD, GapReason.NAICS_UNKNOWN, GapReason.DEFLATOR_YEAR_UNCOVERED),
        *(GapReason.RATE_CURRENCY_UNKNOWN, GapReason.RATE_YEAR_UNCOVERED),
    }


def test_all_that_is_wrong_with_a_row_is_told_at_once_and_counted_as_one_row():
    intake = read({"date": "", "supplier": "", "naics": "x", "amount": "x", "currency": "x"}, {"amount": ""})

    assert intake.gaps.select("row", "field").rows() == [
        *((2, "date"), (2, "supplier"), (2, "naics"), (2, "amount"), (2, "currency"), (3, "amount")),
    ]
    assert intake.rejected == 2


def test_today_is_not_the_future():
    assert read({"date": "2026-11-23"}).rejected == 0


def test_values_are_tidied_but_never_changed():
    row = {"supplier": "  Müller  &\tCo ", "naics": " 332722.0 ", "currency": " eur ", "description": " a\n\n b "}
    intake = read(row, {"currency": "€"})

    assert intake.rows.select("supplier", "description", "naics", "currency").rows() == [
        ("Müller & Co", "a b", "332722", "EUR"),
        ("Acme", "bolts", "332722", "EUR"),
    ]


def test_an_empty_description_is_no_gap():
    assert read({"description": ""}).rows["description"].to_list() == [""]


def test_a_credit_note_is_read_as_a_negative_amount():
    assert read({"amount": "-12.50"}).rows["amount"].to_list() == [-12.5]


def test_a_repeated_row_is_kept_and_names_the_first():
    """Lines 2, 3 and 5 are the same purchase in three spellings; line 4 differs in the description only."""
    intake = read({}, {"amount": "12,50"}, {"description": "nuts"}, {"date": "31.03.2024", "currency": "eur"})

    assert intake.rows.select("row", "repeats_row").rows() == [(2, None), (3, 2), (4, None), (5, 2)]
    assert intake.repeated == 2


def test_what_the_sender_states_is_no_longer_ambiguous():
    rows = ({"date": "03/04/2024", "amount": "1.234"},)

    stated = read(*rows, reading=Reading(DateOrder.DAY_FIRST, DecimalMark.COMMA)).rows

    assert read(*rows).rejected == 1
    assert stated.select("date", "amount").rows() == [(date(2024, 4, 3), 1234.0)]


def test_a_long_value_is_shortened_in_the_gap():
    assert len(read({"amount": "x" * 10_000}).gaps["value"][0]) == 200


def test_the_tables_have_the_columns_of_the_contract():
    good, bad = read({}), read({"amount": ""})
    for intake in (good, bad):
        assert dict(intake.rows.schema) == dict(ROW_SCHEMA)
        assert dict(intake.gaps.schema) == dict(GAP_SCHEMA)


VALUES = st.text("0123456789.,-/ ABCabc€$()'\u00a0ü", max_size=12)


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(GOOD, VALUES)), min_size=1, max_size=6))
def test_every_record_is_a_row_or_has_a_gap(rows):
    intake = read(*rows)

    numbers, gaps = set(intake.rows["row"]), set(intake.gaps["row"])
    assert not numbers & gaps
    assert numbers | gaps == set(range(2, 2 + len(rows)))
    assert (intake.total, intake.rejected) == (len(rows), len(gaps))
    assert set(intake.gaps["reason"]) <= set(GapReason)
