"""A desk on a stage: a store that is thrown away, a clock that jumps, and vendors that take whatever they are told."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import RowMapping, func, select

from vcci_platform.incidents import commands, queries, store, tables
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.drill.script import Act, Step
from vcci_platform.incidents.model import Incident, Refused, Role, State
from vcci_platform.incidents.outbox import Kind, Target
from vcci_platform.incidents.pages import LEVEL
from vcci_platform.incidents.ports import Delivered, Failed, Letter, Message, Outcome, Page, StatusPost
from vcci_platform.incidents.review.model import Stage as Progress
from vcci_platform.incidents.review.tasks import Reviewer
from vcci_platform.incidents.rules import IncidentPolicy, SeverityPolicy
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.views import IncidentDetail
from vcci_platform.storage.database import connect
from vcci_platform.storage.metadata import desk_metadata
from vcci_platform.telemetry.metrics import DeskMetrics

__all__ = ["Heard", "Stage", "beginning", "stage"]

MONDAY: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When a play begins, unless somebody says otherwise: the same spec gives the same words."""

AWAY: Final = timedelta(days=7)
"""When a vendor that is away is asked again: after every play."""


def beginning(rules: SeverityPolicy) -> datetime:
    """Return when a play of a severity begins: on a Monday morning, when there is somebody who works."""
    return rules.wakes(MONDAY)


