"""`/v1/pages/{page}/…` of Statuspage: incidents and components, with the vendor's refusals."""

from __future__ import annotations

import secrets
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from vcci_platform.sandbox.constants import PAGE_ID, STATUSPAGE_API_KEY
from vcci_platform.sandbox.forms import ClosedForm, NotAnObject, read_object, sentences
from vcci_platform.sandbox.refusal import Refused
from vcci_platform.sandbox.state import Sandbox
from vcci_platform.sandbox.statuspage import CALLS_A_MINUTE
from vcci_platform.sandbox.statuspage.forms import (
    WHERE_ELSE,
    CreateForm,
    PatchComponentForm,
    PatchForm,
    PatchUpdateForm,
    PostmortemForm,
    PublishForm,
)
from vcci_platform.sandbox.statuspage.model import (
    Component,
    Incident,
    NotNow,
    Statuspage,
    UnknownComponent,
    UnknownUpdate,
)
from vcci_platform.sandbox.statuspage.shape import (
    component_shape,
    incident_shape,
    postmortem_shape,
    update_shape,
)

__all__ = ["router"]

ROWS = 100  # the most that the vendor lists on one page
RATE_EXCEEDED = (420, 429)  # the page on limits says "420 or 429", so they take turns here
BODY_BYTES = 1024 * 1024

FormT = TypeVar("FormT", bound=ClosedForm)
RowT = TypeVar("RowT")


def router(sandbox: Sandbox) -> APIRouter:
    """Return Statuspage's paths over the given state."""
    api = _Api(sandbox)
    routes = APIRouter(prefix="/v1/pages/{page_id}", include_in_schema=False)
    routes.add_api_route("/incidents", api.create_incident, methods=["POST"])
    routes.add_api_route("/incidents", api.list_incidents, methods=["GET"])
    routes.add_api_route("/incidents/unresolved", api.list_unresolved, methods=["GET"])
    routes.add_api_route("/incidents/{incident_id}", api.get_incident, methods=["GET"])
    routes.add_api_route("/incidents/{incident_id}", api.patch_incident, methods=["PATCH"])
    routes.add_api_route(
        "/incidents/{incident_id}/incident_updates/{update_id}", api.patch_update, methods=["PATCH", "PUT"]
    )
    routes.add_api_route("/incidents/{incident_id}/postmortem", api.get_postmortem, methods=["GET"])
    routes.add_api_route("/incidents/{incident_id}/postmortem", api.draft_postmortem, methods=["PUT"])
    routes.add_api_route("/incidents/{incident_id}/postmortem/publish", api.publish_postmortem, methods=["PUT"])
    routes.add_api_route("/incidents/{incident_id}/postmortem/revert", api.revert_postmortem, methods=["PUT"])
    routes.add_api_route("/components", api.list_components, methods=["GET"])
    routes.add_api_route("/components/{identifier}", api.get_component, methods=["GET"])
    routes.add_api_route("/components/{identifier}", api.patch_component, methods=["PATCH"])
    return routes


