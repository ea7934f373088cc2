"""Errors that a caller of the HTTP API sees, as RFC 9457 problem documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

__all__ = ["Problem", "install", "problem_response"]

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An expected refusal: it has a status, a stable `code`, and a sentence that says what to do. It wakes nobody.

    `errors` lists what is wrong in the input, each with the place (`pointer`, `row` or `field`) and the reason.
    """

    def __init__(
        self,
        *,
        status: int,
        code: str,
        detail: str,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def problem_response(problem: Problem) -> JSONResponse:
    """Return the document that tells of a problem."""
    body: dict[str, Any] = {
        "type": f"https://docs.vcci-platform.com/problems/{problem.code}",
        "title": problem.code.replace("-", " ").capitalize(),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = [dict(error) for error in problem.errors]
    return JSONResponse(body, status_code=problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every refusal of `app` a problem document, those of the framework too."""

    @app.exception_handler(Problem)
    async def on_problem(_request: Request, error: Problem) -> JSONResponse:
        return problem_response(error)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"field": ".".join(str(part) for part in item["loc"]), "reason": item["msg"]} for item in error.errors()
        ]
        detail = "The request does not have the expected form; see errors."
        return problem_response(Problem(status=422, code="invalid-request", detail=detail, errors=errors))

    @app.exception_handler(HTTPException)
    async def on_http(_request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}.get(error.status_code, "http-error")
        return problem_response(
            Problem(status=error.status_code, code=code, detail=str(error.detail), headers=error.headers)
        )

    @app.exception_handler(Exception)
    async def on_surprise(_request: Request, _error: Exception) -> JSONResponse:
        # The exception itself goes on to the log; the caller learns nothing of the inside.
        detail = "The service failed to answer; it was logged, and trying again may help."
        return problem_response(Problem(status=500, code="internal-error", detail=detail))
