"""The edge in front of the stand-ins: it notes every call and carries out the faults that are set.

A pure ASGI middleware, since a fault may have to close the connection without an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from http.client import responses
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vcci_platform.sandbox.faults import Fault
from vcci_platform.sandbox.kinds import Vendor, kind_of, vendor_of
from vcci_platform.sandbox.pagerduty import REST_CALLS_A_MINUTE
from vcci_platform.sandbox.pagerduty.refusals import RATE_LIMITED
from vcci_platform.sandbox.state import Call, Sandbox

__all__ = ["DroppedConnection", "VendorEdge", "with_connection"]

_ABORT: Final = "vcci.sandbox.abort"  # scope key: a function that closes the connection at once
_STOPPING: Final = "vcci.sandbox.stopping"  # scope key: an event that is set when the server is told to end
_READ_AHEAD_BYTES: Final = 2 * 1024 * 1024

_SENTENCE: Final = "The sandbox answers this status because its fault switch says so."


class DroppedConnection(ConnectionError):
    """The sandbox was told to close this connection without an answer."""


class VendorEdge:
    """Wrap an application so that calls to the vendors' paths are noted and spoiled as told."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self._app = app
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = vendor_of(scope["path"]) if scope["type"] == "http" else None
        if target is None:
            await self._app(scope, receive, send)
            return
        fault = self._sandbox.faults.take(target, kind_of(target, scope["method"], scope["path"]))
        answered: list[int] = []
        scope.setdefault("state", {})["note"] = ""

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.append(message["status"])
            await send(message)

        async def swallow(_message: Message) -> None:
            """Answer nothing: the call was carried out, the caller does not learn it."""

        try:
            if fault is None:
                await self._app(scope, receive, watch)
                return
            if fault.hang_seconds:
                receive = await _read_ahead(receive)
                await _hang(scope, fault.hang_seconds)
            if fault.status is not None:
                await _refuse(target, fault, scope["path"], receive, watch)
            elif fault.drop is None:
                await self._app(scope, receive, watch)
            else:
                if fault.drop == "after":
                    await self._app(scope, receive, swallow)
                await _close(scope, receive)
        finally:
            self._note(scope, target, answered, fault)

    def _note(self, scope: Scope, target: Vendor, answered: list[int], fault: Fault | None) -> None:
        status = answered[0] if answered else None
        note = scope["state"]["note"]
        if not note and not fault and status is not None and status >= 400:
            note = f"refused: {responses.get(status, status)}".lower()
        self._sandbox.calls.append(
            Call(
                at=self._sandbox.clock.now(),
                target=target,
                method=scope["method"],
                path=scope["path"],
                status=status,
                note=note,
                fault=fault.words if fault else "",
            )
        )


def with_connection(app: ASGIApp, stopping: asyncio.Event) -> ASGIApp:
    """Return the application, told at every request how to close the connection under it, and when all must end.

    Only the outermost application sees the server's own `send`, whose owner holds the transport (uvicorn).
    """

    async def outermost(scope: Scope, receive: Receive, send: Send) -> None:
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if transport is not None:
            scope[_ABORT] = transport.abort
        scope[_STOPPING] = stopping
        await app(scope, receive, send)

    return outermost


async def _read_ahead(receive: Receive) -> Receive:
    """Return a `receive` that has the whole body already: who hangs up on a slow vendor has still been heard."""
    messages: list[Message] = []
    size, more = 0, True
    while more and size <= _READ_AHEAD_BYTES:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        more = message.get("more_body", False)

    async def replay() -> Message:
        return messages.pop(0) if messages else await receive()

    return replay


async def _hang(scope: Scope, seconds: float) -> None:
    """Wait, but not longer than the server lives."""
    stopping: asyncio.Event = scope.get(_STOPPING) or asyncio.Event()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


async def _close(scope: Scope, receive: Receive) -> None:
    """Close the connection without an answer; a server that cannot is told by an exception."""
    abort: Callable[[], None] | None = scope.get(_ABORT)
    if abort is None:
        raise DroppedConnection("the sandbox closed this connection without an answer, as its fault switch says")
    abort()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(target: Vendor, fault: Fault, path: str, receive: Receive, send: Send) -> None:
    """Answer a status in the vendor's form, after the body has been read."""
    while (await receive()).get("more_body"):
        pass
    status = fault.status or 500
    headers, body = ([], "") if fault.bare else _vendors_words(target, status, path)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})


def _vendors_words(target: Vendor, status: int, path: str) -> tuple[list[tuple[bytes, bytes]], str]:
    """Return the headers and the body with which the vendor answers this status."""
    if target == "slack":
        headers = [(b"content-type", b"text/plain")]
        if path.startswith("/api/"):
            headers = [(b"content-type", b"application/json")]
        if status == 429:
            headers.append((b"retry-after", b"1"))
        word = "ratelimited" if status == 429 else "internal_error"
        return headers, json.dumps({"ok": False, "error": word}) if path.startswith("/api/") else "rollup_error"
    headers = [(b"content-type", b"application/json")]
    if target == "statuspage":
        return headers, json.dumps({"message": _SENTENCE})
    if path.startswith("/v2/"):
        return headers, json.dumps({"status": "error", "message": _SENTENCE, "errors": [_SENTENCE]})
    if status == 429:
        limit = str(REST_CALLS_A_MINUTE).encode()
        headers += [(b"ratelimit-limit", limit), (b"ratelimit-remaining", b"0"), (b"ratelimit-reset", b"1")]
        return headers, json.dumps({"error": {"message": "Rate Limit Exceeded", "code": RATE_LIMITED, "errors": []}})
    error = {"message": "Internal Server Error", "code": 2000, "errors": [_SENTENCE]}
    return headers, json.dumps({"error": error})