class _Api:
    """The calls. Each first asks who is calling, how often, and for which page, in the vendor's order."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._refusals = 0

    async def create_incident(self, request: Request, page_id: str) -> JSONResponse:
        self._enter(request, page_id)
        form = await _read(CreateForm, request)
        try:
            incident = self._sandbox.create_incident(form.incident)
        except UnknownComponent as error:
            raise _refused(422, str(error)) from error
        request.state.note = f"incident {incident.id} created: {incident.name}"
        return JSONResponse(self._show(request, incident), status_code=201)

    async def patch_incident(self, request: Request, page_id: str, incident_id: str) -> JSONResponse:
        page = self._enter(request, page_id)
        form = await _read(PatchForm, request)
        try:
            incident = self._sandbox.patch_incident(_incident(page, incident_id), form.incident)
        except UnknownComponent as error:
            raise _refused(422, str(error)) from error
        request.state.note = f"incident {incident.id} updated: {incident.status}"
        return JSONResponse(self._show(request, incident))

    async def list_incidents(
        self, request: Request, page_id: str, q: str = "", limit: int = ROWS, page: int = 1
    ) -> JSONResponse:
        found = [incident for incident in self._enter(request, page_id).incidents if _matches(incident, q)]
        return JSONResponse([self._show(request, incident) for incident in _rows(found, page, limit)])

    async def list_unresolved(
        self, request: Request, page_id: str, page: int = 1, per_page: int = ROWS
    ) -> JSONResponse:
        found = [incident for incident in self._enter(request, page_id).incidents if incident.status != "resolved"]
        return JSONResponse([self._show(request, incident) for incident in _rows(found, page, per_page)])

    async def get_incident(self, request: Request, page_id: str, incident_id: str) -> JSONResponse:
        return JSONResponse(self._show(request, _incident(self._enter(request, page_id), incident_id)))

    async def patch_update(self, request: Request, page_id: str, incident_id: str, update_id: str) -> JSONResponse:
        incident = _incident(self._enter(request, page_id), incident_id)
        form = await _read(PatchUpdateForm, request)
        try:
            update = self._sandbox.patch_update(incident, update_id, form.incident_update)
        except UnknownUpdate as error:
            raise _refused(404, str(error)) from error
        request.state.note = f"update {update.id} of incident {incident.id} put right"
        return JSONResponse(update_shape(update, incident.id))

    async def get_postmortem(self, request: Request, page_id: str, incident_id: str) -> JSONResponse:
        postmortem = _incident(self._enter(request, page_id), incident_id).postmortem
        if postmortem is None:
            raise _refused(404, f"The incident {incident_id} has no postmortem")
        return JSONResponse(postmortem_shape(postmortem))

    async def draft_postmortem(self, request: Request, page_id: str, incident_id: str) -> JSONResponse:
        incident = _incident(self._enter(request, page_id), incident_id)
        form = await _read(PostmortemForm, request)
        postmortem = self._sandbox.draft_postmortem(incident, form)
        request.state.note = f"postmortem of incident {incident.id} drafted"
        return JSONResponse(postmortem_shape(postmortem))

    async def publish_postmortem(self, request: Request, page_id: str, incident_id: str) -> JSONResponse:
        incident = _incident(self._enter(request, page_id), incident_id)
        form = await _read(PublishForm, request)
        try:
            postmortem = self._sandbox.publish_postmortem(incident, form)
        except NotNow as error:
            raise _refused(400, str(error)) from error
        request.state.note = f"postmortem of incident {incident.id} published"
        return JSONResponse(postmortem_shape(postmortem))

    async def revert_postmortem(self, request: Request, page_id: str, incident_id: str) -> JSONResponse:
        incident = _incident(self._enter(request, page_id), incident_id)
        try:
            postmortem = self._sandbox.revert_postmortem(incident)
        except NotNow as error:
            raise _refused(400, str(error)) from error
        request.state.note = f"postmortem of incident {incident.id} hidden again"
        return JSONResponse(postmortem_shape(postmortem))

    async def list_components(
        self, request: Request, page_id: str, page: int = 1, per_page: int = ROWS
    ) -> JSONResponse:
        components = list(self._enter(request, page_id).components)
        return JSONResponse([component_shape(component) for component in _rows(components, page, per_page)])

    async def get_component(self, request: Request, page_id: str, identifier: str) -> JSONResponse:
        return JSONResponse(component_shape(_component(self._enter(request, page_id), identifier)))

    async def patch_component(self, request: Request, page_id: str, identifier: str) -> JSONResponse:
        known = _component(self._enter(request, page_id), identifier)
        form = await _read(PatchComponentForm, request)
        component = self._sandbox.patch_component(known.id, form.component)
        request.state.note = f"component {component.id}: {component.status}"
        return JSONResponse(component_shape(component))

    def _enter(self, request: Request, page_id: str) -> Statuspage:
        given = request.headers.get("authorization", "")
        if not secrets.compare_digest(given.encode(), f"OAuth {STATUSPAGE_API_KEY}".encode()):
            raise _refused(401, "Could not authenticate: expected the header 'Authorization: OAuth <key>'")
        if not self._sandbox.statuspage_window.admit(STATUSPAGE_API_KEY, self._sandbox.clock.now()):
            self._refusals += 1
            raise _refused(
                RATE_EXCEEDED[(self._refusals - 1) % 2], f"More than {CALLS_A_MINUTE} calls in 60 s with this token"
            )
        if page_id != PAGE_ID:
            raise _refused(404, f"The requested page could not be found: {page_id}")
        return self._sandbox.statuspage

    def _show(self, request: Request, incident: Incident) -> dict[str, Any]:
        return incident_shape(incident, self._sandbox.statuspage, base_url=str(request.base_url))


def _incident(page: Statuspage, identifier: str) -> Incident:
    incident = page.incident(identifier)
    if incident is None:
        raise _refused(404, f"The requested incident could not be found: {identifier}")
    return incident


def _component(page: Statuspage, identifier: str) -> Component:
    try:
        return page.component(identifier)
    except UnknownComponent as error:
        raise _refused(404, str(error)) from error


def _refused(status: int, message: str) -> Refused:
    return Refused(JSONResponse({"message": message}, status_code=status), message)


async def _read(form: type[FormT], request: Request) -> FormT:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        found = content_type or "no Content-Type"
        raise _refused(422, f"expected Content-Type application/json, found {found}: the body would be read as a form")
    body = await request.body()
    if len(body) > BODY_BYTES:
        raise _refused(413, f"expected at most {BODY_BYTES} bytes, found {len(body)}")
    try:
        return form.model_validate(read_object(body))
    except NotAnObject as error:
        raise _refused(400, str(error)) from error
    except ValidationError as error:
        raise _refused(422, "; ".join(sentences(error, where_else=WHERE_ELSE))) from error


def _matches(incident: Incident, query: str) -> bool:
    """Return whether the vendor's search finds the incident: by name, status, or what its updates say."""
    wanted = query.lower()
    texts = (incident.name, incident.status, *(update.body for update in incident.updates))
    return any(wanted in text.lower() for text in texts)


def _rows(rows: list[RowT], page: int, size: int) -> list[RowT]:
    size = min(max(size, 1), ROWS)
    start = (max(page, 1) - 1) * size
    return rows[start : start + size]
