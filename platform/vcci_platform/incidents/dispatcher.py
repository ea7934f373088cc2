"""The dispatcher: carries effects to the vendors, each target in a loop of its own, so that one cannot delay another.

It may be killed at any line. A claimed effect whose holder died is sent again once its lease ends, or at once when the
same machine starts again: pages have a key that makes two of them one, the status page is read before it is written
again, and a chat message may, rarely, appear twice.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select, update

from vcci_platform.incidents import outbox, store, tables
from vcci_platform.incidents.breaker import REST, Circuit
from vcci_platform.incidents.carry import Carried, carry_out
from vcci_platform.incidents.decisions import SYSTEM, Cancel, Decision, FallBack, Record, Tell, TimerKind
from vcci_platform.incidents.outbox import Effect, Kind, Target
from vcci_platform.incidents.ports import (
    Chat,
    Delivered,
    Failed,
    Link,
    Message,
    Outcome,
    Page,
    Pager,
    StatusPage,
    StatusPost,
)
from vcci_platform.incidents.tasks import Desk
from vcci_platform.telemetry import logs

__all__ = ["Dispatcher", "backoff", "holder_name"]

LEASE: Mapping[Target, timedelta] = {
    Target.PAGERDUTY: timedelta(seconds=20),
    Target.STATUSPAGE: timedelta(seconds=60),
    Target.SLACK: timedelta(seconds=20),
}
"""Longer than the slowest answer of the target, every call of a post together."""

FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY: Mapping[Target, timedelta] = {
    Target.PAGERDUTY: timedelta(seconds=15),
    Target.STATUSPAGE: timedelta(seconds=60),
    Target.SLACK: timedelta(seconds=30),
}
GIVE_UP_AFTER = timedelta(hours=24)

log = logs.get(__name__)


def backoff(attempts: int, longest: timedelta, random: Random) -> timedelta:
    """Return how long to wait before the next attempt: anything up to a limit that doubles each time (full jitter).

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    limit = min(longest, FIRST_RETRY * 2 ** min(attempts - 1, 16))
    return timedelta(seconds=limit.total_seconds() * random.random())


def holder_name() -> str:
    """Return a name for this process that says where to look whether it still lives."""
    return f"{socket.gethostname()}|{os.getpid()}|{secrets.token_hex(4)}"


