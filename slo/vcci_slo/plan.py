"""The plan: the spec with every default filled and every name, slug, window and threshold decided.

It answers each question that two outputs would both ask. Rules, dashboards, runbook pages, the desk and the SLO
service read it and decide nothing themselves. Durations are already scaled by `time_scale`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from vcci_slo.promql.matchers import Matcher

__all__ = [
    "Alert",
    "BadRatio",
    "BurnTier",
    "Calendar",
    "Component",
    "Contact",
    "Dashboard",
    "Escalation",
    "EventsIndicator",
    "EventsSignal",
    "LatencyIndicator",
    "Limit",
    "LimitIndicator",
    "Links",
    "Measure",
    "NamedTime",
    "NoData",
    "Notification",
    "OnCall",
    "Panel",
    "Plan",
    "Priority",
    "Probe",
    "ProbeDown",
    "ProbeIndicator",
    "Proof",
    "Quantile",
    "Row",
    "Runs",
    "Scrape",
    "Severity",
    "Signal",
    "Slo",
    "StatusPage",
    "Unit",
    "Value",
    "ValueSignal",
    "Watchdog",
]

Priority = Literal["P0", "P1", "P2", "P3"]
Unit = Literal["ratio", "seconds", "bytes", "boolean", "messages", "count", "per-second", "kilograms", "state"]


# --- the organisation ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Links:
    """Where people look; an empty string is a place that this team does not have."""

    grafana: str = ""
    prometheus: str = ""
    alertmanager: str = ""
    logs: str = ""
    runbooks: str = ""
    status_page: str = ""
    pagerduty: str = ""
    api: str = ""
    docs: str = ""
    wiki: str = ""
    desk: str = ""


@dataclass(frozen=True)
class Contact:
    """A role, never a person."""

    name: str
    mail: str = ""
    phone: str = ""
    slack: str = ""


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
    """One time zone and the times that have a name."""

    timezone: str
    times: tuple[NamedTime, ...]
    freezes: tuple[str, ...]

    def time(self, name: str) -> NamedTime:
        """Return the time with this name, or raise KeyError."""
        return {time.name: time for time in self.times}[name]


@dataclass(frozen=True)
class OnCall:
    """A rota: `primary` and `secondary` name the environment variables that hold PagerDuty schedule ids."""

    team: str
    handoff_day: int
    handoff_minute: int
    shift: timedelta
    primary: str
    secondary: str


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


# --- what runs -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Runs:
    """How a component is deployed; minimum and maximum, CPU in cores, memory in bytes."""

    deployment: str
    replicas: tuple[int, int]
    cpu: tuple[float, float] | None
    memory_bytes: tuple[int, int] | None


@dataclass(frozen=True)
class Scrape:
    """Where Prometheus reads a component's metrics."""

    targets: tuple[str, ...]
    path: str
    params: tuple[tuple[str, tuple[str, ...]], ...]
    scheme: str


@dataclass(frozen=True)
class Probe:
    """A look from outside the process: which URL, by which blackbox module, from how many places."""

    url: str
    module: str
    places: int
    fails_for: tuple[tuple[Priority, timedelta], ...]
    timeout: timedelta


@dataclass(frozen=True)
class EventsSignal:
    """Things that happen and may go wrong, counted. `each` splits them by a label with a closed set of values.

    `selector` finds the component's series, `where` is common to events and durations, `valid` and `bad` choose among
    events, `timed` among durations.
    """

    component: str
    name: str
    title: str
    events: str
    duration: str | None
    selector: tuple[Matcher, ...]
    where: tuple[Matcher, ...]
    valid: tuple[Matcher, ...]
    bad: tuple[Matcher, ...]
    timed: tuple[Matcher, ...]
    buckets: tuple[float, ...]
    each: tuple[str, tuple[str, ...]] | None
    unit: Unit = "per-second"

    @property
    def ref(self) -> str:
        return f"{self.component}.{self.name}"


