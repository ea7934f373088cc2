"""Which part of a promise comes first: the one with the least budget left, then by its labels."""

from __future__ import annotations

from collections.abc import Mapping

from vcci_platform.reliability.samples import Labels
from vcci_platform.reliability.status import Status

__all__ = ["Place", "place_of", "worst_first"]

Place = tuple[float, Labels]


def place_of(labels: Labels, status: Status) -> Place:
    """Return where a part stands among the others."""
    return status.window.remaining, labels


def worst_first(found: Mapping[Labels, Status]) -> list[tuple[Labels, Status]]:
    """Return the parts of a promise in their order."""
    return sorted(found.items(), key=lambda item: place_of(*item))
