"""What ships with the program besides code: the platform's spec and the hand-written runbooks."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

__all__ = ["shipped"]

_PACKAGE: Final = Path(__file__).parent
_IN_CHECKOUT: Final = {"spec": "slo/specs/vcci.yaml", "content": "runbooks_site/content"}
_IN_WHEEL: Final = {"spec": "shipped/vcci.yaml", "content": "shipped/content"}


def shipped(what: Literal["spec", "content"]) -> Path:
    """Return where it lies: inside the package in an installed wheel, beside it in a checkout."""
    places = (_PACKAGE / _IN_WHEEL[what], _PACKAGE.parents[1] / _IN_CHECKOUT[what])
    for place in places:
        if place.exists():
            return place
    raise FileNotFoundError(f"the shipped {what} is neither at {places[0]} nor at {places[1]}")
