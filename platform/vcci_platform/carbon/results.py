"""Reading results: totals, aggregates, lines with their lineage, gaps. All through the calculation of an upload."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, func, select

from vcci_platform.carbon import tables
from vcci_platform.storage.database import Database

__all__ = ["DIMENSIONS", "Dimension", "Results", "Totals"]

Dimension = Literal["category", "supplier", "sector"]
DIMENSIONS: tuple[Dimension, ...] = ("category", "supplier", "sector")


@dataclass(frozen=True)
class Totals:
    """A completed calculation as a whole."""

    id: int
    job_id: str
    lineage: dict[str, Any]
    lines: int
    rows_with_gaps: int
    kg_co2e: float
    credit_kg_co2e: float
    repeated_kg_co2e: float
    amount_usd: float
    completed_at: datetime


class Results:
    """The results of one service. Its methods take the id of a calculation that an upload of the caller points to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def totals(self, calculation: int) -> Totals:
        """Return the sums and the lineage that all lines share."""
        return self.many_totals([calculation])[calculation]

    def many_totals(self, calculations: list[int]) -> dict[int, Totals]:
        """Return the totals of several calculations, by id."""
        table = tables.calculation
        query = select(*(table.c[name] for name in Totals.__dataclass_fields__)).where(table.c.id.in_(calculations))
        with self._database.read() as connection:
            return {row.id: Totals(**row) for row in connection.execute(query).mappings()}

    def aggregates(self, calculation: int, dimension: Dimension, *, after: int, limit: int) -> list[dict[str, Any]]:
        """Return groups from the largest down, those that come after this position."""
        table = tables.aggregate
        return self._rows(
            select(table)
            .where(table.c.calculation_id == calculation, table.c.dimension == dimension, table.c.position > after)
            .order_by(table.c.position)
            .limit(limit)
        )

    def lines(self, calculation: int, *, after: int, limit: int) -> list[dict[str, Any]]:
        """Return calculated lines in the file's order, those that come after this row."""
        table = tables.line_result
        return self._rows(
            select(table)
            .where(table.c.calculation_id == calculation, table.c.row > after)
            .order_by(table.c.row)
            .limit(limit)
        )

    def gaps(self, calculation: int, *, after: int, limit: int) -> list[dict[str, Any]]:
        """Return reasons for rows that were not calculated, in the file's order, those after this position."""
        table = tables.line_gap
        return self._rows(
            select(table)
            .where(table.c.calculation_id == calculation, table.c.position > after)
            .order_by(table.c.position)
            .limit(limit)
        )

    def gap_reasons(self, calculation: int) -> list[tuple[str, int]]:
        """Return how often each reason stands among the gaps, the most frequent first."""
        table = tables.line_gap
        query = (
            select(table.c.reason, func.count())
            .where(table.c.calculation_id == calculation)
            .group_by(table.c.reason)
            .order_by(func.count().desc(), table.c.reason)
        )
        with self._database.read() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self._database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
