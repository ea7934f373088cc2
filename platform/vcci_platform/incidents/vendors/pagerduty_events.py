"""PagerDuty's Events API v2, through PagerDuty's own client.

The client's habits are switched off: it would retry a 429 for ever and a network error for half a minute, sleeping.
All retrying is the outbox's.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pagerduty
from httpx2 import BaseTransport, ConnectError, ConnectTimeout, TransportError

from vcci_platform.clock import Clock
from vcci_platform.incidents.ports import Delivered, Failed, Outcome, Page
from vcci_platform.incidents.vendors.pace import Paces, Rate, own_paces, rate_key

__all__ = ["PagerDuty"]

# https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
SUMMARY_LIMIT_CHARACTERS = 1024
KEY_LIMIT_CHARACTERS = 255
EVENT_LIMIT_BYTES = 512_000

# https://developer.pagerduty.com/docs/events-api-v2/rate-limits/: about 120 a minute and key; some are left to others
EVENTS_PER_MINUTE = 110
AFTER_TOO_MANY = timedelta(seconds=30)

TIMEOUT_SECONDS = 8.0
"""An answer that takes longer is ambiguous; under the same key, asking again is harmless."""

CLIENT = "vcci"
TOO_MANY_REQUESTS = 429
REQUEST_TIMEOUT = 408
FIRST_SERVER_ERROR = 500


class PagerDuty:
    """The pager of one service: everything goes through one routing key, so that a key always names the same page."""

    def __init__(
        self,
        routing_key: str,
        clock: Clock,
        *,
        base_url: str = "https://events.pagerduty.com",
        ca_file: Path | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        transport: BaseTransport | None = None,
        paces: Paces | None = None,
    ) -> None:
        self._routing_key = routing_key
        self._base_url = base_url
        self._ca_file = ca_file
        self._timeout_seconds = timeout_seconds
        self._transport = transport
        self._client: pagerduty.EventsApiV2Client | None = None
        rate = Rate(rate_key("pagerduty-events", routing_key), EVENTS_PER_MINUTE)
        self._pace = (paces or own_paces(clock))(rate)

    def page(self, page: Page) -> Outcome:
        event = _within_limits(_event(page))
        return self._send(lambda client: client.send_event("trigger", _key(page.key), **event))

    def acknowledge(self, key: str) -> Outcome:
        return self._send(lambda client: client.send_event("acknowledge", _key(key)))

    def resolve(self, key: str) -> Outcome:
        return self._send(lambda client: client.send_event("resolve", _key(key)))

    def close(self) -> None:
        """Close the connections; the next page opens them again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _connected(self) -> pagerduty.EventsApiV2Client:
        """Return the client, made when it is first needed: the file that it trusts may come later than the desk."""
        if self._client is None:
            options: dict[str, Any] = {"transport": self._transport} if self._transport else {}
            if self._ca_file is not None:
                options["verify"] = ssl.create_default_context(cafile=str(self._ca_file))
            client = pagerduty.EventsApiV2Client(self._routing_key, base_url=self._base_url, **options)
            client.retry = {TOO_MANY_REQUESTS: -2}  # neither 0 ("for ever") nor -1 ("without limit"): answered at once
            client.max_http_attempts = 0
            client.max_network_attempts = 0
            client.timeout = self._timeout_seconds  # type: ignore[assignment]  # declared as an int, used as given
            self._client = client
        return self._client

    def _send(self, send: Callable[[pagerduty.EventsApiV2Client], str]) -> Outcome:
        if wait := self._pace.take().wait:
            return Failed("kept to PagerDuty's rate", retryable=True, after=wait, counts=False)
        try:
            return Delivered({"dedup_key": send(self._connected())})
        except pagerduty.HttpError as error:
            response: Any = error.response  # an HttpError always has one
            return _refused(response.status_code, response.text)
        except (pagerduty.Error, TransportError) as error:
            cause = error.__cause__ if isinstance(error, pagerduty.Error) else error
            never_left = isinstance(cause, ConnectError | ConnectTimeout)
            if never_left:
                self.close()  # what it trusts may have changed
            return Failed(f"no answer: {type(cause or error).__name__}", retryable=True, ambiguous=not never_left)
        except OSError as error:  # ssl.SSLError is one too
            return Failed(f"{self._ca_file} cannot be trusted yet: {error}", retryable=True)


def _refused(status: int, body: str) -> Failed:
    """Return what a status means: a bad event stays bad, a busy or broken vendor may take it later."""
    error = f"{status}: {body[:300]}"
    if status == TOO_MANY_REQUESTS:
        return Failed(error, retryable=True, after=AFTER_TOO_MANY)
    retryable = status >= FIRST_SERVER_ERROR or status == REQUEST_TIMEOUT
    return Failed(error, retryable=retryable, ambiguous=retryable)


def _key(key: str) -> str:
    if len(key) > KEY_LIMIT_CHARACTERS:
        raise ValueError(f"expected a key of at most {KEY_LIMIT_CHARACTERS} characters, found {len(key)}")
    return key


def _event(page: Page) -> dict[str, Any]:
    """Return the body of a trigger. Links stand beside the payload, not in it: there PagerDuty would drop them."""
    payload = {
        "summary": _shortened(page.summary, SUMMARY_LIMIT_CHARACTERS),
        "source": page.source,
        "severity": page.severity,
        "component": page.component,
        "group": page.group,
        "class": page.kind,
        "custom_details": dict(page.details),
    }
    event: dict[str, Any] = {
        "payload": {name: value for name, value in payload.items() if value},
        "client": CLIENT,
    }
    if page.url:
        event["client_url"] = page.url
    if page.links:
        event["links"] = [{"href": link.href, "text": link.text} for link in page.links]
    return event


def _within_limits(event: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(event).encode()) < EVENT_LIMIT_BYTES:
        return event
    kept: Mapping[str, Any] = event["payload"]["custom_details"]
    note = f"left out: the event was larger than {EVENT_LIMIT_BYTES} bytes"
    details = {"incident": kept.get("incident", ""), "note": note}
    return {**event, "payload": {**event["payload"], "custom_details": details}}


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
