"""The whole spec held against a live Prometheus: signals, promises, measures, and the pages of the last days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vcci_platform.asking import Refused
from vcci_platform.live.presence import Concern
from vcci_platform.live.prometheus import PrometheusApi, Sample
from vcci_platform.live.signals import Seen, probe_now, signal_now
from vcci_platform.reliability.history import HistoryUnreadable, PrometheusHistory
from vcci_platform.reliability.phrases import measured
from vcci_platform.reliability.sources import SourceUnavailable
from vcci_slo.backtest import HistoryError, backtest
from vcci_slo.plan import Alert, Limit, LimitIndicator, Plan, Slo
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.indicators import bad_now, errors_in, total_in
from vcci_slo.promql.measures import measured as expression_of
from vcci_slo.windows import Span

__all__ = ["BACK", "Check", "MeasureNow", "PagesBefore", "PromiseNow", "check", "said"]

OVER: Final = timedelta(hours=1)
BACK: Final = timedelta(days=7)
STEP: Final = timedelta(minutes=1)
"""Ten thousand points a week and promise: four questions of bounded size."""

JUDGED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class PromiseNow:
    """A promise over the last hour. `sli` None had no traffic or no data; `account` names the worst of several."""

    name: str
    objective: float
    sli: float | None
    bad: float | None
    total: float | None
    accounts: int
    account: Mapping[str, str]
    concerns: tuple[Concern, ...]


@dataclass(frozen=True)
class MeasureNow:
    """What an alert looks at now: the worst value, its limits, and those that it is beyond."""

    alert: str
    value: str
    limits: tuple[str, ...]
    beyond: tuple[str, ...]
    concerns: tuple[Concern, ...]


@dataclass(frozen=True)
class PagesBefore:
    """What the last days would have brought by one promise."""

    name: str
    pages: int
    pages_in_vain: int
    tickets: int
    when: tuple[datetime, ...]
    observed: timedelta
    problem: str = ""


@dataclass(frozen=True)
class Check:
    """Everything that was found."""

    plan: str
    prometheus: str
    signals: tuple[Seen, ...]
    promises: tuple[PromiseNow, ...]
    measures: tuple[MeasureNow, ...]
    before: tuple[PagesBefore, ...]
    at: datetime

    @property
    def concerns(self) -> Mapping[str, tuple[Concern, ...]]:
        """Everything that is not as the spec says, by whose it is; what was said of a signal is not said again."""
        found = {seen.ref: seen.concerns for seen in self.signals}
        found |= {promise.name: promise.concerns for promise in self.promises}
        found |= {measure.alert: measure.concerns for measure in self.measures}
        return {name: concerns for name, concerns in found.items() if concerns}

    @property
    def missing(self) -> int:
        """How many things the spec needs and Prometheus does not have."""
        return sum(concern.missing for concerns in self.concerns.values() for concern in concerns)


def check(api: PrometheusApi, plan: Plan, now: datetime, history: PrometheusHistory | None = None) -> Check:
    """Return the spec as Prometheus sees it; with a reader of history, the pages of the last week too.

    Raises AskingError if Prometheus does not answer.
    """
    signals: list[Seen] = []
    for component in plan.components:
        signals += [signal_now(api, plan, signal, now) for signal in component.signals]
        if component.probe is not None:
            signals.append(probe_now(api, plan, component, now))
    blind = {seen.ref for seen in signals if any(concern.missing for concern in seen.concerns)}
    promises = tuple(_promise(api, plan, slo, explained=_ref(slo) in blind) for slo in plan.slos)
    return Check(
        plan=plan.name,
        prometheus=api.url,
        signals=tuple(signals),
        promises=promises,
        measures=tuple(_measure(api, alert, blind) for alert in plan.alerts),
        before=() if history is None else _pages_before(history, plan, promises, now),
        at=now,
    )


def _pages_before(
    history: PrometheusHistory, plan: Plan, promises: tuple[PromiseNow, ...], now: datetime
) -> tuple[PagesBefore, ...]:
    """Return what the last week would have brought, promise by promise; what cannot be read says why.

    Of a promise that is kept apart by labels it is the account that is worst now.
    """
    seen = {promise.name: promise.account for promise in promises if promise.total is not None}
    return tuple(
        _before(history, plan, slo, seen[slo.name] if slo.by else {}, now)
        if slo.name in seen
        else PagesBefore(slo.name, 0, 0, 0, (), timedelta(0), "it has no data now")
        for slo in plan.slos
    )


def _before(history: PrometheusHistory, plan: Plan, slo: Slo, account: Mapping[str, str], now: datetime) -> PagesBefore:
    name = f"{slo.name} ({said(account)})" if account else slo.name
    try:
        recorded = history.read(slo, Span(now - BACK, now), STEP, plan.scrape_every, account)
        outcome = backtest(plan, slo, recorded.history, every=JUDGED_EVERY).outcomes[0]
    except (HistoryUnreadable, HistoryError, SourceUnavailable) as error:
        return PagesBefore(name, 0, 0, 0, (), timedelta(0), str(error))
    counts = outcome.counts
    return PagesBefore(
        name=name,
        pages=counts.pages,
        pages_in_vain=counts.pages_in_vain,
        tickets=counts.tickets,
        when=tuple(call.at for call in outcome.calls),
        observed=outcome.observed,
    )


def said(account: Mapping[str, str]) -> str:
    """Return the labels of an account as a person says them."""
    return ", ".join(f"{name}={text}" for name, text in sorted(account.items()))


def _ref(slo: Slo) -> str:
    """Return the signal that a promise stands on."""
    component = getattr(slo.indicator, "component", None)
    return f"{component}.probe" if component else str(getattr(slo.indicator, "signal").ref)  # noqa: B009


def _promise(api: PrometheusApi, plan: Plan, slo: Slo, *, explained: bool) -> PromiseNow:
    """Return how a promise was kept in the last hour, from the series that it is made of."""
    bad, total = _queries(plan, slo)
    try:
        failed, counted = api.instant(bad), api.instant(total)
    except Refused as refused:
        concern = Concern(f"could not be measured: {refused}")
        return PromiseNow(slo.name, slo.objective, None, None, None, 0, {}, (concern,))
    if not counted:
        gone = Concern("nothing is counted, so nobody can say whether it is kept")
        return PromiseNow(slo.name, slo.objective, None, None, None, 0, {}, () if explained else (gone,))
    worst, ratio = _worst(failed, counted)
    return PromiseNow(
        name=slo.name,
        objective=slo.objective,
        sli=None if ratio is None else 1 - ratio,
        bad=sum(sample.value for sample in failed),
        total=sum(sample.value for sample in counted),
        accounts=len(counted),
        account=worst,
        concerns=(),
    )


def _queries(plan: Plan, slo: Slo) -> tuple[str, str]:
    """Return bad and valid events of the last hour. What only a rule records is asked of what the rule asks."""
    if isinstance(slo.indicator, LimitIndicator):
        verdict = f"({bad_now(slo)})[{promql_duration(OVER)}:{promql_duration(plan.scrape_every)}]"
        return f"sum_over_time({verdict})", f"count_over_time({verdict})"
    return errors_in(slo, OVER), total_in(slo, OVER)


def _worst(failed: tuple[Sample, ...], counted: tuple[Sample, ...]) -> tuple[Mapping[str, str], float | None]:
    """Return the account with the largest error ratio, and that ratio; None without traffic."""
    bad = {frozenset(sample.labels.items()): sample.value for sample in failed}
    ratios = [
        (max(bad.get(frozenset(sample.labels.items()), 0.0), 0.0) / sample.value, sample.labels)
        for sample in counted
        if sample.value > 0
    ]
    if not ratios:
        return {}, None
    ratio, labels = max(ratios, key=lambda pair: pair[0])
    return labels, ratio


def _measure(api: PrometheusApi, alert: Alert, blind: set[str]) -> MeasureNow:
    limits = tuple(f"{limit.priority} {limit.side} {limit.words}" for limit in alert.limits)
    try:
        samples = api.instant(expression_of(alert.measure))
    except Refused as refused:
        return MeasureNow(alert.name, "", limits, (), (Concern(f"could not be measured: {refused}"),))
    if not samples:
        signal = getattr(alert.measure, "signal", None)
        explained = signal.ref in blind if signal is not None else f"{alert.component}.probe" in blind
        gone = Concern("its measure has no value now", missing=False)
        return MeasureNow(alert.name, "", limits, (), () if explained else (gone,))
    below = any(limit.side == "below" for limit in alert.limits)
    values = [sample.value for sample in samples]
    worst = min(values) if below else max(values)
    return MeasureNow(
        alert=alert.name,
        value=measured(worst, alert.unit) + (f" (worst of {len(values)})" if len(values) > 1 else ""),
        limits=limits,
        beyond=tuple(limit.priority for limit in alert.limits if _is_beyond(worst, limit)),
        concerns=(),
    )


def _is_beyond(value: float, limit: Limit) -> bool:
    return value > limit.value if limit.side == "above" else value < limit.value
