"""A desk in virtual time, in a process that is killed by SIGKILL at a step that nobody was killed at before.

A life goes on where the last one ended: at the minute that stands beside its store. The steps are the ones that leave
something behind: each transaction, before and after its commit, and each call to a vendor, before and after it. Every
transaction of the desk's own code is one, whatever makes it, and bears the name of the function and what it is about.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from sqlalchemy import Connection

from support import scene
from vcci_platform.incidents.context.gather import Gatherer
from vcci_platform.incidents.context.model import Fact
from vcci_platform.incidents.context.tasks import Onlooker
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.ports import Message, Outcome
from vcci_platform.incidents.reconcile import Reconciler
from vcci_platform.incidents.review.tasks import Reviewer
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.testing import NINE
from vcci_platform.incidents.vendors.shared_pace import shared_paces
from vcci_platform.incidents.vendors.slack import Slack
from vcci_platform.incidents.vendors.targets import Vendors, VendorTargets
from vcci_platform.storage.database import Database, connect
from vcci_platform.telemetry.metrics import DeskMetrics

__all__ = ["Clock", "Life", "live"]

MINUTE = timedelta(minutes=1)
OWN = f"{os.sep}incidents{os.sep}"
INNER = frozenset({"_write", "_locked"})
"""Those who write for others: a transaction bears the name of whoever asked them to."""

RECONCILES_EVERY = 3

ABOUT: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "Desk.accept": lambda local: local["source"],
    "Desk.understand_next": lambda local: local["reading"][0].source,
    "Desk._ring": lambda local: local["timer"].rung.kind,
    "Reconciler._compare_page": lambda local: local["status"],
    "Reconciler._compare_post": lambda local: local["status"],
    "Reviewer.draft": lambda local: f"episode {local['incident'].episode}",
    "Reviewer.move": lambda local: local["stage"],
    "retry_effect": lambda local: f"{local['row']['target']} {local['row']['kind']}",
}
"""What a transaction of a function is about, where it is not always the same."""


@dataclass(frozen=True)
class Life:
    """What one life is given. `died` names the steps at which an earlier life ended; None lives to the end."""

    database_url: str
    folder: str
    targets: VendorTargets
    died: frozenset[str] | None


class Clock:
    """A clock that stands still within a minute, and is the same for the desk's lives and for the vendors."""

    def __init__(self, folder: Path) -> None:
        self._place = folder / "minute"

    @property
    def minute(self) -> int:
        return int(self._place.read_text()) if self._place.exists() else 0

    def now(self) -> datetime:
        return NINE + self.minute * MINUTE

    def move_on(self) -> None:
        after = self._place.with_suffix(".next")
        after.write_text(str(self.minute + 1))
        after.replace(self._place)


@dataclass
class Fate:
    """Ends the process at the first step that has not ended one yet, and writes down where."""

    life: Life
    passed: list[str] = field(default_factory=list[str])

    def step(self, name: str) -> None:
        self.passed.append(name)
        if self.life.died is not None and name not in self.life.died:
            (Path(self.life.folder) / "died-at").write_text(name)
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class MortalDatabase(Database):
    """A database whose every transaction may be the last thing that a desk does."""

    fate: Fate | None = None

    @contextmanager
    def write(self) -> Generator[Connection]:
        assert self.fate is not None
        with super().write() as connection:
            yield connection
            place = _place(sys._getframe(2))
            self.fate.step(f"{place}: before its commit")
        self.fate.step(f"{place}: after its commit")


def _place(frame: FrameType | None) -> str:
    """Return which of the desk's transactions this is: the function, and what it is about."""
    local: dict[str, Any] = {}
    while frame is not None:
        code = frame.f_code
        if OWN in code.co_filename:
            local = {**frame.f_locals, **local}
            if code.co_name not in INNER:
                about = _about(code.co_qualname, local)
                return f"{code.co_qualname} of {about}" if about else code.co_qualname
        frame = frame.f_back
    return "somewhere else"


