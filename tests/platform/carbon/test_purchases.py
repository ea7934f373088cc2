"""Category 1 by spend: the arithmetic against one written down by hand and one in decimals, and its laws."""

from datetime import date
from decimal import Decimal, localcontext

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from vcci_platform.carbon.calculators.purchases import aggregate, calculate
from vcci_platform.carbon.factors import load_pack
from vcci_platform.carbon.model import AGGREGATE_SCHEMA, GAP_SCHEMA, LINE_SCHEMA, ROW_SCHEMA, PriceBasis
from vcci_platform.carbon.rates import load_rates

PACK, RATES = load_pack(), load_rates()


def rows(*purchases):
    """Rows from (year or date, naics, amount, currency[, supplier]) in that order."""
    records = []
    for number, (when, naics, amount, currency, *rest) in enumerate(purchases, start=2):
        day = date(when, 7, 1) if isinstance(when, int) else when
        records.append((number, day, rest[0] if rest else "Acme", "", naics, amount, currency, None))
    return pl.DataFrame(records, schema=dict(ROW_SCHEMA), orient="row")


def line(*purchase, **options):
    return calculate(rows(purchase), PACK, RATES, **options).lines.row(0, named=True)


def reference(purchase):
    """The same number in decimals of fifty digits, straight from the tables; None where something is missing."""
    when, naics, amount, currency, *_ = purchase
    year = when if isinstance(when, int) else when.year
    factor = PACK.factors.filter(pl.col("naics") == naics)["with_margins"]
    rate, index = RATES.rate(currency, year), PACK.deflators.index
    if factor.is_empty() or rate is None or year not in index:
        return None
    with localcontext(prec=50):
        deflator = Decimal(str(index[2022])) / Decimal(str(index[year]))
        return Decimal(amount) * Decimal(rate) * deflator * Decimal(str(factor[0]))


def test_one_purchase_by_hand():
    """1,000 EUR of custom programming (NAICS 541511) paid on 14 March 2023.

    Exchange rate: the ECB's average of 2023 is 1.0813 USD per EUR (mean of 255 fixings, 1.08127), so 1,081.27 USD.
    Deflator: CPI-U 292.655 (2022) / 304.702 (2023) = 0.960463 (304.702 x 0.96 = 292.51392; rest 0.14108 / 304.702 =
    0.000463), so 1,081.27 x 0.960463 = 1,038.52 USD of 2022.
    Factor: EPA v1.3.0 with margins, row 541511 of the published table: 0.084 kg CO2e per USD of 2022 (margins 0).
    Result: 1,038.52 x 0.084 = 87.24 kg CO2e.
    """
    result = line(date(2023, 3, 14), "541511", 1000.0, "EUR")

    assert result["year"] == 2023
    assert result["sector"] == "54"
    assert result["factor_id"] == "epa-scef/1.3.0/541511"
    assert result["rate_to_usd"] == pytest.approx(1.08127, abs=5e-6)
    assert result["amount_usd"] == pytest.approx(1081.27, abs=0.005)
    assert result["deflator"] == pytest.approx(0.960463, abs=5e-7)
    assert result["amount_factor_usd"] == pytest.approx(1038.52, abs=0.005)
    assert result["factor_kg_per_usd"] == 0.084
    assert result["kg_co2e"] == pytest.approx(87.24, abs=0.005)


def test_dollars_of_the_factors_year_need_neither_rate_nor_deflator():
    """100 USD of soybeans in 2022 at 0.532 kg with margins, 0.488 without (first row of EPA's table)."""
    assert line(2022, "111110", 100.0, "USD")["kg_co2e"] == pytest.approx(53.2, rel=1e-15)
    assert line(2022, "111110", 100.0, "USD", basis=PriceBasis.PRODUCER)["kg_co2e"] == pytest.approx(48.8, rel=1e-15)


def test_spend_of_2019_grows_to_the_prices_of_2022():
    """100 USD of 2019 buy what 114.4717 USD buy in 2022: 292.655 / 255.657; times 0.532."""
    assert line(2019, "111110", 100.0, "USD")["kg_co2e"] == pytest.approx(60.898962, abs=5e-7)


def test_every_step_is_stored_and_repeats_the_number():
    result = line(2021, "484121", 4321.0, "GBP")

    assert result["amount_usd"] == result["amount"] * result["rate_to_usd"]
    assert result["amount_factor_usd"] == result["amount_usd"] * result["deflator"]
    assert result["kg_co2e"] == result["amount_factor_usd"] * result["factor_kg_per_usd"]


