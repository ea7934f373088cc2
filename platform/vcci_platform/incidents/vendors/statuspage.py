"""Atlassian Statuspage, API v1, which has no idempotency key of any kind.

So that nothing is posted twice, every incident carries `metadata.ops` with our id and the number of the last effect;
after an attempt whose end is unknown the page is read before it is written. Duplicates would mail every customer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Self

import httpx

from vcci_platform.clock import Clock
from vcci_platform.incidents.ports import Delivered, Failed, Outcome, PostAtVendor, PublicReview, StatusPost
from vcci_platform.incidents.vendors.pace import Pace, Paces, Permit, Rate, asked_rest, own_paces, rate_key
from vcci_platform.incidents.vendors.statuspage_review import publish_review

__all__ = ["Statuspage"]

# https://developer.statuspage.io/#section/Rate-Limiting: 60 in a rolling minute and key, then 420 or 429; some are left
# to others
CALLS_PER_MINUTE = 56
CALLS_OF_A_POST = 4
"""Find it, read the components, write; an incident on a page of many needs more, and asks for them one by one."""
AFTER_TOO_MANY = timedelta(seconds=20)
TOO_MANY = frozenset({420, 429})

# https://developer.statuspage.io/#operation/postPagesPageIdIncidents
NAME_LIMIT_CHARACTERS = 255
BODY_LIMIT_CHARACTERS = 25_000
PAGE_SIZE = 100

TIMEOUT_SECONDS = 10.0
REQUEST_TIMEOUT = 408
NOT_FOUND = 404
FIRST_ERROR = 400
FIRST_SERVER_ERROR = 500
RESOLVED = "resolved"


class Statuspage:
    """One status page. `client` knows the address and the key, by which Statuspage counts; `page` is the page's id."""

    def __init__(
        self,
        client: httpx.Client,
        page: str,
        clock: Clock,
        *,
        notify: bool = True,
        paces: Paces | None = None,
    ) -> None:
        self._client = client
        self._page = page
        self._notify = notify
        rate = Rate(rate_key("statuspage", client.headers.get("Authorization", "")), CALLS_PER_MINUTE)
        self._pace = (paces or own_paces(clock))(rate)
        self._ids: dict[str, str] = {}

    @classmethod
    def connect(cls, url: str, api_key: str, page: str, clock: Clock, *, paces: Paces | None = None) -> Statuspage:
        """Return the page at this address."""
        client = httpx.Client(base_url=url, headers={"Authorization": f"OAuth {api_key}"}, timeout=TIMEOUT_SECONDS)
        return cls(client, page, clock, paces=paces)

    def show(self, post: StatusPost) -> Outcome:
        return self._in_words(lambda visit: self._show(visit, post))

    def _in_words(self, attempt: Callable[[_Visit], Outcome]) -> Outcome:
        try:
            with _Visit(self._client, self._page, self._pace) as visit:
                return attempt(visit)
        except _Refused as refused:
            return refused.outcome
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return Failed(f"no connection: {type(error).__name__}", retryable=True)
        except httpx.TransportError as error:
            return Failed(f"no answer: {type(error).__name__}", retryable=True, ambiguous=True)

    def post(self, remote_id: str) -> PostAtVendor | Failed | None:
        """Return what the page shows of an incident; None if it was taken away."""
        try:
            with _Visit(self._client, self._page, self._pace, calls=1) as visit:
                found = visit.read(remote_id)
        except _Refused as refused:
            return None if refused.status == NOT_FOUND else refused.outcome
        except httpx.TransportError as error:
            return Failed(f"no answer: {type(error).__name__}", retryable=True)
        updates, components = found.get("incident_updates") or (), found.get("components") or ()
        newest: Mapping[str, Any] = max(updates, key=lambda one: str(one.get("created_at", "")), default={})
        return PostAtVendor(
            str(found.get("status", "")),
            _seq(found),
            name=str(found.get("name", "")),
            words=str(newest.get("body") or ""),
            components={str(one.get("name")): str(one.get("status")) for one in components},
        )

    def review(self, review: PublicReview) -> Outcome:
        """Publish a review, once: what stands there is read first."""
        return self._in_words(lambda visit: publish_review(visit.read_if_any, visit.call, review))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _show(self, visit: _Visit, post: StatusPost) -> Outcome:
        remote_id = post.remote_id
        if post.doubtful:
            found = visit.find(post.incident_id) if remote_id is None else visit.read(remote_id)
            if found is not None:
                remote_id = str(found["id"])
                if _seq(found) >= post.seq:
                    return Delivered({"id": remote_id, "found": True})
        if remote_id is None and post.status == RESOLVED:
            return Delivered({"nothing": "the page never showed this incident"})
        ids = self._component_ids(visit, post.components)
        body = {"incident": _incident(post, ids, notify=self._notify)}
        if remote_id is None:
            answer = visit.call("POST", "/incidents", json=body)
        else:
            answer = visit.call("PATCH", f"/incidents/{remote_id}", json=body)
        missing = sorted(set(post.components) - set(ids))
        return Delivered({"id": str(answer["id"]), **({"unknown_components": missing} if missing else {})})

    def _component_ids(self, visit: _Visit, names: Mapping[str, str]) -> dict[str, str]:
        """Return the page's id of each public name, read once from the page itself."""
        page = 1
        while not set(names) <= set(self._ids):
            found = visit.call("GET", "/components", params={"page": page, "per_page": PAGE_SIZE})
            self._ids |= {str(component["name"]): str(component["id"]) for component in found}
            if len(found) < PAGE_SIZE:
                break
            page += 1
        return {name: self._ids[name] for name in names if name in self._ids}


