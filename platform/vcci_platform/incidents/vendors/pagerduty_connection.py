"""One connection to PagerDuty's REST API v2: its client with its habits switched off, and what its answers mean.

The client would ask again after a 429 for ever and after a network error for half a minute, sleeping; a call here is
one request and one answer. Who called decides whether to ask again.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

import pagerduty
from httpx2 import BaseTransport, ConnectError, ConnectTimeout, Response, TransportError

from vcci_platform.clock import Clock
from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.vendors.pace import NO_WAIT, Paces, Rate, asked_rest, own_paces, rate_key

__all__ = ["TIMEOUT_SECONDS", "Answered", "Connection", "Refused", "listed"]

T = TypeVar("T")

# https://developer.pagerduty.com/docs/rest-api-rate-limits: 960 a minute and key; some are left to others
CALLS_PER_MINUTE = 900
RESET_HEADER, REMAINING_HEADER = "ratelimit-reset", "ratelimit-remaining"
AFTER_TOO_MANY = timedelta(seconds=30)
"""For a 429 that does not say when; PagerDuty warns that some do not."""

PAGE_SIZE = 100
MOST_ITEMS = 10_000
"""PagerDuty refuses offsets beyond it."""

TIMEOUT_SECONDS = 8.0
PAYMENT_REQUIRED, REQUEST_TIMEOUT, TOO_MANY_REQUESTS, FIRST_SERVER_ERROR = 402, 408, 429, 500
ERROR_CHARACTERS = 300


@dataclass(frozen=True)
class Answered(Generic[T]):
    """PagerDuty answered a question with this."""

    value: T


@dataclass(frozen=True)
class Refused(Failed):
    """PagerDuty said no: HTTP `status`, and its own `code`, 0 where it gave none."""

    status: int = 0
    code: int = 0

    @property
    def missing_ability(self) -> bool:
        """Whether the account's plan does not include what was asked for."""
        return self.status == PAYMENT_REQUIRED