def test_a_five_digit_code_takes_the_factor_of_its_only_industry():
    assert line(2022, "11111", 100.0, "USD")["factor_id"] == "epa-scef/1.3.0/111110"


@pytest.mark.parametrize(
    ("purchase", "reason", "field", "told"),
    [
        ((2023, "541519", 5.0, "UAH"), "rate_currency_unknown", "currency", "no UAH"),
        ((2022, "541511", 5.0, "RUB"), "rate_year_uncovered", "currency", "RUB throughout 2022"),
        ((2025, "541511", 5.0, "USD"), "deflator_year_uncovered", "date", "from 2015 to 2024, none for 2025"),
        ((2014, "541511", 5.0, "EUR"), "deflator_year_uncovered", "date", "none for 2014"),
        ((2023, "5415", 5.0, "EUR"), "naics_too_broad", "naics", "541511, 541512, 541513"),
        ((2023, "513210", 5.0, "EUR"), "naics_unknown", "naics", "513210"),
    ],
)
def test_what_is_missing_is_a_gap_and_never_a_default(purchase, reason, field, told):
    done = calculate(rows(purchase, (2023, "541511", 1.0, "EUR")), PACK, RATES)

    (gap,) = done.gaps.to_dicts()
    assert (gap["row"], gap["reason"], gap["field"]) == (2, reason, field)
    assert told in gap["detail"]
    assert (done.lines["row"].to_list(), done.uncalculated) == ([3], 1)


def test_all_that_is_missing_for_a_row_is_told():
    done = calculate(rows((2026, "99", 5.0, "EUR")), PACK, RATES)

    assert done.gaps["reason"].to_list() == ["naics_unknown", "rate_year_uncovered", "deflator_year_uncovered"]
    assert done.gaps["value"].to_list() == ["99", "EUR 2026", "2026-07-01"]
    assert done.uncalculated == 1


def test_the_lineage_names_every_source():
    lineage = calculate(rows((2022, "541511", 5.0, "EUR")), PACK, RATES).lineage.document()

    assert (lineage["factor_pack"], lineage["factor_release"]) == ("epa-scef", "1.3.0")
    assert (lineage["gwp_set"], lineage["price_basis"], lineage["category"]) == ("AR5", "purchaser", 1)
    assert lineage["rates_sha256"] == RATES.sha256
    assert lineage["rates_first"] == "1999-01-04"
    assert all(value != "" for value in lineage.values())


def test_nothing_to_calculate_gives_empty_tables_of_the_contract():
    done = calculate(rows(), PACK, RATES)
    sums = aggregate(done.lines)

    assert dict(done.lines.schema) == dict(LINE_SCHEMA)
    assert dict(done.gaps.schema) == dict(GAP_SCHEMA)
    assert dict(sums.by_supplier.schema) == dict(AGGREGATE_SCHEMA)
    assert (sums.kg_co2e, sums.credit_kg_co2e, sums.lines) == (0.0, 0.0, 0)


def test_sums_by_supplier_and_sector_have_shares_counts_and_titles():
    """Soybeans at 0.532 and programming at 0.084 kg per USD of 2022: 53.2 + 26.6 and 8.4 kg."""
    done = calculate(
        rows(
            (2022, "111110", 100.0, "USD", "B"), (2022, "541511", 100.0, "USD", "A"), (2022, "111110", 50.0, "USD", "B")
        ),
        PACK,
        RATES,
    )
    sums = aggregate(done.lines)

    assert sums.by_category.rows() == [("1", "Purchased goods and services", 88.2, 1.0, 3, 250.0)]
    assert [row[:3] + row[4:] for row in sums.by_supplier.rows()] == [
        ("B", "B", 79.8, 2, 150.0),
        ("A", "A", 8.4, 1, 100.0),
    ]
    assert sums.by_sector["label"].to_list() == [
        "Agriculture, Forestry, Fishing and Hunting",
        "Professional, Scientific, and Technical Services",
    ]
    assert sums.by_supplier["share"].to_list() == pytest.approx([79.8 / 88.2, 8.4 / 88.2], rel=1e-15)
    assert (sums.kg_co2e, sums.lines, sums.amount_usd) == (88.2, 3, 250.0)


