"""The story as values: what everybody can see at one moment, and what is new since the moment before. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Alarm", "Deadline", "Entry", "Incident", "Line", "Page", "Promise", "Scene", "duration", "news"]

TOLD_ELSEWHERE = frozenset({"opened", "alert_firing", "alert_resolved"})
"""Kinds of the timeline that the lines of incident and alerts tell already."""


@dataclass(frozen=True)
class Promise:
    """How the promise is doing that the fault breaks. `burn` is that of the fastest tier's short window."""

    name: str
    state: str
    total: float
    sli: float | None
    remaining: float
    burn: float | None

    @property
    def budget(self) -> str:
        """What is left of the error budget, in words."""
        return "spent" if self.remaining <= 0 else f"{self.remaining:.0%} left"


@dataclass(frozen=True)
class Alarm:
    """An alert that is pending or firing."""

    name: str
    tier: str
    priority: str
    state: str
    summary: str

    @property
    def title(self) -> str:
        """Its name, and for a promise which tier of it."""
        return f"{self.name} ({self.tier})" if self.tier else self.name


@dataclass(frozen=True)
class Entry:
    """A line of the incident's timeline."""

    kind: str
    text: str


@dataclass(frozen=True)
class Deadline:
    """What the desk does next if nobody acts."""

    kind: str
    due_at: datetime


@dataclass(frozen=True)
class Incident:
    """The incident as the desk tells it."""

    id: str
    title: str
    priority: str
    state: str
    level: int
    publication: str
    timeline: tuple[Entry, ...]
    deadline: Deadline | None

    def has(self, kind: str) -> bool:
        """Return whether the timeline tells of this."""
        return any(entry.kind == kind for entry in self.timeline)


@dataclass(frozen=True)
class Page:
    """A page as the pager got it. `rang` is how often it told a human."""

    key: str
    status: str
    severity: str
    summary: str
    rang: int
    links: tuple[tuple[str, str], ...]

    @property
    def runbook(self) -> str:
        """The address of the runbook that it carries, or nothing."""
        return next((href for href, text in self.links if text.lower().startswith("runbook")), "")


@dataclass(frozen=True)
class Scene:
    """Everything that can be seen at one moment."""

    at: datetime
    promise: Promise | None = None
    alarms: tuple[Alarm, ...] = ()
    incident: Incident | None = None
    pages: tuple[Page, ...] = ()
    components: tuple[tuple[str, str], ...] = ()
    public: tuple[tuple[str, str], ...] = ()

    @property
    def firing(self) -> tuple[Alarm, ...]:
        """The alerts that fire."""
        return tuple(alarm for alarm in self.alarms if alarm.state == "firing")

    @property
    def rang(self) -> int:
        """How often a human was told, in all."""
        return sum(page.rang for page in self.pages)

    @property
    def broken(self) -> tuple[str, ...]:
        """The components that the public does not see as operational."""
        return tuple(name for name, status in self.components if status != "operational")


@dataclass(frozen=True)
class Line:
    """Something new, and who says so."""

    who: str
    text: str


def news(before: Scene, after: Scene) -> tuple[Line, ...]:
    """Return what happened between two scenes, in the order in which things follow from each other.

    >>> at = datetime(2026, 1, 1)
    >>> pending = Alarm("ApiErrors", "fast", "P1", "pending", "burns")
    >>> [line.text for line in news(Scene(at), Scene(at, alarms=(pending,)))]
    ['ApiErrors (fast) P1 is pending: burns']
    """
    return (
        *_of_promise(before.promise, after.promise),
        *_of_alarms(before, after),
        *_of_incident(before.incident, after.incident),
        *_of_pages(before, after),
        *_of_public(before, after),
    )


def duration(seconds: float) -> str:
    """Return a length of time as people say it.

    >>> [duration(seconds) for seconds in (4.24, 250, 7500)]
    ['4.2 s', '4 min 10 s', '2 h 5 min']
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _of_promise(before: Promise | None, after: Promise | None) -> Iterator[Line]:
    if after is None or after.state == (before.state if before else ""):
        return
    burn = f", it burns {after.burn:.0f} times too fast" if after.burn and after.burn > 1 else ""
    sli = f"; SLI {after.sli:.2%}" if after.sli is not None else ""
    yield Line("promise", f"{after.name} is {after.state}{sli}, budget {after.budget}{burn}")


def _of_alarms(before: Scene, after: Scene) -> Iterator[Line]:
    known = {alarm.title + alarm.priority: alarm.state for alarm in before.alarms}
    for alarm in after.alarms:
        state = known.pop(alarm.title + alarm.priority, "")
        if alarm.state != state:
            yield Line("alert", f"{alarm.title} {alarm.priority} is {alarm.state}: {alarm.summary}")
    still = {alarm.title + alarm.priority for alarm in after.alarms}
    for alarm in before.alarms:
        if alarm.title + alarm.priority not in still:
            yield Line("alert", f"{alarm.title} {alarm.priority} is over")


def _of_incident(before: Incident | None, after: Incident | None) -> Iterator[Line]:
    if after is None:
        return
    if before is None or before.id != after.id:
        yield Line("desk", f"incident {after.id} is open, {after.priority}: {after.title}")
        before = None
    for entry in after.timeline[len(before.timeline) if before else 0 :]:
        if entry.kind not in TOLD_ELSEWHERE:
            yield Line("desk", entry.text)


def _of_pages(before: Scene, after: Scene) -> Iterator[Line]:
    known = {page.key: page for page in before.pages}
    for page in after.pages:
        earlier = known.get(page.key)
        if earlier is None:
            rang = "it rang once" if page.rang == 1 else f"it rang {page.rang} times"
            yield Line("pager", f"a page arrived, {page.severity}, {rang}: {page.summary}")
        elif earlier.rang != page.rang:
            yield Line("pager", f"the page rang again, {page.rang} times now")
        elif earlier.status != page.status:
            yield Line("pager", f"the page is {page.status}")


def _of_public(before: Scene, after: Scene) -> Iterator[Line]:
    seen = dict(before.components)
    for name, status in after.components:
        if seen and seen.get(name) != status:
            yield Line("public", f"the status page shows {name} as {status.replace('_', ' ')}")
    told = dict(before.public)
    for title, status in after.public:
        if told.get(title) != status:
            yield Line("public", f"the status page tells: {title}, {status}")
