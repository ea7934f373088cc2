"""Burn policies of our spec from the alerts of promises: each set of tiers is written once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from vcci_slo import burn
from vcci_slo.formats.names import Names
from vcci_slo.formats.notes import Notes
from vcci_slo.formats.promise import Burn, Promise
from vcci_slo.formats.severities import PAGES
from vcci_slo.formats.yaml_text import Flow
from vcci_slo.promql.durations import promql_duration
from vcci_slo.spec.defaults import DEFAULTS
from vcci_slo.spec.units import Percentage

__all__ = ["Policies", "unreachable"]

MONTH = timedelta(days=30)
_BUILT_IN = {tier.name: tier for tier in burn.TIERS}
_SPENDS_DIGITS = Decimal("1e-14")


class Policies:
    """The policies that the converted promises need."""

    def __init__(self) -> None:
        self.written: dict[str, Mapping[str, Any]] = {}
        self._known: dict[tuple[Burn, ...], str] = {}
        self._names = Names(DEFAULTS["burn_policies"])

    def name_of(self, burns: tuple[Burn, ...]) -> str:
        """Return the policy of a set of tiers, made now if it is new."""
        if burns not in self._known:
            policy = {tier.name: _tier(tier) for tier in burns}
            same = [name for name, tiers in DEFAULTS["burn_policies"].items() if dict(tiers) == policy]
            self._known[burns] = same[0] if same else self._names.take(_wish(burns))
            if not same:
                short = all(isinstance(tier, str) for tier in policy.values())
                self.written[self._known[burns]] = Flow(policy) if short else policy
        return self._known[burns]


def _tier(tier: Burn) -> Any:
    if tier.spends is None or tier.within is None or tier.still is None:
        return tier.priority
    # Rounded so that the burn rate that follows from it is the source's.
    share = (Decimal(repr(tier.spends)) * 100).quantize(_SPENDS_DIGITS).normalize()
    return Flow(
        spends=f"{share:f}%",
        within=promql_duration(tier.within),
        still=promql_duration(tier.still),
        priority=tier.priority,
    )


def _wish(burns: tuple[Burn, ...]) -> str:
    pages = any(tier.priority in PAGES for tier in burns)
    tickets = any(tier.priority not in PAGES for tier in burns)
    if pages and tickets:
        return "pages-and-tickets"
    return "pages" if pages else "tickets" if tickets else "no-alerts"


def unreachable(promise: Promise, notes: Notes) -> tuple[str, ...]:
    """Return the tiers that could never fire, each with a note: no share of errors is above all of them."""
    window = promise.window if isinstance(promise.window, timedelta) else MONTH
    budget = Percentage.parse(promise.percent).complement
    found: list[str] = []
    for wanted in promise.burns:
        if wanted.spends is not None and wanted.within is not None and wanted.still is not None:
            tier = burn.Tier(wanted.name, wanted.spends, wanted.still, wanted.within)
        else:
            tier = burn.scaled(_BUILT_IN[wanted.name], window)
        threshold = burn.factor(tier, window) * budget
        if round(threshold, 12) >= 1:
            found.append(wanted.name)
            notes.changed(
                promise.origin,
                "",
                f"the tier {wanted.name}",
                f"at an objective of {promise.percent} it needs an error ratio above {threshold:g}, so it never fires",
                f"tiers: {{{wanted.name}: off}}",
            )
    return tuple(found)