def test_credit_notes_lower_the_sum_and_stay_visible():
    done = calculate(rows((2022, "111110", 100.0, "USD"), (2022, "111110", -25.0, "USD", "B")), PACK, RATES)
    sums = aggregate(done.lines)

    assert (sums.kg_co2e, sums.credit_kg_co2e) == (39.9, -13.3)
    assert sums.by_supplier.select("key", "kg_co2e").rows() == [("Acme", 53.2), ("B", -13.3)]


@pytest.mark.parametrize("amounts", [(-25.0,), (25.0, -25.0)])
def test_a_total_that_is_not_positive_has_no_shares(amounts):
    sums = aggregate(calculate(rows(*((2022, "111110", amount, "USD") for amount in amounts)), PACK, RATES).lines)

    assert sums.by_sector["share"].to_list() == [None]


def test_repeated_rows_are_counted_and_their_part_is_shown():
    table = rows((2022, "111110", 100.0, "USD"), (2022, "111110", 100.0, "USD")).with_columns(
        repeats_row=pl.Series([None, 2], dtype=pl.Int64)
    )
    sums = aggregate(calculate(table, PACK, RATES).lines)

    assert (sums.kg_co2e, sums.repeated_kg_co2e) == (106.4, 53.2)


CODES = st.sampled_from([*PACK.factors["naics"].to_list()[::40], "5415", "92", "513210"])
AMOUNTS = st.decimals("-99999999.99", "99999999.99", places=2).filter(bool).map(float)
PURCHASES = st.tuples(
    st.integers(2013, 2026),
    CODES,
    AMOUNTS,
    st.sampled_from(["EUR", "USD", "JPY", "RUB", "UAH", "ISK"]),
    st.sampled_from("ABC"),
)
LEDGERS = st.lists(PURCHASES, max_size=30)


@given(LEDGERS)
def test_columns_agree_with_decimals_to_one_part_in_a_billion(ledger):
    done = calculate(rows(*ledger), PACK, RATES)
    expected = {number: kg for number, one in enumerate(ledger, 2) if (kg := reference(one)) is not None}

    assert done.lines["row"].to_list() == list(expected)
    assert done.lines["kg_co2e"].to_list() == pytest.approx([float(kg) for kg in expected.values()], rel=1e-12)
    total = sum(expected.values(), Decimal(0))
    size = float(sum((abs(kg) for kg in expected.values()), Decimal(0)))
    assert aggregate(done.lines).kg_co2e == pytest.approx(float(total), rel=1e-9, abs=max(1e-9 * size, 1e-5))


@given(LEDGERS)
def test_every_row_is_a_line_or_has_a_gap(ledger):
    done = calculate(rows(*ledger), PACK, RATES)

    assert done.lines.height + done.uncalculated == len(ledger)
    assert done.uncalculated == done.gaps["row"].n_unique()
    assert not set(done.lines["row"]) & set(done.gaps["row"])
    assert done.lines["kg_co2e"].is_not_null().all()


@given(PURCHASES, st.sampled_from([2.0, 0.5, -1.0, 1024.0]))
def test_the_result_is_linear_in_the_amount(purchase, times):
    year, naics, amount, *rest = purchase
    once = calculate(rows(purchase), PACK, RATES).lines["kg_co2e"]
    often = calculate(rows((year, naics, amount * times, *rest)), PACK, RATES).lines["kg_co2e"]

    assert often.to_list() == (once * times).to_list()


@given(LEDGERS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(ledger, random):
    table = rows(*ledger)
    order = list(range(len(ledger)))
    random.shuffle(order)

    straight, shuffled = calculate(table, PACK, RATES), calculate(table[order], PACK, RATES)

    assert_frame_equal(straight.lines, shuffled.lines, check_exact=True)
    assert_frame_equal(straight.gaps, shuffled.gaps, check_exact=True)
    assert aggregate(straight.lines.reverse()).kg_co2e == aggregate(straight.lines).kg_co2e
    assert_frame_equal(
        aggregate(straight.lines.reverse()).by_supplier, aggregate(straight.lines).by_supplier, check_exact=True
    )


@given(LEDGERS)
def test_the_groups_of_a_table_add_up_to_the_total(ledger):
    sums = aggregate(calculate(rows(*ledger), PACK, RATES).lines)

    for table in (sums.by_category, sums.by_supplier, sums.by_sector):
        assert sum(map(Decimal, map(str, table["kg_co2e"].round(6)))) == pytest.approx(
            Decimal(sums.kg_co2e), abs=Decimal("1e-4")
        )
        assert table["lines"].sum() == sums.lines
