"""PagerDuty's refusals in REST: `{"error": {"message", "code", "errors"}}` with its own codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

__all__ = [
    "ALREADY_ACKNOWLEDGED",
    "ALREADY_RESOLVED",
    "INVALID_INPUT",
    "NOBODY_ON_CALL",
    "NOT_FOUND",
    "RATE_LIMITED",
    "UNAUTHORIZED",
    "UNKNOWN_REQUESTER",
    "RestRefusal",
    "invalid",
    "not_found",
]

# https://developer.pagerduty.com/docs/rest-api-v2/errors/
ALREADY_RESOLVED: Final = 1001
ALREADY_ACKNOWLEDGED: Final = 1002
UNKNOWN_REQUESTER: Final = 1008
NOBODY_ON_CALL: Final = 1015
INVALID_INPUT: Final = 2001
UNAUTHORIZED: Final = 2006
RATE_LIMITED: Final = 2020
NOT_FOUND: Final = 2100


class RestRefusal(Exception):
    """A call that is not carried out: the HTTP status, the vendor's code, and what it says."""

    def __init__(self, status: int, code: int, message: str, errors: Sequence[str] = ()) -> None:
        super().__init__("; ".join(errors) or message)
        self.status = status
        self.headers: dict[str, str] = {}
        self.body: dict[str, Any] = {"error": {"message": message, "code": code, "errors": list(errors)}}


def invalid(*errors: str) -> RestRefusal:
    """Return the refusal of an input that makes no sense."""
    return RestRefusal(400, INVALID_INPUT, "Invalid Input Provided", errors)


def not_found(what: str) -> RestRefusal:
    """Return the refusal of a call about something that is not there."""
    return RestRefusal(404, NOT_FOUND, "Not Found", [what])
