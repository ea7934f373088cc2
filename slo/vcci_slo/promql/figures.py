"""Numbers as every output writes them: short, exact, without an exponent."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

__all__ = ["number", "rounded"]


@lru_cache(maxsize=4096)
def number(value: float, digits: int = 12) -> str:
    """Return a number with up to 12 significant digits, or as many as are asked for.

    >>> number(1814400.0), number(14.4 * 0.001), number(0.00001)
    ('1814400', '0.0144', '0.00001')
    """
    return format(Decimal(f"{value:.{digits}g}").normalize() + 0, "f")


def rounded(value: float) -> str:
    """Return a number as a person reads it: three digits that mean something, thousands apart, no exponent.

    >>> rounded(14.4), rounded(0.01234), rounded(1000.0), rounded(1234.5)
    ('14.4', '0.0123', '1,000', '1,234')
    """
    return f"{value:,.0f}" if abs(value) >= 999.5 else number(value, 3)
