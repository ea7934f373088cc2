"""Figures and moments as the pages say them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = [
    "TIMES",
    "ago",
    "amount",
    "clock",
    "day",
    "factor",
    "kilograms",
    "lasting",
    "percent",
    "rate",
    "share",
    "size",
]

TONNE = 1000.0
TIMES = "\N{MULTIPLICATION SIGN}"
NOW = timedelta(seconds=1)
_STEPS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def lasting(length: timedelta) -> str:
    """Return how long something takes, in its two largest units.

    >>> [lasting(timedelta(seconds=seconds)) for seconds in (0.4, 12, 250, 7500, 183_600)]
    ['0 s', '12 s', '4 min 10 s', '2 h 5 min', '2 d 3 h']
    """
    seconds = round(abs(length.total_seconds()))
    parts: list[str] = []
    for unit, step in _STEPS:
        count, seconds = divmod(seconds, step)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def ago(moment: datetime, now: datetime) -> str:
    """Return where a moment lies as seen from now.

    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> [ago(now + timedelta(seconds=seconds), now) for seconds in (-250, 0, 90)]
    ['4 min 10 s ago', 'just now', 'in 1 min 30 s']
    """
    passed = now - moment
    if abs(passed) < NOW:
        return "just now"
    return f"{lasting(passed)} ago" if passed > timedelta(0) else f"in {lasting(passed)}"


def clock(moment: datetime) -> str:
    """Return the time of day in UTC."""
    return f"{moment.astimezone(UTC):%H:%M:%S}"


def day(moment: datetime) -> str:
    """Return day and time in UTC.

    >>> day(datetime(2026, 3, 7, 15, 4, 5, tzinfo=UTC))
    '7 Mar 2026, 15:04:05'
    """
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M:%S}"


def percent(ratio: float | None) -> str:
    """Return an SLI with the digits that objectives are made of; nothing is rounded up to a whole promise.

    >>> percent(0.99954), percent(1.0), percent(0.9999999), percent(None)
    ('99.954%', '100%', '99.999%', 'no traffic')
    """
    if ratio is None:
        return "no traffic"
    if ratio == 1:
        return "100%"
    return f"{min(ratio, 0.99999) * 100:.3f}%"


def share(ratio: float) -> str:
    """Return a share in whole percents, with a digit below one.

    >>> share(0.734), share(-2.5), share(0.0006), share(1.0), share(0.9999), share(-12345.0)
    ('73%', '-250%', '0.06%', '100%', '99.9%', '-1,234,500%')
    """
    if 0.99 < ratio < 1:
        return f"{min(ratio, 0.999) * 100:.1f}%"
    return f"{ratio * 100:,.0f}%" if ratio == 0 or abs(ratio) >= 0.01 else f"{ratio * 100:.2g}%"


def rate(value: float | None) -> str:
    """Return a burn rate; what was not observed is unknown.

    >>> [rate(value).rstrip(TIMES) for value in (14.4, 0.0, 0.0178, 523.7, 1234.5, None)]
    ['14.4', '0', '0.018', '524', '1,234', 'unknown']
    """
    if value is None:
        return "unknown"
    if value < 1:
        return f"{value:.2g}{TIMES}"
    return f"{value:.3g}{TIMES}" if value < 1000 else f"{value:,.0f}{TIMES}"


def kilograms(kg: float) -> str:
    """Return a mass of CO2e in the unit that a person would say, with three digits that mean something.

    >>> kilograms(0.0123), kilograms(812.4), kilograms(12_345.0), kilograms(1_234_567.0), kilograms(-90.0)
    ('0.0123 kg', '812 kg', '12.3 t', '1,235 t', '-90.0 kg')
    """
    value, unit = (kg / TONNE, "t") if abs(kg) >= TONNE else (kg, "kg")
    if value == 0:
        return f"0 {unit}"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"
    return f"{text} {unit}"


def amount(value: float, digits: int = 0) -> str:
    """Return a number with its thousands apart.

    >>> amount(1234567.8), amount(-12.345, 2)
    ('1,234,568', '-12.35')
    """
    return f"{value:,.{digits}f}"


def factor(value: float) -> str:
    """Return a multiplier with six digits that mean something.

    >>> factor(1.0), factor(0.1234567891)
    ('1', '0.123457')
    """
    return f"{value:.6g}"


def size(count: int) -> str:
    """Return a number of bytes.

    >>> size(312), size(48_000), size(3_400_000)
    ('312 B', '48 kB', '3.4 MB')
    """
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
