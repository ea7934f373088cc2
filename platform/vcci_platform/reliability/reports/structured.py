"""A report as JSON, for programs: every figure as a number, every moment with its zone. The names are kept."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from vcci_platform.reliability.accounting import Applied, Spent
from vcci_platform.reliability.outlooks import Forecast
from vcci_platform.reliability.reports.model import DayAccount, PromiseAccount, Report
from vcci_slo.budget import Budget, allowed_downtime
from vcci_slo.windows import Span

__all__ = ["VERSION", "to_data", "to_json"]

VERSION = "vcci.report/v1"


def to_json(report: Report) -> str:
    """Return the report as JSON text."""
    return json.dumps(to_data(report), indent=2, ensure_ascii=False) + "\n"


def to_data(report: Report) -> dict[str, Any]:
    """Return the report as data. Shares are from 0 to 1, null where nothing was observed; lengths are minutes."""
    period = report.period
    return {
        "version": VERSION,
        "title": report.title,
        "scope": report.scope,
        "period": {
            "kind": period.kind,
            "name": period.name,
            "title": period.title,
            "first_day": period.first.isoformat(),
            "last_day": period.last.isoformat(),
            "time_zone": period.zone,
            **_span(period.span),
            "over": report.over,
        },
        "until": report.until.isoformat(),
        "made_at": report.made_at.isoformat(),
        "source": report.source,
        "self_reported": report.self_reported,
        "time_scale": report.time_scale,
        "resolution": report.resolution,
        "remembered_since": report.remembered_since.isoformat() if report.remembered_since else None,
        "not_remembered": report.not_remembered,
        "promises": [_promise(promise) for promise in report.promises],
    }


def _promise(promise: PromiseAccount) -> dict[str, Any]:
    slo = promise.slo
    return {
        "name": slo.name,
        "promise": slo.words,
        "component": slo.component,
        "system": slo.system,
        "team": slo.team,
        "labels": dict(slo.labels),
        "objective": slo.objective,
        "objective_text": slo.percent,
        "verdict": promise.verdict,
        "account": _account(promise.whole),
        "measured": _account(promise.measured),
        "before": _account(promise.before),
        "forecast": _forecast(promise.forecast),
        "days": [_day(promise, day) for day in promise.days],
        "worst_days": [day.day.isoformat() for day in promise.worst],
        "parts": None
        if promise.parts is None
        else [{"labels": dict(part.labels), **_account(part.account)} for part in promise.parts],
        "expenses": [_expense(each) for each in promise.expenses],
        "expenses_not_listed": promise.unlisted,
        "corrections": [_correction(each) for each in promise.corrections],
    }


def _forecast(found: Forecast | None) -> dict[str, Any] | None:
    """Return what becomes of the budget of the promise's own window."""
    if found is None or found.outlook is None:
        return None
    gone, back = found.outlook.gone_in, found.outlook.back_in
    return {
        "over_minutes": found.over / timedelta(minutes=1),
        "rate": found.rate,
        "gone_in_minutes": None if gone is None else gone / timedelta(minutes=1),
        "back_in_minutes": None if back is None else back / timedelta(minutes=1),
        "regained": found.outlook.regained,
        "words": found.outlook.words,
    }


def _expense(each: Spent) -> dict[str, Any]:
    occasion, known = each.occasion, each.traffic.known > 0
    return {
        "kind": occasion.kind,
        "name": occasion.name,
        "title": occasion.title,
        "priority": occasion.priority,
        "from": occasion.start.isoformat(),
        "to": occasion.end.isoformat() if occasion.end else None,
        "bad": each.traffic.bad if known else None,
        "observed": each.traffic.known,
        "budget_share": each.share if known else None,
    }


def _correction(each: Applied) -> dict[str, Any]:
    made = each.correction
    return {
        "name": made.name,
        "kind": made.kind,
        "source": made.source,
        "who": made.who,
        "why": made.why,
        "reference": made.reference,
        "until": made.until.isoformat(),
        "spans": [_span(span) for span in each.spans],
        "bad": each.excluded.bad,
        "total": each.excluded.total,
    }


def _day(promise: PromiseAccount, day: DayAccount) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        **_span(day.span),
        "verdict": day.verdict,
        "corrected": day.corrected,
        **_account(day.account),
        "period_budget_share": promise.share(day.account.bad) if day.account.known > 0 else None,
    }


def _account(account: Budget) -> dict[str, Any]:
    known = account.known > 0
    minutes = allowed_downtime(budget=account.budget, window=account.window) / timedelta(minutes=1)
    return {
        "sli": account.sli if known else None,
        "bad": account.bad,
        "total": account.total,
        "observed": account.known,
        "minutes": account.window / timedelta(minutes=1),
        "budget": {
            "events": account.allowed,
            "events_spent": account.bad if known else None,
            "events_left": account.allowed - account.bad if known else None,
            "minutes": minutes,
            "minutes_spent": minutes * (1 - account.remaining) if known else None,
            "minutes_left": minutes * account.remaining if known else None,
            "spent": 1 - account.remaining if known else None,
            "left": account.remaining if known else None,
        },
    }


def _span(span: Span) -> dict[str, str]:
    return {"from": span.start.isoformat(), "to": span.end.isoformat()}
