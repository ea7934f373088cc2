"""Numbers and sentences for people: a measured value in its unit, a summary with its names filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from vcci_slo.plan import Unit
from vcci_slo.promql.durations import words

__all__ = ["filled", "measured"]

_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_STEPS = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def measured(value: float | None, unit: Unit) -> str:
    """Return a value as a person says it.

    >>> measured(0.0731, "ratio"), measured(5400, "seconds"), measured(None, "ratio")
    ('7.31%', '1 hour 30 minutes', 'an unknown share')
    """
    if value is None:
        return "an unknown share" if unit == "ratio" else "an unknown value"
    match unit:
        case "ratio":
            return f"{value * 100:.3g}%"
        case "seconds":
            return words(timedelta(seconds=value)) if value >= 1 else f"{value * 1000:.3g} ms"
        case "bytes":
            size, name = next(((step, name) for step, name in _STEPS if abs(value) >= step), (1, "bytes"))
            return f"{value / size:.3g} {name}"
        case _:
            return f"{value:.4g}"


def filled(template: str, value: str, labels: Mapping[str, str]) -> str:
    """Return a template with `{value}` and each `{label}` filled in; a label that is not there stays a question.

    >>> filled("{queue} has {value} waiting", "1200", {"queue": "reports"})
    'reports has 1200 waiting'
    """
    known = {"value": value, **labels}
    return _NAME.sub(lambda found: known.get(found[1], "?"), template)
