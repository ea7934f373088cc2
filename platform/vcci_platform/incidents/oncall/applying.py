"""Carry out a difference: one request after the other, each with the ids that those before it have given.

What PagerDuty tells only once, the key of an integration and the secret of a subscription, is handed back and never
logged. A failure stops here; what was done stays done, and the next plan begins from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from vcci_alerts.pagerduty import Wanted
from vcci_platform.errors import PlatformError
from vcci_platform.incidents.oncall.account import UNAVAILABLE, Account, advice
from vcci_platform.incidents.oncall.difference import Change, Difference
from vcci_platform.incidents.oncall.routing import routing_body
from vcci_platform.incidents.oncall.wishes import KINDS, Ref, Wish, filled, wishes
from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.vendors.pagerduty_connection import Answered, Connection, Refused, listed

__all__ = ["Applied", "NotApplied", "apply"]

KEY, SECRET = "PAGERDUTY_ROUTING_KEY", "PAGERDUTY_WEBHOOK_SECRETS"


class NotApplied(PlatformError):
    """A change that PagerDuty did not take; those before it are made, those after it are not."""

    def __init__(self, change: Change, failed: Failed, done: int) -> None:
        self.change = change
        self.failed = failed
        doubt = f"{'; it may have been made all the same' if failed.ambiguous else ''}{advice(failed)}"
        super().__init__(
            f"{change.action} {change.kind} {change.name}: expected PagerDuty to take it, found {failed.error}{doubt}. "
            f"{done} changes were made before; `vcci pagerduty plan` shows what is left"
        )


@dataclass(frozen=True)
class Applied:
    """What was done. `secrets` are values by the name of the variable that should hold them."""

    done: tuple[Change, ...]
    secrets: Mapping[str, SecretStr]
    notes: tuple[str, ...]


@dataclass
class _Work:
    """An application on its way."""

    connection: Connection
    wanted: Wanted
    account: Account
    ids: dict[Ref, str]
    now: datetime
    secrets: dict[str, SecretStr]
    notes: list[str]


def apply(
    connection: Connection,
    wanted: Wanted,
    account: Account,
    found: Difference,
    ids: Mapping[Ref, str],
    now: datetime,
    tell: Callable[[Change], None] = lambda _: None,
    keep: Callable[[Mapping[str, SecretStr]], None] = lambda _: None,
) -> Applied:
    """Make the account what the difference says it should be; `tell` hears of each change that was made.

    `keep` gets each secret as soon as it is told: a failure afterwards would lose it.

    Raises NotApplied at the first change that is not taken. With obstacles nothing is done, so ask before.
    """
    if found.obstacles:
        raise ValueError("expected a difference without obstacles")
    work = _Work(connection, wanted, account, dict(ids), now, {}, [])
    wished = {(wish.kind.name, wish.key): wish for wish in wishes(wanted)}
    done: list[Change] = []
    for change in found.changes:
        known = set(work.secrets)
        outcome = _carry_out(work, change, wished.get((change.kind, change.key)))
        if new := {name: secret for name, secret in work.secrets.items() if name not in known}:
            keep(new)
        if isinstance(outcome, Failed):
            raise NotApplied(change, outcome, len(done))
        if outcome.value is not None:
            done.append(change)
            tell(change)
    return Applied(tuple(done), work.secrets, tuple(work.notes))


def _carry_out(work: _Work, change: Change, wish: Wish | None) -> Answered[Any] | Failed:
    match change.kind, change.action:
        case "integration", _:
            return _open_door(work)
        case "routing", _:
            return _route(work)
        case kind, "delete":
            return work.connection.delete(f"{KINDS[kind].path}/{change.id}")
        case _:
            return _change(work, change, wish)


def _change(work: _Work, change: Change, wish: Wish | None) -> Answered[Any] | Failed:
    assert wish is not None  # noqa: S101 - a difference speaks only of wishes, and of what is deleted
    if change.action == "replace":
        gone = work.connection.delete(f"{wish.kind.path}/{change.id}")
        if isinstance(gone, Failed):
            return gone
    if change.action == "update":
        return _update(work, change, wish)
    return _create(work, wish)


def _create(work: _Work, wish: Wish) -> Answered[Any] | Failed:
    answer = work.connection.send("POST", wish.kind.path, {wish.kind.wrapper: filled(wish.body, work.ids)})
    if isinstance(answer, Failed):
        return answer
    made = answer.value.get(wish.kind.wrapper)
    made = made if isinstance(made, Mapping) else {}
    identifier = made.get("id")
    if not isinstance(identifier, str) or not identifier:
        return Failed("an answer without an id", retryable=False, ambiguous=True)
    work.ids[Ref(wish.kind.name, wish.key)] = identifier
    method = made.get("delivery_method")
    if isinstance(method, Mapping) and method.get("secret"):
        work.secrets[SECRET] = SecretStr(str(method["secret"]))
    return answer


def _update(work: _Work, change: Change, wish: Wish) -> Answered[Any] | Failed:
    path, body = f"{wish.kind.path}/{change.id}", dict(filled(wish.body, work.ids))
    if wish.kind.name == "subscription":
        return _update_subscription(work, change, path, body)
    if wish.kind.name == "service" and any(field.name == "enabled" for field in change.fields):
        body["status"] = "active"
    if wish.kind.name == "schedule":
        body["schedule_layers"] = _layers(work, change.id, body["schedule_layers"])
    return work.connection.send("PUT", path, {wish.kind.wrapper: body})


def _update_subscription(work: _Work, change: Change, path: str, body: dict[str, Any]) -> Answered[Any] | Failed:
    """Change a subscription, and switch one on again that PagerDuty gave up; where it delivers to cannot change."""
    change_of = {name: value for name, value in body.items() if name not in {"type", "delivery_method"}}
    answer = work.connection.send("PUT", path, {"webhook_subscription": {**change_of, "active": True}})
    if isinstance(answer, Failed) or not any(field.name == "active" for field in change.fields):
        return answer
    return work.connection.send("POST", f"{path}/enable", {})


def _layers(work: _Work, schedule_id: str, wished: list[Any]) -> list[Any]:
    """Return the wished layer under the id of the one it follows, and an end for the others: none can be taken away."""
    known = next((thing for thing in work.account.things["schedule"] if thing.get("id") == schedule_id), {})
    layers = [layer for layer in known.get("schedule_layers") or () if isinstance(layer, Mapping)]
    still = [layer for layer in layers if not layer.get("end")]
    first = {**wished[0], **({"id": still[0]["id"], "start": still[0].get("start")} if still else {})}
    ended = [{**layer, "end": layer.get("end") or work.now.isoformat()} for layer in layers if layer not in still[:1]]
    return [first, *ended]


def _open_door(work: _Work) -> Answered[Any] | Failed:
    service = work.ids[Ref("service", "main")]
    body = {"type": "events_api_v2_inbound_integration", "name": work.wanted.service.integration}
    answer = work.connection.send("POST", f"/services/{service}/integrations", {"integration": body})
    if isinstance(answer, Answered):
        made = answer.value.get("integration")
        if isinstance(made, Mapping) and made.get("integration_key"):
            work.secrets[KEY] = SecretStr(str(made["integration_key"]))
    return answer


def _route(work: _Work) -> Answered[Any] | Failed:
    """Write the event rules and switch them on; an account without them keeps the policy of its service."""
    path = f"/event_orchestrations/services/{work.ids[Ref('service', 'main')]}"
    answer = work.connection.send("PUT", path, routing_body(work.wanted, work.ids, work.account.priorities or {}))
    if isinstance(answer, Refused) and answer.status in UNAVAILABLE:
        work.notes.append("the account has no event orchestration: every page follows the policy of the service")
        return Answered(None)
    if isinstance(answer, Failed):
        return answer
    work.notes += _not_done(answer.value)
    return work.connection.send("PUT", f"{path}/active", {"active": True})


def _not_done(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield what PagerDuty warns of: rules that it keeps, and will not carry out."""
    seen = {str(one.get("message")): one.get("feature") for one in listed(answer, "warnings")}
    yield from (f"PagerDuty warns: {message}" for message in seen)
    if "escalation_policy" in seen.values():
        yield "until that is mended every page follows the policy of the service, the most urgent one"