def _about(function: str, local: Mapping[str, Any]) -> object:
    if function in ABOUT:
        return ABOUT[function](local)
    effect = local.get("effect") if function.startswith("Dispatcher.") else None
    if effect is None:
        return ""
    return effect.target if function == "Dispatcher.step" else f"{effect.target} {effect.kind}"


class Mortal:
    """A vendor; the desk may die before or after each call. What the scene says goes wrong never reaches the vendor."""

    def __init__(self, name: str, real: Any, fate: Fate, clock: Clock, *, way: str = "") -> None:
        self._name, self._real, self._fate, self._clock = name, real, fate, clock
        self._way = f" {way}" if way else ""

    def __getattr__(self, method: str) -> Callable[..., Outcome]:
        def call(*said: Any, **how: Any) -> Outcome:
            trouble = scene.trouble(self._clock.minute, f"{self._name}.{method}", said)
            if trouble is not None:
                return trouble
            self._fate.step(f"{self._name}.{method}{self._way}: before it is sent")
            outcome: Outcome = getattr(self._real, method)(*said, **how)
            self._fate.step(f"{self._name}.{method}{self._way}: sent and not marked")
            return outcome

        return call


@dataclass(frozen=True)
class Chats:
    """A chat that is reached as a bot, until its token is taken away, and then by the webhook."""

    bot: Any
    webhook: Any
    clock: Clock

    def say(self, message: Message) -> Outcome:
        chat = self.bot if self.clock.minute < scene.BOT_UNTIL else self.webhook
        outcome: Outcome = chat.say(message)
        return outcome

    def amend(self, channel: str, ts: str, message: Message) -> Outcome:
        outcome: Outcome = self.bot.amend(channel, ts, message)
        return outcome


def live(life: Life) -> None:
    """Live from the minute at which the last life ended to the last one, or to the step that is this life's fate."""
    gc.freeze()  # what the parent has read is never thrown away: to look at it would only copy it
    folder = Path(life.folder)
    # Every client reads the authorities that it trusts; the world's take longer than the rest of its making.
    os.environ["SSL_CERT_FILE"] = str(life.targets.pagerduty_ca_file)
    fate, clock = Fate(life), Clock(folder)
    database = MortalDatabase(connect(life.database_url).engine, fate=fate)
    desk = Desk(database, scene.rules(), clock, DeskMetrics())
    desk._parsers = {**desk._parsers, scene.STUMBLING: scene.stumbles_until_mended(clock)}
    targets, paces = life.targets, shared_paces(database, clock)
    vendors = Vendors(targets, clock, paces)
    webhook = Slack.connect(targets.slack_url.get_secret_value(), clock, paces=paces)

    def mortal(name: str, real: object, way: str = "") -> Any:
        return Mortal(name, real, fate, clock, way=way)

    dispatcher = Dispatcher(
        desk,
        mortal("pager", vendors.pager),
        mortal("status_page", vendors.status_page),
        Chats(mortal("chat", vendors.chat, "by the bot"), mortal("chat", webhook, "by the webhook"), clock),
        mailer=mortal("mailer", vendors.mailer),
        second_pager=mortal("second_pager", vendors.second_pager),
        responders=mortal("responders", vendors.rest),
        reviews=mortal("reviews", vendors.status_page),
        random=Random(11),
        rest=timedelta(0),
    )
    world = scene.Scene(desk, vendors, targets, folder)
    reviewer = Reviewer(desk)
    gatherer = Gatherer({"runbook": lambda question: (Fact(f"a page about {question.incident.system}"),)})
    onlooker = Onlooker(desk, gatherer)
    reconciler = Reconciler(desk, vendors.rest, vendors.status_page)

    def settle() -> None:
        while desk.cycle() + dispatcher.drain():
            pass

    dispatcher.recover()
    while clock.minute <= scene.LAST_MINUTE:
        world.play(clock.minute, reviewer)
        settle()
        while onlooker.round():
            pass
        reviewer.round()
        if clock.minute % RECONCILES_EVERY == 0:
            reconciler.round()
        settle()
        clock.move_on()
    (folder / "passed").write_text("\n".join(fate.passed))
