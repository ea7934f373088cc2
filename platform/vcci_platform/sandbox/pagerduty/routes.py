"""`POST /v2/enqueue` and `/v2/change/enqueue`, over TLS only, as PagerDuty answers them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from vcci_platform.sandbox.forms import ClosedForm, NotAnObject, read_object, sentences
from vcci_platform.sandbox.pagerduty import CALLS_A_MINUTE
from vcci_platform.sandbox.pagerduty.forms import (
    EVENT_BYTES,
    ROUTING_KEY_CHARACTERS,
    WHERE_ELSE,
    ChangeForm,
    EventForm,
)
from vcci_platform.sandbox.refusal import Refused
from vcci_platform.sandbox.state import Sandbox

__all__ = ["router"]

FormT = TypeVar("FormT", bound=ClosedForm)


def router(sandbox: Sandbox) -> APIRouter:
    """Return PagerDuty's paths over the given state."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/v2/enqueue")
    async def enqueue(request: Request) -> JSONResponse:
        form = _read(EventForm, await _body(request), sandbox)
        receipt = sandbox.take_event(form)
        request.state.note = f"{form.event_action} {receipt.dedup_key}: {receipt.outcome}"
        answer = {"status": "success", "message": "Event processed", "dedup_key": receipt.dedup_key}
        return JSONResponse(answer, status_code=202)

    @routes.post("/v2/change/enqueue")
    async def enqueue_change(request: Request) -> JSONResponse:
        form = _read(ChangeForm, await _body(request), sandbox)
        sandbox.note_change(form)
        request.state.note = f"change: {form.payload.summary}"
        return JSONResponse({"status": "success", "message": "Change event processed"}, status_code=202)

    return routes


async def _body(request: Request) -> bytes:
    """Return the body, at most as large as PagerDuty takes; a larger one is not even read to its end."""
    if request.url.scheme != "https":
        raise _refused(403, "https required", "PagerDuty is reached over TLS only; use the sandbox's TLS port")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > EVENT_BYTES:
            raise _refused(413, "event too large", f"An event has at most {EVENT_BYTES} bytes")
    return body


def _read(form: type[FormT], body: bytes, sandbox: Sandbox) -> FormT:
    """Return the event in the body, checked in PagerDuty's order: shape, key, limit, content."""
    try:
        value = read_object(body)
    except NotAnObject as error:
        raise _refused(400, "Unrecognized object", "Event object format is unrecognized", [str(error)]) from error
    if key_errors := _key_errors(value, sandbox):
        raise _refused(400, "invalid event", "Event object is invalid", key_errors)
    if not sandbox.pagerduty_window.admit(value["routing_key"], sandbox.clock.now()):
        sentence = f"More than {CALLS_A_MINUTE} calls in 60 s with this routing key; retry later"
        raise _refused(429, "throttle exceeded", sentence)
    try:
        return form.model_validate(value)
    except ValidationError as error:
        errors = sentences(error, where_else=WHERE_ELSE)
        raise _refused(400, "invalid event", "Event object is invalid", errors) from error


def _key_errors(value: dict[str, Any], sandbox: Sandbox) -> list[str]:
    key = value.get("routing_key")
    if not isinstance(key, str) or not key.strip():
        return ["'routing_key' is missing or blank"]
    if len(key) != ROUTING_KEY_CHARACTERS:
        return [f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY_CHARACTERS} characters)"]
    if sandbox.pagerduty.account.integration_by_key(key) is None:
        return ["Invalid routing key"]
    return []


def _refused(http_status: int, status: str, message: str, errors: Sequence[str] = ()) -> Refused:
    answer = JSONResponse({"status": status, "message": message, "errors": list(errors)}, status_code=http_status)
    return Refused(answer, "; ".join(errors) or message)
