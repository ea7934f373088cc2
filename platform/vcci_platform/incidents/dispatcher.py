"""The dispatcher: carries effects to the vendors, each target in a loop of its own, so that one cannot delay another.

It may be killed at any line. A claimed effect whose holder died is sent again once its lease ends, or at once when the
same machine starts again: pages have a key that makes two of them one, the status page is read before it is written
again, and a chat message may, rarely, appear twice.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import OperationalError

from vcci_platform.incidents import confidence, messages, outbox, promptness, public, store, tables
from vcci_platform.incidents.aftermath import done_instead, told_of
from vcci_platform.incidents.carry import Carried, carry_out
from vcci_platform.incidents.decisions import SYSTEM, Cancel, Decision, Record, TimerKind
from vcci_platform.incidents.model import Incident, Nature
from vcci_platform.incidents.outbox import Effect, Kind, Target
from vcci_platform.incidents.ports import (
    Chat,
    Delivered,
    Failed,
    Letter,
    Link,
    Mailer,
    Message,
    Outcome,
    Page,
    Pager,
    PublicReview,
    PublicReviews,
    Responders,
    StatusPage,
    StatusPost,
)
from vcci_platform.incidents.rules import VENDOR_BEHIND
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.vendors.breaker import REST, Circuit
from vcci_platform.telemetry import logs

__all__ = ["Dispatcher", "backoff", "holder_name"]

LEASE: Mapping[Target, timedelta] = {
    Target.PAGERDUTY: timedelta(seconds=20),
    Target.STATUSPAGE: timedelta(seconds=60),
    Target.SLACK: timedelta(seconds=20),
    Target.MAIL: timedelta(seconds=60),
    Target.SECOND_PAGER: timedelta(seconds=20),
    Target.RESPONDERS: timedelta(seconds=40),
}
"""Longer than the slowest answer of the target, every call of a post together."""

FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY: Mapping[Target, timedelta] = {
    Target.PAGERDUTY: timedelta(seconds=15),
    Target.STATUSPAGE: timedelta(seconds=60),
    Target.SLACK: timedelta(seconds=30),
    Target.MAIL: timedelta(minutes=2),
    Target.SECOND_PAGER: timedelta(seconds=15),
    Target.RESPONDERS: timedelta(seconds=15),
}
GIVE_UP_AFTER = timedelta(hours=24)

WITHIN_RATE = timedelta(seconds=5)
"""How long at most a target is left alone once its rate is used up: not longer, since another of its channels may be
free, and not shorter, so that a backlog is not claimed in vain, row by row."""

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

    `mailer`, `second_pager` and `responders` are there when the environment names them. `rest` is how long a vendor in
    trouble is left alone, by the machine's own clock.
    """

    def __init__(
        self,
        desk: Desk,
        pager: Pager,
        status_page: StatusPage,
        chat: Chat,
        *,
        mailer: Mailer | None = None,
        second_pager: Pager | None = None,
        reviews: PublicReviews | None = None,
        responders: Responders | None = None,
        random: Random | None = None,
        rest: timedelta = REST,
    ) -> None:
        self.desk = desk
        self.name = holder_name()
        self._reviews = reviews
        self._random = random or Random()  # noqa: S311 - jitter, not a secret
        self._database = desk.database
        self._clock = desk.clock
        self._senders: dict[Target, Callable[[Effect], Outcome]] = {
            Target.PAGERDUTY: lambda effect: _page(pager, effect),
            Target.STATUSPAGE: lambda effect: self._public(status_page, effect),
            Target.SLACK: lambda effect: self._chat(chat, effect),
        }
        if mailer is not None:
            self._senders[Target.MAIL] = lambda effect: mailer.send(_letter(effect))
        if second_pager is not None:
            self._senders[Target.SECOND_PAGER] = lambda effect: _page(second_pager, effect)
        if responders is not None:
            self._senders[Target.RESPONDERS] = lambda effect: _hand_on(responders, effect, self._handed_on(effect))
        self._used_up_until: dict[Target, datetime] = {}
        self._unsettled: dict[Target, deque[tuple[Effect, Outcome]]] = {target: deque() for target in Target}
        self.circuits = {target: Circuit(target.value, desk.metrics, rest=rest) for target in self._senders}

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
        if target not in self.circuits or self.circuits[target].rests:
            return False
        if (kept := self._kept(target)) is not None:
            self._settle_or_keep(*kept)
            return True
        if now < self._used_up_until.get(target, now) or not self._is_ready(target, now):
            return False
        with self._database.write() as connection:
            effect = outbox.claim(connection, target, self.name, LEASE[target], now)
            if effect is None:
                return False
            if effect.stale_at is not None and now >= effect.stale_at:
                why = "too old to be worth sending" if effect.kind in outbox.STALE_AFTER else "called off meanwhile"
                outbox.end(connection, effect, "superseded", now, by=self.name, error=why)
                self._count(effect, "superseded")
                return True
        self._settle_or_keep(effect, self._send(effect))
        return True

    def _is_ready(self, target: Target, now: datetime) -> bool:
        with self._database.read() as connection:
            return outbox.is_ready(connection, target, now)

    def _kept(self, target: Target) -> tuple[Effect, Outcome] | None:
        try:
            return self._unsettled[target].popleft()
        except IndexError:  # there is none, or another thread was faster
            return None

    def _settle_or_keep(self, effect: Effect, outcome: Outcome) -> None:
        """Write what became of an effect; if the store is away, with the next step: nothing is sent again for that."""
        try:
            self._settle(effect, outcome)
        except OperationalError:
            self._unsettled[effect.target].append((effect, outcome))
            raise

    def drain(self) -> int:
        """Carry out everything that can be carried out now, and return how much that was."""
        done = 0
        for target in self.circuits:
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
            self._delivered(effect, outcome)
        elif outcome.retryable and now - effect.created_at < GIVE_UP_AFTER:
            self._postponed(effect, outcome, now)
        else:
            self._dead(effect, outcome)

    def _delivered(self, effect: Effect, outcome: Delivered) -> None:
        with self._database.write() as connection:
            incident = store.find(connection, effect.incident_id, lock=True)
            now = self._clock.now()  # read under the lock, so that the lines of a timeline stand in their order
            if not outbox.end(connection, effect, "delivered", now, by=self.name, receipt=outcome.receipt):
                log.warning("lease_lost", effect_id=effect.id)
                return
            remote_id = outcome.receipt.get("id")
            if effect.kind is Kind.SHOW and remote_id is not None:
                post = tables.status_post
                same = post.c.incident_id == effect.incident_id
                connection.execute(update(post).where(same).values(remote_id=str(remote_id)))
            decisions = [*told_of(effect, outcome), *self._hidden(connection, incident, effect, now)]
            calls = (effect.target, effect.kind) in outbox.CALLS
            if calls and not outbox.has_waiting_page(connection, effect.incident_id):
                decisions.append(Cancel((TimerKind.FALLBACK,)))
            carry_out(connection, incident, decisions, self.desk.rules, now, Carried())
        self._count(effect, "delivered")
        seconds = (now - effect.created_at).total_seconds()
        self.desk.metrics.desk_effect_seconds.labels(effect.target.value).observe(seconds)
        heard_at = promptness.heard_at(effect.body)
        if heard_at is not None:
            self.desk.metrics.desk_page_seconds.observe((now - heard_at).total_seconds())
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
        if not outcome.counts and outcome.after is not None:
            self._used_up_until[effect.target] = now + min(outcome.after, WITHIN_RATE)
        if outcome.counts:
            self._count(effect, "retried")
            log.warning("effect_postponed", effect_id=effect.id, target=effect.target.value, error=outcome.error)

    def _dead(self, effect: Effect, outcome: Failed) -> None:
        carried = Carried()
        with self._database.write() as connection:
            incident = store.find(connection, effect.incident_id, lock=True)
            now = self._clock.now()
            wanted = not outbox.is_called_off(connection, effect)
            if outbox.end(connection, effect, "dead", now, by=self.name, error=outcome.error):
                decisions = done_instead(effect, outcome, wanted=wanted)
                carry_out(connection, incident, decisions, self.desk.rules, now, carried)
        self.desk.tell(carried)
        self._count(effect, "dead")
        log.error("effect_died", effect_id=effect.id, target=effect.target.value, error=outcome.error)

    def _count(self, effect: Effect, outcome: str) -> None:
        self.desk.metrics.desk_effects.labels(effect.target.value, outcome).inc()

    def _public(self, page: StatusPage, effect: Effect) -> Outcome:
        if effect.kind is not Kind.POSTMORTEM:
            return page.show(self._post(effect))
        if self._reviews is None:
            return Failed("this desk publishes no reviews", retryable=False)
        post = tables.status_post
        with self._database.read() as connection:
            query = select(post.c.remote_id).where(post.c.incident_id == effect.incident_id)
            remote_id = connection.execute(query).scalar()
        if remote_id is None:
            return Failed("the status page never showed this incident", retryable=False)
        return self._reviews.review(PublicReview(remote_id, effect.body["text"], effect.body["notify"]))

    def _hidden(
        self, connection: Connection, incident: Incident | None, effect: Effect, now: datetime
    ) -> tuple[Decision, ...]:
        """Hide what arrived in its first words while its incident became one for few eyes."""
        if incident is None or incident.nature is not Nature.SECURITY or not messages.told_too_much(effect.body):
            return ()
        lines = confidence.hide(connection, incident, self.desk.rules, now, only=effect.id).lines
        return tuple(Record("confidence", text, by=SYSTEM) for text in lines)

    def _chat(self, chat: Chat, effect: Effect) -> Outcome:
        if effect.kind is Kind.REWORD:
            return chat.amend(effect.body["channel"], effect.body["ts"], _message(effect.body["message"]))
        return chat.say(self._threaded(effect))

    def _handed_on(self, effect: Effect) -> int:
        """Return how many other levels were asked under the same page at about the time of an effect in doubt."""
        if not effect.doubtful:
            return 0
        with self._database.read() as connection:
            return outbox.handed_on(connection, effect, effect.created_at - VENDOR_BEHIND)

    def _threaded(self, effect: Effect) -> Message:
        """Return a message as an answer to the incident's first one, where the chat can tell which that is."""
        message = _message(effect.body)
        with self._database.read() as connection:
            return replace(message, thread=outbox.thread_of(connection, effect.incident_id, message.channel))

    def _post(self, effect: Effect) -> StatusPost:
        """Return what to show, with what is known of the page and whether an earlier attempt may have arrived.

        How bad each component is, is asked now: while this waited another incident of it may have come or ended.
        """
        post = tables.status_post
        with self._database.read() as connection:
            query = select(post.c.remote_id).where(post.c.incident_id == effect.incident_id)
            remote_id = connection.execute(query).scalar()
            tried = outbox.tried_before(connection, effect)
            incident = store.find(connection, effect.incident_id)
            components = effect.body["components"]
            if incident is not None:
                components = public.components_of(connection, incident, components, self.desk.rules)
        doubtful = effect.doubtful or (remote_id is None and tried)
        now = {"components": components, "remote_id": remote_id, "doubtful": doubtful}
        values: dict[str, Any] = {**effect.body, **now}
        return StatusPost(effect.incident_id, effect.id, **values)


