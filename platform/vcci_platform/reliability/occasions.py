"""What may have spent a budget: the incidents of a system, and the releases of whatever a promise is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from vcci_platform.reliability.accounting import Occasion
from vcci_platform.reliability.store import Change
from vcci_slo import Plan
from vcci_slo.plan import Slo
from vcci_slo.promql.matchers import equalities
from vcci_slo.windows import Span

__all__ = ["DeploymentsOf", "IncidentsOf", "no_incidents", "releases"]

IncidentsOf = Callable[[str, Span], tuple[Occasion, ...]]
"""Returns the incidents of a system that touch a span, in the order in which they began."""

DeploymentsOf = Callable[[Span], "tuple[Change, ...] | None"]
"""Returns the new versions that were seen until the end of a span, the oldest first; None where nobody sees them."""


def no_incidents(system: str, span: Span) -> tuple[Occasion, ...]:
    """Return nothing: nobody here keeps incidents."""
    del system, span
    return ()


def releases(plan: Plan, slo: Slo, span: Span, deployed: Iterable[Change]) -> tuple[Occasion, ...]:
    """Return the releases that were live in a span, each until the next one of the same target, in time order.

    Those of the process that the promise is about; of every process, where none of them is its own: a queue's promise
    may be broken by a release of whoever fills it.
    """
    by_target: dict[str, list[Change]] = {}
    for change in deployed:
        if change.at < span.end:
            by_target.setdefault(change.target, []).append(change)
    own = equalities(plan.component(slo.component).selector).get("job", "")
    targets = {own: by_target[own]} if own in by_target else by_target
    found: list[Occasion] = []
    for target, changes in targets.items():
        for change, following in zip(changes, (*changes[1:], None), strict=True):
            end = following.at if following else None
            if end is None or end > span.start:
                name = f"{target} {change.version}".strip()
                found.append(Occasion("release", name, change.text, "", change.at, end))
    return tuple(sorted(found, key=lambda occasion: (occasion.start, occasion.name)))
