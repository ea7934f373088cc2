"""A threshold in the unit of what is measured, as a spec writes it."""

from __future__ import annotations

from datetime import timedelta

from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number
from vcci_slo.spec.components import UnitName
from vcci_slo.spec.units import MOST

__all__ = ["limit_text"]

_SIZES = (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


def limit_text(value: float, unit: UnitName) -> str:
    """Return a limit with its unit.

    >>> limit_text(0.05, "ratio"), limit_text(0.5, "seconds"), limit_text(2**31, "bytes"), limit_text(3.0, "count")
    ('5%', '500ms', '2Gi', '3')

    Raises ValueError for a number that no limit may be.
    """
    if not -MOST <= value <= MOST:
        raise ValueError(f"a limit of {value:g} is beyond what a spec can say")
    match unit:
        case "ratio":
            return f"{number(value * 100)}%"
        case "seconds":
            return promql_duration(timedelta(milliseconds=round(value * 1000))) if value else "0s"
        case "bytes":
            name, size = next(((name, size) for name, size in _SIZES if value % size == 0), ("B", 1))
            return f"{number(value / size)}{name}"
        case _:
            return number(value)
