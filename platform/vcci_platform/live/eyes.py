"""Who can say how a condition is now: Prometheus, which has every number, or the desk, which has those of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from vcci_platform.asking import Asker
from vcci_platform.live.expressions import Clause
from vcci_platform.live.prometheus import LiveGroup, PrometheusApi
from vcci_platform.reliability.sources import Point, PrometheusSource
from vcci_slo.burn import Traffic
from vcci_slo.plan import EventsIndicator, LatencyIndicator, Plan, ProbeIndicator, Slo
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.matchers import Matcher
from vcci_slo.windows import rolling

__all__ = ["Active", "DeskEyes", "Eyes", "PrometheusEyes", "Reading", "Subject"]


@dataclass(frozen=True)
class Active:
    """An alert that is pending or firing, whoever judged it."""

    alert: str
    state: str
    labels: Mapping[str, str]
    since: datetime
    summary: str


@dataclass(frozen=True)
class Reading:
    """The worst value of an expression now, the series that has it, and how many series there are."""

    value: float
    labels: Mapping[str, str]
    series: int


@dataclass(frozen=True)
class Subject:
    """What a clause is about, where it is about a window of a promise."""

    slo: Slo
    what: Literal["ratio", "errors", "total"]
    window: timedelta


class Eyes(Protocol):
    """Someone who knows what fires, and the numbers behind it. `inhibits` says that Alertmanager stands behind it."""

    name: str
    inhibits: bool

    def active(self) -> tuple[Active, ...]:
        """Return everything that is pending or firing."""
        ...

    def tells(self, subject: Subject | None) -> bool:
        """Return whether it knows the numbers of a subject at all; None stands for any other expression."""
        ...

    def reading(self, clause: Clause, subject: Subject | None, of: Mapping[str, str]) -> Reading | None:
        """Return the worst value of a clause now, among series with the labels `of`; None where nothing is measured."""
        ...

    def history(
        self, slo: Slo, length: timedelta, steps: int, now: datetime, of: Mapping[str, str]
    ) -> tuple[Point, ...]:
        """Return the traffic of a promise, or of its account `of`, in equal steps; nothing where it is not known."""
        ...

    def not_judged(self, alert: str) -> str:
        """Return why nobody judges an alert here, nothing if somebody does."""
        ...


class PrometheusEyes:
    """Prometheus: every number of every rule."""

    name = "Prometheus"
    inhibits = True

    def __init__(self, api: PrometheusApi, plan: Plan) -> None:
        self._api = api
        self._source = PrometheusSource(api.asker, plan.evaluate_every)
        self._groups: tuple[LiveGroup, ...] | None = None

    def active(self) -> tuple[Active, ...]:
        return tuple(
            Active(found.name, found.state, found.labels, found.since, found.annotations.get("summary", ""))
            for found in self._api.alerts()
        )

    def tells(self, subject: Subject | None) -> bool:
        del subject
        return True

    def reading(self, clause: Clause, subject: Subject | None, of: Mapping[str, str]) -> Reading | None:
        del subject
        samples = [one for one in self._api.instant(clause.expression) if of.items() <= one.labels.items()]
        if not samples:
            return None
        worst = (min if clause.operator.startswith("<") else max)(samples, key=lambda sample: sample.value)
        return Reading(worst.value, worst.labels, len(samples))

    def history(
        self, slo: Slo, length: timedelta, steps: int, now: datetime, of: Mapping[str, str]
    ) -> tuple[Point, ...]:
        account = _account(slo, of)
        step = max(length / steps, timedelta(milliseconds=1))
        points = self._source.history(account, rolling(now, step * steps), step) if account else ()
        return points if any(point.traffic.known for point in points) else ()

    def not_judged(self, alert: str) -> str:
        if self._groups is None:
            self._groups = self._api.groups()
        rules = [rule for group in self._groups for rule in group.rules if rule.kind == "alert" and rule.name == alert]
        if not rules:
            return "Prometheus has not loaded its rule; `vcci drift` says what else is missing"
        broken = next((rule for rule in rules if rule.health == "err"), None)
        return f"its rule fails: {broken.error}" if broken else ""


class DeskEyes:
    """The desk: what it judges itself, and the counts of its promises."""

    name = "the desk"
    inhibits = False

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._alerts: Mapping[str, Any] | None = None

    def active(self) -> tuple[Active, ...]:
        try:
            return tuple(
                Active(
                    one["alert"],
                    one["state"],
                    {
                        **one["labels"],
                        "alertname": one["alert"],
                        "priority": one["priority"],
                        "system": one["system"],
                        "component": one["component"],
                    },
                    datetime.fromisoformat(one["since"]),
                    one["summary"],
                )
                for one in self._judged()["active"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise self._asker.odd(f"alerts of another form ({error})") from None

    def tells(self, subject: Subject | None) -> bool:
        return subject is not None

    def reading(self, clause: Clause, subject: Subject | None, of: Mapping[str, str]) -> Reading | None:
        del clause, of
        if subject is None:
            return None
        points = self._points(subject.slo, subject.window, 1)
        counted = points[0].traffic if points else Traffic(0, 0, 0)
        if counted.known == 0 or (subject.what == "ratio" and counted.total == 0):
            return None
        value = {"ratio": counted.bad / (counted.total or 1), "errors": counted.bad, "total": counted.total}
        return Reading(value[subject.what], {}, 1)

    def history(
        self, slo: Slo, length: timedelta, steps: int, now: datetime, of: Mapping[str, str]
    ) -> tuple[Point, ...]:
        del now
        points = () if of else self._points(slo, length, steps)
        return points if any(point.traffic.known for point in points) else ()

    def not_judged(self, alert: str) -> str:
        for one in self._judged().get("not_evaluated", ()):
            if one.get("alert") == alert:
                return f"the desk does not judge it: {one.get('reason', 'no reason given')}"
        return ""

    def _judged(self) -> Mapping[str, Any]:
        if self._alerts is None:
            found = self._asker.get("/v1/alerts")
            if not isinstance(found, dict) or "active" not in found:
                raise self._asker.odd("JSON without alerts")
            self._alerts = found
        return self._alerts

    def _points(self, slo: Slo, length: timedelta, steps: int) -> tuple[Point, ...]:
        parameters = {"over": promql_duration(length), "steps": str(steps)}
        found = self._asker.get(f"/v1/slos/{slo.name}/history", parameters)
        try:
            return tuple(
                Point(datetime.fromisoformat(one["at"]), Traffic(one["bad"], one["total"], one["known"]))
                for one in found["points"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise self._asker.odd(f"a history of another form ({error})") from None


def _account(slo: Slo, of: Mapping[str, str]) -> Slo | None:
    """Return a promise that counts one account alone; None where what it counts cannot be narrowed."""
    if not of:
        return None if slo.by else slo
    only = tuple(Matcher(label, "=", value) for label, value in of.items())
    match slo.indicator:
        case EventsIndicator() | LatencyIndicator():
            return replace(slo, by=(), indicator=replace(slo.indicator, only=(*slo.indicator.only, *only)))
        case ProbeIndicator():
            return replace(slo, by=(), indicator=replace(slo.indicator, matchers=(*slo.indicator.matchers, *only)))
        case _:
            return None