class Connection:
    """Sends one request at a time under one token, within its rate."""

    def __init__(
        self,
        token: str,
        clock: Clock,
        *,
        sender: str = "",
        base_url: str = "https://api.pagerduty.com",
        ca_file: Path | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        transport: BaseTransport | None = None,
        paces: Paces | None = None,
    ) -> None:
        """`sender` is the mail address of a PagerDuty user: what people do to incidents is done in its name."""
        self._token = token
        self.sender = sender
        self._base_url = base_url
        self._ca_file = ca_file
        self._timeout_seconds = timeout_seconds
        self._transport = transport
        self._client: pagerduty.RestApiV2Client | None = None
        self._pace = (paces or own_paces(clock))(Rate(rate_key("pagerduty-rest", token), CALLS_PER_MINUTE))

    def get(self, path: str, **params: Any) -> Answered[Mapping[str, Any]] | Failed:
        """Return what stands at a path; a list in `params` becomes `name[]=` for each of its items."""
        return self._call(
            "GET", path, params={name: value for name, value in params.items() if value not in ("", None)}
        )

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Answered[Mapping[str, Any]] | Failed:
        """Send a change and return the answer."""
        return self._call(method, path, json=dict(body))

    def delete(self, path: str) -> Answered[Mapping[str, Any]] | Failed:
        """Take something away."""
        return self._call("DELETE", path)

    def every(self, path: str, collection: str, **params: Any) -> Answered[tuple[Mapping[str, Any], ...]] | Failed:
        """Return all items of a list, page after page."""
        found: list[Mapping[str, Any]] = []
        while len(found) < MOST_ITEMS:
            page = self.get(path, **params, limit=PAGE_SIZE, offset=len(found))
            if isinstance(page, Failed):
                return page
            items = tuple(listed(page.value, collection))
            found += items
            if not items or not page.value.get("more"):
                break
        return Answered(tuple(found))

    def close(self) -> None:
        """Close the connections; the next call opens them again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _call(self, method: str, path: str, **content: Any) -> Answered[Mapping[str, Any]] | Failed:
        if wait := self._pace.take().wait:
            return Failed("kept to PagerDuty's rate", retryable=True, after=wait, counts=False)
        try:
            response = self._connected().request(method, path, **content)
        except pagerduty.HttpError as error:
            answer: Any = error.response  # an HttpError always has one
            return self._refused(answer, writes=method != "GET")
        except (pagerduty.Error, TransportError) as error:
            cause = error.__cause__ if isinstance(error, pagerduty.Error) else error
            never_left = isinstance(cause, ConnectError | ConnectTimeout)
            if never_left:
                self.close()  # what it trusts may have changed
            ambiguous = method != "GET" and not never_left
            return Failed(f"no answer: {type(cause or error).__name__}", retryable=True, ambiguous=ambiguous)
        except OSError as error:  # ssl.SSLError is one too
            return Failed(f"{self._ca_file} cannot be trusted yet: {error}", retryable=True)
        self._heed(response)
        if not response.is_success:
            return self._refused(response, writes=method != "GET")
        return _understood(response, writes=method != "GET")

    def _connected(self) -> pagerduty.RestApiV2Client:
        """Return the client, made when it is first needed: the file that it trusts may come later than the desk."""
        if self._client is None:
            options: dict[str, Any] = {"transport": self._transport} if self._transport else {}
            if self._ca_file is not None:
                options["verify"] = ssl.create_default_context(cafile=str(self._ca_file))
            sender = self.sender or None
            client = pagerduty.RestApiV2Client(self._token, sender, base_url=self._base_url, **options)
            client.retry = {TOO_MANY_REQUESTS: -2}  # neither 0 ("for ever") nor -1 ("without limit"): answered at once
            client.max_http_attempts = 0
            client.max_network_attempts = 0
            client.timeout = self._timeout_seconds  # type: ignore[assignment]  # declared as an int, used as given
            self._client = client
        return self._client

    def _heed(self, response: Response) -> None:
        """Rest until PagerDuty's own window is over when it says that nothing is left of it."""
        if response.headers.get(REMAINING_HEADER) == "0" and (
            reset := asked_rest(response.headers.get(RESET_HEADER, ""), NO_WAIT)
        ):
            self._pace.rest(reset)

    def _refused(self, response: Response, *, writes: bool) -> Failed:
        """Return what a refusal means: a bad request stays bad, a busy or broken vendor may take it later."""
        status = response.status_code
        sentence, code = _error(response)
        error = f"{status}: {sentence}"
        if status == TOO_MANY_REQUESTS:
            after = asked_rest(response.headers.get(RESET_HEADER, ""), AFTER_TOO_MANY)
            self._pace.rest(after)
            return Refused(error, retryable=True, after=after, status=status, code=code)
        retryable = status >= FIRST_SERVER_ERROR or status == REQUEST_TIMEOUT
        return Refused(error, retryable=retryable, ambiguous=retryable and writes, status=status, code=code)


def listed(answer: Mapping[str, Any], collection: str) -> Iterator[Mapping[str, Any]]:
    """Yield the items of a list in an answer, none when it has no such list."""
    items = answer.get(collection)
    if isinstance(items, Sequence) and not isinstance(items, str):
        yield from (item for item in items if isinstance(item, Mapping))


def _understood(response: Response, *, writes: bool) -> Answered[Mapping[str, Any]] | Failed:
    if not response.content:
        return Answered({})
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        return Failed(f"{response.status_code} without an answer that is JSON", retryable=True, ambiguous=writes)
    return Answered(answer)


def _error(response: Response) -> tuple[str, int]:
    """Return PagerDuty's own words and code, or the beginning of whatever it said."""
    try:
        error = response.json()["error"]
        words = [str(error["message"]), *(str(one) for one in error.get("errors") or ())]
        code = error.get("code")
        return "; ".join(words)[:ERROR_CHARACTERS], code if isinstance(code, int) else 0
    except (ValueError, KeyError, TypeError, AttributeError):
        return response.text[:ERROR_CHARACTERS], 0
