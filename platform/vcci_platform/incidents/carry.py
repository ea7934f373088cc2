"""Carry decisions out: state, timeline, timers and outbox rows, all in the transaction that the caller holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from vcci_platform.incidents import chronicle, confidence, duties, facts, messages, outbox, pages, public, store, tables
from vcci_platform.incidents.context import store as contexts
from vcci_platform.incidents.context.reach import reach_words
from vcci_platform.incidents.decisions import (
    SYSTEM,
    AcknowledgePages,
    AddTasks,
    Adopt,
    Arm,
    Assign,
    Cancel,
    Classify,
    CloseKey,
    Decision,
    Escalate,
    FallBack,
    HoldKey,
    Mail,
    Open,
    PageLevel,
    Propose,
    Publish,
    ResolvePages,
    Ring,
    StandDown,
    Tell,
    Tick,
    TimerKind,
    Track,
)
from vcci_platform.incidents.effects import Carried
from vcci_platform.incidents.evolution import evolve
from vcci_platform.incidents.model import Entry, Incident, Nature
from vcci_platform.incidents.outbox import Kind, Target
from vcci_platform.incidents.paging import Paging
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.storage.ids import new_id

__all__ = ["Carried", "carry_out"]


def carry_out(
    connection: Connection,
    incident: Incident | None,
    decisions: Sequence[Decision],
    policy: IncidentPolicy,
    now: datetime,
    carried: Carried,
    *,
    identity: str = "",
) -> Incident | None:
    """Write everything that these decisions mean, and return the incident after them; `identity` names a new one."""
    if not decisions:
        return incident
    opens = any(isinstance(decision, Open) for decision in decisions)
    after = evolve(incident, decisions, now, new_id=identity or new_id("inc"))
    tracked = [decision.tracked for decision in decisions if isinstance(decision, Track)]
    if after is None:
        store.track(connection, tracked, None, now)
        return None
    if opens:
        carried.opened.append(after)
    if after != incident:
        store.save(connection, after, new=opens)
    store.track(connection, tracked, after.id, now)
    _Carrier(connection, after, policy, now, carried).carry(incident, decisions)
    return after


@dataclass
class _Carrier(Paging):
    _decisions: Sequence[Decision] = ()
    _begins: bool = False
    _lines: list[Entry] = field(default_factory=list[Entry])

    @property
    def next_update(self) -> datetime | None:
        """When the next update will be due once everything that was decided is carried out; None where none is."""
        return facts.next_update(self.connection, self.incident.id, self._decisions)

    def carry(self, before: Incident | None, decisions: Sequence[Decision]) -> None:
        self._decisions, self._begins = decisions, before is None
        entries: list[Entry] = []
        for decision in decisions:
            told = self._effect(decision)
            line = chronicle.entry(decision, before, self.now)
            if line is not None and told:
                entries.append(line)
            entries += self._lines
            self._lines = []
            if isinstance(decision, Tick):
                entries += self._ticked(decision)
            if isinstance(decision, AddTasks):
                entries += self._reached()
            before = evolve(before, (decision,), self.now, new_id=self.incident.id)
        store.append(self.connection, self.incident.id, entries)

    def _effect(self, decision: Decision) -> bool:  # noqa: C901, PLR0912 - one case for each decision
        """Do what a decision says; false when it was done before, so that the timeline has it already."""
        news = True
        match decision:
            case Arm():
                store.arm(self.connection, self.incident, decision, self.now)
            case Cancel(kinds):
                store.cancel(self.connection, self.incident.id, kinds, self.now)
            case Ring(priority, again, why):
                self._ring(priority, why, again=again)
            case Escalate(level, _, why):
                self._escalate(level, why)
            case PageLevel(level, why):
                self._page_level(level, why)
            case Adopt(key):
                news = self._adopt(key)
            case CloseKey(key):
                self._call_off((Kind.TRIGGER,), key=key)
                pages.close(self.connection, self.incident.id, key)
            case HoldKey(key):
                pages.hold(self.connection, self.incident.id, key, self.now, adopted=True)
            case AcknowledgePages(but):
                self._acknowledge_pages(but)
                for key in outbox.keys_of(self.connection, self.incident.id, Target.SECOND_PAGER):
                    self._enqueue(Target.SECOND_PAGER, Kind.ACKNOWLEDGE, {"key": key})
            case ResolvePages():
                self._resolve_pages()
            case Publish():
                news = self._publish(decision.words)
            case Tell(_, prompt, _):
                body = messages.tell_document(
                    self.incident,
                    self.alerts,
                    decision,
                    self.policy,
                    self.now,
                    next_update=self.next_update,
                    known=() if self._begins else facts.known(self.connection, self.incident.id, self._decisions),
                )
                self._enqueue(Target.SLACK, Kind.PROMPT if prompt else Kind.SAY, body)
            case Propose():
                self._tell_reach()
            case StandDown():
                news = self._stand_down()
            case FallBack(why):
                self._fall_back(why)
            case Mail(what, text, roles):
                if to := self._addresses(roles):
                    body = messages.mail_document(self.incident, self.alerts, what, text, to, self.policy)
                    self._enqueue(Target.MAIL, Kind.MAIL, body)
                self._tell_elsewhere(what, text, roles)
            case Classify(Nature.SECURITY):
                self._restrict()
            case Assign(role, person, _):
                duties.assign(self.connection, self.incident.id, role, person, self.now)
            case AddTasks():
                self._add_tasks(decision)
            case _:
                pass
        return news

    # --- people ----

    def _tell_reach(self) -> None:
        """Tell whom it is known to reach, where that was counted before the public's part was proposed."""
        context = contexts.find(self.connection, self.incident.id, self.incident.episode)
        text = reach_words(context, self.policy[self.incident.priority]) if context is not None else ""
        if text:
            body = messages.tell_document(
                self.incident,
                self.alerts,
                Tell(text, prompt=True),
                self.policy,
                self.now,
                next_update=self.next_update,
            )
            self._enqueue(Target.SLACK, Kind.PROMPT, body)

    def _tell_elsewhere(self, what: str, text: str, roles: tuple[str, ...]) -> None:
        """Tell those who have a channel of their own and no mail."""
        known = facts.known(self.connection, self.incident.id, self._decisions)
        for channel, names in sorted(self.policy.places_of(self.incident, roles).items()):
            body = messages.tell_document(
                self.incident,
                self.alerts,
                Tell(f"{what[:1].upper()}{what[1:]}: {text}"),
                self.policy,
                self.now,
                next_update=self.next_update,
                known=(("For", ", ".join(names)), *known),
                channel=channel,
            )
            self._enqueue(Target.SLACK, Kind.SAY, body)

    def _add_tasks(self, added: AddTasks) -> None:
        """Add tasks and the clocks of those that are due; a severity's own know its working hours."""
        own = added.checklist == self.incident.priority

        def due(within: timedelta) -> datetime:
            return self.policy[self.incident.priority].after(self.now, within) if own else self.now + within

        duties.add_tasks(self.connection, self.incident.id, added.checklist, added.tasks, added.by, self.now, due)
        for within in sorted({task.within for task in added.tasks if task.within is not None}):
            clock = Arm(TimerKind.TASK, due(within), round(within.total_seconds()))
            store.arm(self.connection, self.incident, clock, self.now)

    def _reached(self) -> list[Entry]:
        """Mark the tasks that are done already when they come, such as to acknowledge what somebody has."""
        roles = {row["role"] for row in duties.roles_of(self.connection, self.incident.id)}
        past = duties.reached(self.incident, roles)
        return [line for milestone in past for line in self._ticked(Tick(SYSTEM, milestone=milestone))]

    def _ticked(self, tick: Tick) -> list[Entry]:
        """Mark tasks and return the lines that the timeline gets, none for what was marked before."""
        if tick.milestone:
            texts = duties.tick_milestone(self.connection, self.incident.id, tick.milestone, tick.by, self.now)
        else:
            text = duties.tick(self.connection, self.incident.id, tick.number, tick.by, self.now, done=tick.done)
            texts = [] if text is None else [text]
        word = "done" if tick.done else "not done after all"
        return [chronicle.line_of("task", f"{word}: {text}", tick.by, self.now) for text in texts]

    def _restrict(self) -> None:
        """Take back what was said in the open and has not arrived, and hide what has, as far as each vendor lets us.

        What calls people goes out anew, in few words.
        """
        lost = confidence.take_back(self.connection, self.incident, self.policy, self.now)
        self.carried.superseded += [Target(row["target"]) for row in lost if row["state"] == "waiting"]
        if any(row["kind"] == Kind.FALLBACK and row["state"] == "waiting" for row in lost):
            self._call_otherwise("PagerDuty did not take the page")
        hidden = confidence.hide(self.connection, self.incident, self.policy, self.now)
        self.carried.enqueued += hidden.enqueued
        self._lines += [chronicle.line_of("confidence", text, SYSTEM, self.now) for text in hidden.lines]

    # --- the status page ---------------------------------------------------------------------------------------------

    def _publish(self, words: str) -> bool:
        """Queue what the public should see now, in place of what it was to see and has not; false if it is told so.

        What nobody may have seen needs no end, and what was never shown of a component is not restored. What a person
        says is never taken for a repetition.
        """
        post = tables.status_post
        names = public.touched(self.connection, self.incident, self.alerts, self.policy)
        values = {"components": sorted(names), "open": self.incident.is_open}
        mine = post.c.incident_id == self.incident.id
        known = self.connection.execute(select(post.c.remote_id).where(mine)).first()
        if known is None:
            row = {"incident_id": self.incident.id, "remote_id": None, **values}
            self.connection.execute(insert(post).values(row))
        else:
            self.connection.execute(update(post).where(mine).values(values))
        unseen = False
        if not self.incident.is_open and known is not None:
            seen = public.may_have_seen(self.connection, self.incident.id)
            unseen = known[0] is None and not seen
            names = names & seen
        body = public.document(
            self.connection,
            self.incident,
            names,
            self.policy,
            self.now,
            next_update=self.next_update,
            words=words,
        )
        if not words and public.is_told(self.connection, self.incident.id, body):
            return False
        stale = outbox.supersede(self.connection, self.incident.id, (Kind.SHOW,), self.now)
        self.carried.superseded += [Target.STATUSPAGE] * len(stale)
        if not unseen:
            self._enqueue(Target.STATUSPAGE, Kind.SHOW, body)
        return True
