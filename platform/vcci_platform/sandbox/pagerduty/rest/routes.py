"""PagerDuty's REST API v2 over HTTP: TLS, the key, the version, the rate limit and its headers, then the call."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from vcci_platform.sandbox.constants import PAGERDUTY_API_KEY
from vcci_platform.sandbox.forms import NotAnObject, read_object
from vcci_platform.sandbox.pagerduty import REST_CALLS_A_MINUTE
from vcci_platform.sandbox.pagerduty.refusals import INVALID_INPUT, RATE_LIMITED, UNAUTHORIZED, RestRefusal, invalid
from vcci_platform.sandbox.pagerduty.rest.call import Call
from vcci_platform.sandbox.pagerduty.rest.table import ROOTS
from vcci_platform.sandbox.refusal import Refused
from vcci_platform.sandbox.state import Sandbox

__all__ = ["router"]

BODY_BYTES: Final = 1024 * 1024
MEDIA_TYPE: Final = "application/vnd.pagerduty+json"
METHODS: Final = ["GET", "POST", "PUT", "DELETE"]


def router(sandbox: Sandbox) -> APIRouter:
    """Return the REST API's paths over the given state."""
    routes = APIRouter(include_in_schema=False)

    async def carry_out(request: Request) -> Response:
        headers: dict[str, str] = {}
        try:
            _enter(request)
            headers = _count(sandbox)
            _negotiate(request)
            call = Call(
                method=request.method,
                path=request.url.path.rstrip("/"),
                now=sandbox.clock.now(),
                query=_query(request),
                body=await _body(request),
                by=request.headers.get("from"),
            )
            answer = sandbox.rest(call)
        except RestRefusal as refusal:
            headers |= refusal.headers
            body = JSONResponse(refusal.body, status_code=refusal.status, headers=headers)
            raise Refused(body, str(refusal)) from refusal
        request.state.note = answer.note
        if answer.body is None:
            return Response(status_code=answer.status, headers=headers)
        return JSONResponse(answer.body, status_code=answer.status, headers=headers)

    for root in ROOTS:
        routes.add_api_route(f"/{root}", carry_out, methods=METHODS)
        routes.add_api_route(f"/{root}/{{rest:path}}", carry_out, methods=METHODS)
    return routes


def _enter(request: Request) -> None:
    if request.url.scheme != "https":
        sentence = "PagerDuty is reached over TLS only; use the sandbox's TLS port"
        raise RestRefusal(403, INVALID_INPUT, "https required", [sentence])
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme == "Token":
        key = key.strip().removeprefix("token=").strip('"')
    known = secrets.compare_digest(key.strip().encode(), PAGERDUTY_API_KEY.encode())
    if scheme not in {"Token", "Bearer"} or not known:
        sentence = "expected the header 'Authorization: Token token=<key>'"
        raise RestRefusal(401, UNAUTHORIZED, "Unauthorized", [sentence])


def _count(sandbox: Sandbox) -> dict[str, str]:
    """Count the call, and return the headers that say how many are left, and for how many seconds."""
    now = sandbox.clock.now()
    admitted = sandbox.rest_window.admit(PAGERDUTY_API_KEY, now)
    left, seconds = sandbox.rest_window.left(PAGERDUTY_API_KEY, now)
    headers = {
        "ratelimit-limit": str(REST_CALLS_A_MINUTE),
        "ratelimit-remaining": str(left),
        "ratelimit-reset": str(seconds),
    }
    if not admitted:
        refusal = RestRefusal(429, RATE_LIMITED, "Rate Limit Exceeded")
        refusal.headers = headers
        raise refusal
    return headers


def _negotiate(request: Request) -> None:
    accepted = request.headers.get("accept", "").replace(" ", "")
    if f"{MEDIA_TYPE};version=2" not in accepted:
        sentence = f"expected the header 'Accept: {MEDIA_TYPE};version=2', found {accepted or 'none'!r}"
        raise RestRefusal(406, INVALID_INPUT, "Not Acceptable", [sentence])


def _query(request: Request) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        found.setdefault(name, []).append(value)
    return found


async def _body(request: Request) -> dict[str, Any] | None:
    raw = await request.body()
    if not raw:
        return None
    if len(raw) > BODY_BYTES:
        sentence = f"expected at most {BODY_BYTES} bytes, found {len(raw)}"
        raise RestRefusal(413, INVALID_INPUT, "Request Entity Too Large", [sentence])
    if request.method == "GET":
        return None
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise invalid(f"expected Content-Type application/json, found {content_type or 'none'!r}")
    try:
        return read_object(raw)
    except NotAnObject as error:
        raise invalid(str(error)) from error
