"""What was found when an incident opened, source by source, and what could not be had. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from vcci_platform.incidents.model import Incident, Tracked, systems_of

__all__ = ["SOURCES", "Context", "Fact", "Question", "Section", "Source", "Unavailable", "is_link"]

SOURCES: Mapping[str, str] = {
    "dashboards": "Dashboards",
    "runbook": "Runbook",
    "releases": "Releases and changes",
    "alerts": "Alerts",
    "budgets": "Error budgets",
    "endpoints": "Affected endpoints",
    "tenants": "Affected tenants",
    "logs": "Logs",
    "traces": "Traces",
}
"""What is gathered, in the order in which it is read."""

PLACES: Mapping[str, int] = {"dashboards": 2, "runbook": 1, "logs": 1, "traces": 2}
"""Sources that say where to look, and how many of their links a line of the timeline and a chat message have."""


class Unavailable(Exception):
    """A source that cannot say; the words tell why."""


@dataclass(frozen=True)
class Fact:
    """One thing that was found; `href` is where to look, for a person: nothing here ever fetches it.

    `restricted` are lines with names that only those read who work on incidents: they never leave the desk.
    """

    text: str
    href: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    restricted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """What one source said; `missing` says why it said nothing, empty when it could be asked."""

    name: str
    facts: tuple[Fact, ...] = ()
    missing: str = ""
    seconds: float = 0.0

    @property
    def title(self) -> str:
        """The name for people."""
        return SOURCES.get(self.name, self.name)


@dataclass(frozen=True)
class Context:
    """Everything that was gathered for one opening of an incident, and when."""

    gathered_at: datetime
    sections: tuple[Section, ...]

    @property
    def words(self) -> str:
        """It as one sentence: the first finding of each source, and what could not be had. Places are `links`."""
        found: list[str] = []
        missing: dict[str, list[str]] = {}
        for section in self.sections:
            if section.missing:
                missing.setdefault(section.missing, []).append(section.title.lower())
            elif section.name not in PLACES:
                more = f" and {len(section.facts) - 1} more" if len(section.facts) > 1 else ""
                found.append(f"{section.title}: {section.facts[0].text if section.facts else 'none'}{more}")
        if missing:
            told = "; ".join(f"{', '.join(names)} ({why})" for why, names in missing.items())
            found.append(f"Not to be had: {told}")
        return ". ".join(found) or "Nothing is known around it"

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Where to look first, by name and address."""
        return tuple(
            (fact.text, fact.href)
            for section in self.sections
            if section.name in PLACES
            for fact in section.facts[: PLACES[section.name]]
            if is_link(fact.href)
        )

    def document(self) -> dict[str, Any]:
        """Return the sections as a JSON document."""
        return {
            "sections": [
                {**vars(section), "facts": [{**vars(fact), "data": dict(fact.data)} for fact in section.facts]}
                for section in self.sections
            ]
        }

    @classmethod
    def of_document(cls, gathered_at: datetime, document: Mapping[str, Any]) -> Context:
        """Return the context that `document` wrote."""
        written: list[dict[str, Any]] = list(document["sections"])
        sections = (
            replace(Section(**section), facts=tuple(_fact(fact) for fact in section["facts"])) for section in written
        )
        return cls(gathered_at, tuple(sections))


@dataclass(frozen=True)
class Question:
    """What a source is asked: about which incident, its alerts, and when. `systems` are those that are concerned."""

    incident: Incident
    alerts: tuple[Tracked, ...]
    now: datetime

    @property
    def systems(self) -> frozenset[str]:
        """The systems that the incident concerns."""
        return systems_of(self.incident, self.alerts)

    @property
    def components(self) -> frozenset[str]:
        """The components that the incident and its alerts name."""
        return frozenset({self.incident.component, *(tracked.alert.component for tracked in self.alerts)} - {""})


def _fact(document: Mapping[str, Any]) -> Fact:
    values: dict[str, Any] = dict(document)
    values["restricted"] = tuple(document.get("restricted", ()))
    return Fact(**values)


class Source(Protocol):
    """Someone who can be asked; raises `Unavailable`, or anything, when it cannot say."""

    def __call__(self, question: Question, /) -> tuple[Fact, ...]:
        """Return what is known."""
        ...


def is_link(text: str) -> bool:
    """Return whether a text is an address that a person can open safely; what an alert says is not trusted.

    >>> is_link("https://grafana.example/d/overview"), is_link("javascript:alert(1)")
    (True, False)
    """
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and text.isprintable() and " " not in text
