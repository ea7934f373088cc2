"""What to look at: dashboards, their rows and panels."""

from __future__ import annotations

from dataclasses import dataclass

from vcci_slo.plan.alerts import Limit
from vcci_slo.plan.components import Signal, Unit

__all__ = ["Dashboard", "Panel", "Row"]


@dataclass(frozen=True)
class Panel:
    """One picture. `view` says what is drawn of which signals; thresholds are the limits of the alerts on them.

    Views: rate, bad-ratio, quantiles, heatmap, count, value, budget, burn, objective, state-alerts, state-components,
    promql, text. `id` is its place in the dashboard, from 1, and never changes while the order stays. `worst` is how
    many of the promises or components are drawn, those that are doing worst; None draws all.
    """

    id: int
    view: str
    title: str
    description: str
    unit: Unit
    signal: Signal | None
    by: tuple[str, ...]
    promql: str
    text: str
    slos: tuple[str, ...]
    worst: int | None
    alerts: tuple[str, ...]
    limits: tuple[Limit, ...]


@dataclass(frozen=True)
class Row:
    """Panels that answer one question."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Dashboard:
    """One page of Grafana. `later` lists what waits for its signal: (panel, reason).

    `component` is whom the page is about; empty for a page of the whole.
    """

    uid: str
    title: str
    purpose: str
    url: str
    rows: tuple[Row, ...]
    later: tuple[tuple[str, str], ...]
    component: str
