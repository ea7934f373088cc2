"""What accounts, corrections and the gate say over HTTP, as models that describe themselves in the API's schema."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from vcci_platform.reliability.accounting import Account, Applied, Spent
from vcci_platform.reliability.corrections import Kept, Line
from vcci_platform.reliability.outlooks import Forecast
from vcci_platform.reliability.service import Statement
from vcci_platform.reliability.views import ExcludedView, seconds_of
from vcci_slo.forecast import Outlook
from vcci_slo.plan import Slo
from vcci_slo.policy import Decision, Terms

__all__ = [
    "AccountView",
    "CorrectionView",
    "CorrectionsView",
    "GateView",
    "GatesView",
]


class SumsView(BaseModel):
    """The account in events and in minutes. Spent and remaining add up to the budget; overspent, the rest is negative.

    Minutes are of total failure at even traffic, over the time that counts.
    """

    sli: float | None = Field(description="Share of good events; null without events")
    bad: float
    total: float
    budget_events: float
    remaining_events: float
    budget_minutes: float
    spent_minutes: float
    remaining_minutes: float
    spent: float = Field(description="Share of the budget that is gone")
    remaining: float = Field(description="Share of the budget that is left")
    known: float = Field(description="Share of the time that counts that was observed")
    counted_seconds: float
    unknown_seconds: float = Field(description="Time that counts and was not observed: neither good nor bad")

    @classmethod
    def of(cls, account: Account) -> SumsView:
        """Return the view of an account."""
        budget, found = account.budget, account.corrected
        return cls(
            sli=budget.sli,
            bad=budget.bad,
            total=budget.total,
            budget_events=account.allowed_events,
            remaining_events=account.remaining_events,
            budget_minutes=account.allowed_time.total_seconds() / 60,
            spent_minutes=account.spent_time.total_seconds() / 60,
            remaining_minutes=account.remaining_time.total_seconds() / 60,
            spent=account.spent_share,
            remaining=budget.remaining,
            known=budget.known,
            counted_seconds=found.counted_for.total_seconds(),
            unknown_seconds=found.unknown_for.total_seconds(),
        )


class AppliedView(BaseModel):
    """What one correction took out of the span: by whom, and why. Two that overlap both name what they share."""

    name: str
    kind: str
    who: str
    why: str
    until: datetime
    source: str
    seconds: float
    bad: float
    total: float

    @classmethod
    def of(cls, found: Applied) -> AppliedView:
        """Return the view of a correction in an account."""
        made = found.correction
        return cls(
            name=made.name,
            kind=made.kind,
            who=made.who,
            why=made.why,
            until=made.until,
            source=made.source,
            seconds=found.excluded_for.total_seconds(),
            bad=found.excluded.bad,
            total=found.excluded.total,
        )


class SpentView(BaseModel):
    """What an incident, or a release while it was live, took of the budget of the span."""

    name: str
    title: str
    priority: str
    start: datetime
    end: datetime | None
    bad: float
    total: float
    share: float | None = Field(description="Of the whole budget of the span; null without traffic")

    @classmethod
    def of(cls, found: Spent) -> SpentView:
        """Return the view of what something spent."""
        fields = {name: getattr(found.occasion, name) for name in ("name", "title", "priority", "start", "end")}
        return cls(**fields, bad=found.traffic.bad, total=found.traffic.total, share=found.share)


class ForecastView(BaseModel):
    """What becomes of the budget at the pace of one window, with what old failures give back as they leave it."""

    over_seconds: float
    rate: float | None
    gone_in_seconds: float | None = Field(description="When it is gone; null when it never is, or is not known")
    back_in_seconds: float | None = Field(description="When something is left again of a budget that is spent")
    regained: float = Field(description="Share of the budget that leaves the window until it is gone, or in all of it")
    words: str = Field(description="The same as half a sentence")

    @classmethod
    def of(cls, found: Forecast) -> ForecastView:
        """Return the view of a forecast."""
        outlook = found.outlook or Outlook(None)
        return cls(
            over_seconds=found.over.total_seconds(),
            rate=found.rate,
            gone_in_seconds=seconds_of(outlook.gone_in),
            back_in_seconds=seconds_of(outlook.back_in),
            regained=outlook.regained,
            words=found.outlook.words if found.outlook else "unknown",
        )


class AccountView(BaseModel):
    """The whole account of a promise over a span."""

    name: str
    promise: str
    objective: str
    start: datetime
    end: datetime
    account: SumsView
    excluded: ExcludedView
    corrections: list[AppliedView]
    incidents: list[SpentView]
    releases: list[SpentView] | None = Field(description="Null where nobody sees releases")
    forecasts: list[ForecastView]
    source: str
    self_reported: bool

    @classmethod
    def of(cls, slo: Slo, found: Statement, source: str, *, self_reported: bool) -> AccountView:
        """Return the view of a statement."""
        releases = found.releases
        return cls(
            name=slo.name,
            promise=slo.words,
            objective=slo.percent,
            start=found.account.span.start,
            end=found.account.span.end,
            account=SumsView.of(found.account),
            excluded=ExcludedView.of(found.account.corrected),
            corrections=[AppliedView.of(item) for item in found.applied],
            incidents=[SpentView.of(item) for item in found.incidents],
            releases=None if releases is None else [SpentView.of(item) for item in releases],
            forecasts=[ForecastView.of(item) for item in found.forecasts],
            source=source,
            self_reported=self_reported,
        )


class GateView(BaseModel):
    """Whether a change may pass as far as one promise goes, on which terms that was asked, and why it is so."""

    name: str
    answer: Literal["pass", "refused", "unknown"]
    state: str | None = Field(description="State of the error budget policy; null when it cannot be told")
    means: str = Field(description="What the state means, in the words of the policy")
    policy: str
    reasons: list[str]
    remaining: float
    known: float
    excluded_seconds: float
    objective: str
    component: str
    team: str
    change: str
    at_least: float | None
    known_at_least: float
    self_reported: bool
    accepted_self_reported: bool
    source: str
    at: datetime

    @classmethod
    def of(
        cls, slo: Slo, decision: Decision, account: Account, terms: Terms, source: str, *, self_reported: bool
    ) -> GateView:
        """Return the view of a decision."""
        return cls(
            name=slo.name,
            answer=decision.answer,
            state=decision.state.name if decision.state else None,
            means=decision.state.means if decision.state else "",
            policy=slo.budget_policy,
            reasons=list(decision.reasons),
            remaining=account.budget.remaining,
            known=account.budget.known,
            excluded_seconds=account.corrected.excluded_for.total_seconds(),
            objective=slo.percent,
            component=slo.component,
            team=slo.team,
            change=terms.change,
            at_least=terms.at_least,
            known_at_least=terms.known,
            self_reported=self_reported,
            accepted_self_reported=self_reported and terms.accept_self_reported,
            source=source,
            at=account.span.end,
        )


class GatesView(BaseModel):
    """The gates of several promises, and the worst of their answers: one refusal is a refusal of the whole."""

    answer: Literal["pass", "refused", "unknown"]
    items: list[GateView]

    @classmethod
    def of(cls, items: list[GateView]) -> GatesView:
        """Return the view of several gates."""
        answers = {item.answer for item in items}
        return cls(
            answer="refused" if "refused" in answers else "unknown" if "unknown" in answers else "pass", items=items
        )


class LineView(BaseModel):
    """Who changed what about a correction."""

    at: datetime
    action: str
    who: str
    why: str


class CorrectionView(BaseModel):
    """Time that does not count for some promises, and who decided so. Of those in the spec, Git has the history."""

    name: str
    kind: str
    slos: list[str]
    start: datetime = Field(serialization_alias="from")
    until: datetime
    zone: str
    repeats: str
    lasts_seconds: float
    skipped: list[datetime] = Field(serialization_alias="except")
    who: str
    why: str
    reference: str
    source: str
    created_at: datetime | None
    withdrawn_at: datetime | None
    history: list[LineView]

    @classmethod
    def of(cls, kept: Kept, history: tuple[Line, ...] = ()) -> CorrectionView:
        """Return the view of a correction."""
        made = kept.correction
        return cls(
            name=made.name,
            kind=made.kind,
            slos=list(made.slos),
            start=made.start,
            until=made.until,
            zone=made.zone,
            repeats=made.repeats,
            lasts_seconds=made.lasts.total_seconds(),
            skipped=list(made.skipped),
            who=made.who,
            why=made.why,
            reference=made.reference,
            source=made.source,
            created_at=kept.created_at,
            withdrawn_at=kept.withdrawn_at,
            history=[LineView(**vars(line)) for line in history],
        )


class CorrectionsView(BaseModel):
    """A part of the list of corrections."""

    items: list[CorrectionView]
    next_cursor: str | None = None
