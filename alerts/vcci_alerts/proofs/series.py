"""Test series and test cases in promtool's notation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from vcci_alerts.model import AlertRule
from vcci_alerts.templates import printed
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number

__all__ = ["Case", "Expected", "Series", "firing", "then"]

STARTED = 1_000_000
"""Where counters stand when a test begins: far from zero, as those of a service that has run for a while."""


@dataclass(frozen=True)
class Series:
    """A series: its labels, and at which level it stays for how many steps, or by how much it grows in each.

    A `decoy` is one that only a missing matcher would take for the alert's own. `text` is promtool's notation as the
    spec brings it.
    """

    metric: str
    labels: Mapping[str, str]
    parts: tuple[tuple[float, int], ...] = ()
    counts: bool = False
    decoy: bool = False
    start: float = STARTED
    text: str = ""

    @property
    def name(self) -> str:
        """The series as promtool reads it."""
        inside = ",".join(f'{label}="{_escaped(value)}"' for label, value in self.labels.items() if value)
        return f"{self.metric}{{{inside}}}" if inside else self.metric

    def sampled(self, times: int) -> Series:
        """Return the same series with so many samples in each step."""
        parts = tuple((level / times if self.counts else level, steps * times) for level, steps in self.parts)
        return replace(self, parts=parts)

    @property
    def values(self) -> str:
        """Its values as promtool reads them.

        >>> Series("up", {}, ((1, 3), (0, 2))).values, Series("hits", {}, ((5, 2), (0, 2)), counts=True, start=0).values
        ('1+0x3 0+0x1', '0+5x2 10+0x1')
        """
        if self.text:
            return self.text
        written: list[str] = []
        stands = self.start
        for level, steps in self.parts:
            growth = level if self.counts else 0
            first = (stands + growth if written else stands) if self.counts else level
            written.append(f"{number(first)}+{number(growth)}x{steps - 1 if written else steps}")
            stands += growth * steps
        return " ".join(written)


def then(first: Iterable[Series], second: Iterable[Series]) -> tuple[Series, ...]:
    """Return the same series as they are first and then are; both are given in the same order."""
    return tuple(replace(one, parts=one.parts + other.parts) for one, other in zip(first, second, strict=True))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@dataclass(frozen=True)
class Expected:
    """An alert that must fire: its rule, the value that its words tell, and the labels of its series."""

    rule: AlertRule
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> Mapping[str, Any]:
        """Return it as promtool reads it, with the exact labels and words."""
        labels = {**self.labels, **dict(self.rule.labels)}
        return {
            "exp_labels": labels,
            "exp_annotations": {
                name: printed(text, self.value, {**self.labels, **labels}) for name, text in self.rule.annotations
            },
        }


@dataclass(frozen=True)
class Case:
    """One unit test: series, with so many samples in a step, and what must hold when."""

    name: str
    step: timedelta
    series: tuple[Series, ...]
    alerts: tuple[tuple[str, int, tuple[Expected, ...]], ...] = ()
    figures: tuple[tuple[str, int, float], ...] = ()
    samples: int = 1

    def document(self) -> Mapping[str, Any]:
        """Return it as promtool reads it."""
        written: dict[str, Any] = {
            "name": self.name,
            "interval": promql_duration(self.step / self.samples),
            "input_series": [{"series": series.name, "values": series.values} for series in self._distinct()],
        }
        if self.alerts:
            written["alert_rule_test"] = [
                {
                    "eval_time": self._at(steps),
                    "alertname": alert,
                    "exp_alerts": [dict(one.document()) for one in expected],
                }
                for alert, steps, expected in self.alerts
            ]
        if self.figures:
            written["promql_expr_test"] = [
                {
                    "expr": expression,
                    "eval_time": self._at(steps),
                    "exp_samples": [{"labels": "{}", "value": value}],
                }
                for expression, steps, value in self.figures
            ]
        return written

    def _at(self, steps: int) -> str:
        return promql_duration(steps * self.step) if steps else "0s"

    def _distinct(self) -> Iterable[Series]:
        found: dict[str, Series] = {}
        for series in self.series:
            found.setdefault(series.name, series.sampled(self.samples))
        return found.values()


def firing(alert: str, **labels: str) -> str:
    """Return how many alerts of a name fire, as an expression that is never empty."""
    inside = "".join(f',{label}="{value}"' for label, value in labels.items())
    return f'count(ALERTS{{alertname="{alert}"{inside},alertstate="firing"}}) or vector(0)'
