"""An account of PagerDuty in memory, for what is configured: it keeps, checks and shows things as the vendor does."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any

import httpx2

from vcci_platform.incidents.vendors.pagerduty_connection import Connection
from vcci_platform.testing import ManualClock

COLLECTIONS = {
    "users": "user",
    "schedules": "schedule",
    "escalation_policies": "escalation_policy",
    "services": "service",
    "webhook_subscriptions": "webhook_subscription",
}
PAGE = re.compile(r"^/(\w+)$")
ONE = re.compile(r"^/(\w+)/(\w+)$")
DOORS = re.compile(r"^/services/(\w+)/integrations(?:/(\w+))?$")
ENABLE = re.compile(r"^/webhook_subscriptions/(\w+)/enable$")
ROUTING = re.compile(r"^/event_orchestrations/services/(\w+)(/active)?$")


class PagerDutyAccount:
    """What an account holds; `writes` counts the requests that changed something."""

    def __init__(
        self, *mails: str, orchestration: bool = True, priorities: tuple[str, ...] = ("P0", "P1", "P2", "P3")
    ) -> None:
        self.things: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in COLLECTIONS}
        self.doors: dict[str, dict[str, dict[str, Any]]] = {}
        self.routing: dict[str, dict[str, Any]] = {}
        self.orchestration = orchestration
        self.priorities = priorities
        self.coverage = 100.0
        self.writes: list[str] = []
        self.refuse: dict[str, httpx2.Response] = {}
        self._made = 0
        for mail in mails:
            self.add("users", {"name": mail.partition("@")[0].title(), "email": mail})

    def add(self, collection: str, thing: dict[str, Any]) -> str:
        """Keep a thing as if somebody had made it by hand, and return its id."""
        self._made += 1
        identifier = f"P{collection[:3].upper()}{self._made:03}"
        self.things[collection][identifier] = {**deepcopy(thing), "id": identifier}
        return identifier

    def connection(self, clock: ManualClock | None = None) -> Connection:
        """Return a connection to this account."""
        return Connection("token", clock or ManualClock(), transport=httpx2.MockTransport(self._answer))

    def one(self, collection: str, name: str) -> dict[str, Any]:
        """Return the thing of this name."""
        return next(thing for thing in self.things[collection].values() if thing.get("name") == name)

    # --- the vendor's side ---

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        assert request.headers["authorization"] == "Token token=token"
        line = f"{request.method} {request.url.path}"
        if line in self.refuse:
            return _sent(self.refuse[line])
        if request.method != "GET":
            self.writes.append(line)
        body = json.loads(request.content) if request.content else {}
        status, answer = self._handle(request, request.url.path, body)
        return _sent(httpx2.Response(status) if answer is None else httpx2.Response(status, json=answer))

    def _handle(self, request: httpx2.Request, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        if found := ROUTING.match(path):
            return self._route(request.method, found[1], found[2], body)
        if found := DOORS.match(path):
            return self._door(request.method, found[1], found[2], body)
        if found := ENABLE.match(path):
            self.things["webhook_subscriptions"][found[1]]["delivery_method"]["temporarily_disabled"] = False
            return 200, {"webhook_subscription": self.things["webhook_subscriptions"][found[1]]}
        if found := PAGE.match(path):
            return self._list(request, found[1]) if request.method == "GET" else self._make(found[1], body)
        if found := ONE.match(path):
            return self._thing(request, found[1], found[2], body)
        return _error(404, "Not Found", 2100)

    def _list(self, request: httpx2.Request, collection: str) -> tuple[int, dict[str, Any]]:
        if collection == "priorities":
            items = [{"id": f"PPRIO{name}", "name": name} for name in self.priorities]
        else:
            items = [self._shown(collection, thing) for thing in self.things[collection].values()]
        if collection == "schedules":
            items = [{name: value for name, value in item.items() if name != "schedule_layers"} for item in items]
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        return 200, {collection: items[offset : offset + limit], "more": offset + limit < len(items)}

    def _shown(self, collection: str, thing: dict[str, Any]) -> dict[str, Any]:
        shown = deepcopy(thing)
        if collection == "webhook_subscriptions":
            shown["delivery_method"]["secret"] = None
        if collection == "services":
            shown["integrations"] = [
                {"id": identifier, "type": "events_api_v2_inbound_integration_reference"}
                for identifier in self.doors.get(thing["id"], {})
            ]
        return shown

    def _make(self, collection: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        wrapper = COLLECTIONS[collection]
        if problem := self._problem(collection, body[wrapper]):
            return _error(400, "Invalid Input Provided", 2001, problem)
        identifier = self.add(collection, body[wrapper])
        thing = self.things[collection][identifier]
        if collection == "schedules":
            _start_now(thing)
        shown = self._shown(collection, thing)
        if collection == "webhook_subscriptions":
            shown["delivery_method"]["secret"] = f"secret-of-{identifier}"
        return 201, {wrapper: shown}

    def _thing(
        self, request: httpx2.Request, collection: str, identifier: str, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any] | None]:
        known = self.things.get(collection, {})
        if identifier not in known:
            return _error(404, "Not Found", 2100)
        wrapper = COLLECTIONS[collection]
        if request.method == "DELETE":
            users = [each["name"] for each in self._users_of(identifier)]
            if users:
                return _error(400, "Invalid Input Provided", 2001, f"is used by {', '.join(users)}")
            del known[identifier]
            return 204, None
        if request.method == "PUT":
            change = body[wrapper]
            if collection == "webhook_subscriptions" and {"type", "delivery_method"} & change.keys():
                return _error(400, "Invalid Input Provided", 2001, "type and delivery_method cannot be changed")
            if problem := self._problem(collection, {**known[identifier], **change}):
                return _error(400, "Invalid Input Provided", 2001, problem)
            known[identifier] |= deepcopy(change)
            if collection == "schedules":
                _start_now(known[identifier])
        shown = self._shown(collection, known[identifier])
        if collection == "schedules" and "since" in request.url.params:
            shown["final_schedule"] = {"rendered_coverage_percentage": self.coverage}
        return 200, {wrapper: shown}

    def _users_of(self, identifier: str) -> list[dict[str, Any]]:
        policies = [
            policy
            for policy in self.things["escalation_policies"].values()
            for rule in policy["escalation_rules"]
            for target in rule["targets"]
            if target["id"] == identifier
        ]
        services = [each for each in self.things["services"].values() if each["escalation_policy"]["id"] == identifier]
        return [*policies, *services]

    def _problem(self, collection: str, thing: dict[str, Any]) -> str:
        references = {
            "escalation_policies": [t for rule in thing.get("escalation_rules", ()) for t in rule["targets"]],
            "schedules": [one["user"] for layer in thing.get("schedule_layers", ()) for one in layer["users"]],
            "services": [thing["escalation_policy"]] if "escalation_policy" in thing else [],
            "webhook_subscriptions": [thing["filter"]] if "filter" in thing else [],
        }.get(collection, [])
        for reference in references:
            kind = reference["type"].removesuffix("_reference")
            shelf = next(name for name, wrapper in COLLECTIONS.items() if wrapper == kind)
            if reference["id"] not in self.things[shelf]:
                return f"{kind} {reference['id']} does not exist"
        if any(
            other["name"] == thing.get("name") and other["id"] != thing.get("id") for other in self._named(collection)
        ):
            return "Name has already been taken"
        return ""

    def _named(self, collection: str) -> list[dict[str, Any]]:
        return [thing for thing in self.things[collection].values() if "name" in thing]

    def _door(
        self, method: str, service: str, identifier: str | None, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        doors = self.doors.setdefault(service, {})
        if method == "POST":
            self._made += 1
            made = {**body["integration"], "id": f"PDOOR{self._made:03}", "integration_key": f"key{self._made:029}"}
            doors[made["id"]] = made
            return 201, {"integration": made}
        return (200, {"integration": doors[identifier]}) if identifier in doors else _error(404, "Not Found", 2100)

    def _route(self, method: str, service: str, active: str | None, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if not self.orchestration:
            return _error(402, "Payment required", 2012)
        known = self.routing.setdefault(service, {"sets": [{"id": "start", "rules": []}], "active": False})
        if method == "PUT":
            known |= body if active else body["orchestration_path"]
        return 200, {"active": known["active"]} if active else {"orchestration_path": known}


def _start_now(schedule: dict[str, Any]) -> None:
    """Move the start of past layers to the present, and name them, as PagerDuty does."""
    for number, layer in enumerate(schedule.get("schedule_layers", ()), start=1):
        layer["start"] = "2026-11-23T09:00:00-05:00"
        layer.setdefault("id", f"{schedule['id']}L{number}")


def _error(status: int, message: str, code: int, *errors: str) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"message": message, "code": code, "errors": list(errors)}}


def _sent(response: httpx2.Response) -> httpx2.Response:
    """Return the answer as one whose body has yet to arrive: the client measures how long it takes."""
    return httpx2.Response(response.status_code, headers=response.headers, stream=httpx2.ByteStream(response.content))
