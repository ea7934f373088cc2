"""Where to look, from the spec and the alerts alone: dashboards at the right time, runbook, logs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from vcci_platform.incidents.context.model import Fact, Question, Source, Unavailable, is_link
from vcci_platform.incidents.model import firing
from vcci_slo.places import logs_at
from vcci_slo.plan import Links

__all__ = [
    "Board",
    "Handbook",
    "dashboards",
    "deployment_of",
    "link_sources",
    "logs",
    "runbooks",
    "span_of",
    "with_time",
]

BEFORE: Final = timedelta(minutes=30)
AFTER: Final = timedelta(minutes=30)
"""A picture of a fault shows what was normal before it, and leaves room for what comes."""

MOST_LINKS: Final = 6


@dataclass(frozen=True)
class Board:
    """A dashboard of the spec: for whom it is (empty: for all), and the names of its variables.

    `values` are what its variables are when no alert says otherwise, `shows` how many panels each component has on it.
    """

    title: str
    url: str
    component: str = ""
    variables: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    shows: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class Handbook:
    """The runbook site: which components have a page there, and the page on how an incident is run, its first unset."""

    components: frozenset[str] = frozenset()
    run_an_incident: str = ""


def with_time(url: str, start: datetime, end: datetime, variables: Mapping[str, str] | None = None) -> str:
    """Return the address of a dashboard with its time range in milliseconds, and its variables.

    >>> from datetime import UTC
    >>> at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> with_time("https://g.example/d/api?var-slo=a", at, at, {"component": "api"})
    'https://g.example/d/api?var-slo=a&from=1772442000000&to=1772442000000&var-component=api'
    """
    parts = urlsplit(url)
    kept = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in {"from", "to"}
    ]
    times = [("from", str(round(start.timestamp() * 1000))), ("to", str(round(end.timestamp() * 1000)))]
    given = [(f"var-{name}", value) for name, value in sorted((variables or {}).items())]
    known = {name for name, _ in kept}
    query = urlencode([*kept, *times, *(pair for pair in given if pair[0] not in known)])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def dashboards(boards: tuple[Board, ...]) -> Source:
    """Return the source of dashboards: those of the alerts, of the components concerned, and of the whole."""

    def found(question: Question) -> tuple[Fact, ...]:
        start, end = span_of(question)
        links: dict[str, Fact] = {}
        for tracked in firing(question.alerts) or question.alerts:
            alert = tracked.alert
            if is_link(alert.dashboard_url):
                text = f"dashboard of {alert.name}"
                links.setdefault(alert.dashboard_url, Fact(text, with_time(alert.dashboard_url, start, end)))
        for board in sorted(boards, key=lambda board: _nearness(board, question)):
            if board.url and (not board.component or board.component in question.components):
                values = _variables(question, board)
                links.setdefault(board.url, Fact(board.title, with_time(board.url, start, end, values)))
        if not links:
            raise Unavailable("the spec names no Grafana, and no alert a dashboard")
        return tuple(links.values())[:MOST_LINKS]

    return found


def runbooks(site: str, handbook: Handbook) -> Source:
    """Return the source of runbook pages: those of the alerts, the worst first; links for people, never fetched.

    Where no alert has one, as when a person reported the fault, those of the components concerned; where none is named
    either, the page on how an incident is run.
    """

    def found(question: Question) -> tuple[Fact, ...]:
        links: dict[str, Fact] = {}
        for tracked in firing(question.alerts) or question.alerts:
            alert = tracked.alert
            if is_link(alert.runbook_url):
                links.setdefault(alert.runbook_url, Fact(f"runbook of {alert.name}", alert.runbook_url))
        if links:
            return tuple(links.values())[:MOST_LINKS]
        if not site:
            raise Unavailable("no alert names a runbook, and the spec no place of runbooks")
        pages = [
            Fact(f"runbook of {name}", f"{site}/components/{name}")
            for name in sorted(question.components & handbook.components)
        ]
        general = Fact("how an incident is run", f"{site}/{handbook.run_an_incident}".rstrip("/"))
        return tuple(pages[:MOST_LINKS]) or (general,)

    return found


def logs(where: Links, deployments: Mapping[str, str]) -> Source:
    """Return the source of logs: the place that the spec names, for the time in question.

    `deployments` has what runs each component: the logs of the first component concerned are opened, or all.
    """

    def found(question: Question) -> tuple[Fact, ...]:
        if not where.logs:
            raise Unavailable("the spec names no place of logs")
        start, end = span_of(question)
        named = deployment_of(question, deployments)
        span = {"from": start.isoformat(), "to": end.isoformat()}
        of = f" of {named}" if named else ""
        address = logs_at(where, named, start, end)
        return (Fact(f"logs{of} from {start:%H:%M} to {end:%H:%M} UTC", address, span),)

    return found


def link_sources(
    boards: tuple[Board, ...], where: Links, deployments: Mapping[str, str], handbook: Handbook
) -> dict[str, Callable[[Question], tuple[Fact, ...]]]:
    """Return the sources that need nothing but the spec and the alerts."""
    return {
        "dashboards": dashboards(boards),
        "runbook": runbooks(where.runbooks, handbook),
        "logs": logs(where, deployments),
    }


def deployment_of(question: Question, deployments: Mapping[str, str]) -> str:
    """Return what runs the first component that the incident and its alerts name, empty where that is not known."""
    return next((deployments[name] for name in sorted(question.components) if deployments.get(name)), "")


def span_of(question: Question) -> tuple[datetime, datetime]:
    """Return the time that is worth a look: what was normal before it, and room for what comes."""
    return question.incident.began_at - BEFORE, max(question.now, question.incident.began_at) + AFTER


def _nearness(board: Board, question: Question) -> tuple[bool, int]:
    """Return the order of dashboards: those of the components concerned, then those that show most of them."""
    return board.component not in question.components, -sum(board.shows.get(name, 0) for name in question.components)


def _variables(question: Question, board: Board) -> dict[str, str]:
    """Return values for the variables of a dashboard: what the worst alert has a label for, else its own."""
    worst = next(iter(firing(question.alerts) or question.alerts), None)
    labels = dict(worst.alert.labels) if worst else {}
    if worst and worst.alert.component:
        labels.setdefault("component", worst.alert.component)
    values = {**board.values, **{name: value for name, value in labels.items() if value}}
    return {name: values[name] for name in board.variables if values.get(name)}
