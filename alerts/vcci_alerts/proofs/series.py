"""Test series and test cases in promtool's notation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from vcci_alerts.model import AlertRule
from vcci_alerts.templates import printed
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number

__all__ = ["Case", "Expected", "Native", "Series", "firing", "then"]

HAIR = 1e-11
"""By so much of itself a counter jumps where its growth changes: promtool adds up parts of numbers with errors, and a
counter that is smaller by a hair than it was is one that was reset."""

DIGITS = 15
STARTED = 1_000_000
"""Where counters stand when a test begins: far from zero, as those of a service that has run for a while."""

EXTENDED = 2
"""How many samples ago a counter was zero, at the least. Prometheus extends a growth by hardly more than one sample,
but not to before the counter was zero, which would extend a fast counter and a slow one by different factors."""


@dataclass(frozen=True)
class Series:
    """A series: its labels, and at which level it stays for how many steps, or by how much it grows in each.

    A level of None is a time without samples, after which a counter goes on from where it stood. A `decoy` is one that
    only a missing matcher would take for the alert's own. A counter has a `start`, or begins far from zero. `text` is
    promtool's notation as the spec brings it.
    """

    metric: str
    labels: Mapping[str, str]
    parts: tuple[tuple[float | None, int], ...] = ()
    counts: bool = False
    decoy: bool = False
    start: float | None = None
    text: str = ""

    @property
    def name(self) -> str:
        """The series as promtool reads it."""
        inside = ",".join(f'{label}="{_escaped(value)}"' for label, value in self.labels.items() if value)
        return f"{self.metric}{{{inside}}}" if inside else self.metric

    def sampled(self, times: int) -> Series:
        """Return the same series with so many samples in each step."""
        parts = tuple((level / times if level and self.counts else level, steps * times) for level, steps in self.parts)
        return replace(self, parts=parts)

    def absent(self) -> Series:
        """Return the same series without samples."""
        return replace(self, parts=tuple((None, steps) for _, steps in self.parts))

    @property
    def values(self) -> str:
        """Its values as promtool reads them.

        >>> Series("up", {}, ((1, 3), (0, 2))).values, Series("hits", {}, ((5, 2), (0, 2)), counts=True, start=0).values
        ('1+0x3 0+0x1', '0+5x2 10+0x1')
        """
        if self.text:
            return self.text
        written: list[str] = []
        stands = self._stands()
        for level, steps in self.parts:
            if level is None:
                written.append(f"_x{steps}")
                continue
            growth = level if self.counts else 0.0
            first = (stands + growth if written else stands) if self.counts else level
            written.append(f"{number(first, DIGITS)}+{number(growth)}x{steps - 1 if written else steps}")
            stands = _after(first + growth * (steps - 1 if written[1:] else steps), growth)
        return " ".join(written)

    def _stands(self) -> float:
        """Return where a counter stands at first; of a decoy nobody asks for the growth."""
        if self.start is not None:
            return float(self.start)
        fastest = 0.0 if self.decoy else max((level or 0.0 for level, _ in self.parts), default=0.0)
        return float(max(STARTED, math.ceil(EXTENDED * fastest)))


@dataclass(frozen=True)
class Native(Series):
    """A native histogram: how many events come in each step, and which share of them is slower than `within` seconds.

    Fast events lie in the bucket below `within`, slow ones above the bucket that could hold it, so that no value of
    `within` splits a bucket. Buckets are those of schema 0: powers of two.
    """

    within: float = 1.0
    slow: tuple[float, ...] = ()

    @property
    def values(self) -> str:
        """Its values as promtool of Prometheus 3 reads them."""
        written: list[str] = []
        fast = slow = 0.0
        for (growth, steps), share in zip(self.parts, self.slow, strict=True):
            if growth is None:
                written.append(f"_x{steps}")
                continue
            more = (growth * (1 - share), growth * share)
            if written:
                fast, slow = fast + more[0], slow + more[1]
            written.append(f"{self._histogram(fast, slow)}+{self._histogram(*more)}x{steps - 1 if written else steps}")
            times = steps - 1 if len(written) > 1 else steps
            fast, slow = _after(fast + times * more[0], more[0]), _after(slow + times * more[1], more[1])
        return " ".join(written)

    def _histogram(self, fast: float, slow: float) -> str:
        lowest, highest = math.floor(math.log2(self.within)), math.ceil(math.log2(self.within)) + 1
        between = " ".join(["0"] * (highest - lowest - 1))
        counts = " ".join(part for part in (number(fast, DIGITS), between, number(slow, DIGITS)) if part)
        total = number(fast + slow, DIGITS)
        return f"{{{{schema:0 sum:{total} count:{total} offset:{lowest} buckets:[{counts}]}}}}"


def then(first: Iterable[Series], second: Iterable[Series]) -> tuple[Series, ...]:
    """Return the same series as they are first and then are; both are given in the same order."""
    found: list[Series] = []
    for one, other in zip(first, second, strict=True):
        joined = replace(one, parts=one.parts + other.parts)
        if isinstance(joined, Native) and isinstance(other, Native):
            joined = replace(joined, slow=joined.slow + other.slow)
        found.append(joined)
    return tuple(found)


def _after(counter: float, growth: float) -> float:
    """Return where a counter stands once it has grown evenly; whole numbers are added up without errors."""
    return counter if float(growth).is_integer() else counter * (1 + HAIR) + HAIR


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@dataclass(frozen=True)
class Expected:
    """An alert that must fire: its rule, the value that its words tell, and the labels of its series.

    `answers` are what Prometheus finds for the queries in its words.
    """

    rule: AlertRule
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, float | None] = field(default_factory=dict)

    def document(self) -> Mapping[str, Any]:
        """Return it as promtool reads it, with the exact labels and words."""
        labels = {**self.labels, **dict(self.rule.labels)}
        return {
            "exp_labels": labels,
            "exp_annotations": {
                name: printed(text, self.value, {**self.labels, **labels}, self.answers)
                for name, text in self.rule.annotations
            },
        }


@dataclass(frozen=True)
class Case:
    """One unit test: series, with so many samples in a step or one `every` span, and what must hold when."""

    name: str
    step: timedelta
    series: tuple[Series, ...]
    alerts: tuple[tuple[str, int, tuple[Expected, ...]], ...] = ()
    figures: tuple[tuple[str, int, float], ...] = ()
    samples: int = 1
    every: timedelta | None = None

    def document(self) -> Mapping[str, Any]:
        """Return it as promtool reads it."""
        written: dict[str, Any] = {
            "name": self.name,
            "interval": promql_duration(self.every or self.step / self.samples),
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
            found.setdefault(series.name, series if self.every else series.sampled(self.samples))
        return found.values()


def firing(alert: str, **labels: str) -> str:
    """Return how many alerts of a name fire, as an expression that is never empty."""
    inside = "".join(f',{label}="{value}"' for label, value in labels.items())
    return f'count(ALERTS{{alertname="{alert}"{inside},alertstate="firing"}}) or vector(0)'
