"""What an alert looks at, with a wanted value: series, and the value of each result at each step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from vcci_alerts.errors import AlertsError
from vcci_alerts.limit_rules import alert_labels, recorded_signals
from vcci_alerts.proofs.series import Series
from vcci_alerts.proofs.shapes import bad_events, probes, quantile_of
from vcci_alerts.proofs.values import Solved, ValueShape
from vcci_slo.plan import Alert, BadRatio, Limit, Plan, ProbeDown, Quantile, Value
from vcci_slo.promql.measures import measured
from vcci_slo.resolve.findings import Pace

__all__ = [
    "Picture",
    "Result",
    "alert_step",
    "beyond",
    "breaks",
    "fires_at",
    "lasting",
    "pictures",
    "step_of",
    "steps_of",
    "told",
    "value_shape",
    "within",
]

MINUTE = timedelta(minutes=1)
MILLISECOND = timedelta(milliseconds=1)
MARGINS = (0.05, 0.02, 0.005)
"""How far a proof lies from its threshold: as far as the measure allows, and within 10 % always."""

SPARE = 5
"""Steps that a picture lasts after everything has been seen."""

OPPOSITE = (9.0, 0.9, 0.4)
"""How far a decoy lies on the other side, as far as the measure allows."""


def step_of(plan: Plan) -> timedelta:
    """Return the step of the tests: a minute, at the pace of the plan."""
    return Pace(plan.time_scale).of(MINUTE)


def alert_step(plan: Plan, alert: Alert) -> timedelta:
    """Return the step of an alert's tests: short enough to see half of its wait."""
    waits = [limit.lasts for limit in alert.limits] + [silence.after for silence in alert.missing]
    shortest = min((wait for wait in waits if wait), default=step_of(plan) * 4)
    return step_of(plan) if shortest >= 2 * step_of(plan) else max(shortest // 4, MILLISECOND)


def steps_of(span: timedelta, step: timedelta) -> int:
    """Return how many steps it takes until a span has passed."""
    return ceil(span / step)


@dataclass(frozen=True)
class Result:
    """One result of the measure: the labels of its series, and its value at each step, None while it has none."""

    labels: Mapping[str, str]
    value: Callable[[int], float | None]


@dataclass(frozen=True)
class Picture:
    """Series and what the measure makes of them. `steps` is long enough for every window and `for`."""

    name: str
    steps: int
    series: tuple[Series, ...]
    results: tuple[Result, ...]


def _moved(value: float, side: float, margins: Iterable[float]) -> list[float]:
    return [value + side * margin * abs(value) for margin in margins] if value else [side]


def beyond(limit: Limit, margins: Iterable[float] = MARGINS) -> list[float]:
    """Return values that break a limit, the first choice first."""
    return _moved(limit.value, 1 if limit.side == "above" else -1, margins)


def within(limit: Limit, margins: Iterable[float] = MARGINS) -> list[float]:
    """Return values that keep it."""
    return _moved(limit.value, -1 if limit.side == "above" else 1, margins)


def breaks(limit: Limit, value: float | None) -> bool:
    """Return whether a value is beyond a limit."""
    return value is not None and (value > limit.value if limit.side == "above" else value < limit.value)


def fires_at(result: Result, limit: Limit, steps: int, step: timedelta) -> int | None:
    """Return the first step at which an alert of this limit fires, None if it does not within so many."""
    telling = enumerate(_telling(result, limit, steps, step))
    return next((at for at, value in telling if value is not None), None)


def told(result: Result, limit: Limit, moment: int, step: timedelta) -> float | None:
    """Return the value that an alert of this limit tells at a step, None if it does not fire then."""
    *_, value = _telling(result, limit, moment, step)
    return value


def _telling(result: Result, limit: Limit, steps: int, step: timedelta) -> Iterator[float | None]:
    """Yield what an alert tells at each step, as Prometheus counts `for` and `keep_firing_for`."""
    since: int | None = None
    ended: int | None = None
    value: float | None = None
    firing = False
    for at in range(steps + 1):
        found = result.value(at)
        if breaks(limit, found):
            since, ended, value = at if since is None else since, None, found
            firing = firing or (at - since) * step >= limit.lasts
        else:
            ended = at if ended is None else ended
            firing = firing and (at - ended) * step < limit.keep_firing_for
            since = since if firing else None
        yield value if firing else None


def pictures(plan: Plan, alert: Alert, limit: Limit, *, bad: bool) -> tuple[Picture, ...]:
    """Return series with which the measure is just beyond the limit, or just within it."""
    targets = beyond(limit) if bad else within(limit)
    owner, step = f"alerts.{alert.name}", alert_step(plan, alert)
    lasts = max(limit.lasts for limit in alert.limits)
    match alert.measure:
        case BadRatio(signal, over):
            share = next((one for one in targets if one <= 1), 1.0)
            steps = steps_of(over + lasts, step) + SPARE
            events = max(1000.0, 20.0 * alert.min_events / share)
            series = bad_events(owner, signal, (), share=share, events=events, bad=bad, steps=steps)
            return (Picture("", steps, series, (_counted(share),)),)
        case Quantile(signal, quantile, over):
            steps = steps_of(over + lasts, step) + SPARE
            events = max(1000.0, 20.0 * alert.min_events)
            value = targets[0]
            series = quantile_of(owner, signal, quantile, value, events=events, bad=bad, steps=steps)
            return (Picture("", steps, series, (_counted(value),)),)
        case ProbeDown(_, matchers):
            steps = steps_of(lasts, step) + SPARE
            # No probe answers 0.95, but the second place tells this limit from one that is a little lower.
            values = (0.0, targets[0]) if bad else (0.0, 1.0)
            series = probes(owner, matchers, values, bad=bad, steps=steps)
            return (Picture("", steps, series, (_always(max(values)),)),)
        case Value():
            return _valued(plan, alert, limit, lasts, bad=bad)


def _counted(value: float) -> Result:
    return Result({}, lambda step: value if step else None)


def _always(value: float) -> Result:
    return Result({}, lambda _: value)


def value_shape(plan: Plan, alert: Alert) -> ValueShape:
    """Return how to make series for the measured value of an alert."""
    assert isinstance(alert.measure, Value)  # noqa: S101 - callers look at the measure first
    owner = f"alerts.{alert.name}"
    labels = alert_labels(plan, alert)
    if labels is None:
        raise AlertsError(
            owner, "an aggregation such as max by (…) around its value, or `proof: {fires, silent}`", "none"
        )
    recorded = {name: signal.promql for name, signal in recorded_signals(plan).items()}
    return ValueShape(
        owner,
        measured(alert.measure),
        sorted(labels),
        recorded,
        alert_step(plan, alert),
        each=alert.measure.signal.each,
    )


def _valued(plan: Plan, alert: Alert, limit: Limit, lasts: timedelta, *, bad: bool) -> tuple[Picture, ...]:
    shape = value_shape(plan, alert)
    step = alert_step(plan, alert)
    window = shape.steady.longest()
    late = steps_of(window + lasts, step)
    steps = late + SPARE
    span = (steps_of(window, step) * step, steps * step)
    away = (*OPPOSITE, *MARGINS)
    opposite = within(limit, away) if bad else beyond(limit, away)
    found: list[Picture] = []
    for number, needed in enumerate(shape.alternatives, start=1):
        groups = shape.groups(needed)
        solved = [lasting(shape, groups[0], needed, limit, span, bad=bad)]
        if bad:
            # A second result stays silent beside the first, so that grouping shows.
            solved += [lasting(shape, group, needed, limit, span, bad=False) for group in groups[1:]]
        decoy = shape.solve(groups[0], needed, opposite, (late * step).total_seconds())
        series = tuple(one for group in solved for one in shape.series(group, steps)) + shape.decoys(decoy, steps)
        results = tuple(_result(shape, group, step) for group in solved)
        name = f" by source {number}" if len(shape.alternatives) > 1 else ""
        found.append(Picture(name, steps, series, results))
    return tuple(found)


def lasting(
    shape: ValueShape,
    group: Mapping[str, str],
    needed: frozenset[str],
    limit: Limit,
    span: tuple[timedelta, timedelta],
    *,
    bad: bool,
) -> Solved:
    """Return values that are just beyond a limit, or just within it, from one moment of a test to another.

    What is counted from a timestamp moves with time: towards its limit it is near at the end, away from it at first.
    """
    first, last = (moment.total_seconds() for moment in span)
    for moment in (last, first):
        solved = shape.solve(group, needed, beyond(limit) if bad else within(limit), moment)
        if all(breaks(limit, shape.value(solved, end)) == bad for end in (first, last)):
            break
    return solved


def _result(shape: ValueShape, group: Solved, step: timedelta) -> Result:
    seconds = step.total_seconds()
    return Result(group.labels, lambda at: shape.value(group, at * seconds))
