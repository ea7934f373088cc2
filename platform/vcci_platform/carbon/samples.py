"""Where the sample input lies: beside the package in a checkout, inside it in an installed wheel."""

from __future__ import annotations

from pathlib import Path

__all__ = ["purchases"]

_PACKAGE = Path(__file__).parents[1]


def purchases() -> Path:
    """Return the ledger of an invented company: about 5,000 purchases, and the blemishes that real ledgers have."""
    places = (_PACKAGE / "samples" / "purchases.csv", _PACKAGE.parent / "samples" / "purchases.csv")
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(f"the sample purchases are neither at {places[0]} nor at {places[1]}")
