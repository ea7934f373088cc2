"""The pages of incidents: the list, one of them with its clocks and timeline, and the forms that act on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from vcci_platform.console.pages import Pages
from vcci_platform.incidents import queries, store
from vcci_platform.incidents.model import Action, Incident, Publication, Refused
from vcci_platform.incidents.office import Office
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.tasks import UnknownIncident
from vcci_platform.incidents.views import ActionRequest, ApprovalRequest, IncidentDetail

__all__ = ["incident_routes"]

SECTION = "incidents"
CLOSED = 50
CONFLICT = 409
UNPROCESSABLE = 422

TIMERS = {
    "page": "Page goes out",
    "fallback": "Page goes through the chat instead",
    "acknowledge": "Acknowledge",
    "assess": "Assess",
    "update": "Next update",
    "escalate": "Escalates",
    "monitor": "Good for long enough",
    "review": "Review",
}
"""What a deadline is about. Those of the desk itself happen; the others wait for a person."""

EFFECTS = {
    "trigger": "page",
    "acknowledge": "acknowledge the page",
    "resolve": "resolve the page",
    "show": "show on the status page",
    "say": "write to the channel",
    "prompt": "remind in the channel",
    "fallback": "page through the channel",
}
OUTCOMES = {
    "waiting": "is waiting",
    "delivered": "delivered",
    "dead": "given up",
    "superseded": "overtaken by a newer one",
}
VERBS = {
    Action.ACKNOWLEDGE: "Acknowledge",
    Action.INVESTIGATE: "Investigate",
    Action.IDENTIFY: "Cause identified",
    Action.MITIGATE: "Mitigate",
    Action.MONITOR: "Watch recovery",
    Action.RESOLVE: "Resolve",
    Action.REOPEN: "Reopen",
    Action.REVIEW: "Reviewed",
}
WAY = ("detected", "acknowledged", "investigating", "identified", "mitigating", "monitoring", "resolved", "reviewed")


@dataclass(frozen=True)
class _Said:
    """What a person wrote into a form that was not taken, and why not."""

    trouble: str = ""
    by: str = ""
    why: str = ""


def incident_routes(pages: Pages, office: Callable[[], Office]) -> APIRouter:
    """Return the pages of incidents. Their forms call what the API calls."""
    routes = APIRouter()

    @routes.get("/incidents", response_class=HTMLResponse)
    def all_incidents(before: str | None = None) -> HTMLResponse:
        """Show open incidents, then those that are over, the newest first."""
        with office().desk.database.read() as connection:
            opened = () if before else queries.page(connection, limit=CLOSED, is_open=True).items
            closed = queries.page(connection, limit=CLOSED, cursor=before, is_open=False)
        return pages.show("incidents.html", section=SECTION, opened=opened, closed=closed, before=before)

    @routes.get("/incidents/{incident_id}", response_class=HTMLResponse)
    def one_incident(incident_id: str) -> HTMLResponse:
        """Show everything that is known of an incident, and what can be done."""
        return _show(pages, office(), incident_id)

    @routes.post("/incidents/{incident_id}/actions")
    def act(
        request: Request,
        incident_id: str,
        action: Annotated[str, Form()] = "",
        by: Annotated[str, Form()] = "",
        why: Annotated[str, Form()] = "",
    ) -> Response:
        """Do what a person asks."""

        def do() -> None:
            asked = ActionRequest.model_validate({"action": action, "by": by, "why": why})
            office().desk.act(incident_id, asked.action, by=asked.by, why=asked.why)

        return _take(pages, office(), request, incident_id, do, _Said(by=by, why=why))

    @routes.post("/incidents/{incident_id}/status-page")
    def publish(
        request: Request, incident_id: str, by: Annotated[str, Form()] = "", why: Annotated[str, Form()] = ""
    ) -> Response:
        """Let the public know, because the commander says so."""

        def do() -> None:
            asked = ApprovalRequest.model_validate({"by": by, "why": why})
            office().desk.approve(incident_id, by=asked.by, why=asked.why)

        return _take(pages, office(), request, incident_id, do, _Said(by=by, why=why))

    return routes


def _take(
    pages: Pages, office: Office, request: Request, incident_id: str, do: Callable[[], None], said: _Said
) -> Response:
    refused = pages.foreign(request)
    if refused is not None:
        return refused
    try:
        do()
    except UnknownIncident:
        return pages.missing(f"There is no incident {incident_id!r}.", section=SECTION)
    except ValidationError as error:
        what = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        trouble = "Say who you are: the timeline names everybody who acts." if not said.by.strip() else what
        return _show(pages, office, incident_id, UNPROCESSABLE, _Said(trouble, said.by, said.why))
    except Refused as error:
        sentence = str(error)
        trouble = f"{sentence[:1].upper()}{sentence[1:]}."
        return _show(pages, office, incident_id, CONFLICT, _Said(trouble, said.by, said.why))
    return pages.go(f"/incidents/{incident_id}")


def _show(pages: Pages, office: Office, incident_id: str, code: int = 200, said: _Said | None = None) -> HTMLResponse:
    with office.desk.database.read() as connection:
        incident = store.find(connection, incident_id)
        if incident is None:
            return pages.missing(f"There is no incident {incident_id!r}.", section=SECTION)
        detail = queries.detail(connection, incident)
    rules = office.desk.rules
    firing = [alert for alert in detail.alerts if alert.over_at is None]
    return pages.show(
        "incident.html",
        section=SECTION,
        code=code,
        incident=detail,
        firing=firing,
        first=min(firing or detail.alerts, key=lambda alert: (alert.priority, alert.starts_at), default=None),
        rules=rules[incident.priority],
        ladder=_ladder(incident, rules),
        publishable=_may_publish(detail, incident, rules),
        said=said or _Said(),
        way=WAY,
        timers=TIMERS,
        effects=EFFECTS,
        outcomes=OUTCOMES,
        verbs=VERBS,
        sandboxed=office.sandboxed,
    )


def _ladder(incident: Incident, rules: IncidentPolicy) -> list[tuple[int, tuple[str, ...], object, bool]]:
    """Return each level: its number, its roles, when it is asked, and whether it has been."""
    steps = [(1, incident.clock_from)]
    steps += [(level, incident.clock_from + after) for after, level in rules.escalation.get(incident.priority, ())]
    return [(level, rules.levels.get(level, ()), at, level <= incident.level) for level, at in steps]


def _may_publish(detail: IncidentDetail, incident: Incident, rules: IncidentPolicy) -> bool:
    allowed = rules[incident.priority].status_page != "never"
    return incident.is_open and allowed and detail.publication is not Publication.PUBLISHED
