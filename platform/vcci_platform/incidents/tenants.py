"""Which tenants an incident touched, in counts that everybody may read and in names for those who work on it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

__all__ = ["Affected", "AffectedTenant", "TenantsOf"]

MOST_ENDPOINTS = 3
ALMOST_ALL = 0.995


@dataclass(frozen=True)
class AffectedTenant:
    """A tenant that met trouble; `requests` are those where and when there was some. The name is for few eyes."""

    id: str
    name: str
    requests: int = 0
    failed: int = 0
    slow: int = 0
    jobs_failed: int = 0
    endpoints: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The tenant by its name, and what it met."""
        met = [f"{count:,} {how}" for count, how in ((self.failed, "failed"), (self.slow, "slow")) if count]
        told = [f"{' and '.join(met)} of {self.requests:,} requests"] if met else []
        if self.jobs_failed:
            told.append(_many(self.jobs_failed, "job given up", "jobs given up"))
        where = f" at {', '.join(self.endpoints[:MOST_ENDPOINTS])}" if self.endpoints else ""
        more = f" and {len(self.endpoints) - MOST_ENDPOINTS} more" if len(self.endpoints) > MOST_ENDPOINTS else ""
        return f"{self.name}: {', '.join(told)}{where}{more}"


@dataclass(frozen=True)
class Affected:
    """Whom an incident touched, as far as it was counted.

    `unknown` says why nothing is known, and is empty otherwise. `known` is the share of the span in which somebody was
    there to count; `untold` are failed and slow requests whose tenant nobody knows; `more` are tenants beyond those
    that are listed; `slow_after` is the slowest answer in seconds that a promise allows; `endpoints` has failed
    requests by endpoint, as far as their tenants are known.
    """

    unknown: str = ""
    known: float = 0.0
    requests: int = 0
    failed: int = 0
    slow: int = 0
    untold: int = 0
    registered: int = 0
    slow_after: float | None = None
    tenants: tuple[AffectedTenant, ...] = ()
    more: int = 0
    endpoints: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def touched(self) -> int:
        """How many tenants met trouble of any kind."""
        return len(self.tenants) + self.more

    @property
    def words(self) -> str:
        """It in counts, without any name."""
        if self.unknown:
            return f"unknown: {self.unknown}"
        hurt = sum(tenant.failed > 0 or tenant.jobs_failed > 0 for tenant in self.tenants) + self.more
        slowed = self.touched - hurt
        told = [f"{hurt:,} of {self.registered:,} met failures" if hurt else "none is known to have met a failure"]
        if slowed and self.slow_after is not None:
            told.append(f"{slowed:,} only answers slower than {self.slow_after:g} s")
        if self.untold:
            told.append(f"{_many(self.untold, 'bad request', 'bad requests')} without a known tenant")
        if self.known < ALMOST_ALL:
            told.append(f"counted in {self.known:.0%} of the time, the rest is unknown")
        return "; ".join(told)

    @property
    def names(self) -> tuple[str, ...]:
        """The tenants by their names, the worst first: only for those who work on incidents."""
        listed = tuple(tenant.words for tenant in self.tenants)
        return (*listed, f"and {self.more:,} more") if self.more else listed

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return asdict(self)

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Affected:
        """Return what `document` wrote."""
        tenants = (AffectedTenant(**tenant) for tenant in document["tenants"])
        tidy = tuple(replace(tenant, endpoints=tuple(tenant.endpoints)) for tenant in tenants)
        values: dict[str, Any] = dict(document)
        values["tenants"] = tidy
        return cls(**values)


TenantsOf = Callable[[frozenset[str], datetime, datetime], Affected]
"""Whom trouble in these systems touched from one moment to another; raises nothing, `unknown` says why not."""


def _many(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"
