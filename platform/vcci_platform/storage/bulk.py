"""Many rows at once: binary COPY on PostgreSQL, executemany on SQLite, behind one function."""

from __future__ import annotations

from typing import Any

import polars as pl
from sqlalchemy import BigInteger, Connection, Date, Double, Integer, SmallInteger, String, Table, Text
from sqlalchemy.types import TypeEngine

__all__ = ["bulk_insert"]

# Narrowest first, since SmallInteger and BigInteger are Integers and Text is a String.
_BINARY_TYPES: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (SmallInteger, "int2"),
    (BigInteger, "int8"),
    (Integer, "int4"),
    (Double, "float8"),
    (Date, "date"),
    (Text, "text"),
    (String, "varchar"),
)


def bulk_insert(connection: Connection, table: Table, frame: pl.DataFrame) -> int:
    """Write every row of `frame` into `table` within the connection's transaction, and return how many there were.

    The frame's columns are named like the table's. NUL characters, which PostgreSQL cannot hold, become U+FFFD.
    """
    unknown = set(frame.columns) - set(table.c.keys())
    if unknown:
        raise ValueError(f"table {table.name} has no columns {sorted(unknown)}")
    if frame.is_empty():
        return 0
    text = pl.col(pl.String).str.replace_all("\x00", "\ufffd", literal=True)
    if connection.dialect.name == "sqlite":
        _execute_many(connection, table, frame.with_columns(text, pl.col(pl.Date).dt.to_string("%Y-%m-%d")))
    else:
        _copy(connection, table, frame.with_columns(text))
    return frame.height


def _execute_many(connection: Connection, table: Table, frame: pl.DataFrame) -> None:
    marks = ", ".join("?" * frame.width)
    statement = f"INSERT INTO {table.name} ({_names(frame)}) VALUES ({marks})"  # noqa: S608  # names of our own table
    connection.exec_driver_sql(statement, frame.rows())


def _copy(connection: Connection, table: Table, frame: pl.DataFrame) -> None:
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {table.name} ({_names(frame)}) FROM STDIN (FORMAT BINARY)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([_binary_type(table.c[name].type) for name in frame.columns])
        for row in frame.iter_rows():
            copy.write_row(row)


def _names(frame: pl.DataFrame) -> str:
    return ", ".join(f'"{name}"' for name in frame.columns)


def _binary_type(kind: TypeEngine[Any]) -> str:
    for candidate, name in _BINARY_TYPES:
        if isinstance(kind, candidate):
            return name
    raise ValueError(f"no binary form is known for a column of type {kind!r}")
