"""Numbers as every output writes them: short, exact, without an exponent."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["number"]


def number(value: float) -> str:
    """Return a number with up to 12 significant digits.

    >>> number(1814400.0), number(14.4 * 0.001), number(0.00001)
    ('1814400', '0.0144', '0.00001')
    """
    return format(Decimal(f"{value:.12g}").normalize() + 0, "f")
