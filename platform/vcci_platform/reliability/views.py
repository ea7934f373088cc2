"""What `/v1/slos` and its neighbours say, as models that describe themselves in the API's schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from vcci_platform.reliability.service import ActiveAlert
from vcci_platform.reliability.sources import Point
from vcci_platform.reliability.status import Burn, Status
from vcci_slo import burn
from vcci_slo.budget import Budget, allowed_downtime
from vcci_slo.corrections import Corrected
from vcci_slo.plan import Slo

__all__ = [
    "AlertView",
    "AlertsView",
    "BudgetView",
    "BurnView",
    "ChangeView",
    "ChangesView",
    "ExcludedView",
    "HistoryView",
    "PartView",
    "PartsView",
    "PointView",
    "SloView",
    "SlosView",
    "UnevaluatedView",
    "seconds_of",
]


def seconds_of(span: timedelta | None) -> float | None:
    """Return a time in seconds, none for none."""
    return None if span is None else span.total_seconds()


class BudgetView(BaseModel):
    """The account of one span. Shares are from 0 to 1; `remaining` is negative when overspent."""

    sli: float | None = Field(description="Share of good events; null without events")
    bad: float
    total: float
    known: float = Field(description="Share of the span that was observed; the rest is unknown, neither good nor bad")
    remaining: float = Field(description="Unspent share of the error budget")
    downtime_allowed_seconds: float = Field(description="How long everything may fail in this span")
    downtime_left_seconds: float
    allowed: float = Field(description="How many bad events the traffic that counts allows")
    spent: float = Field(description="Share of the budget that is gone; with remaining it adds up to 1")
    unknown_seconds: float = Field(description="Time that counts and was not observed: neither good nor bad")

    @classmethod
    def of(cls, account: Budget) -> BudgetView:
        """Return the view of an account."""
        return cls(
            allowed=account.allowed,
            spent=1 - account.remaining,
            unknown_seconds=(account.window * (1 - account.known)).total_seconds(),
            sli=account.sli,
            bad=account.bad,
            total=account.total,
            known=account.known,
            remaining=account.remaining,
            downtime_allowed_seconds=allowed_downtime(budget=account.budget, window=account.window).total_seconds(),
            downtime_left_seconds=account.downtime_left.total_seconds(),
        )


class ExcludedView(BaseModel):
    """What corrections took out of a span, shown apart."""

    seconds: float
    bad: float
    total: float

    @classmethod
    def of(cls, found: Corrected) -> ExcludedView:
        """Return the view of what does not count."""
        return cls(seconds=found.excluded_for.total_seconds(), bad=found.excluded.bad, total=found.excluded.total)


class BurnView(BaseModel):
    """How fast one tier sees the budget go; a rate of 1 spends it evenly."""

    tier: str
    priority: str
    fires_above: float
    short_seconds: float
    long_seconds: float
    short: float | None
    long: float | None
    fires: bool

    @classmethod
    def of(cls, found: Burn) -> BurnView:
        """Return the view of a tier."""
        return cls(
            tier=found.tier.name,
            priority=found.tier.priority,
            fires_above=found.tier.factor,
            short_seconds=found.tier.short.total_seconds(),
            long_seconds=found.tier.long.total_seconds(),
            short=found.short,
            long=found.long,
            fires=found.fires,
        )


class SloView(BaseModel):
    """One promise and how it is doing."""

    name: str
    promise: str
    objective: str
    component: str
    system: str
    team: str
    labels: dict[str, str]
    state: str = Field(description="kept, burning, exhausted or unknown")
    so_far: bool = Field(description="Less than half of the window was observed: the state is that of the time so far")
    window: str
    budget: BudgetView
    excluded: ExcludedView = Field(description="What corrections took out of the window: neither good nor bad")
    month: BudgetView = Field(description="The calendar month so far, where the calendar's clocks show it")
    burn: list[BurnView]
    exhausted_in_seconds: float | None = Field(description="At the pace of the shortest tier; null when it never is")
    outlook: str = Field(description="What becomes of the budget at that pace, in words")
    source: str
    self_reported: bool
    time_scale: float
    at: datetime
    runbook_url: str
    dashboard_url: str

    @classmethod
    def of(cls, status: Status, source: str, *, self_reported: bool, time_scale: float) -> SloView:
        """Return the view of a status."""
        slo: Slo = status.slo
        return cls(
            name=slo.name,
            promise=slo.words,
            objective=slo.percent,
            component=slo.component,
            system=slo.system,
            team=slo.team,
            labels=dict(slo.labels),
            state=status.state,
            so_far=status.so_far,
            window=slo.window_name,
            budget=BudgetView.of(status.window),
            excluded=ExcludedView.of(status.account.corrected),
            month=BudgetView.of(status.month),
            burn=[BurnView.of(found) for found in status.burns],
            exhausted_in_seconds=seconds_of(status.exhausted_in),
            outlook=status.outlook.words if status.outlook else "unknown",
            source=source,
            self_reported=self_reported,
            time_scale=time_scale,
            at=status.at,
            runbook_url=slo.runbook_url,
            dashboard_url=slo.dashboard_url,
        )


class PartView(BaseModel):
    """One part of a promise that is kept apart by labels."""

    labels: dict[str, str]
    state: str
    so_far: bool
    budget: BudgetView
    excluded: ExcludedView
    burn: list[BurnView]
    exhausted_in_seconds: float | None
    outlook: str

    @classmethod
    def of(cls, labels: Mapping[str, str], status: Status) -> PartView:
        """Return the view of a part."""
        return cls(
            labels=dict(labels),
            state=status.state,
            so_far=status.so_far,
            budget=BudgetView.of(status.window),
            excluded=ExcludedView.of(status.account.corrected),
            burn=[BurnView.of(found) for found in status.burns],
            exhausted_in_seconds=seconds_of(status.exhausted_in),
            outlook=status.outlook.words if status.outlook else "unknown",
        )


class PartsView(BaseModel):
    """The parts of a promise, the one with the least budget first; none for a promise without labels."""

    name: str
    by: list[str]
    items: list[PartView]


class SlosView(BaseModel):
    """A part of the list of promises."""

    items: list[SloView]
    next_cursor: str | None = None


class PointView(BaseModel):
    """One step of a history; `sli` and `burn` are null where nothing was seen."""

    at: datetime
    sli: float | None
    burn: float | None
    bad: float
    total: float
    known: float

    @classmethod
    def of(cls, point: Point, slo: Slo) -> PointView:
        """Return the view of a step."""
        counted = point.traffic
        return cls(
            at=point.at,
            sli=None if counted.total == 0 else 1 - counted.bad / counted.total,
            burn=burn.burn_rate(counted, budget=slo.budget),
            bad=counted.bad,
            total=counted.total,
            known=counted.known,
        )


class HistoryView(BaseModel):
    """How a promise was kept over time."""

    name: str
    source: str
    step_seconds: float
    points: list[PointView]


class AlertView(BaseModel):
    """A condition that is pending or firing."""

    alert: str
    state: str
    priority: str
    system: str
    component: str
    since: datetime
    summary: str
    labels: dict[str, str]
    runbook_url: str
    dashboard_url: str

    @classmethod
    def of(cls, found: ActiveAlert) -> AlertView:
        """Return the view of an alert."""
        return cls(**vars(found))


class UnevaluatedView(BaseModel):
    """An alert that is not judged here, and why."""

    alert: str
    reason: str


class AlertsView(BaseModel):
    """What is pending or firing, and what is not evaluated here."""

    evaluated_by: str
    active: list[AlertView]
    not_evaluated: list[UnevaluatedView]


class ChangeView(BaseModel):
    """A restart or a new version."""

    at: datetime
    target: str
    kind: str
    text: str


class ChangesView(BaseModel):
    """The newest changes, newest first."""

    items: list[ChangeView]
