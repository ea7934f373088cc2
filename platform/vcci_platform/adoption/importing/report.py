"""What became of each rule: nothing is dropped without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Outcome", "Report", "lines_of"]


@dataclass(frozen=True)
class Outcome:
    """What became of one rule. `became` is its name in the spec, empty if `reason` says why it has none."""

    place: str
    name: str
    is_alert: bool
    became: str = ""
    reason: str = ""
    changes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """Every rule, in the order of the files, and the priorities that severities became."""

    outcomes: tuple[Outcome, ...]
    severities: Mapping[str, str]

    @property
    def imported(self) -> tuple[Outcome, ...]:
        return tuple(one for one in self.outcomes if one.became)


def lines_of(report: Report) -> Iterator[str]:
    """Yield the report, a line for each thing that a person should know."""
    alerts = [one for one in report.outcomes if one.is_alert]
    recorded = [one for one in report.outcomes if not one.is_alert]
    yield f"{_of(alerts)} alerts and {_of(recorded)} recording rules are in the spec."
    if report.severities:
        mapping = ", ".join(f"{name} → {priority}" for name, priority in sorted(report.severities.items()))
        yield f"Severities: {mapping} (--severity NAME=P0 changes one)."
    yield from _part("Not imported", report.outcomes, lambda one: (one.reason,) if not one.became else ())
    yield from _part("Lost", report.outcomes, lambda one: one.lost if one.became else ())
    yield from _part("Changed", report.outcomes, lambda one: one.changes if one.became else ())


def _of(outcomes: list[Outcome]) -> str:
    return f"{sum(1 for one in outcomes if one.became)} of {len(outcomes)}"


def _part(title: str, outcomes: Iterable[Outcome], what: Callable[[Outcome], tuple[str, ...]]) -> Iterator[str]:
    lines = [f"  {one.name} ({one.place}): {said}" for one in outcomes for said in what(one)]
    if lines:
        yield f"{title}:"
        yield from lines
