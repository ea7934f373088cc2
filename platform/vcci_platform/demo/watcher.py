"""The watcher: reads what everybody can read, from the desk and from the sandbox, and writes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, get_args

import httpx

from vcci_platform.demo.story import Alarm, Deadline, Entry, Incident, Page, Promise, Scene
from vcci_platform.errors import PlatformError
from vcci_slo.plan import Priority

__all__ = ["NotSeen", "Watcher"]

ANSWER_SECONDS: Final = 5.0
PRIORITIES: Final = frozenset(get_args(Priority))


class NotSeen(PlatformError):
    """What a demonstration shows could not be read."""


class Watcher:
    """Someone who looks at the desk's API, the pager and the status page."""

    def __init__(self, desk: str, sandbox: str, promise: str, client: httpx.Client | None = None) -> None:
        self._desk = desk
        self._sandbox = sandbox
        self._promise = promise
        self._client = client or httpx.Client(timeout=ANSWER_SECONDS, trust_env=False)
        self._incident_id: str | None = None

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def look(self) -> Scene:
        """Return what can be seen now."""
        seen = self._read(f"{self._sandbox}/sandbox/state")
        status = seen["statuspage"]
        # The Watchdog always fires and has no priority: it tells that somebody can tell.
        active = [alert for alert in self._read(f"{self._desk}/v1/alerts")["active"] if alert["priority"] in PRIORITIES]
        return Scene(
            at=datetime.now(UTC),
            promise=_promise(self._read(f"{self._desk}/v1/slos/{self._promise}")),
            alarms=tuple(sorted(map(_alarm, active), key=_by_priority)),
            incident=self._incident(),
            pages=tuple(_page(page) for page in reversed(seen["pagerduty"]["incidents"])),
            components=tuple((item["name"], item["status"]) for item in status["components"]),
            public=tuple((item["name"], item["status"]) for item in reversed(status["incidents"])),
        )

    def opens(self, url: str) -> bool:
        """Return whether a person who follows this link finds a page."""
        try:
            return self._client.get(url, follow_redirects=True).is_success
        except httpx.TransportError:
            return False

    def _incident(self) -> Incident | None:
        """Return the first incident that was seen, to its end."""
        if self._incident_id is None:
            listed = self._read(f"{self._desk}/v1/incidents")["items"]
            if not listed:
                return None
            self._incident_id = str(listed[-1]["id"])
        return _incident(self._read(f"{self._desk}/v1/incidents/{self._incident_id}"))

    def _read(self, url: str) -> Any:
        try:
            answer = self._client.get(url)
        except httpx.TransportError as error:
            raise NotSeen(f"{url} does not answer: {type(error).__name__}") from None
        if not answer.is_success:
            raise NotSeen(f"{url}: expected an answer, found {answer.status_code} {answer.text[:200]}")
        return answer.json()


def _by_priority(alarm: Alarm) -> tuple[str, str, str]:
    return alarm.priority, alarm.name, alarm.tier


def _promise(told: dict[str, Any]) -> Promise:
    budget = told["budget"]
    fastest = (told["burn"] or [{}])[0]
    return Promise(
        told["name"], told["state"], budget["total"], budget["sli"], budget["remaining"], fastest.get("short")
    )


def _alarm(told: dict[str, Any]) -> Alarm:
    return Alarm(told["alert"], told["labels"].get("tier", ""), told["priority"], told["state"], told["summary"])


def _incident(told: dict[str, Any]) -> Incident:
    following = told["next_deadline"]
    return Incident(
        id=told["id"],
        title=told["title"],
        priority=told["priority"],
        state=told["state"],
        level=told["level"],
        publication=told["publication"],
        timeline=tuple(Entry(entry["kind"], entry["text"]) for entry in told["timeline"]),
        deadline=Deadline(following["kind"], datetime.fromisoformat(following["due_at"])) if following else None,
    )


def _page(told: dict[str, Any]) -> Page:
    return Page(
        key=told["dedup_key"],
        status=told["status"],
        severity=told["severity"],
        summary=told["summary"],
        rang=told["notifications"],
        links=tuple((link["href"], link.get("text", "")) for link in told["links"]),
    )
