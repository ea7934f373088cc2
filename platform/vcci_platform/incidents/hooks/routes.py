"""Where others speak to the desk: Alertmanager and PagerDuty. What they say is stored first and understood soon after.

Their answers to a status differ. Alertmanager asks again after a 5xx and after nothing else. PagerDuty asks again
after a timeout, 429 and 5xx for two days, and drops what is answered by another 4xx; after three of those it stops.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect

from vcci_platform.incidents.hooks import alertmanager, pagerduty
from vcci_platform.incidents.hooks.certificates import client_names
from vcci_platform.incidents.hooks.places import Full, Places
from vcci_platform.incidents.hooks.speakers import Speakers
from vcci_platform.incidents.inbox import Receipt
from vcci_platform.incidents.tasks import Desk
from vcci_platform.problems import Problem
from vcci_platform.telemetry import logs

__all__ = ["HOOK_BODY_LIMIT_BYTES", "hook_routes"]

HOOK_BODY_LIMIT_BYTES = 16 * 1024 * 1024
"""Alertmanager sets no limit of its own: about ten thousand alerts fit."""

LONGEST_NUMBER = 20
"""Digits in the length of any body; of a longer one the bytes themselves are counted."""

log = logs.get(__name__)


def hook_routes(desk: Desk, speakers: Speakers, places: Places | None = None) -> APIRouter:
    """Return the hooks of a desk; without a secret, PagerDuty's is refused."""
    routes = APIRouter(prefix="/hooks", tags=["hooks"])
    storing = places or Places()

    def refuse(source: str, problem: Problem) -> Problem:
        desk.metrics.desk_inbox.labels(source, "refused").inc()
        log.warning("delivery_refused", origin=source, code=problem.code)
        return problem

    async def store(source: str, accept: Callable[[], Receipt]) -> dict[str, Any]:
        try:
            receipt = await storing.carry_out(accept)
        except (SQLAlchemyError, Full) as error:
            log.warning("delivery_not_stored", origin=source, error=type(error).__name__)
            detail = "The desk cannot store anything now; please send it again."
            headers = {"Retry-After": "5"}
            problem = Problem(status=503, code="store-unavailable", detail=detail, headers=headers)
            raise refuse(source, problem) from error
        return {"id": receipt.id, "duplicate": receipt.duplicate}

    async def body_within(source: str, request: Request, limit: int) -> bytes:
        try:
            return await _limited(request, limit)
        except Problem as problem:
            raise refuse(source, problem) from problem.__cause__

    @routes.post("/alertmanager", status_code=202)
    async def from_alertmanager(request: Request, authorization: Annotated[str, Header()] = "") -> dict[str, Any]:
        """Take a notification of Alertmanager (webhook version 4). It is stored as it is and understood soon after.

        401 without the right bearer token, or 403 on the port of certificates for one that names nobody who may speak;
        413 when it is too large, 503 while it cannot be stored: Alertmanager asks again after a 5xx and after nothing
        else.
        """
        source = alertmanager.SOURCE
        shown = client_names(request.scope)
        if not _is_bearer(authorization, speakers.tokens()) and (problem := _unknown(shown, speakers.certified)):
            raise refuse(source, problem)
        body = await body_within(source, request, HOOK_BODY_LIMIT_BYTES)
        return await store(source, lambda: desk.accept(source, body))

    @routes.post("/pagerduty", status_code=202)
    async def from_pagerduty(
        request: Request,
        x_pagerduty_signature: Annotated[list[str] | None, Header()] = None,
        x_webhook_id: Annotated[str, Header()] = "",
    ) -> dict[str, Any]:
        """Take a webhook of PagerDuty (version 3), signed over its raw bytes. It is understood soon after.

        403 when no signature is that of a known secret, 413 when it is larger than PagerDuty sends, 503 while it
        cannot be stored. What is signed is always taken, whatever it says; the same delivery again changes nothing.
        """
        source = pagerduty.SOURCE
        body = await body_within(source, request, pagerduty.BODY_LIMIT_BYTES)
        signatures = ",".join(x_pagerduty_signature or ())
        if not pagerduty.is_signed(body, signatures, speakers.webhook_secrets()):
            detail = "No signature in X-PagerDuty-Signature is one of a secret that the desk knows."
            raise refuse(source, Problem(status=403, code="wrong-signature", detail=detail))
        return await store(source, lambda: desk.accept(source, body, pagerduty.delivery_key(body, x_webhook_id)))

    return routes


def _unknown(shown: frozenset[str] | None, may: frozenset[str]) -> Problem | None:
    """Return why somebody without the token may not speak; `shown` are the names in their verified certificate."""
    if shown is None:
        detail = "Send the token of this hook as 'Authorization: Bearer …'."
        return Problem(status=401, code="unauthorized", detail=detail, headers={"WWW-Authenticate": "Bearer"})
    if may and not shown & may:
        names = ", ".join(sorted(shown)) or "nobody"
        return Problem(
            status=403,
            code="unknown-certificate",
            detail=f"The certificate is of {names}, and DESK_HOOK_CLIENT_NAMES does not name it.",
        )
    return None


def _is_bearer(authorization: str, tokens: Iterable[str]) -> bool:
    """Compare in constant time; the comparison is of bytes, since a header may hold anything."""
    scheme, _, given = authorization.partition(" ")
    matches = [hmac.compare_digest(given.strip().encode(), token.encode()) for token in tokens]
    return scheme.lower() == "bearer" and any(matches)


async def _limited(request: Request, limit: int) -> bytes:
    """Return the body, or refuse it as soon as it is larger than the limit, or ends before it is whole."""
    too_large = Problem(status=413, code="too-large", detail=f"A notification may have at most {limit} bytes.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and len(declared) < LONGEST_NUMBER and int(declared) > limit:
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise too_large
            parts.append(part)
    except ClientDisconnect as error:
        detail = "The connection ended before the notification did."
        raise Problem(status=400, code="cut-off", detail=detail) from error
    return b"".join(parts)