class _Visit:
    """A few calls that belong together: they are counted before the first one, so that none of them has to wait."""

    def __init__(self, client: httpx.Client, page: str, pace: Pace, calls: int = CALLS_OF_A_POST) -> None:
        self._client = client
        self._page = page
        self._pace = pace
        self._left = calls
        self._permit = self._permitted(calls)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._left:
            self._permit.give_back(self._left)

    def call(self, method: str, path: str, **content: Any) -> Any:
        """Return the JSON of an answer. Raises `_Refused`, and what httpx raises where there is none."""
        if self._left:
            self._left -= 1
        else:
            self._permitted(1)
        response = self._client.request(method, f"/v1/pages/{self._page}{path}", **content)
        if response.status_code < FIRST_ERROR:
            return response.json()
        status = response.status_code
        error = f"{status}: {response.text[:300]}"
        if status in TOO_MANY:
            after = asked_rest(response.headers.get("Retry-After", ""), AFTER_TOO_MANY)
            self._pace.rest(after)
            raise _Refused(Failed(error, retryable=True, after=after))
        retryable = status >= FIRST_SERVER_ERROR or status == REQUEST_TIMEOUT
        raise _Refused(Failed(error, retryable=retryable, ambiguous=retryable and method != "GET"), status)

    def find(self, incident_id: str) -> Mapping[str, Any] | None:
        """Return the page's incident that carries our id, if it has one that is not resolved."""
        page = 1
        while True:
            found = self.call("GET", "/incidents/unresolved", params={"page": page, "per_page": PAGE_SIZE})
            for incident in found:
                if _ops(incident).get("incident_id") == incident_id:
                    return dict(incident)
            if len(found) < PAGE_SIZE:
                return None
            page += 1

    def read(self, remote_id: str) -> Mapping[str, Any]:
        """Return an incident by the page's own id."""
        return dict(self.call("GET", f"/incidents/{remote_id}"))

    def read_if_any(self, path: str) -> Mapping[str, Any] | None:
        """Return what stands at a path, None if nothing does."""
        try:
            return dict(self.call("GET", path))
        except _Refused as refused:
            if refused.status == NOT_FOUND:
                return None
            raise

    def _permitted(self, calls: int) -> Permit:
        permit = self._pace.take(calls)
        if permit.wait:
            raise _Refused(Failed("kept to Statuspage's rate", retryable=True, after=permit.wait, counts=False))
        return permit


class _Refused(Exception):
    def __init__(self, outcome: Failed, status: int = 0) -> None:
        super().__init__(outcome.error)
        self.outcome = outcome
        self.status = status


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
