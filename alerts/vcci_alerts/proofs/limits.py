"""The tests of declared alerts and probes: each limit fires just beyond it and is silent just within it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from vcci_alerts.errors import AlertsError
from vcci_alerts.expressions import parse
from vcci_alerts.limit_rules import limit_rule, missing_rule
from vcci_alerts.proofs.pictures import (
    Picture,
    Result,
    alert_step,
    beyond,
    fires_at,
    lasting,
    pictures,
    steps_of,
    told,
    value_shape,
)
from vcci_alerts.proofs.series import Case, Expected, Series, firing, then
from vcci_alerts.proofs.shapes import bad_events, probes, quantile_of
from vcci_alerts.proofs.steady import Steady
from vcci_slo.plan import Alert, BadRatio, Limit, NoData, Plan, ProbeDown, Proof, Quantile, Value
from vcci_slo.promql.durations import promql_duration

__all__ = ["alert_cases"]

STALE = "stale"


def alert_cases(plan: Plan, alert: Alert) -> tuple[Case, ...]:
    """Return the tests of one alert."""
    if alert.proof is not None:
        cases = list(_proven(plan, alert, alert.proof))
    else:
        cases = [case for limit in alert.limits for case in _limit(plan, alert, limit)]
        cases += _floor(plan, alert)
        cases += [case for limit in alert.limits for case in _kept(plan, alert, limit)]
    return (*cases, *(case for silence in alert.missing for case in _missing(plan, alert, silence)))


# --- each limit ------------------------------------------------------------------------------------------------------


def _limit(plan: Plan, alert: Alert, limit: Limit) -> Iterable[Case]:
    step = alert_step(plan, alert)
    for picture in pictures(plan, alert, limit, bad=True):
        at = fires_at(picture.results[0], limit, picture.steps, step)
        if at is None:
            raise AlertsError(f"alerts.{alert.name}", "a limit that the measure can break", limit.words)
        moments = ([at - 1] if at else []) + [at, picture.steps]
        yield Case(
            f"{alert.name} {limit.priority} fires just {limit.side} {limit.words}{picture.name}",
            step,
            picture.series,
            tuple((alert.name, moment, _expected(plan, alert, picture, moment, step)) for moment in moments),
        )
    for picture in pictures(plan, alert, limit, bad=False):
        expected = _expected(plan, alert, picture, picture.steps, step)
        yield Case(
            f"{alert.name} {limit.priority} is silent just short of {limit.words}{picture.name}",
            step,
            picture.series,
            ((alert.name, picture.steps, expected),),
        )


def _expected(plan: Plan, alert: Alert, picture: Picture, moment: int, step: timedelta) -> tuple[Expected, ...]:
    """Return every alert of the name that fires at a step, of whatever limit."""
    found: list[Expected] = []
    for limit in alert.limits:
        for result in picture.results:
            value = told(result, limit, moment, step)
            if value is not None:
                found.append(Expected(limit_rule(plan, alert, limit), value, result.labels))
    return tuple(found)


# --- a floor of evidence ---------------------------------------------------------------------------------------------


def _floor(plan: Plan, alert: Alert) -> Iterable[Case]:
    """Yield that a few events are not enough, however bad they are."""
    if not alert.min_events or not isinstance(alert.measure, BadRatio | Quantile):
        return
    step, over = alert_step(plan, alert), alert.measure.over
    worst = max(alert.limits, key=lambda limit: limit.value)
    steps = steps_of(over + worst.lasts, step) + 5
    for enough in (True, False):
        per_step = alert.min_events * (1.05 if enough else 0.95) * (step / over)
        series, value = _evidence(alert, worst, per_step, steps)
        picture = Picture("", steps, series, (Result({}, lambda at, value=value: value if at else None),))  # type: ignore[misc]
        expected = _expected(plan, alert, picture, steps, step) if enough else ()
        words = "is enough" if enough else "is too little"
        yield Case(
            f"{alert.name}: just {'over' if enough else 'under'} {alert.min_events} events {words}",
            step,
            series,
            ((alert.name, steps, expected),),
        )


def _evidence(alert: Alert, worst: Limit, per_step: float, steps: int) -> tuple[tuple[Series, ...], float]:
    owner = f"alerts.{alert.name}"
    match alert.measure:
        case BadRatio(signal):
            share = (worst.value + 1) / 2
            return bad_events(owner, signal, (), share=share, events=per_step / share, bad=True, steps=steps), share
        case Quantile(signal, quantile):
            value = beyond(worst)[0]
            return quantile_of(owner, signal, quantile, value, events=per_step, bad=True, steps=steps), value
        case _:
            raise AlertsError(owner, "a floor of evidence on events alone", f"min_events: {alert.min_events}")


# --- how long it stays -----------------------------------------------------------------------------------------------


def _kept(plan: Plan, alert: Alert, limit: Limit) -> Iterable[Case]:
    """Yield that an alert which is kept firing stays for so long after the measure is back, and no longer."""
    if not limit.keep_firing_for:
        return
    step = alert_step(plan, alert)
    kept = steps_of(limit.keep_firing_for, step)
    if isinstance(alert.measure, BadRatio):
        window = steps_of(alert.measure.over, step)
    elif isinstance(alert.measure, Quantile) or (
        isinstance(alert.measure, Value) and value_shape(plan, alert).steady.longest()
    ):
        return
    else:
        window = 0
    bad, good = window + steps_of(limit.lasts, step) + 3, window + kept + 5
    series = then(
        _steady(plan, alert, limit, 0, bad, bad=True), _steady(plan, alert, limit, bad, bad + good, bad=False)
    )
    question = firing(alert.name, priority=limit.priority)
    # A share of a window falls below its limit when nearly all of the window is good again.
    over = bad + max(round(window * (1 - limit.value)), 0)
    yield Case(
        f"{alert.name} {limit.priority} stays for {promql_duration(limit.keep_firing_for)} after the end",
        step,
        series,
        figures=(
            (question, bad, 1),
            (question, over + kept - (2 if window else 1), 1),
            (question, bad + window + kept + 3, 0),
        ),
    )


def _steady(plan: Plan, alert: Alert, limit: Limit, first: int, last: int, *, bad: bool) -> tuple[Series, ...]:
    """Return series that break a limit from one step to another, or keep it, without decoys: both in the same order."""
    owner, steps = f"alerts.{alert.name}", last - first
    match alert.measure:
        case BadRatio(signal):
            events = 1000.0 * (1 + alert.min_events)
            found = bad_events(owner, signal, (), share=float(bad), events=events, bad=True, steps=steps)
        case ProbeDown(_, matchers):
            found = probes(owner, matchers, (0.0, float(not bad)), bad=True, steps=steps)
        case _:
            shape = value_shape(plan, alert)
            needed = shape.alternatives[0]
            group = shape.groups(needed)[0]
            span = (first * alert_step(plan, alert), last * alert_step(plan, alert))
            found = shape.series(lasting(shape, group, needed, limit, span, bad=bad), steps)
    return tuple(series for series in found if not series.decoy)


# --- proofs that the spec brings -------------------------------------------------------------------------------------


def _proven(plan: Plan, alert: Alert, proof: Proof) -> Iterable[Case]:
    """Yield the proof of an expression that nothing here can solve."""
    step = alert_step(plan, alert)
    lasts = max(limit.lasts for limit in alert.limits)
    expression = parse(f"alerts.{alert.name}", limit_rule(plan, alert, alert.limits[0]).expression)
    steps = steps_of(Steady(expression, {}, step).longest() + lasts, step) + 5
    question = f"({firing(alert.name)}) > bool 0"
    for name, series, value in (("fires", proof.fires, 1.0), ("is silent", proof.silent, 0.0)):
        figures = [(question, steps, value)]
        waited = steps_of(min(limit.lasts for limit in alert.limits), step)
        if value and waited:
            figures.insert(0, (question, waited - 1, 0.0))
        yield Case(
            f"{alert.name} {name} on the series of its proof",
            step,
            tuple(Series(name, {}, text=_long(values, steps)) for name, values in series),
            figures=tuple(figures),
        )


def _long(values: str, steps: int) -> str:
    """Return promtool's notation; a single number is a value that stays."""
    return values if any(mark in values for mark in "x_ ") or values == STALE else f"{values}+0x{steps}"


# --- silence ---------------------------------------------------------------------------------------------------------


def _missing(plan: Plan, alert: Alert, silence: NoData) -> Iterable[Case]:
    """Yield that series which are not there are told after a while, and that those which are there are not."""
    step = alert_step(plan, alert)
    rule = missing_rule(plan, alert, silence)
    waits = steps_of(silence.after, step)
    if alert.proof is None:
        picture = pictures(plan, alert, alert.limits[0], bad=False)[0]
        there = max(picture.steps, waits + 5)
        series = tuple(_longer(one, there) for one in picture.series)
    else:
        there = waits + 5
        series = tuple(Series(name, {}, text=_long(values, there)) for name, values in alert.proof.silent)
    yield Case(
        f"{rule.alert} fires when the series are gone",
        step,
        tuple(one for one in series if one.decoy),
        (*(((rule.alert, waits - 1, ()),) if waits else ()), (rule.alert, waits, (Expected(rule, 1.0),))),
    )
    yield Case(f"{rule.alert} is silent while there are series", step, series, ((rule.alert, there, ()),))


def _longer(series: Series, steps: int) -> Series:
    return replace(series, parts=tuple((level, steps) for level, _ in series.parts))
