"""What must change in an account to make it what the spec says, what only a person can change, what is in the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vcci_alerts.pagerduty import Wanted
from vcci_platform.incidents.oncall.account import LOOK_AHEAD, Account, called, description, variables
from vcci_platform.incidents.oncall.routing import foreign_rules, routing_body, routing_view
from vcci_platform.incidents.oncall.wishes import KINDS, Kind, Ref, Wish, filled, wishes

__all__ = ["NO_DESK", "SEVERAL", "Change", "Difference", "Field", "difference", "known_ids"]

Action = Literal["create", "update", "replace", "delete"]
MARKED = "kept from the spec"
SEVERAL = "; "
"""Between the items of a value that has several."""

NO_DESK = "links.desk is not in the spec: PagerDuty cannot tell the desk what people do there"

_ID = re.compile(r"\bP[A-Z0-9]{5,}\b")


@dataclass(frozen=True)
class Field:
    """One thing that reads otherwise: what it says, and what it should say; nothing where there was nothing.

    The items of a list stand with SEVERAL between them.
    """

    name: str
    was: str
    becomes: str


@dataclass(frozen=True)
class Change:
    """One request, or two for what can only be replaced. `kind` is a name of KINDS, or integration, or routing."""

    action: Action
    kind: str
    key: str
    name: str
    id: str = ""
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Difference:
    """What is to be done, in the order in which it can be; while there is an obstacle nothing is done at all."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    obstacles: tuple[str, ...]


def difference(wanted: Wanted, account: Account, given: Mapping[str, str], *, adopt: bool = False) -> Difference:
    """Return the difference. `adopt` takes over things of the same name that were not made from this spec."""
    ids = known_ids(wanted, account, given, adopt=adopt)
    changes: list[Change] = []
    obstacles = [*_missing(wanted, account, given, ids)]
    for wish in wishes(wanted):
        same = account.marked(wish.kind.name, wish.marker)
        if len(same) > 1:
            listed = ", ".join(f"{called(thing)} ({thing.get('id')})" for thing in same)
            obstacles.append(f"{wish.kind.words} {wish.name}: expected one with {wish.marker}, found {listed}")
            continue
        strangers = account.all_named(wish.kind.name, wish.name) if not same else ()
        if len(strangers) > 1:
            listed = ", ".join(str(thing.get("id")) for thing in strangers)
            obstacles.append(
                f"{wish.kind.words} {wish.name}: several of this name exist ({listed}) that vcci did not make; rename "
                "all but the one to take over"
            )
            continue
        stranger = next(iter(strangers), None)
        if stranger is not None and not adopt:
            obstacles.append(
                f"{wish.kind.words} {wish.name}: one of this name exists ({stranger.get('id')}) that vcci did not "
                "make; rename it, or take it over with --adopt"
            )
            continue
        found = same[0] if same else stranger
        changes += _changes(wish, found, ids, account.names)
        if wish.kind.name == "service":
            changes += _of_the_service(wanted, account, ids)
    return Difference((*changes, *_orphans(wanted, account)), tuple(_notes(wanted, account, given)), tuple(obstacles))


def known_ids(wanted: Wanted, account: Account, given: Mapping[str, str], *, adopt: bool = False) -> dict[Ref, str]:
    """Return the id of everything that the bodies name and that exists."""
    ids = {Ref("user", mail): account.users[mail.lower()] for mail in _mails(wanted) if mail.lower() in account.users}
    ids |= {Ref("variable", name): given[name] for name in variables(wanted) if given.get(name)}
    for wish in wishes(wanted):
        found = account.marked(wish.kind.name, wish.marker)
        thing = found[0] if found else account.named(wish.kind.name, wish.name) if adopt else None
        if thing is not None:
            ids[Ref(wish.kind.name, wish.key)] = str(thing.get("id"))
    return ids


def _mails(wanted: Wanted) -> tuple[str, ...]:
    targets = (target for policy in wanted.every_policy for rule in policy.rules for target in rule.targets)
    users = [target.ref for target in targets if target.kind == "user"]
    return tuple(dict.fromkeys([*users, *(mail for schedule in wanted.schedules for mail in schedule.members)]))


def _missing(wanted: Wanted, account: Account, given: Mapping[str, str], ids: Mapping[Ref, str]) -> Iterator[str]:
    """Yield who and what the spec names that the account does not have: a level would ring nobody."""
    for mail in _mails(wanted):
        if Ref("user", mail) not in ids:
            yield f"user {mail}: expected somebody of this address in the account, found nobody"
    for variable in variables(wanted):
        value = given.get(variable, "")
        if not value:
            yield f"{variable}: expected the id of a schedule in the environment, found nothing"
        elif not account.has("schedule", value):
            yield f"{variable}: expected the id of a schedule of the account, found {value!r}"


def _changes(wish: Wish, found: Any, ids: Mapping[Ref, str], names: Mapping[str, str]) -> Iterator[Change]:
    kind, becomes = wish.kind, _seen(wish.kind, filled(wish.body, ids), marked=True)
    if found is None:
        new = (Field(name, "", _words(value, names)) for name, value in becomes.items() if name != MARKED)
        yield Change("create", kind.name, wish.key, wish.name, fields=tuple(new))
        return
    was = _seen(kind, found, marked=wish.marker in description(found))
    fields = tuple(
        Field(name, _words(was.get(name), names), _words(value, names))
        for name, value in becomes.items()
        if was.get(name) != value
    )
    if fields:
        moved = kind.name == "subscription" and any(field.name == "url" for field in fields)
        yield Change("replace" if moved else "update", kind.name, wish.key, wish.name, str(found.get("id")), fields)