def _page(pager: Pager, effect: Effect) -> Outcome:
    if effect.kind is Kind.TRIGGER:
        links = tuple(Link(**link) for link in effect.body["links"])
        values: dict[str, Any] = {**promptness.page_of(effect.body), "links": links}
        return pager.page(Page(**values))
    if effect.kind is Kind.ACKNOWLEDGE:
        return pager.acknowledge(effect.body["key"])
    return pager.resolve(effect.body["key"])


def _hand_on(responders: Responders, effect: Effect, handed_on: int) -> Outcome:
    body = effect.body
    if effect.kind is Kind.REWORD:
        return responders.rename_under(body["key"], body["title"])
    if policy := body.get("joins"):
        return responders.join_under(body["key"], policy, f"level {body['level']} is asked for help: {body['why']}")
    asked_at = effect.created_at if effect.doubtful else None
    return responders.escalate_under(
        body["key"], body.get("place", body["level"]), asked_at=asked_at, handed_on=handed_on
    )


def _letter(effect: Effect) -> Letter:
    body = effect.body
    return Letter(f"effect-{effect.id}.{effect.incident_id}", tuple(body["to"]), body["subject"], body["text"])


def _message(body: Mapping[str, Any]) -> Message:
    facts = tuple((name, value) for name, value in body["facts"])
    links = tuple(Link(**link) for link in body["links"])
    values: dict[str, Any] = {**body, "facts": facts, "links": links}
    return Message(**values)


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
