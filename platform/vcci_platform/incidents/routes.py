"""The desk's HTTP interface: hooks, incidents, actions, and how the desk itself is."""

from __future__ import annotations

import hmac
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from vcci_platform.incidents import alertmanager, queries, store
from vcci_platform.incidents.model import Action, Incident, Priority, Refused
from vcci_platform.incidents.office import Office
from vcci_platform.incidents.policy import Report
from vcci_platform.incidents.tasks import UnknownIncident
from vcci_platform.incidents.views import (
    ActionRequest,
    ApprovalRequest,
    DeskView,
    IncidentDetail,
    IncidentPage,
    ReportRequest,
)
from vcci_platform.problems import Problem
from vcci_platform.telemetry import logs

__all__ = ["router"]

HOOK_BODY_LIMIT_BYTES = 16 * 1024 * 1024
"""Alertmanager sets no limit of its own: about ten thousand alerts fit."""

PAGE_LIMIT = 200

log = logs.get(__name__)


def router(office: Office, hook_token: SecretStr) -> APIRouter:
    """Return the routes of one desk."""
    routes = APIRouter(prefix="/v1")
    routes.include_router(_hooks(office, hook_token))
    routes.include_router(_incidents(office))
    return routes


def _hooks(office: Office, token: SecretStr) -> APIRouter:
    routes = APIRouter(prefix="/hooks", tags=["hooks"])
    source = alertmanager.SOURCE

    def refuse(problem: Problem) -> Problem:
        office.desk.metrics.desk_inbox.labels(source, "refused").inc()
        log.warning("delivery_refused", origin=source, code=problem.code)
        return problem

    @routes.post("/alertmanager", status_code=202)
    async def from_alertmanager(request: Request, authorization: Annotated[str, Header()] = "") -> dict[str, Any]:
        """Take a notification of Alertmanager (webhook version 4). It is stored as it is and understood soon after.

        401 without the right bearer token, 413 when it is too large, 503 while it cannot be stored: Alertmanager asks
        again after a 5xx and after nothing else.
        """
        if not _is_bearer(authorization, token):
            detail = "Send the token of this hook as 'Authorization: Bearer …'."
            headers = {"WWW-Authenticate": "Bearer"}
            raise refuse(Problem(status=401, code="unauthorized", detail=detail, headers=headers))
        body = await _limited(request)
        if body is None:
            detail = f"A notification may have at most {HOOK_BODY_LIMIT_BYTES} bytes."
            raise refuse(Problem(status=413, code="too-large", detail=detail))
        try:
            receipt = await run_in_threadpool(office.desk.accept, source, body)
        except SQLAlchemyError as error:
            log.warning("delivery_not_stored", origin=source, error=type(error).__name__)
            detail = "The desk cannot store anything now; please send it again."
            raise refuse(
                Problem(status=503, code="store-unavailable", detail=detail, headers={"Retry-After": "5"})
            ) from error
        return {"id": receipt.id, "duplicate": receipt.duplicate}

    return routes


def _incidents(office: Office) -> APIRouter:
    routes = APIRouter(tags=["incidents"])
    desk = office.desk

    @routes.get("/incidents")
    def list_incidents(
        limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 50,
        cursor: str | None = None,
        state: Literal["open", "closed", "all"] = "all",
        system: str | None = None,
        priority: Priority | None = None,
    ) -> IncidentPage:
        """The incidents, the newest first."""
        is_open = None if state == "all" else state == "open"
        with desk.database.read() as connection:
            return queries.page(
                connection, limit=limit, cursor=cursor, is_open=is_open, system=system, priority=priority
            )

    @routes.get("/incidents/{incident_id}")
    def show_incident(incident_id: str) -> IncidentDetail:
        """One incident: its timeline, alerts, effects, and what is due next."""
        return _detail(office, incident_id)

    @routes.post("/incidents", status_code=201)
    def report_incident(
        report: ReportRequest,
        response: Response,
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> IncidentDetail:
        """Report a fault. The desk opens an incident, or adds to the open one of that system, and pages."""
        try:
            incident = desk.report(Report(**report.model_dump()), idempotency_key or uuid4().hex)
        except UnknownIncident as error:
            detail = "The report is stored, but there is no incident for it yet; see /v1/incidents in a moment."
            raise Problem(status=503, code="not-understood-yet", detail=detail) from error
        response.headers["Location"] = f"/v1/incidents/{incident.id}"
        return _detail(office, incident.id)

    @routes.post("/incidents/{incident_id}/actions", responses={409: {"description": "Not in this state."}})
    def act(incident_id: str, request: ActionRequest) -> IncidentDetail:
        """Acknowledge, investigate, identify, mitigate, monitor, resolve, reopen, review."""
        _do(lambda: desk.act(incident_id, Action(request.action), by=request.by, why=request.why), incident_id)
        return _detail(office, incident_id)

    @routes.post("/incidents/{incident_id}/status-page", responses={409: {"description": "Not to be published."}})
    def publish(incident_id: str, request: ApprovalRequest) -> IncidentDetail:
        """The commander lets the public know. P0 needs nobody; P1 and P2 wait for this."""
        _do(lambda: desk.approve(incident_id, by=request.by, why=request.why), incident_id)
        return _detail(office, incident_id)

    @routes.get("/desk", tags=["desk"])
    def show_desk() -> DeskView:
        """How the desk is: its loops, what waits, what could not be understood, whose Watchdog is heard."""
        return office.view()

    return routes


def _detail(office: Office, incident_id: str) -> IncidentDetail:
    with office.desk.database.read() as connection:
        incident = store.find(connection, incident_id)
        if incident is None:
            raise _unknown(incident_id)
        return queries.detail(connection, incident)


def _do(act: Any, incident_id: str) -> Incident:
    try:
        incident: Incident = act()
    except UnknownIncident:
        raise _unknown(incident_id) from None
    except Refused as refused:
        errors = [{"field": "action", "allowed": [action.value for action in refused.allowed]}]
        raise Problem(status=409, code=refused.code, detail=str(refused), errors=errors) from refused
    return incident


def _unknown(incident_id: str) -> Problem:
    return Problem(status=404, code="not-found", detail=f"There is no incident {incident_id!r}.")


def _is_bearer(authorization: str, token: SecretStr) -> bool:
    """Compare in constant time; the comparison is of bytes, since a header may hold anything."""
    scheme, _, given = authorization.partition(" ")
    expected = token.get_secret_value().encode()
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), expected)


async def _limited(request: Request) -> bytes | None:
    """Return the body, or None as soon as it is larger than the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > HOOK_BODY_LIMIT_BYTES:
        return None
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > HOOK_BODY_LIMIT_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)
