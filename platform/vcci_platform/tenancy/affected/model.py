"""What was counted of requests in a short time, and whom it touched. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Count", "Touched", "Trouble"]


@dataclass(frozen=True)
class Trouble:
    """Requests of one tenant to one endpoint, of which some failed or were slow."""

    tenant_id: str
    endpoint: str
    requests: int
    failed: int
    slow: int


@dataclass(frozen=True)
class Count:
    """What one process counted in `length` from `starts_at` on.

    That there is a count tells that the process was there to count. `failed` are answers of 500 and above, `slow` those
    that did not fail and took longer than the slowest promise allows; `untold` are those of both whose tenant nobody
    knows. Of tenants without trouble nothing is kept.
    """

    starts_at: datetime
    length: timedelta
    requests: int
    failed: int
    slow: int
    untold: int
    trouble: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class Touched:
    """A tenant that met trouble in a span. `requests` are those where and when there was some."""

    id: str
    name: str
    requests: int
    failed: int
    slow: int
    endpoints: tuple[str, ...]
    first_at: datetime
    last_at: datetime
