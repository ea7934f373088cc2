"""Many rows at once mean the same on both databases."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from sqlalchemy import select

from vcci_platform.carbon import tables
from vcci_platform.storage import migrate
from vcci_platform.storage.bulk import bulk_insert
from vcci_platform.storage.database import connect

GAPS = pl.DataFrame(
    {
        "calculation_id": [11, 11],
        "position": [1, 2],
        "row": [12, 2**40],
        "reason": ["amount_zero", "row_malformed"],
        "field": ["amount", "row"],
        "value": ['a "quoted", value\nwith lines', None],
        "detail": ["", "ends\x00here"],
    }
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def database(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'a.db'}" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    database = connect(url)
    migrate.upgrade(database, "service")
    yield database
    database.close()


def test_rows_come_back_as_they_were_written(database):
    with database.write() as connection:
        written = bulk_insert(connection, tables.line_gap, GAPS)
    with database.read() as connection:
        rows = connection.execute(select(tables.line_gap).order_by(tables.line_gap.c.position)).all()

    assert written == 2
    assert [tuple(row) for row in rows] == [
        (11, 1, 12, "amount_zero", "amount", 'a "quoted", value\nwith lines', ""),
        (11, 2, 2**40, "row_malformed", "row", None, "ends\ufffdhere"),
    ]


def test_numbers_keep_every_bit_and_dates_stay_dates(database):
    line = {
        **dict.fromkeys(("supplier", "description"), "x"),
        "calculation_id": 11,
        "row": 2,
        "date": date(2022, 3, 1),
        "naics": "541511",
        "amount": 0.1 + 0.2,
        "currency": "USD",
        "repeats_row": None,
        "category": 1,
        "year": 2022,
        "sector": "54",
        "factor_id": "f",
        **dict.fromkeys(("rate_to_usd", "amount_usd", "deflator", "amount_factor_usd", "factor_kg_per_usd"), 1e-300),
        "kg_co2e": 1 / 3,
    }
    frame = pl.DataFrame([line], schema_overrides={"repeats_row": pl.Int64, "category": pl.Int16, "year": pl.Int32})

    with database.write() as connection:
        bulk_insert(connection, tables.line_result, frame)
    with database.read() as connection:
        row = connection.execute(select(tables.line_result)).one()

    assert (row.date, row.amount, row.kg_co2e, row.deflator) == (date(2022, 3, 1), 0.1 + 0.2, 1 / 3, 1e-300)


def test_nothing_is_written_when_the_transaction_fails(database):
    def write_and_fail():
        with database.write() as connection:
            bulk_insert(connection, tables.line_gap, GAPS)
            raise RuntimeError("after the rows")

    with pytest.raises(RuntimeError, match="after the rows"):
        write_and_fail()
    with database.read() as connection:
        assert connection.execute(select(tables.line_gap)).all() == []


def test_a_column_that_the_table_does_not_have_is_refused(database):
    with (
        database.write() as connection,
        pytest.raises(ValueError, match=r"table line_gap has no columns \['colour'\]"),
    ):
        bulk_insert(connection, tables.line_gap, GAPS.with_columns(colour=pl.lit("red")))


def test_no_rows_are_no_work(database):
    with database.write() as connection:
        assert bulk_insert(connection, tables.line_gap, GAPS.clear()) == 0