@dataclass(frozen=True)
class ValueSignal:
    """A number that is measured now. `promql` has its selectors filled in.

    `simple` is set when the expression is one aggregation of one metric, which the desk can evaluate by itself:
    (aggregation, labels kept, metric, matchers). `record` is the name under which a rule records it.
    """

    component: str
    name: str
    title: str
    promql: str
    unit: Unit
    each: tuple[str, tuple[str, ...]] | None
    record: str | None
    by: tuple[str, ...]
    simple: tuple[str, tuple[str, ...], str, tuple[Matcher, ...]] | None

    @property
    def ref(self) -> str:
        return f"{self.component}.{self.name}"

    @property
    def series(self) -> str:
        """The recorded name if there is one, else the expression."""
        return self.record or self.promql


Signal = EventsSignal | ValueSignal


@dataclass(frozen=True)
class Component:
    """A part of the platform. `system` names the parts that fail together and so become one incident."""

    name: str
    title: str
    kind: str
    system: str
    team: str
    selector: tuple[Matcher, ...]
    needs: tuple[str, ...]
    queues: tuple[str, ...]
    runs: Runs | None
    scrape: Scrape | None
    probe: Probe | None
    signals: tuple[Signal, ...]


# --- what is promised ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EventsIndicator:
    """Bad among valid events, of one `each` value where the signal is split."""

    signal: EventsSignal
    only: tuple[Matcher, ...]


@dataclass(frozen=True)
class LatencyIndicator:
    """Slow among timed events: those above `within` seconds, which is a bucket of the histogram."""

    signal: EventsSignal
    within_seconds: float
    only: tuple[Matcher, ...]


@dataclass(frozen=True)
class ProbeIndicator:
    """Failed among all probes from outside. `matchers` find `probe_success`."""

    component: str
    matchers: tuple[Matcher, ...]


@dataclass(frozen=True)
class LimitIndicator:
    """Moments at which a value was at or above `below`, among all moments at which it was known."""

    signal: ValueSignal
    below: float
    only: tuple[Matcher, ...]


Indicator = EventsIndicator | LatencyIndicator | ProbeIndicator | LimitIndicator


@dataclass(frozen=True)
class BurnTier:
    """One multi-window burn-rate alert: fires while both windows burn faster than `factor` times the even pace.

    `share` of the budget is gone after `long` at exactly that pace. `threshold` is the error ratio factor x budget.
    `min_bad` bad events must have been seen in `long`, so that one failed request of a quiet night wakes nobody.
    Source: Google SRE Workbook, chapter 5, table 5-8.
    """

    name: str
    priority: Priority
    share: float
    short: timedelta
    long: timedelta
    factor: float
    threshold: float
    min_bad: int
    keep_firing_for: timedelta
    exhausts_in: timedelta


@dataclass(frozen=True)
class NoData:
    """How long the indicator may be absent, and how serious that is. Silence is not health."""

    after: timedelta
    priority: Priority


@dataclass(frozen=True)
class Slo:
    """One promise. A declaration with several parts or queues gives one of these for each.

    `objective` and `budget` are ratios that add up to 1; `words` is the promise in a sentence.
    """

    name: str
    declared: str
    words: str
    labels: tuple[tuple[str, str], ...]
    component: str
    system: str
    team: str
    objective: float
    budget: float
    percent: str
    window: timedelta
    window_name: str
    indicator: Indicator
    tiers: tuple[BurnTier, ...]
    no_data: NoData
    burn_alert: str
    no_data_alert: str
    runbook: str
    runbook_url: str
    dashboard_url: str


# --- when to wake someone --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BadRatio:
    """Bad among valid events over a window."""

    signal: EventsSignal
    over: timedelta


@dataclass(frozen=True)
class Quantile:
    """A quantile of the timed events over a window, in seconds."""

    signal: EventsSignal
    quantile: float
    over: timedelta


