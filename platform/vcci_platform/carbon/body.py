"""A limit on the size of request bodies, before anything of them is kept."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vcci_platform.problems import Problem, problem_response
from vcci_platform.telemetry.endpoints import FOUND, match

__all__ = ["BodyLimit"]

MULTIPART_ALLOWANCE_BYTES = 64 * 1024
"""What the form around a file may add to it."""


class BodyLimit:
    """Refuses bodies that are larger than the largest file, by their announced length or while they arrive.

    The framework would read a whole form to disk before it asks anybody whether that was wanted.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        detail = f"The request's body may have {self._most} bytes; split the file."
        headers = {"Connection": "close"}
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdigit() and int(announced) > self._most + MULTIPART_ALLOWANCE_BYTES:
            endpoint = match(scope["app"].routes, scope)
            if endpoint is not None:
                scope[FOUND] = endpoint
            problem = Problem(status=413, code="too-large", detail=detail, headers=headers)
            await problem_response(problem)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most + MULTIPART_ALLOWANCE_BYTES:
                # The framework turns any other exception of a body that it reads into a 400.
                raise HTTPException(413, detail, headers=headers)
            return message

        await self._app(scope, counted, send)
