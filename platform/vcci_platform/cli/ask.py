"""Questions to a running process over HTTP, with one clear sentence when it does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from vcci_platform.errors import PlatformError

__all__ = ["NotRunning", "RefusedQuestion", "ask", "tell"]

SECONDS = 10.0


class NotRunning(PlatformError):
    """Nothing answers where a process was expected."""


class RefusedQuestion(PlatformError):
    """The process answered, but not with what was asked."""


def ask(base: str, path: str, **parameters: Any) -> Any:
    """Return the answer of a process as data."""
    return _exchange(base, path, "GET", params=parameters)


def tell(base: str, path: str, body: Mapping[str, Any]) -> Any:
    """Send something to a process, and return its answer as data."""
    return _exchange(base, path, "POST", json=body)


def _exchange(base: str, path: str, method: str, **content: Any) -> Any:
    try:
        answer = httpx.request(method, base + path, timeout=SECONDS, **content)
    except httpx.HTTPError as error:
        raise NotRunning(
            f"expected the desk at {base}, found {type(error).__name__}; `vcci up` or `vcci desk` starts it, "
            "VCCI_DESK_URL says where it is"
        ) from None
    if answer.is_success:
        return answer.json()
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = answer.text[:200]
    raise RefusedQuestion(f"{base}{path} answered {answer.status_code}: {detail}")
