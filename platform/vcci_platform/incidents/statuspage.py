"""Atlassian Statuspage, API v1, which has no idempotency key of any kind.

So that nothing is posted twice, every incident carries `metadata.ops` with our id and the number of the last effect;
after an attempt whose end is unknown the page is read before it is written. Duplicates would mail every customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from vcci_platform.clock import Clock
from vcci_platform.incidents.pace import Pace
from vcci_platform.incidents.ports import Delivered, Failed, Outcome, StatusPost

__all__ = ["Statuspage"]

# https://developer.statuspage.io/#section/Rate-Limiting: 60 in a rolling minute, then 420 or 429
CALLS_PER_MINUTE = 60
CALLS_OF_A_POST = 4
AFTER_TOO_MANY = timedelta(seconds=20)
TOO_MANY = frozenset({420, 429})

# https://developer.statuspage.io/#operation/postPagesPageIdIncidents
NAME_LIMIT_CHARACTERS = 255
BODY_LIMIT_CHARACTERS = 25_000
PAGE_SIZE = 100

TIMEOUT_SECONDS = 10.0
REQUEST_TIMEOUT = 408
FIRST_ERROR = 400
FIRST_SERVER_ERROR = 500
RESOLVED = "resolved"


class Statuspage:
    """One status page. `client` knows the address and the key; `page` is the page's id."""

    def __init__(self, client: httpx.Client, page: str, clock: Clock, *, notify: bool = True) -> None:
        self._client = client
        self._page = page
        self._notify = notify
        self._pace = Pace(CALLS_PER_MINUTE, timedelta(minutes=1), clock)
        self._ids: dict[str, str] = {}

    @classmethod
    def connect(cls, url: str, api_key: str, page: str, clock: Clock) -> Statuspage:
        """Return the page at this address."""
        client = httpx.Client(base_url=url, headers={"Authorization": f"OAuth {api_key}"}, timeout=TIMEOUT_SECONDS)
        return cls(client, page, clock)

    def show(self, post: StatusPost) -> Outcome:
        if wait := self._pace.wait(CALLS_OF_A_POST):
            return Failed("kept to Statuspage's rate", retryable=True, after=wait, counts=False)
        try:
            return self._show(post)
        except _Refused as refused:
            return refused.outcome
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return Failed(f"no connection: {type(error).__name__}", retryable=True)
        except httpx.TransportError as error:
            return Failed(f"no answer: {type(error).__name__}", retryable=True, ambiguous=True)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _show(self, post: StatusPost) -> Outcome:
        remote_id = post.remote_id
        if post.doubtful:
            found = self._find(post.incident_id) if remote_id is None else self._read(remote_id)
            if found is not None:
                remote_id = str(found["id"])
                if _seq(found) >= post.seq:
                    return Delivered({"id": remote_id, "found": True})
        if remote_id is None and post.status == RESOLVED:
            return Delivered({"nothing": "the page never showed this incident"})
        ids = self._component_ids(post.components)
        body = {"incident": _incident(post, ids, notify=self._notify)}
        if remote_id is None:
            answer = self._call("POST", "/incidents", json=body)
        else:
            answer = self._call("PATCH", f"/incidents/{remote_id}", json=body)
        missing = sorted(set(post.components) - set(ids))
        return Delivered({"id": str(answer["id"]), **({"unknown_components": missing} if missing else {})})

    def _find(self, incident_id: str) -> Mapping[str, Any] | None:
        """Return the page's incident that carries our id, if it has one that is not resolved."""
        page = 1
        while True:
            found = self._call("GET", "/incidents/unresolved", params={"page": page, "per_page": PAGE_SIZE})
            for incident in found:
                if _ops(incident).get("incident_id") == incident_id:
                    return dict(incident)
            if len(found) < PAGE_SIZE:
                return None
            page += 1

    def _read(self, remote_id: str) -> Mapping[str, Any] | None:
        return dict(self._call("GET", f"/incidents/{remote_id}"))

    def _component_ids(self, names: Mapping[str, str]) -> dict[str, str]:
        """Return the page's id of each public name, read once from the page itself."""
        page = 1
        while not set(names) <= set(self._ids):
            found = self._call("GET", "/components", params={"page": page, "per_page": PAGE_SIZE})
            self._ids |= {str(component["name"]): str(component["id"]) for component in found}
            if len(found) < PAGE_SIZE:
                break
            page += 1
        return {name: self._ids[name] for name in names if name in self._ids}

    def _call(self, method: str, path: str, **content: Any) -> Any:
        self._pace.take()
        response = self._client.request(method, f"/v1/pages/{self._page}{path}", **content)
        if response.status_code < FIRST_ERROR:
            return response.json()
        status = response.status_code
        error = f"{status}: {response.text[:300]}"
        if status in TOO_MANY:
            raise _Refused(Failed(error, retryable=True, after=_retry_after(response)))
        retryable = status >= FIRST_SERVER_ERROR or status == REQUEST_TIMEOUT
        raise _Refused(Failed(error, retryable=retryable, ambiguous=retryable and method != "GET"))


class _Refused(Exception):
    def __init__(self, outcome: Failed) -> None:
        super().__init__(outcome.error)
        self.outcome = outcome


def _incident(post: StatusPost, ids: Mapping[str, str], *, notify: bool) -> dict[str, Any]:
    incident: dict[str, Any] = {
        "name": post.name[:NAME_LIMIT_CHARACTERS],
        "status": post.status,
        "impact_override": post.impact,
        "body": post.body[:BODY_LIMIT_CHARACTERS],
        "deliver_notifications": notify,
        "metadata": {"ops": {"incident_id": post.incident_id, "seq": str(post.seq)}},
    }
    if ids:
        incident["components"] = {ids[name]: state for name, state in post.components.items() if name in ids}
        if post.status != RESOLVED:
            incident["component_ids"] = sorted(ids.values())
    return incident


def _ops(incident: Mapping[str, Any]) -> Mapping[str, Any]:
    ops = (incident.get("metadata") or {}).get("ops")
    return ops if isinstance(ops, dict) else {}


def _seq(incident: Mapping[str, Any]) -> int:
    seq = str(_ops(incident).get("seq", ""))
    return int(seq) if seq.isdigit() else -1


def _retry_after(response: httpx.Response) -> timedelta:
    seconds = response.headers.get("Retry-After", "")
    return timedelta(seconds=int(seconds)) if seconds.isdigit() else AFTER_TOO_MANY