@dataclass(frozen=True)
class Value:
    """A signal's value now; or, with `share_over`, its average over that window, sampled each `step`."""

    signal: ValueSignal
    share_over: timedelta | None = None
    step: timedelta | None = None


@dataclass(frozen=True)
class ProbeDown:
    """How long a probe from outside has failed in every place."""

    component: str
    matchers: tuple[Matcher, ...]


Measure = BadRatio | Quantile | Value | ProbeDown


@dataclass(frozen=True)
class Limit:
    """One threshold: one rule, one line on the panel, one sentence on the page. `value` is in the measure's unit."""

    priority: Priority
    side: Literal["above", "below"]
    value: float
    words: str
    lasts: timedelta
    keep_firing_for: timedelta


@dataclass(frozen=True)
class Proof:
    """Series that make an alert fire and that keep it silent, in promtool's notation: (series, values)."""

    fires: tuple[tuple[str, str], ...]
    silent: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Alert:
    """A condition on a measure. `because` says why it has its severity; `min_events` is a floor of evidence.

    `source` is the section that declared it: the manual's alerts, a component's probe, or the platform itself.
    """

    name: str
    source: Literal["declared", "probe"]
    component: str
    system: str
    team: str
    measure: Measure
    unit: Unit
    limits: tuple[Limit, ...]
    missing: tuple[NoData, ...]
    min_events: int
    summary: str
    description: str
    because: str
    pages_because: str
    runbook: str
    runbook_url: str
    dashboard_url: str
    proof: Proof | None


# --- what to look at -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Panel:
    """One picture. `view` says what is drawn of which signals; thresholds are the limits of the alerts on them.

    Views: rate, bad-ratio, quantiles, heatmap, count, value, budget, burn, objective, state-alerts, state-components,
    promql, text. `id` is its place in the dashboard, from 1, and never changes while the order stays.
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
    alerts: tuple[str, ...]
    limits: tuple[Limit, ...]


@dataclass(frozen=True)
class Row:
    """Panels that answer one question."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Dashboard:
    """One page of Grafana. `later` lists what waits for its signal: (panel, reason)."""

    uid: str
    title: str
    purpose: str
    url: str
    rows: tuple[Row, ...]
    later: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Plan:
    """Everything that is derived, in the order in which it is printed."""

    name: str
    title: str
    version: str
    team: str
    time_scale: float
    selector: tuple[Matcher, ...]
    scrape_every: timedelta
    evaluate_every: timedelta
    page_wait: timedelta
    monitor_for: timedelta
    links: Links
    calendar: Calendar
    contacts: tuple[Contact, ...]
    teams: tuple[tuple[str, str], ...]
    on_call: tuple[OnCall, ...]
    severities: tuple[Severity, ...]
    escalation: Escalation
    watchdog: Watchdog
    components: tuple[Component, ...]
    slos: tuple[Slo, ...]
    alerts: tuple[Alert, ...]
    dashboards: tuple[Dashboard, ...]
    status_page: StatusPage | None
    source: str = field(default="slo/specs/vcci.yaml")

    def severity(self, priority: str) -> Severity:
        """Return the policy of a severity, or raise KeyError."""
        return {severity.priority: severity for severity in self.severities}[priority]  # type: ignore[index]

    def component(self, name: str) -> Component:
        """Return a component by its name, or raise KeyError."""
        return {component.name: component for component in self.components}[name]

    def slo(self, name: str) -> Slo:
        """Return a promise by its name, or raise KeyError."""
        return {slo.name: slo for slo in self.slos}[name]

    def alert(self, name: str) -> Alert:
        """Return an alert by its name, or raise KeyError."""
        return {alert.name: alert for alert in self.alerts}[name]

    def signal(self, ref: str) -> Signal:
        """Return the signal `component.name`, or raise KeyError."""
        return {signal.ref: signal for component in self.components for signal in component.signals}[ref]