def _seen(kind: Kind, body: Mapping[str, Any], *, marked: bool) -> Mapping[str, Any]:
    return {**kind.view(body), MARKED: "yes" if marked else "no"}


def _words(value: Any, names: Mapping[str, str]) -> str:
    """Return a value as people read it, with names beside ids."""
    text = SEVERAL.join(map(str, value)) if isinstance(value, tuple) else "nothing" if value is None else str(value)
    return _ID.sub(lambda found: f"{names[found[0]]} ({found[0]})" if names.get(found[0]) else found[0], text)


def _of_the_service(wanted: Wanted, account: Account, ids: Mapping[Ref, str]) -> Iterator[Change]:
    """Yield what the service needs beside itself: a door for events, and rules that choose a policy."""
    service = ids.get(Ref("service", "main"), "")
    if not account.integrations or not service:
        yield Change("create", "integration", "events", wanted.service.integration)
    if not account.routes or len({policy.rules for policy in wanted.policies}) == 1:
        return
    path = account.routing if service else None
    if path is not None and foreign_rules(wanted, path):
        return
    body = routing_body(wanted, ids, account.priorities or {})["orchestration_path"]
    was, becomes = routing_view(path or {}), routing_view(body)
    fields = [Field("rules", _words(was, account.names), _words(becomes, account.names))] if was != becomes else []
    if path is not None and not path.get("active"):
        fields.append(Field("active", "no", "yes"))
    if fields:
        yield Change("update" if was else "create", "routing", "events", wanted.service.name, service, tuple(fields))


def _orphans(wanted: Wanted, account: Account) -> Iterator[Change]:
    """Yield what was made from this spec and is in it no more; never what somebody else made."""
    kept = {wish.marker for wish in wishes(wanted)}
    for kind in reversed(tuple(KINDS.values())):
        for thing in account.things.get(kind.name, ()):
            marker = next(
                iter(re.findall(rf"\[vcci:{re.escape(wanted.owner)}:{kind.name}:[^\]]*\]", description(thing))), ""
            )
            if marker and marker not in kept:
                key = marker.rstrip("]").rpartition(":")[2]
                yield Change("delete", kind.name, key, called(thing), str(thing.get("id")))


def _notes(wanted: Wanted, account: Account, given: Mapping[str, str]) -> Iterator[str]:
    """Yield what only a person can mend, or should know."""
    if account.priorities is None:
        yield "the account has no priorities: incidents show none"
    else:
        order = [name for name in account.priorities if name in wanted.priorities]
        missing = [name for name in wanted.priorities if name not in account.priorities]
        if missing:
            yield f"priorities {', '.join(missing)} are not in the account: an administrator adds them in its settings"
        if order != [name for name in wanted.priorities if name in order]:
            yield f"priorities stand in the order {', '.join(order)}: {wanted.priorities[0]} must be the most severe"
    fastest = next(policy.name for policy in wanted.policies if policy.key == wanted.service.policy)
    if not account.routes:
        yield f"the account has no event orchestration: every page follows the policy {fastest}, the most urgent one"
    elif account.routing is not None and (others := foreign_rules(wanted, account.routing)):
        labels = ", ".join(others)
        yield f"event rules that vcci did not make say whom a page of the service asks ({labels}): none is changed"
    yield from _of_the_service_alone(wanted, account)
    if account.keyed is False:
        yield f"PAGERDUTY_ROUTING_KEY does not open the service {wanted.service.name}: pages go to another one"
    for variable in variables(wanted):
        share = account.covered.get(given.get(variable, ""))
        if share is not None and share < 100:
            days = LOOK_AHEAD.days
            yield f"schedule {variable}: nobody is on call for {100 - share:.1f} % of the next {days} days"
    yield from _of_the_sender(account)
    if wanted.subscription is None:
        yield NO_DESK


def _of_the_sender(account: Account) -> Iterator[str]:
    if account.unknown_sender:
        yield (
            f"PAGERDUTY_FROM: nobody in the account has the address {account.unknown_sender}, and PagerDuty refuses "
            "what the desk does in that name"
        )


def _of_the_service_alone(wanted: Wanted, account: Account) -> Iterator[str]:
    """Yield settings of the service that the spec does not speak of, and by which a page comes late or not at all."""
    service = next(iter(account.marked("service", wanted.marker("service", "main"))), {})
    grouping = service.get("alert_grouping_parameters")
    how = grouping.get("type") if isinstance(grouping, Mapping) else service.get("alert_grouping")
    if how:
        yield f"the service groups alerts ({how}): a page may be folded into the incident of another"
    pause = service.get("auto_pause_notifications_parameters")
    if isinstance(pause, Mapping) and pause.get("enabled"):
        yield f"the service pauses what often ends by itself for {pause.get('timeout')} s: pages come later"
    if service.get("status") == "maintenance":
        yield "the service is in maintenance: PagerDuty pages nobody until that is over"
