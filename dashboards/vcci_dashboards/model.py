"""A dashboard as it is drawn: rows of panels with queries, colours, links and words; nothing of Grafana's JSON."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Annotation",
    "Column",
    "Dashboard",
    "Kind",
    "Link",
    "Meaning",
    "Panel",
    "Query",
    "Row",
    "Threshold",
    "Variable",
    "ref_id",
]

Kind = Literal["timeseries", "stat", "bargauge", "heatmap", "state-timeline", "table", "text"]


def ref_id(place: int) -> str:
    """Return what the query at a place is called, as Grafana calls it: one letter, then two.

    >>> ref_id(0), ref_id(25), ref_id(26)
    ('A', 'Z', 'AA')
    """
    before, last = divmod(place, len(string.ascii_uppercase))
    return (ref_id(before - 1) if before else "") + string.ascii_uppercase[last]


@dataclass(frozen=True)
class Query:
    """One expression. `legend` may hold `{{label}}`; `at_once` asks for the value now instead of a course over time."""

    expr: str
    legend: str = ""
    form: Literal["time_series", "table", "heatmap"] = "time_series"
    at_once: bool = False
    exemplars: bool = False


@dataclass(frozen=True)
class Threshold:
    """The colour from `start` upwards; the first step starts at None, below everything."""

    start: float | None
    color: str


@dataclass(frozen=True)
class Meaning:
    """What values from `low` to `high` mean, in a word; no colour leaves it to the thresholds."""

    low: float
    high: float
    text: str
    color: str = ""


@dataclass(frozen=True)
class Link:
    """Where a click leads."""

    title: str
    url: str


@dataclass(frozen=True)
class Column:
    """One column of a table: the field it shows, its heading, and how its values look."""

    field: str
    title: str
    unit: str = ""
    thresholds: tuple[Threshold, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()
    decimals: int | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Panel:
    """One picture. `lines` draws the thresholds across the graph; `wide` takes a line of its own.

    `sort_by` is the heading by which a table is sorted; `since` replaces the dashboard's time range.
    """

    id: int
    kind: Kind
    title: str
    description: str
    unit: str
    queries: tuple[Query, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    lines: bool = False
    meanings: tuple[Meaning, ...] = ()
    links: tuple[Link, ...] = ()
    nothing: str = ""
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None
    columns: tuple[Column, ...] = ()
    sort_by: str = ""
    text: str = ""
    since: str = ""
    stacked: bool = False
    points: int | None = None
    wide: bool = False
    height: int = 8


@dataclass(frozen=True)
class Row:
    """Panels that answer one question."""

    id: int
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Variable:
    """A choice at the top of the page. Without a `query` it chooses the data source; `chosen` is empty for all."""

    name: str
    label: str
    query: str = ""
    chosen: str = ""
    about: str = ""


@dataclass(frozen=True)
class Annotation:
    """Events marked on every graph, with a switch at the top of the page."""

    name: str
    expr: str
    color: str
    title: str
    text: str
    tags: tuple[str, ...]
    step: str


@dataclass(frozen=True)
class Dashboard:
    """One page. `family` is the tag by which its sisters are found; `every` is the shortest step of a graph."""

    uid: str
    title: str
    description: str
    family: str
    tags: tuple[str, ...]
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...]
    annotations: tuple[Annotation, ...]
    links: tuple[Link, ...]
    every: str
    refresh: str
    shows: str
