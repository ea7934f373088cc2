"""From counts to a report: which promises, which days, what was taken out, what spent the budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vcci_platform.errors import PlatformError
from vcci_platform.reliability.accounting import Account, applied, spent_by
from vcci_platform.reliability.reports.memory import Memory
from vcci_platform.reliability.reports.model import DayAccount, Part, PromiseAccount, Report
from vcci_platform.reliability.reports.periods import Period, PeriodError
from vcci_platform.reliability.reports.ports import Chronicle
from vcci_platform.reliability.sources import Source, SourceUnavailable
from vcci_platform.reliability.status import status_of
from vcci_slo import Plan
from vcci_slo.budget import Budget
from vcci_slo.burn import Traffic
from vcci_slo.corrections import Corrected, corrected, spans_of, within
from vcci_slo.plan import Correction, Slo
from vcci_slo.spec.section import nearest
from vcci_slo.windows import Span

__all__ = ["MOST_DAYS", "NothingChosen", "TooMuch", "Wanted", "gather"]

MOST_DAYS = 6_000
"""Promises times days of one report: sixty promises over a quarter, in half a gigabyte. More is several reports."""

MOST_OCCASIONS = 50
"""Incidents and releases that are listed for one promise: the newest ones, since each is counted by itself."""

MOST_PARTS = 20
"""Of a grouped promise, those that failed most."""


class NothingChosen(PlatformError):
    """No promise is meant by what was asked for. `field` names what is wrong."""

    exit_code = 2

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class TooMuch(PlatformError):
    """The report would be too large to make, or to read."""

    exit_code = 2


@dataclass(frozen=True)
class Wanted:
    """Which promises: by name, of a component, of a team; unset, all of them."""

    slos: tuple[str, ...] = ()
    component: str | None = None
    team: str | None = None

    @property
    def words(self) -> str:
        """What the report is about."""
        parts = [
            f"promise{'s' if len(self.slos) > 1 else ''} {', '.join(self.slos)}" if self.slos else "",
            f"component {self.component}" if self.component else "",
            f"team {self.team}" if self.team else "",
        ]
        return ", ".join(part for part in parts if part) or "all promises"

    def chosen(self, plan: Plan) -> tuple[Slo, ...]:
        """Return the promises in the order of the plan; raises NothingChosen with the nearest name.

        A name of the spec that stands for several promises, such as one for each queue, means all of them.
        """
        known = {slo.name for slo in plan.slos} | {slo.declared for slo in plan.slos}
        for name in self.slos:
            _among(name, known, "slo", "promise")
        if self.component:
            _among(self.component, {component.name for component in plan.components}, "component", "component")
        if self.team:
            _among(self.team, {slo.team for slo in plan.slos}, "team", "team with promises")
        found = tuple(
            slo
            for slo in plan.slos
            if (not self.slos or slo.name in self.slos or slo.declared in self.slos)
            and self.component in {None, "", slo.component}
            and self.team in {None, "", slo.team}
        )
        if not found:
            raise NothingChosen("slo", f"expected at least one promise, found none for {self.words}")
        return found


def gather(
    plan: Plan,
    source: Source,
    period: Period,
    wanted: Wanted,
    *,
    now: datetime,
    chronicle: Chronicle | None = None,
    still: Callable[[], None] = lambda: None,
) -> Report:
    """Return the report of a period, as far as it has passed.

    The whole is the sum of its days, so that they add up in every format. `still` is called before each promise and
    may raise to give up. Raises PeriodError for a period that has not begun, TooMuch, and what the source raises.
    """
    slos = wanted.chosen(plan)
    now = now.replace(microsecond=0)  # Prometheus counts in milliseconds, and people in seconds
    until = min(period.span.end, now)
    if until <= period.span.start:
        raise PeriodError(period.kind if period.kind != "range" else "from", f"{period.title} has not begun yet")
    if len(slos) * period.count > MOST_DAYS:
        raise TooMuch(
            f"expected up to {MOST_DAYS} promises times days in one report, got {len(slos)} times {period.count}; "
            "ask for a component, a team, or fewer days"
        )
    remembers = chronicle or Memory()
    agreed = remembers.corrections()
    promises: list[PromiseAccount] = []
    for slo in slos:
        still()
        found = _promise(slo, source, period, until, agreed, remembers)
        if until < period.span.end:  # what becomes of the budget belongs to no time that has passed
            found = replace(found, forecast=status_of(slo, source, now, plan.calendar.timezone, agreed).forecast)
        promises.append(found)
    return Report(
        title=plan.title,
        scope=wanted.words,
        period=period,
        until=until,
        made_at=now,
        source=source.name,
        self_reported=source.self_reported,
        time_scale=plan.time_scale,
        remembered_since=now - source.keeps if source.keeps else None,
        resolution=source.resolution,
        not_remembered=remembers.unknown,
        promises=tuple(promises),
    )


def _promise(
    slo: Slo, source: Source, period: Period, until: datetime, agreed: Sequence[Correction], chronicle: Chronicle
) -> PromiseAccount:
    span = Span(period.span.start, until)
    days, measured, out = _account(slo, source, period, until, agreed)
    before, _, _ = _account(slo, source, period.before(), period.span.start, agreed)
    whole = _sum(slo, [day.account for day in days])
    counted = Traffic(whole.bad, whole.total, whole.known)
    account = Account(span, Corrected(span.length, counted, Traffic(0, 0, 0), out), whole)
    occasions = chronicle.occasions(slo, span)
    return PromiseAccount(
        slo=slo,
        whole=whole,
        days=days,
        before=_sum(slo, [day.account for day in before]),
        days_before=before,
        measured=measured,
        corrections=applied(slo, source, span, agreed),
        expenses=spent_by(slo, source, account, occasions[-MOST_OCCASIONS:]),
        unlisted=max(len(occasions) - MOST_OCCASIONS, 0),
        parts=_parts(slo, source, span) if slo.by else (),
    )


def _parts(slo: Slo, source: Source, span: Span) -> tuple[Part, ...] | None:
    """Return the parts that failed most. A source that gives up on so many series still gives the rest."""
    try:
        found = source.groups(slo, span)
    except SourceUnavailable:
        return None
    parts = [Part(labels, _budget(slo, traffic, span.length)) for labels, traffic in found.items()]
    return tuple(sorted(parts, key=lambda part: (-part.account.bad, part.labels))[:MOST_PARTS])


def _account(
    slo: Slo, source: Source, period: Period, until: datetime, agreed: Sequence[Correction]
) -> tuple[tuple[DayAccount, ...], Budget, tuple[Span, ...]]:
    """Return the days of a period, its account as it was measured, and the time that was taken out of it."""
    passed = [(day, period.of(day)) for day in period.days]
    spans = [(day, Span(span.start, min(span.end, until))) for day, span in passed if span.start < until]
    counted = source.each(slo, [span for _, span in spans])
    out = spans_of(agreed, slo.name, Span(period.span.start, until))
    days: list[DayAccount] = []
    measured: list[Budget] = []
    for (day, span), traffic in zip(spans, counted, strict=True):
        parts = within(out, span)
        left = corrected(span, traffic, [(part, source.traffic(slo, part)) for part in parts])
        measured.append(_budget(slo, traffic, span.length))
        days.append(DayAccount(day, span, _budget(slo, left.traffic, left.counted_for), corrected=bool(parts)))
    return tuple(days), _sum(slo, measured), out


def _budget(slo: Slo, traffic: Traffic, window: timedelta) -> Budget:
    return Budget(slo.budget, traffic.bad, traffic.total, window, traffic.known)


def _sum(slo: Slo, accounts: Sequence[Budget]) -> Budget:
    window = sum((account.window for account in accounts), start=timedelta(0))
    seen = sum(account.known * account.window.total_seconds() for account in accounts)
    length = window.total_seconds()
    return Budget(
        budget=slo.budget,
        bad=sum(account.bad for account in accounts),
        total=sum(account.total for account in accounts),
        window=window,
        known=min(seen / length, 1.0) if length else 0.0,
    )


def _among(name: str, known: set[str], field: str, kind: str) -> None:
    if name in known:
        return
    meant = nearest(name, sorted(known))
    hint = f"; did you mean {meant}?" if meant else ""
    raise NothingChosen(field, f"there is no {kind} called {name!r}{hint}")
