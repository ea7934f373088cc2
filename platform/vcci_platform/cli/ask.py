"""Questions to a running process over HTTP, with one clear sentence when it does not answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx

from vcci_platform.errors import PlatformError
from vcci_platform.settings import Settings

__all__ = [
    "WRONGLY",
    "Answer",
    "NotRunning",
    "OtherVersion",
    "RefusedQuestion",
    "ask",
    "every",
    "exit_code_of",
    "happenings",
    "introduced",
    "refusal",
    "silence",
    "tell",
    "untold",
]

SECONDS = 10.0
QUIET_SECONDS = 45.0
"""A stream of which nothing was heard for this long is cut: the desk says something every 15 s."""

UNAUTHORIZED, CONFLICT = 401, 409
NO, WRONGLY = 1, 2
MOST_AT_ONCE = 200


class NotRunning(PlatformError):
    """Nothing answers where a process was expected, so nobody can tell."""

    exit_code = 2


class RefusedQuestion(PlatformError):
    """The process answered, but not with what was asked: it is asked wrongly, or says no to what was to be done."""

    exit_code = 2


class OtherVersion(RefusedQuestion):
    """The process answered without something that cannot be left out: it is of another version than this command."""


class Answer(dict[str, Any]):
    """A part of an answer. What a process of another version leaves out is named, and is no surprise."""

    def __missing__(self, name: str) -> Any:
        raise OtherVersion(
            f"expected {name!r} in the answer of the desk, found {', '.join(sorted(self)) or 'nothing'}; it seems to "
            "be of another version than this command: start it anew, or use --json to read what it says"
        )


def untold(items: Iterable[Mapping[str, Any]], *names: str) -> str:
    """Return a sentence about what a process of another version does not tell, or nothing if it tells everything.

    >>> untold([{"state": "kept"}], "state", "outlook")
    'The desk does not tell outlook: it is of another version than this command.'
    """
    missing = [name for name in names if any(name not in item for item in items)]
    what = ", ".join(name.replace("_", " ") for name in missing)
    return f"The desk does not tell {what}: it is of another version than this command." if missing else ""


def ask(base: str, path: str, **parameters: Any) -> Any:
    """Return the answer of a process as data."""
    return _exchange(base, path, "GET", params=parameters)


def every(base: str, path: str, **parameters: Any) -> list[Any]:
    """Return every item of a list that comes in parts."""
    part = ask(base, path, limit=MOST_AT_ONCE, **parameters)
    items: list[Any] = part["items"]
    while cursor := part.get("next_cursor"):
        part = ask(base, path, limit=MOST_AT_ONCE, cursor=cursor, **parameters)
        items += part["items"]
    return items


def tell(base: str, path: str, body: Mapping[str, Any] | None = None, method: str = "POST") -> Any:
    """Send something to a process, and return its answer as data, None for one without words."""
    return _exchange(base, path, method, json=body)


def introduced() -> dict[str, str]:
    """Return the header that says who asks the desk: whoever VCCI_DESK_TOKEN belongs to."""
    token = Settings().desk_token
    return {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}


def silence(error: httpx.HTTPError) -> str:
    """Return in words why there is no answer."""
    match error:
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.ConnectError():
            return "nobody who listens"
        case _:
            return type(error).__name__


def happenings(base: str, path: str, after: int) -> Iterator[tuple[int, str, Any]]:
    """Yield what a process tells as server-sent events, as it happens: number of the line, kind, and data.

    It ends when the stream does; ask again from the last line on. `after` is the last line that is known.
    """
    number, kind = after, "message"
    quiet = httpx.Timeout(SECONDS, read=QUIET_SECONDS)
    try:
        with httpx.stream("GET", base + path, params={"after": after}, timeout=quiet, headers=introduced()) as answer:
            if not answer.is_success:
                answer.read()
                raise _denied(base, path, answer)
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    number = int(value)
                elif name == "event":
                    kind = value
                elif name == "data":
                    yield number, kind, json.loads(value, object_hook=Answer)
    except httpx.ConnectError as error:
        raise _not_running(base, error) from None
    except httpx.TransportError:
        return  # it was cut: whoever listens asks again, and is told when nobody is there


def _exchange(base: str, path: str, method: str, **content: Any) -> Any:
    try:
        answer = httpx.request(method, base + path, timeout=SECONDS, headers=introduced(), **content)
    except httpx.HTTPError as error:
        raise _not_running(base, error) from None
    if not answer.is_success:
        raise _denied(base, path, answer)
    try:
        return answer.json(object_hook=Answer) if answer.content else None
    except ValueError:
        raise RefusedQuestion(f"expected JSON from {base + path}, found {answer.text[:200]!r}") from None


def _not_running(base: str, error: httpx.HTTPError) -> NotRunning:
    return NotRunning(
        f"expected the desk at {base}, found {silence(error)}; `vcci up` or `vcci desk` starts it, "
        "VCCI_DESK_URL says where it is"
    )


def _denied(base: str, path: str, answer: httpx.Response) -> RefusedQuestion:
    if answer.status_code == UNAUTHORIZED:
        return RefusedQuestion(
            f"the desk at {base} wants to know who asks: put a token into VCCI_DESK_TOKEN; `vcci desk people add` "
            "makes one"
        )
    return refusal(base + path, answer)


def refusal(url: str, answer: httpx.Response) -> RefusedQuestion:
    """Return why a process refused, in its own words, with each mistake that it names."""
    try:
        told = answer.json()
        error = RefusedQuestion("\n".join(_sentences(told)))
    except (ValueError, KeyError, TypeError):
        error = RefusedQuestion(f"{url} answered {answer.status_code}: {answer.text[:200]}")
    error.exit_code = exit_code_of(answer.status_code)
    return error


def exit_code_of(status: int) -> int:
    """Return how a command ends that was refused with this status: 409 is a no, all else was asked wrongly.

    >>> exit_code_of(409), exit_code_of(404)
    (1, 2)
    """
    return NO if status == CONFLICT else WRONGLY


def _sentences(problem: Mapping[str, Any]) -> list[str]:
    detail = str(problem["detail"])
    mistakes = [
        f"{mistake['field']}: {mistake['reason']}" for mistake in problem.get("errors", ()) if "reason" in mistake
    ]
    return [detail, *(mistake for mistake in mistakes if detail not in mistake)]
