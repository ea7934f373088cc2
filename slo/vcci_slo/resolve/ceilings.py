"""The ceiling that a component's needs put on its promise: nobody is there more often than what cannot be missed.

A component that needs others is good only while all of them are, so its promise cannot be better than the product of
theirs. Each of those promises holds end to end, needs of needs included. Failures are taken as independent, which is
the worst case for promises that break at different times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import prod

from vcci_slo.plan import Component, EventsIndicator, ProbeIndicator, QueryIndicator, Slo
from vcci_slo.resolve.findings import Findings
from vcci_slo.spec.promises import SloSpec

__all__ = ["ceiling_of", "with_ceilings"]

AVAILABILITY = (EventsIndicator, ProbeIndicator, QueryIndicator)


def with_ceilings(
    slos: Iterable[Slo], components: Iterable[Component], written: Mapping[str, SloSpec], findings: Findings
) -> tuple[Slo, ...]:
    """Return the promises with their ceilings, and note each that promises more than its needs allow."""
    slos = tuple(slos)
    known = {component.name: component for component in components}
    promised = _promised(slos)
    found: list[Slo] = []
    for slo in slos:
        ceiling = ceiling_of(slo.component, known, promised) if isinstance(slo.indicator, AVAILABILITY) else None
        if ceiling is not None and slo.objective > ceiling and written[slo.declared].despite_needs is None:
            findings.add(
                ("slos", slo.declared, "objective"),
                f"an objective of at most {_floor(ceiling)}, which the promises of "
                f"{', '.join(known[slo.component].needs)} allow, or `despite_needs:` with the reason",
                slo.percent,
            )
        found.append(replace(slo, ceiling=ceiling))
    return tuple(found)


def _promised(slos: Iterable[Slo]) -> Mapping[str, float]:
    """Return the least that each component promises of its availability."""
    least: dict[str, float] = {}
    for slo in slos:
        if isinstance(slo.indicator, AVAILABILITY):
            least[slo.component] = min(slo.objective, least.get(slo.component, 1.0))
    return least


def ceiling_of(component: str, known: Mapping[str, Component], promised: Mapping[str, float]) -> float | None:
    """Return the product of what the needs of a component promise; None if none of them promises anything.

    A need without a promise of its own stands for its own needs.
    """
    factors = _factors(component, known, promised, frozenset({component}))
    return prod(factors) if factors else None


def _factors(
    component: str, known: Mapping[str, Component], promised: Mapping[str, float], seen: frozenset[str]
) -> list[float]:
    factors: list[float] = []
    for need in known[component].needs if component in known else ():
        if need in seen:
            continue
        factors += [promised[need]] if need in promised else _factors(need, known, promised, seen | {need})
    return factors


def _floor(ratio: float) -> str:
    """Return a percentage that is not above the ratio."""
    return f"{int(ratio * 1e6) / 1e4:.6g}%"
