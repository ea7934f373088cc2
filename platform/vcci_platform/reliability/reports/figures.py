"""Figures as every format that people read prints them: the same value is the same text in all of them."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["amount", "day", "minutes", "moment", "percent", "points", "share", "short_day"]

_NEARLY = 1e-9


def percent(ratio: float | None, budget: float) -> str:
    """Return an SLI with two digits more than its objective needs; rounded down, so that a miss never looks kept.

    >>> percent(0.99954, 0.001), percent(0.9989999, 0.001), percent(0.98, 0.05), percent(None, 0.001)
    ('99.954%', '99.899%', '98.00%', 'no traffic')
    """
    if ratio is None:
        return "no traffic"
    scale = 10 ** digits(budget)
    return f"{math.floor(ratio * 100 * scale + _NEARLY * scale) / scale:.{digits(budget)}f}%"


def digits(budget: float) -> int:
    """Return how many digits after the point an SLI needs in percent.

    >>> digits(0.05), digits(0.01), digits(0.005), digits(0.001), digits(0.0001)
    (2, 2, 3, 3, 4)
    """
    return max(2, math.ceil(-math.log10(budget * 100) - _NEARLY) + 2)


def share(ratio: float | None) -> str:
    """Return a share with one digit after the point; what is not nothing never looks like it.

    >>> share(0.734), share(-2.5), share(1.0), share(0.0), share(0.0001), share(0.99999), share(123.4), share(None)
    ('73.4%', '-250.0%', '100%', '0%', '<0.1%', '99.9%', '12,340%', 'unknown')
    """
    if ratio is None:
        return "unknown"
    if abs(ratio) < _NEARLY or abs(ratio - 1) < _NEARLY:
        return f"{ratio * 100:.0f}%".replace("-", "")
    if 0 < ratio < 0.001:
        return "<0.1%"
    shown = min(ratio, 0.999) if 0.99 < ratio < 1 else ratio
    places = 0 if abs(ratio) >= 10 else 1
    return f"{shown * 100:,.{places}f}%"


def amount(value: float) -> str:
    """Return a number of events with its thousands apart; Prometheus extrapolates, so it may have a fraction.

    >>> amount(1234567.0), amount(0.04), amount(12.34), amount(-3.0), amount(98765.43)
    ('1,234,567', '0.04', '12.3', '-3', '98,765')
    """
    whole = abs(value - round(value)) < 1e-6 * max(abs(value), 1.0) or abs(value) >= 1000
    return f"{value:,.0f}" if whole else f"{value:.3g}"


def minutes(length: timedelta) -> str:
    """Return a length in minutes, as error budgets are said.

    >>> [minutes(timedelta(seconds=seconds)) for seconds in (2592, -180_000, 1, 0)]
    ['43.2 min', '-3,000.0 min', '<0.1 min', '0.0 min']
    """
    value = length / timedelta(minutes=1)
    return "<0.1 min" if 0 < value < 0.05 else f"{value:,.1f} min"


def points(difference: float, budget: float) -> str:
    """Return by how many percentage points an SLI differs, with its sign.

    >>> points(0.0004, 0.001), points(-0.0123, 0.05), points(0.0, 0.05)
    ('+0.040 points', '-1.23 points', '0.00 points')
    """
    value = f"{difference * 100:+.{digits(budget)}f}"
    return f"{value[1:] if float(value) == 0 else value} points"


def day(of: date) -> str:
    """Return a day as tables list it.

    >>> day(date(2026, 10, 3))
    'Sat 3 Oct 2026'
    """
    return f"{of:%a} {of.day} {of:%b %Y}"


def short_day(of: date) -> str:
    """Return a day in a few letters.

    >>> short_day(date(2026, 10, 3))
    '3 Oct'
    """
    return f"{of.day} {of:%b}"


def moment(at: datetime, zone: str) -> str:
    """Return a moment where the clocks show `zone`, with what tells the two hours of an autumn night apart.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/Berlin")
    '25 Oct 2026, 02:30 CEST'
    """
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y, %H:%M %Z}"
