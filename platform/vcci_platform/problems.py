"""Errors that a caller of the HTTP API sees, as RFC 9457 problem documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

__all__ = ["MEDIA_TYPE", "Problem", "install", "problem_response", "refusals"]

MEDIA_TYPE = "application/problem+json"
MOST_SHOWN = 80


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
        errors = [_mistake(item) for item in error.errors()]
        detail = "The request does not have the expected form; see errors."
        return problem_response(Problem(status=422, code="invalid-request", detail=detail, errors=errors))

    @app.exception_handler(HTTPException)
    async def on_http(_request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}.get(error.status_code, "http-error")
        detail = _PLAINER.get(str(error.detail), str(error.detail))
        return problem_response(Problem(status=error.status_code, code=code, detail=detail, headers=error.headers))

    @app.exception_handler(Exception)
    async def on_surprise(_request: Request, _error: Exception) -> JSONResponse:
        # The exception itself goes on to the log; the caller learns nothing of the inside.
        detail = "The service failed to answer; it was logged, and trying again may help."
        return problem_response(Problem(status=500, code="internal-error", detail=detail))


_PLAINER = {
    "Not Found": "There is nothing at this path; /docs lists what there is.",
    "Method Not Allowed": "This path does not take this method; /docs lists what it takes.",
}
"""What the framework says of a request that no route takes; a path may hold a secret, so none is said."""


_MEANINGS = {
    401: "No key, or one that is not valid",
    404: "There is nothing of that name; `detail` names the nearest",
    409: "What is there does not allow it",
    422: "The request is not as expected: `errors` has each field and the reason",
    503: "It cannot be told now; `Retry-After` says when to ask again",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the reference of an API says of refusals, for the `responses` of its routes."""
    schema = {
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "Stable; what a program decides by"},
            "detail": {"type": "string", "description": "A sentence for a person"},
            "errors": {"type": "array", "items": {"type": "object"}},
        },
    }
    return {
        status: {"description": _MEANINGS[status], "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses
    }


def _mistake(item: Mapping[str, Any]) -> dict[str, str]:
    """Return where a mistake is and what was expected there; what the library says of most others is clear."""
    place = item["loc"]
    shown = "something else" if place[0] in {"header", "cookie"} else _shown(item.get("input"))
    match item["type"]:
        case "missing":
            reason = "expected a value, found none"
        case "extra_forbidden":
            reason = "expected no such field: nobody knows it"
        case "json_invalid":
            at, place = place[-1], place[:1]
            reason = f"expected JSON, found a mistake at character {at}: {item.get('ctx', {}).get('error', '')}"
        case "model_attributes_type" | "dict_type":
            reason = "expected a JSON object, with the header Content-Type: application/json"
        case "string_too_short":
            reason = f"expected text, found {shown}"
        case kind if kind.endswith("_parsing"):
            reason = f"expected {_KINDS.get(kind, 'another value')}, found {shown}"
        case "literal_error" | "enum":
            reason = f"expected {item['ctx']['expected']}, found {shown}"
        case "greater_than_equal" | "less_than_equal" | "greater_than" | "less_than":
            reason = f"{item['msg'].replace('Input should be', 'expected a value')}, found {shown}"
        case _:
            reason = item["msg"]
    return {"field": ".".join(str(part) for part in place), "reason": reason}


_KINDS = {
    "float_parsing": "a number",
    "int_parsing": "a whole number",
    "bool_parsing": "true or false",
    "datetime_from_date_parsing": "a moment such as 2026-11-28T02:00:00Z",
    "datetime_parsing": "a moment such as 2026-11-28T02:00:00Z",
    "date_from_datetime_parsing": "a day such as 2026-11-28",
}


def _shown(value: object) -> str:
    """Return what was found, short enough to be read; whole bodies are not said back."""
    return repr(value)[:MOST_SHOWN] if isinstance(value, str | int | float | bool) else "something else"
