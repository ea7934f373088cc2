"""The organisation: links, contacts, calendar, rotas, severities, escalation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

__all__ = [
    "LINES",
    "Calendar",
    "Contact",
    "Escalation",
    "Line",
    "Links",
    "NamedTime",
    "Notification",
    "OnCall",
    "Priority",
    "Severity",
    "StatusPage",
    "Watchdog",
]


Priority = Literal["P0", "P1", "P2", "P3"]
Line = Literal["primary", "secondary"]
LINES: tuple[Line, ...] = ("primary", "secondary")


@dataclass(frozen=True)
class Links:
    """Where people look; an empty string is a place that this team does not have.

    `places` knows how to reach the right page of a log store and of a trace store, by the forms with placeholders that
    the spec gives (`logs_search`, `traces_search`, `traces_one`), or by the tool's own form.
    """

    grafana: str = ""
    prometheus: str = ""
    alertmanager: str = ""
    logs: str = ""
    traces: str = ""
    runbooks: str = ""
    status_page: str = ""
    pagerduty: str = ""
    api: str = ""
    docs: str = ""
    wiki: str = ""
    desk: str = ""
    logs_search: str = ""
    traces_search: str = ""
    traces_one: str = ""


@dataclass(frozen=True)
class Contact:
    """A role, never a person."""

    name: str
    mail: str = ""
    phone: str = ""
    slack: str = ""
    pagerduty_schedule: str = ""


@dataclass(frozen=True)
class NamedTime:
    """A span of the week in the calendar's zone: weekdays 0 (Monday) to 6, minutes after midnight."""

    name: str
    text: str
    days: tuple[int, ...]
    start_minute: int
    end_minute: int


@dataclass(frozen=True)
class Calendar:
    """One time zone, the times that have a name, and the days on which nobody works."""

    timezone: str
    times: tuple[NamedTime, ...]
    freezes: tuple[str, ...]
    holidays: tuple[date, ...] = ()

    def time(self, name: str) -> NamedTime:
        """Return the time with this name, or raise KeyError."""
        return {time.name: time for time in self.times}[name]


@dataclass(frozen=True)
class OnCall:
    """A rota of two lines, primary and secondary.

    A line names the environment variable that holds the id of a PagerDuty schedule, or has members in the order of
    their turns: names of contacts, or mail addresses. `starts` is the day on which the first of them takes over.
    """

    team: str
    handoff_day: int
    handoff_minute: int
    shift: timedelta
    primary: str
    secondary: str
    primary_members: tuple[str, ...] = ()
    secondary_members: tuple[str, ...] = ()
    starts: date | None = None

    def schedule(self, line: Line) -> str:
        """Return the variable with the schedule's id, or nothing when the members stand in the spec."""
        return self.primary if line == "primary" else self.secondary

    def members(self, line: Line) -> tuple[str, ...]:
        """Return who takes turns, nobody when the roster lives in PagerDuty."""
        return self.primary_members if line == "primary" else self.secondary_members


@dataclass(frozen=True)
class Notification:
    """What a severity may do to a person, and when. `pagerduty` high rings a phone."""

    name: str
    pagerduty: Literal["high", "low"] | None
    slack: str
    during: str


@dataclass(frozen=True)
class Severity:
    """The policy of one severity. A deadline of None is not promised; `respond` None is the next business day."""

    priority: Priority
    means: str
    examples: tuple[str, ...]
    notify: Notification
    acknowledge: timedelta | None
    assess: timedelta | None
    respond: timedelta | None
    update: timedelta | None
    status_page: Literal["at-once", "users-above", "optional", "never"]
    users_above: float | None
    review: timedelta | None
    alertmanager: str
    pagerduty: str

    @property
    def page(self) -> bool:
        """Whether it wakes someone."""
        return self.notify.pagerduty == "high"


@dataclass(frozen=True)
class Escalation:
    """Who is asked next, and when. Steps are (after, level), counted from detection, in order."""

    levels: tuple[tuple[int, tuple[str, ...]], ...]
    unacknowledged: tuple[tuple[Priority, tuple[tuple[timedelta, int], ...]], ...]
    unresolved: tuple[tuple[Priority, tuple[tuple[timedelta, int], ...]], ...]
    declared: tuple[tuple[str, int], ...]

    def who(self, level: int) -> tuple[str, ...]:
        """Return the roles of a level, none for a level that does not exist."""
        return dict(self.levels).get(level, ())

    def steps(self, priority: str, kind: Literal["unacknowledged", "unresolved"]) -> tuple[tuple[timedelta, int], ...]:
        """Return the steps of a severity in time order, none if it does not escalate."""
        table = self.unacknowledged if kind == "unacknowledged" else self.unresolved
        return next((steps for found, steps in table if found == priority), ())


@dataclass(frozen=True)
class Watchdog:
    """The heartbeat that pages when Prometheus, Alertmanager or the desk falls silent. `to` names a variable."""

    beat: timedelta
    silent: timedelta
    to: str


@dataclass(frozen=True)
class StatusPage:
    """What the public is told: page components, what each severity shows there, and who approves."""

    provider: str
    components: tuple[tuple[str, tuple[str, ...]], ...]
    shows: tuple[tuple[Priority, str], ...]
    approve: tuple[tuple[Priority, str], ...]

    def shown_by(self, component: str) -> tuple[str, ...]:
        """Return the public names that stand for a component."""
        return tuple(name for name, members in self.components if component in members)
