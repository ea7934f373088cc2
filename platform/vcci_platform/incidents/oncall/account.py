"""What a PagerDuty account has of the things that the spec speaks of, read in a handful of questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from vcci_alerts.pagerduty import Wanted
from vcci_platform.errors import PlatformError
from vcci_platform.incidents.oncall.wishes import KINDS, wishes
from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.vendors.pagerduty_connection import Answered, Connection, Refused, listed

__all__ = ["Account", "CannotAsk", "advice", "answered", "read_account", "variables"]

T = TypeVar("T")
Thing = Mapping[str, Any]

LOOK_AHEAD = timedelta(days=14)
"""Over how long a schedule must have somebody; what lies further away is still being planned."""

EVENTS_INTEGRATION = "events_api_v2_inbound_integration"
UNAVAILABLE = frozenset({402, 403, 404, 405})
"""What an account answers that has no event orchestration, or does not let this token see it."""


class CannotAsk(PlatformError):
    """PagerDuty does not answer, or not this token."""

    exit_code = 2


@dataclass(frozen=True)
class Account:
    """What there is, as PagerDuty shows it.

    `users` are ids by mail in lower case; `priorities` ids by name in PagerDuty's order, None if the account has none;
    `names` what people call an id; `covered` the share of the next days in which a schedule has somebody, by its id;
    `keyed` whether the routing key opens the service (None: it was not said); `routing` the rules of the service that
    choose a policy by severity, None where the account has no such rules. `unknown_sender` is the address in whose name
    the desk writes, if it is nobody's.
    """

    things: Mapping[str, tuple[Thing, ...]]
    users: Mapping[str, str]
    priorities: Mapping[str, str] | None = None
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    covered: Mapping[str, float] = field(default_factory=dict[str, float])
    integrations: tuple[str, ...] = ()
    keyed: bool | None = None
    routing: Thing | None = None
    routes: bool = True
    unknown_sender: str = ""

    def marked(self, kind: str, marker: str) -> tuple[Thing, ...]:
        """Return the things of a kind whose description has this marker."""
        return tuple(thing for thing in self.things.get(kind, ()) if marker in description(thing))

    def named(self, kind: str, name: str) -> Thing | None:
        """Return the thing of a kind that people call so."""
        return next((thing for thing in self.things.get(kind, ()) if called(thing) == name), None)

    def all_named(self, kind: str, name: str) -> tuple[Thing, ...]:
        """Return every thing of a kind that people call so: names of schedules may be given twice."""
        return tuple(thing for thing in self.things.get(kind, ()) if called(thing) == name)

    def has(self, kind: str, identifier: str) -> bool:
        """Return whether there is a thing of a kind with this id."""
        return any(thing.get("id") == identifier for thing in self.things.get(kind, ()))


def description(thing: Thing) -> str:
    """Return what its description says, nothing where there is none."""
    return str(thing.get("description") or "")


def called(thing: Thing) -> str:
    """Return the name of a thing; a subscription is called by where it delivers to."""
    method = thing.get("delivery_method")
    return str(method.get("url", "")) if isinstance(method, Mapping) else str(thing.get("name") or "")


def variables(wanted: Wanted) -> tuple[str, ...]:
    """Return the variables in which ids of schedules are expected, each once, in the order of levels."""
    targets = (target for policy in wanted.every_policy for rule in policy.rules for target in rule.targets)
    return tuple(dict.fromkeys(target.ref for target in targets if target.kind == "variable"))


def answered(answer: Answered[T] | Failed) -> T:
    """Return what PagerDuty said. Raises CannotAsk in place of a failure."""
    if isinstance(answer, Failed):
        raise CannotAsk(f"expected an answer of PagerDuty, found {answer.error}{advice(answer)}")
    return answer.value


def advice(failed: Failed) -> str:
    """Return what to do about a refusal, as the end of a sentence; nothing where its own words say it."""
    if failed.after is not None:
        return f"; ask again in {failed.after.total_seconds():.0f} s"
    match failed.status if isinstance(failed, Refused) else 0:
        case 401:
            return (
                "; is PAGERDUTY_API_TOKEN a key of this account, and PAGERDUTY_API_URL of its region? "
                "The European one is https://api.eu.pagerduty.com"
            )
        case 403:
            return (
                "; PAGERDUTY_API_TOKEN lacks the right to it: a key of an administrator has it, a read-only one has not"
            )
        case _:
            return ""


def read_account(
    connection: Connection, wanted: Wanted, given: Mapping[str, str], routing_key: str, now: datetime
) -> Account:
    """Return what the account has. `given` are the variables of the spec, by name with `$`, that have a value.

    Raises CannotAsk when PagerDuty does not answer.
    """
    things = {kind.name: answered(connection.every(kind.path, kind.collection)) for kind in KINDS.values()}
    ours = {called(thing) for thing in things["schedule"] if _is_ours(wanted, thing)}
    ours |= {wish.name for wish in wishes(wanted)}
    things["schedule"] = tuple(
        _whole_schedule(connection, thing) if called(thing) in ours else thing for thing in things["schedule"]
    )
    users = answered(connection.every("/users", "users"))
    service = next(iter(_of_service(wanted, things["service"])), None)
    routing, routes = _routing(connection, service)
    priorities = _priorities(connection)
    mails = {str(user.get("email", "")).lower(): str(user.get("id", "")) for user in users}
    called_so = {str(thing.get("id")): called(thing) for known in (*things.values(), users) for thing in known}
    return Account(
        things=things,
        users=mails,
        priorities=priorities,
        names=called_so | {identifier: name for name, identifier in (priorities or {}).items()},
        covered=dict(_covered(connection, wanted, given, things["schedule"], now)),
        integrations=tuple(_integrations(service)),
        keyed=_keyed(connection, service, routing_key),
        routing=routing,
        routes=routes,
        unknown_sender="" if connection.sender.lower() in {"", *mails} else connection.sender,
    )


def _is_ours(wanted: Wanted, thing: Thing) -> bool:
    return f"[vcci:{wanted.owner}:" in description(thing)


def _of_service(wanted: Wanted, services: tuple[Thing, ...]) -> Iterator[Thing]:
    """Yield the service that is ours, then one of its name, which may be taken over."""
    marker = wanted.marker("service", "main")
    yield from (service for service in services if marker in description(service))
    yield from (service for service in services if called(service) == wanted.service.name)


def _whole_schedule(connection: Connection, thing: Thing, **params: Any) -> Thing:
    """Return a schedule with its layers, which lists leave out."""
    answer = answered(connection.get(f"/schedules/{thing.get('id')}", **params))
    found = answer.get("schedule")
    return found if isinstance(found, Mapping) else thing


def _priorities(connection: Connection) -> Mapping[str, str] | None:
    answer = connection.every("/priorities", "priorities")
    if isinstance(answer, Refused) and answer.missing_ability:
        return None
    return {str(one.get("name", "")): str(one.get("id", "")) for one in answered(answer)}


def _covered(
    connection: Connection, wanted: Wanted, given: Mapping[str, str], schedules: tuple[Thing, ...], now: datetime
) -> Iterator[tuple[str, float]]:
    """Yield how much of the next days the schedules of people cover; ours have no gap by the way they are made."""
    known = {thing.get("id"): thing for thing in schedules}
    span = {"since": now.isoformat(), "until": (now + LOOK_AHEAD).isoformat()}
    for variable in variables(wanted):
        thing = known.get(given.get(variable, ""))
        if thing is not None:
            final = _whole_schedule(connection, thing, **span).get("final_schedule")
            share = final.get("rendered_coverage_percentage") if isinstance(final, Mapping) else None
            if isinstance(share, int | float):
                yield str(thing["id"]), float(share)


def _integrations(service: Thing | None) -> Iterator[str]:
    for one in listed(service or {}, "integrations"):
        if str(one.get("type", "")).startswith(EVENTS_INTEGRATION):
            yield str(one.get("id", ""))


def _keyed(connection: Connection, service: Thing | None, routing_key: str) -> bool | None:
    if service is None or not routing_key:
        return None
    for identifier in _integrations(service):
        answer = answered(connection.get(f"/services/{service['id']}/integrations/{identifier}"))
        found = answer.get("integration")
        if isinstance(found, Mapping) and found.get("integration_key") == routing_key:
            return True
    return False


def _routing(connection: Connection, service: Thing | None) -> tuple[Thing | None, bool]:
    """Return the event rules of the service, and whether the account has such rules at all."""
    if service is None:
        return None, True  # nobody knows before there is one
    answer = connection.get(f"/event_orchestrations/services/{service['id']}")
    if isinstance(answer, Refused) and answer.status in UNAVAILABLE:
        return None, False
    found = answered(answer).get("orchestration_path")
    active = connection.get(f"/event_orchestrations/services/{service['id']}/active")
    on = not isinstance(active, Failed) and active.value.get("active") is True
    return {**(found if isinstance(found, Mapping) else {}), "active": on}, True