class Dispatcher:
    """Claims effects and carries them out by the pager, the status page and the chat that it is given.

    `rest` is how long a vendor in trouble is left alone, by the machine's own clock.
    """

    def __init__(
        self,
        desk: Desk,
        pager: Pager,
        status_page: StatusPage,
        chat: Chat,
        *,
        random: Random | None = None,
        rest: timedelta = REST,
    ) -> None:
        self.desk = desk
        self.name = holder_name()
        self.circuits = {target: Circuit(target.value, desk.metrics, rest=rest) for target in Target}
        self._random = random or Random()  # noqa: S311 - jitter, not a secret
        self._database = desk.database
        self._clock = desk.clock
        self._senders: Mapping[Target, Callable[[Effect], Outcome]] = {
            Target.PAGERDUTY: lambda effect: _page(pager, effect),
            Target.STATUSPAGE: lambda effect: status_page.show(self._post(effect)),
            Target.SLACK: lambda effect: chat.say(_message(effect.body)),
        }

    def recover(self) -> int:
        """Take back what dead processes of this machine had claimed; other machines' leases end by themselves."""
        with self._database.read() as connection:
            held = outbox.holders(connection)
        dead = [name for name in held if _is_dead(name, self.name)]
        if not dead:
            return 0
        with self._database.write() as connection:
            released = outbox.release(connection, dead)
        log.info("leases_recovered", effects=released)
        return released

    def step(self, target: Target) -> bool:
        """Carry out one effect of a target; false when there is nothing to do now."""
        now = self._clock.now()
        if self.circuits[target].rests:
            return False
        with self._database.read() as connection:
            if not outbox.is_ready(connection, target, now):
                return False
        with self._database.write() as connection:
            effect = outbox.claim(connection, target, self.name, LEASE[target], now)
            if effect is None:
                return False
            if effect.stale_at is not None and now >= effect.stale_at:
                outbox.end(connection, effect, "superseded", now, by=self.name, error="too old to be worth sending")
                self._count(effect, "superseded")
                return True
        self._settle(effect, self._send(effect))
        return True

    def drain(self) -> int:
        """Carry out everything that can be carried out now, and return how much that was."""
        done = 0
        for target in Target:
            while self.step(target):
                done += 1
        return done

    def _send(self, effect: Effect) -> Outcome:
        sender = self._senders[effect.target]
        try:
            return self.circuits[effect.target].call(lambda: sender(effect))
        except Exception as error:
            log.exception("effect_stumbled", effect_id=effect.id, target=effect.target.value)
            return Failed(repr(error), retryable=True, ambiguous=True)

    # --- what became of it -------------------------------------------------------------------------------------------

    def _settle(self, effect: Effect, outcome: Outcome) -> None:
        now = self._clock.now()
        if isinstance(outcome, Delivered):
            self._delivered(effect, outcome, now)
        elif outcome.retryable and now - effect.created_at < GIVE_UP_AFTER:
            self._postponed(effect, outcome, now)
        else:
            self._dead(effect, outcome, now)

    def _delivered(self, effect: Effect, outcome: Delivered, now: datetime) -> None:
        with self._database.write() as connection:
            incident = store.find(connection, effect.incident_id, lock=True)
            if not outbox.end(connection, effect, "delivered", now, by=self.name, receipt=outcome.receipt):
                log.warning("lease_lost", effect_id=effect.id)
                return
            remote_id = outcome.receipt.get("id")
            if effect.kind is Kind.SHOW and remote_id is not None:
                post = tables.status_post
                same = post.c.incident_id == effect.incident_id
                connection.execute(update(post).where(same).values(remote_id=str(remote_id)))
            decisions = list(_words(effect, outcome))
            if effect.kind is Kind.TRIGGER and not outbox.has_waiting_page(connection, effect.incident_id):
                decisions.append(Cancel((TimerKind.FALLBACK,)))
            carry_out(connection, incident, decisions, self.desk.rules, now, Carried())
        self._count(effect, "delivered")
        seconds = (now - effect.created_at).total_seconds()
        log.info("effect_delivered", effect_id=effect.id, target=effect.target.value, kind=effect.kind, seconds=seconds)

    def _postponed(self, effect: Effect, outcome: Failed, now: datetime) -> None:
        wait = backoff(effect.attempts, LONGEST_RETRY[effect.target], self._random)
        until = now + max(wait, outcome.after or timedelta(0))
        with self._database.write() as connection:
            outbox.postpone(
                connection,
                effect,
                until,
                by=self.name,
                error=outcome.error,
                doubtful=effect.doubtful or outcome.ambiguous,
                counts=outcome.counts,
            )
        if outcome.counts:
            self._count(effect, "retried")
            log.warning("effect_postponed", effect_id=effect.id, target=effect.target.value, error=outcome.error)

    def _dead(self, effect: Effect, outcome: Failed, now: datetime) -> None:
        text = f"{effect.target} did not take {effect.kind} and asking again will not help: {outcome.error}"
        decisions: list[Decision] = [Record("effect_dead", text, by=SYSTEM)]
        if effect.kind is Kind.TRIGGER:
            decisions += [Cancel((TimerKind.FALLBACK,)), FallBack(f"PagerDuty refused the page: {outcome.error}")]
        elif effect.target is not Target.SLACK:
            decisions.append(Tell(text, attention="here"))
        with self._database.write() as connection:
            incident = store.find(connection, effect.incident_id, lock=True)
            if outbox.end(connection, effect, "dead", now, by=self.name, error=outcome.error):
                carry_out(connection, incident, decisions, self.desk.rules, now, Carried())
        self._count(effect, "dead")
        log.error("effect_died", effect_id=effect.id, target=effect.target.value, error=outcome.error)

    def _count(self, effect: Effect, outcome: str) -> None:
        self.desk.metrics.desk_effects.labels(effect.target.value, outcome).inc()

    def _post(self, effect: Effect) -> StatusPost:
        """Return what to show, with what is known of the page and whether an earlier attempt may have arrived."""
        post = tables.status_post
        with self._database.read() as connection:
            query = select(post.c.remote_id).where(post.c.incident_id == effect.incident_id)
            remote_id = connection.execute(query).scalar()
            tried = outbox.tried_before(connection, effect)
        doubtful = effect.doubtful or (remote_id is None and tried)
        values: dict[str, Any] = {**effect.body, "remote_id": remote_id, "doubtful": doubtful}
        return StatusPost(effect.incident_id, effect.id, **values)


def _page(pager: Pager, effect: Effect) -> Outcome:
    if effect.kind is Kind.TRIGGER:
        links = tuple(Link(**link) for link in effect.body["links"])
        values: dict[str, Any] = {**effect.body, "links": links}
        return pager.page(Page(**values))
    if effect.kind is Kind.ACKNOWLEDGE:
        return pager.acknowledge(effect.body["key"])
    return pager.resolve(effect.body["key"])


def _message(body: Mapping[str, Any]) -> Message:
    facts = tuple((name, value) for name, value in body["facts"])
    links = tuple(Link(**link) for link in body["links"])
    values: dict[str, Any] = {**body, "facts": facts, "links": links}
    return Message(**values)


def _words(effect: Effect, outcome: Delivered) -> tuple[Decision, ...]:
    """Return what the timeline says of a delivery, nothing for the chat's small talk."""
    tries = f" after {effect.attempts} attempts" if effect.attempts > 1 else ""
    text = {
        Kind.TRIGGER: f"PagerDuty took the page{tries}",
        Kind.ACKNOWLEDGE: f"PagerDuty took the acknowledgement{tries}",
        Kind.RESOLVE: f"PagerDuty took the resolve{tries}",
        Kind.SHOW: f"the status page shows {effect.body.get('status')}{tries}",
        Kind.FALLBACK: f"the page went out through Slack{tries}",
    }.get(effect.kind)
    if text is None:
        return ()
    if missing := outcome.receipt.get("unknown_components"):
        text = f"{text}; it has no component named {', '.join(missing)}"
    if outcome.receipt.get("nothing"):
        text = f"the status page needed no change: {outcome.receipt['nothing']}"
    return (Record(f"{effect.kind}_delivered", text, by=effect.target.value),)


def _is_dead(name: str, own: str) -> bool:
    """Return whether a holder is a process of this machine that does not live any more."""
    host, pid, _ = own.split("|")
    parts = name.split("|")
    if len(parts) != len(own.split("|")) or parts[0] != host or name == own:
        return False
    if parts[1] == pid:
        return True
    try:
        os.kill(int(parts[1]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError):
        return False
    return False
