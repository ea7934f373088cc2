"""What PagerDuty said about who is on call, kept for a short time, and shown with its age while it cannot be reached.

A page of the console that is looked at by ten people asks PagerDuty once. When it does not answer, what it said last
is shown as that, with its age and the reason; where it said nothing yet, nobody is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final, Protocol

from vcci_platform.clock import Clock
from vcci_platform.incidents.oncall.roster import Asked, Remembered, Told
from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.vendors.pagerduty_connection import Answered
from vcci_platform.incidents.vendors.pagerduty_rest import TOLD_AHEAD, OnCallNow

__all__ = ["AGAIN", "FRESH", "Answer", "RosterMemory", "Shelf"]

FRESH: Final = timedelta(seconds=60)
"""For so long an answer of PagerDuty counts as of now; an override that somebody makes there shows after it."""

AGAIN: Final = timedelta(seconds=15)
"""For so long nobody waits for PagerDuty once more after it did not answer."""

KEPT: Final = 16


@dataclass(frozen=True)
class Answer:
    """What PagerDuty said of the schedule of a variable and a span, and when."""

    variable: str
    since: datetime
    until: datetime
    rows: tuple[OnCallNow, ...]
    at: datetime

    def covers(self, variable: str, since: datetime, until: datetime) -> bool:
        return variable == self.variable and self.since <= since and until <= self.until


class Shelf(Protocol):
    """Where answers outlive the process. It never raises: what cannot be kept is asked again."""

    def load(self) -> tuple[Answer, ...]:
        """Return what is kept, the newest first."""
        ...

    def keep(self, answer: Answer) -> None:
        """Keep an answer in place of those that it makes needless."""
        ...


class RosterMemory:
    """Asks PagerDuty in place of those who want to know, and remembers. Safe for several threads.

    What is on the `shelf` is read with the first question, since the store may not be there before.
    """

    def __init__(self, ask: Asked, clock: Clock, shelf: Shelf | None = None) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = Lock()
        self._shelf = shelf
        self._unread = shelf is not None
        self._answers: tuple[Answer, ...] = ()
        self._away: tuple[datetime, Failed] | None = None

    def __call__(self, variable: str, since: datetime, until: datetime) -> Told:
        """Return who is on call in the schedule of a variable between two moments, as far as that is known."""
        with self._lock:
            self._remember()
            now = self._clock.now()
            known = self._found(variable, since, until)
            if known is not None and now - known.at < FRESH:
                return Remembered(known.rows, known.at)
            told = self._asked(variable, since, until, now)
            if isinstance(told, Answered):
                return Remembered(told.value, now)
            return told if known is None else Remembered(known.rows, known.at, told.error)

    def known(self, variable: str, since: datetime, until: datetime) -> Told:
        """Return what was said before, at once and without asking: for those who cannot wait."""
        self._remember()
        known = self._found(variable, since, until)
        return Remembered(known.rows, known.at) if known else Failed("it was not asked yet", retryable=True)

    def _remember(self) -> None:
        """Read the shelf, once. Two threads that do it at the same moment read the same."""
        if self._shelf is not None and self._unread:
            self._answers = (*self._answers, *self._shelf.load())[:KEPT]
            self._unread = False

    def _found(self, variable: str, since: datetime, until: datetime) -> Answer | None:
        return next((each for each in self._answers if each.covers(variable, since, until)), None)

    def _asked(self, variable: str, since: datetime, until: datetime, now: datetime) -> Told:
        """Ask, for so long a time that later questions are answered by it too; not while PagerDuty is away."""
        if self._away is not None and now - self._away[0] < AGAIN:
            return self._away[1]
        if until > now:
            since, until = min(since, now), max(until, now + TOLD_AHEAD)
        told = self._ask(variable, since, until)
        self._away = (self._clock.now(), told) if isinstance(told, Failed) and told.retryable else None
        if isinstance(told, Answered):
            self._keep(answer := Answer(variable, since, until, tuple(told.value), now))
            if self._shelf is not None:
                self._shelf.keep(answer)
        return told

    def _keep(self, answer: Answer) -> None:
        """Keep an answer in place of those that it makes needless, the newest first."""
        others = (each for each in self._answers if not answer.covers(each.variable, each.since, each.until))
        self._answers = (answer, *others)[:KEPT]
