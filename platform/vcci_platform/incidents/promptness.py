"""How long it took from the receipt of what calls people until PagerDuty took the page.

The moment of the receipt stands in the page's own row of the outbox, beside the page: it outlives the process. A page
that waits for a worse alert counts from the end of that wait. One that only the desk's own clock calls for, such as to
the next level, has no receipt: how late its timer rang is measured instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

__all__ = ["heard_at", "noted", "page_of"]

HEARD_AT = "heard_at"


def noted(body: Mapping[str, Any], heard_at: datetime | None) -> dict[str, Any]:
    """Return a page's row with when the desk heard of what it calls people to.

    >>> noted({"key": "vcci:inc_11"}, None)
    {'key': 'vcci:inc_11'}
    """
    return {**body, HEARD_AT: heard_at.isoformat()} if heard_at is not None else dict(body)


def heard_at(body: Mapping[str, Any]) -> datetime | None:
    """Return when the desk heard of what a page calls people to, None where nobody told it."""
    told = body.get(HEARD_AT)
    return datetime.fromisoformat(told) if told else None


def page_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the page alone.

    >>> page_of({"key": "vcci:inc_11", "heard_at": "2026-11-02T09:00:00+00:00"})
    {'key': 'vcci:inc_11'}
    """
    return {name: value for name, value in body.items() if name != HEARD_AT}
