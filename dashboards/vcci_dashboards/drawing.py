"""What every panel shares: units, words about what is normal and which alert looks at it, and where a click leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from itertools import takewhile
from urllib.parse import quote

from vcci_dashboards import expressions
from vcci_dashboards.model import Link
from vcci_slo.plan import (
    Alert,
    BadRatio,
    Dashboard,
    Limit,
    LimitIndicator,
    Measure,
    Panel,
    Plan,
    ProbeDown,
    Quantile,
    Slo,
    Unit,
    Value,
)
from vcci_slo.promql.durations import promql_duration, words
from vcci_slo.promql.matchers import Matcher
from vcci_slo.promql.measures import measured

__all__ = ["UNITS", "Drawing", "sentence", "window_of"]

# Grafana's ids of units: packages/grafana-data/src/valueFormats/categories.ts
UNITS: dict[Unit, str] = {
    "ratio": "percentunit",
    "seconds": "s",
    "bytes": "bytes",
    "boolean": "bool_yes_no",
    "messages": "short",
    "count": "short",
    "per-second": "cps",
    "kilograms": "masskg",
    "state": "none",
}
BYTES_PER_SECOND = "binBps"
UNWATCHED = "No alert looks at it: compare with the same hour of other days."
DATASOURCE_CHOICE = "datasource"
MOST_RUNBOOKS = 8
"""Links of one panel to what people wrote about promises; where there are more, one leads to their list."""

MOST_PROMISES_TOLD = 4
COMPANIONS = 100
"""A panel that a view adds beside its own has the id 100 x own + n, so that ids of the plan stay free."""


@dataclass(frozen=True)
class Drawing:
    """The page that is being drawn: the plan behind it, and what its choices narrow."""

    plan: Plan
    board: Dashboard
    scope: expressions.Scope

    @property
    def chooses_slo(self) -> bool:
        """Whether the page has a choice of promises: where burn or compliance is shown."""
        return any(panel.view in {"burn", "objective"} for row in self.board.rows for panel in row.panels)

    @property
    def slo_page(self) -> str:
        """The address of the first page of the whole on which a promise can be chosen, or nothing."""
        return next((board.url for board in self.whole if board.url and replace(self, board=board).chooses_slo), "")

    @property
    def whole(self) -> Sequence[Dashboard]:
        """The pages that are about no component in particular."""
        return tuple(takewhile(lambda board: not board.component, self.plan.dashboards))

    @property
    def component_page(self) -> str:
        """The address of the page of the component that a row of a table names; nothing where names say too little."""
        boards = self.plan.dashboards[len(self.whole) :]
        own = {board.component: board for board in reversed(boards)}
        ends = {board.uid.removesuffix(name) for name, board in own.items() if board.uid.endswith(name)}
        if len(ends) != 1 or any(not board.uid.endswith(name) for name, board in own.items()):
            return ""
        address = next(iter(own.values()))
        return f"{address.url.removesuffix(address.component) or '/d/' + ends.pop()}${{__data.fields.component}}"

    @property
    def slos(self) -> Sequence[Slo]:
        """The promises that this page is about."""
        if not self.board.component:
            return self.plan.slos
        shown = (name for row in self.board.rows for panel in row.panels for name in panel.slos)
        return [self.plan.slo(name) for name in dict.fromkeys(shown)]

    @cached_property
    def named(self) -> tuple[Matcher, ...]:
        """What finds the promises of this page; nothing where it shows all of them."""
        if not self.board.component:
            return ()
        return (Matcher("slo", "=~", "|".join(slo.name for slo in self.slos)),)

    @property
    def parts(self) -> tuple[str, ...]:
        """The labels that keep parts of promises apart and have a choice of their own on the page of promises."""
        taken = {DATASOURCE_CHOICE, "job", "instance", *(label for _, label in self.scope.fixed)}
        labels = dict.fromkeys(label for slo in self.slos for label in slo.by)
        return tuple(label for label in labels if label not in taken)

    def asked(self, expr: str) -> str:
        """Return an expression as this page asks it."""
        return self.scope.narrowed(expr)

    def rate_window(self) -> str:
        """Return what `$__rate_interval` is at its shortest: four scrapes."""
        return promql_duration(4 * self.plan.scrape_every)

    def describe(self, panel: Panel, *more: str, unwatched: str = UNWATCHED) -> str:
        """Return what a panel shows, what is normal, and which alerts and promises look at the same number.

        `unwatched` is said where no alert of the spec does.
        """
        alerts = [self.plan.alert(name) for name in panel.alerts]
        parts = [sentence(panel.description), *(sentence(text) for text in more if text)]
        if alerts:
            parts += [self._watched(alert) for alert in alerts]
        else:
            parts.append(unwatched)
        promises = self._promises(panel)
        parts += [f"Promised: {sentence(slo.words)}" for slo in promises[:MOST_PROMISES_TOLD]]
        if len(promises) > MOST_PROMISES_TOLD:
            parts.append(f"So are {len(promises) - MOST_PROMISES_TOLD} more.")
        return " ".join(part for part in parts if part)

    def links(self, panel: Panel, expr: str = "") -> tuple[Link, ...]:
        """Return the runbooks of a panel's alerts and promises, and the expression in Prometheus."""
        alerts = [self.plan.alert(name) for name in panel.alerts]
        promises = [*(self.plan.slo(name) for name in panel.slos), *self._promises(panel)]
        runbooks = {alert.runbook_url: f"Runbook: {alert.name}" for alert in alerts if alert.runbook_url}
        promised = {slo.runbook_url: f"Runbook: {slo.declared}" for slo in promises if slo.runbook_url}
        if len(promised) > MOST_RUNBOOKS:
            component = self.board.component
            where = f"components/{component}" if component else "promises"
            promised = {
                f"{self.plan.links.runbooks}/{where}": f"Runbooks of {component}"
                if component
                else "Runbooks of all promises"
            }
        runbooks |= promised
        found = [Link(title, url) for url, title in runbooks.items()]
        if expr and self.plan.links.prometheus:
            measure = measured(alerts[0].measure) if alerts else expr
            found.append(self.prometheus(measure))
        return tuple(found)

    def prometheus(self, expr: str) -> Link:
        """Return the graph of an expression in Prometheus."""
        return Link(
            "Query in Prometheus", f"{self.plan.links.prometheus}/graph?g0.expr={quote(expr, safe='')}&g0.tab=0"
        )

    def _watched(self, alert: Alert) -> str:
        if isinstance(alert.measure, ProbeDown):
            conditions = [f"when {limit.words} {_lasting(limit)} ({limit.priority})" for limit in alert.limits]
        else:
            conditions = [f"{limit.side} {limit.words} {_lasting(limit)} ({limit.priority})" for limit in alert.limits]
        conditions += [f"when it is missing for {words(gone.after)} ({gone.priority})" for gone in alert.missing]
        over = window_of(alert.measure)
        judged = f", judged over {words(over)}" if over else ""
        floor = f", given at least {alert.min_events} events" if alert.min_events else ""
        return f"{alert.name} fires {' and '.join(conditions)}{judged}{floor}; anything else is normal."

    def _promises(self, panel: Panel) -> list[Slo]:
        """Return the promises about the number that a panel of a value draws, one of each declaration."""
        if panel.view != "value":
            return []
        found = {
            slo.declared: slo
            for slo in reversed(self.plan.slos_of(panel.signal.component) if panel.signal else ())
            if isinstance(slo.indicator, LimitIndicator) and slo.indicator.signal == panel.signal
        }
        return list(reversed(found.values()))


def window_of(measure: Measure) -> timedelta | None:
    """Return the window that a measure looks back over, None for what is judged at one moment."""
    match measure:
        case BadRatio(_, over) | Quantile(_, _, over):
            return over
        case Value(_, over, _):
            return over
        case ProbeDown():
            return None


def _lasting(limit: Limit) -> str:
    return f"for {words(limit.lasts)}" if limit.lasts else "at once"


def sentence(text: str) -> str:
    """Return a text as a sentence.

    >>> sentence("half of it is gone")
    'Half of it is gone.'
    """
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