class JumpingClock:
    """A clock that stands still until it is moved on."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def move(self, to: datetime) -> None:
        """Go on to a moment; what is past stays past."""
        self._now = max(self._now, to)


@dataclass(frozen=True)
class Heard:
    """What a vendor was told: which one, what kind of thing, and the words. `level` is whom a page goes to."""

    at: datetime
    target: Target
    kind: Kind
    text: str
    level: int = 0
    to: tuple[str, ...] = ()
    attention: str = ""


class PagerEars:
    """PagerDuty, its REST API too: it takes whatever it is told, or nothing at all."""

    def __init__(self, *, answers: bool = True) -> None:
        self._answers = answers

    def page(self, page: Page) -> Outcome:
        return self._heard(page.key)

    def acknowledge(self, key: str) -> Outcome:
        return self._heard(key)

    def resolve(self, key: str) -> Outcome:
        return self._heard(key)

    def join_under(self, key: str, policy: str, message: str) -> Outcome:
        return self._heard(f"{key}, {policy}")

    def escalate_under(self, key: str, level: int, *, asked_at: datetime | None = None, handed_on: int = 0) -> Outcome:
        return self._heard(f"{key}, level {level}")

    def rename_under(self, key: str, title: str) -> Outcome:
        return self._heard(f"{key}, {title}")

    def _heard(self, key: str) -> Outcome:
        if not self._answers:
            return Failed("PagerDuty does not answer", retryable=True, after=AWAY, counts=False)
        return Delivered({"dedup_key": key})


class Ears:
    """Every other vendor at once: whatever it is told, it takes. What it was told stands in the outbox."""

    def show(self, post: StatusPost) -> Outcome:
        return Delivered({"id": f"post-of-{post.incident_id}"})

    def say(self, message: Message) -> Outcome:
        return Delivered({"headline": message.headline})

    def amend(self, channel: str, ts: str, message: Message) -> Outcome:
        return Delivered({"channel": channel, "ts": ts})

    def send(self, letter: Letter) -> Outcome:
        return Delivered({"letter": letter.id})


def _heard(row: RowMapping) -> Heard:
    body: Mapping[str, Any] = row["body"]
    at, target, kind = row["ended_at"], Target(row["target"]), Kind(row["kind"])
    match target:
        case Target.PAGERDUTY | Target.SECOND_PAGER:
            level = int(str(body["key"]).partition(LEVEL)[2] or 1)
            return Heard(at, target, kind, str(body.get("summary", "")), level=level)
        case Target.STATUSPAGE:
            parts = tuple(f"{name}: {state}" for name, state in sorted(body["components"].items()))
            return Heard(at, target, kind, f"{body['status']}: {body['body']}", to=parts)
        case Target.SLACK:
            place = tuple(one for one in [str(body["channel"])] if one)
            return Heard(at, target, kind, str(body["text"]), to=place, attention=str(body["attention"]))
        case Target.MAIL:
            return Heard(at, target, kind, str(body["subject"]), to=tuple(body["to"]))
        case Target.RESPONDERS:
            return Heard(at, target, kind, str(body["why"]), level=int(body["level"]))


class Stage:
    """A whole desk in virtual time: inbox, decisions, timers, outbox and dispatcher are the real ones.

    It has every way to the outside that a desk can have. `pagerduty` false: PagerDuty is away all the time.
    """

    def __init__(self, rules: IncidentPolicy, folder: Path, begins: datetime, *, pagerduty: bool = True) -> None:
        self.begins = begins
        self.clock = JumpingClock(begins)
        self.refused: list[tuple[Step, str]] = []
        self._database = connect(f"sqlite:///{folder / 'drill.db'}")
        desk_metadata.create_all(self._database.engine)
        every_way = frozenset(target.value for target in Target)
        self.desk = Desk(self._database, replace(rules, channels=every_way), self.clock, DeskMetrics())
        ears, pager = Ears(), PagerEars(answers=pagerduty)
        self._dispatcher = Dispatcher(
            self.desk,
            pager,
            ears,
            ears,
            mailer=ears,
            second_pager=PagerEars(),
            responders=pager,
            rest=timedelta(0),
        )

    def close(self) -> None:
        self._database.close()

    def settle(self) -> None:
        """Understand, ring and send until there is nothing left to do at this moment."""
        while self.desk.cycle() + self._dispatcher.drain():
            pass

    def play(self, steps: Iterable[Step], until: datetime) -> None:
        """Let people do what they do and timers ring, each at its moment, up to and with `until`."""
        waiting = sorted(steps, key=lambda step: step.after)
        self.settle()
        while True:
            acts_at = self.begins + waiting[0].after if waiting else None
            moments = [moment for moment in (acts_at, self._next_timer()) if moment is not None]
            if not moments or min(moments) > until:
                break
            self.clock.move(min(moments))
            self.settle()  # a clock that ends at this very moment has rung before anybody acts
            while waiting and self.begins + waiting[0].after <= self.clock.now():
                self._play(waiting.pop(0))
                self.settle()
        self.clock.move(until)

    @property
    def incident(self) -> Incident:
        """The one incident of the play."""
        with self._database.read() as connection:
            row = connection.execute(select(tables.incident)).mappings().one()
            return store.incident_of_row(row)

    @property
    def heard(self) -> tuple[Heard, ...]:
        """What the vendors were told, in the order in which the desk asked for it."""
        table = tables.outbox
        query = select(table).where(table.c.state == "delivered").order_by(table.c.ended_at, table.c.id)
        with self._database.read() as connection:
            return tuple(_heard(row) for row in connection.execute(query).mappings())

    @property
    def record(self) -> IncidentDetail:
        """Everything that the desk's store knows of the incident."""
        incident = self.incident
        with self._database.read() as connection:
            return queries.detail(connection, incident)

    def _next_timer(self) -> datetime | None:
        timer = tables.timer
        query = select(func.min(timer.c.due_at)).where(timer.c.state == "armed", timer.c.due_at > self.clock.now())
        with self._database.read() as connection:
            moment: datetime | None = connection.execute(query).scalar()
        return moment

    def _play(self, step: Step) -> None:
        """Let a person act; what the desk refuses is remembered, as a person would be told."""
        try:
            self._act(step)
        except Refused as refused:
            self.refused.append((step, str(refused)))

    def _act(self, step: Step) -> None:
        incident_id, by, say = self.incident.id, step.by, step.say
        action = step.act.action
        if step.act is Act.REVIEW:
            self._review(incident_id, by, say)
            return
        if action is not None:
            self.desk.act(incident_id, action, by=by, why=say)
            return
        match step.act:
            case Act.UPDATE:
                told = commands.Update(by, say)
                self.desk.command(incident_id, lambda i, p, n: commands.on_update(i, told, p, n, may_publish=True))
            case Act.NOTE:
                self.desk.command(incident_id, lambda i, p, n: commands.on_note(i, p, n, by=by, text=say))
            case Act.COMMAND:
                self.desk.command(incident_id, lambda i, p, n: commands.on_assign(i, Role.COMMANDER, by, p, n, by=by))
            case Act.PUBLISH:
                self.desk.approve(incident_id, by=by, why=say)
            case Act.HOLD:
                self.desk.command(
                    incident_id, lambda i, p, n: commands.on_hold(i, n + step.lasts, p, n, by=by, why=say)
                )
            case Act.ESCALATE:
                self.desk.command(
                    incident_id, lambda i, p, n: commands.on_escalate(i, step.level, p, n, by=by, why=say)
                )
            case _:
                raise AssertionError(f"nobody plays {step.act}")

    def _review(self, incident_id: str, by: str, causes: str) -> None:
        """Write the review and hand it in; a colleague publishes it, which is what makes an incident reviewed."""
        if self.incident.state is not State.RESOLVED:
            raise Refused("not-resolved", f"an incident that is {self.incident.state} is not reviewed yet", ())
        reviewer = Reviewer(self.desk)
        reviewer.draft(incident_id)
        written = replace(reviewer.read(incident_id).review, causes=causes or "played, nothing broke")
        kept = reviewer.edit(incident_id, written, by=by)
        handed = reviewer.move(incident_id, Progress.IN_REVIEW, version=kept.review.version, by=by)
        reviewer.move(incident_id, Progress.PUBLISHED, version=handed.review.version, by=f"{by}'s colleague")


@contextmanager
def stage(rules: IncidentPolicy, begins: datetime, *, pagerduty: bool = True) -> Generator[Stage]:
    """Yield a desk whose store is thrown away afterwards; see `Stage`."""
    with tempfile.TemporaryDirectory(prefix="vcci-drill-") as folder:
        play = Stage(rules, Path(folder), begins, pagerduty=pagerduty)
        try:
            yield play
        finally:
            play.close()
