"""Every metric of the platform: its name, its labels and their closed sets of values, each written once here.

A process has one object of these: `ServiceMetrics` where requests and jobs are served, `DeskMetrics` at the desk. What
both share is in `Metrics`. A test makes a fresh one. Every child whose labels are known is made at start, so that a
series begins at zero and its first event is an increase that `rate` can see.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

__all__ = [
    "ACTION_ITEM_STATES",
    "ATTEMPT_OUTCOMES",
    "AUTH_FAILURES",
    "CIRCUITS",
    "CIRCUIT_STATES",
    "CONTEXT_OUTCOMES",
    "CONTEXT_SOURCES",
    "CYCLE_OUTCOMES",
    "EFFECT_OUTCOMES",
    "EFFECT_TARGETS",
    "HTTP_METHODS",
    "HTTP_OUTCOMES",
    "INBOX_OUTCOMES",
    "INBOX_SOURCES",
    "JOB_OUTCOMES",
    "PRIORITIES",
    "QUEUES",
    "REQUEST_DURATION",
    "REVIEW_STAGES",
    "TENANT_COUNT_OUTCOMES",
    "UPLOAD_OUTCOMES",
    "DeskMetrics",
    "Metrics",
    "ServiceMetrics",
    "start_at_zero",
]

REQUEST_DURATION = "http_request_duration_seconds"
"""The histogram of request times; a spec names it where it promises how fast answers come."""

HTTP_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""The values of the label `method`; whatever else a client sends is counted as `OTHER`."""

HTTP_OUTCOMES = ("ok", "client_error", "server_error")
QUEUES = ("emissions", "reports", "supplier_engagement", "data_import")
JOB_OUTCOMES = ("succeeded", "failed", "rejected")
ATTEMPT_OUTCOMES = ("succeeded", "failed", "rejected", "retried", "lost")
UPLOAD_OUTCOMES = ("accepted", "rejected")
AUTH_FAILURES = ("missing", "malformed", "unknown", "revoked", "expired")
TENANT_COUNT_OUTCOMES = ("kept", "lost")
CATEGORIES = ("1",)
"""The Scope 3 categories of the GHG Protocol that the service can calculate so far."""

CONTEXT_SOURCES = ("dashboards", "runbook", "releases", "alerts", "budgets", "endpoints", "tenants", "logs", "traces")
CONTEXT_OUTCOMES = ("found", "missing")
REVIEW_STAGES = ("draft", "in-review", "published")
ACTION_ITEM_STATES = ("open", "overdue")
"""An overdue one is open as well."""

PRIORITIES = ("P0", "P1", "P2", "P3")
INBOX_SOURCES = ("alertmanager", "pagerduty", "evaluator", "person", "watchdog")
INBOX_OUTCOMES = ("accepted", "duplicate", "quarantined", "refused")
EFFECT_TARGETS = ("pagerduty", "statuspage", "slack", "mail", "second-pager", "responders")
EFFECT_OUTCOMES = ("delivered", "retried", "dead", "superseded")
CYCLE_OUTCOMES = ("completed", "failed")
ENGINE_TASKS = ("validate", "plan", "generate", "explain", "backtest")
ENGINE_OUTCOMES = ("answered", "refused", "exhausted", "busy", "failed")
CIRCUITS = EFFECT_TARGETS
CIRCUIT_STATES = ("closed", "open", "half_open")

REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of request durations. They hold 0.5 and 1.0: the latencies that are promised (slo/specs/vcci.yaml)."""

JOB_SECONDS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)

DESK_SECONDS = (0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
"""Upper bounds of the desk's delays. They hold 1, in which a page leaves, 60, after which a page that PagerDuty has not
taken goes out another way, and 120, after which a message is called stuck."""


def start_at_zero(metric: Counter | Gauge | Histogram, **values: Iterable[str]) -> None:
    """Make a child of `metric` for every combination of the given label values.

    >>> registry = CollectorRegistry()
    >>> gaps = Counter("gaps_total", "Gaps.", ["reason"], registry=registry)
    >>> start_at_zero(gaps, reason=("no-rate", "no-factor"))
    >>> registry.get_sample_value("gaps_total", {"reason": "no-rate"})
    0.0
    """
    for combination in itertools.product(*values.values()):
        metric.labels(**dict(zip(values, combination, strict=True)))


class Metrics:
    """What every process exposes: its requests, its dependencies, its version, its memory and processor time."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the series and nothing reads them
        self.registry = CollectorRegistry() if registry is None else registry
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.http_requests = self._counter(
            "http_requests_total", "Requests answered, by exact status.", "method", "endpoint", "status"
        )
        self.http_request_duration = self._histogram(
            REQUEST_DURATION,
            "Time from the request's first byte to the answer's last, or to its first where it is a stream of events.",
            REQUEST_SECONDS,
            "method",
            "endpoint",
            "outcome",
        )
        self.http_requests_in_progress = self._gauge("http_requests_in_progress", "Requests not answered yet.")
        self.http_streams_open = self._gauge(
            "http_streams_open", "Streams of events that somebody listens to, such as live pages."
        )
        self.dependency_up = self._gauge(
            "vcci_dependency_up", "1 while the dependency passes its check, 0 while it does not.", "dependency"
        )
        self.build_info = self._gauge("vcci_build_info", "Always 1; the label tells the version.", "version")
        self.build_info.labels(version("vcci")).set(1)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(name, help_text, labels, registry=self.registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, labels, registry=self.registry)

    def _histogram(self, name: str, help_text: str, bounds: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, help_text, labels, buckets=bounds, registry=self.registry)


class ServiceMetrics(Metrics):
    """What the service and its workers expose."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        super().__init__(registry)
        self.jobs_finished = self._counter(
            "vcci_jobs_finished_total", "Jobs that reached their end; a job counts once.", "queue", "outcome"
        )
        self.job_attempts = self._counter(
            "vcci_job_attempts_total", "Attempts at jobs; a job may need several.", "queue", "outcome"
        )
        self.job_duration = self._histogram(
            "vcci_job_duration_seconds", "Time that one attempt at a job took.", JOB_SECONDS, "queue"
        )
        self.jobs_waiting = self._gauge("vcci_jobs_waiting", "Jobs that no worker has taken yet.", "queue")
        self.oldest_waiting_job_age = self._gauge(
            "vcci_oldest_waiting_job_age_seconds", "Age of the job that waits longest, 0 when none does.", "queue"
        )
        self.oldest_uncalculated_upload_age = self._gauge(
            "vcci_oldest_uncalculated_upload_age_seconds", "Age of the oldest upload without results, 0 when none."
        )
        self.uploads = self._counter("vcci_uploads_total", "Files received.", "outcome")
        self.lines_calculated = self._counter("vcci_lines_calculated_total", "Lines with a result.", "category")
        self.line_gaps = self._counter("vcci_line_gaps_total", "Lines that could not be calculated.", "reason")
        self.emissions_calculated = self._counter(
            "vcci_emissions_calculated_kg_total", "Emissions calculated, in kg CO2e.", "category"
        )
        self.active_tenants = self._gauge("vcci_active_tenants", "Tenants that may use the service.")
        self.tenant_counts = self._counter(
            "vcci_tenant_counts_total", "Counts of failed requests by tenant, each of a minute.", "outcome"
        )
        self.auth_failures = self._counter("vcci_auth_failures_total", "Requests without a valid key.", "reason")
        self.engine_specs = self._counter(
            "vcci_engine_specs_total", "Posted specs, by what was asked and what came of it.", "task", "outcome"
        )

        start_at_zero(self.jobs_finished, queue=QUEUES, outcome=JOB_OUTCOMES)
        start_at_zero(self.job_attempts, queue=QUEUES, outcome=ATTEMPT_OUTCOMES)
        for by_queue in (self.job_duration, self.jobs_waiting, self.oldest_waiting_job_age):
            start_at_zero(by_queue, queue=QUEUES)
        start_at_zero(self.uploads, outcome=UPLOAD_OUTCOMES)
        for by_category in (self.lines_calculated, self.emissions_calculated):
            start_at_zero(by_category, category=CATEGORIES)
        start_at_zero(self.auth_failures, reason=AUTH_FAILURES)
        start_at_zero(self.tenant_counts, outcome=TENANT_COUNT_OUTCOMES)
        start_at_zero(self.engine_specs, task=ENGINE_TASKS, outcome=ENGINE_OUTCOMES)


class DeskMetrics(Metrics):
    """What the desk exposes."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        super().__init__(registry)
        self.desk_inbox = self._counter("vcci_desk_inbox_total", "Reports received.", "source", "outcome")
        self.desk_effects = self._counter(
            "vcci_desk_effects_total", "Effects carried to the outside.", "target", "outcome"
        )
        self.desk_effects_waiting = self._gauge("vcci_desk_effects_waiting", "Effects not carried out yet.", "target")
        self.desk_oldest_effect_age = self._gauge(
            "vcci_desk_oldest_effect_age_seconds", "Age of the effect that waits longest, 0 when none does.", "target"
        )
        self.desk_page_seconds = self._histogram(
            "vcci_desk_page_seconds",
            "Time from the receipt of what calls people, an alert or a person's word, until PagerDuty took the page.",
            DESK_SECONDS,
        )
        self.desk_effect_seconds = self._histogram(
            "vcci_desk_effect_seconds", "Time from an effect's decision to its delivery.", DESK_SECONDS, "target"
        )
        self.desk_timer_late_seconds = self._histogram(
            "vcci_desk_timer_late_seconds", "How long after its time a timer rang.", DESK_SECONDS
        )
        self.desk_open_incidents = self._gauge("vcci_desk_open_incidents", "Incidents not resolved yet.", "priority")
        self.desk_context = self._counter(
            "vcci_desk_context_total", "Sources asked when an incident opened.", "source", "outcome"
        )
        self.desk_reviews = self._gauge("vcci_desk_reviews", "Reviews of incidents.", "stage")
        self.desk_action_items = self._gauge(
            "vcci_desk_action_items", "Action items of reviews that are not done; overdue ones are open too.", "state"
        )
        self.desk_cycles = self._counter("vcci_desk_cycles_total", "Rounds of evaluation and dispatch.", "outcome")
        self.desk_last_cycle_timestamp = self._gauge(
            "vcci_desk_last_cycle_timestamp_seconds", "When the last complete round ended, as Unix time; 0 before it."
        )
        self.circuit_breaker_state = self._gauge(
            "circuit_breaker_state", "1 for the state that the circuit is in, 0 for the others.", "circuit", "state"
        )

        start_at_zero(self.desk_inbox, source=INBOX_SOURCES, outcome=INBOX_OUTCOMES)
        start_at_zero(self.desk_effects, target=EFFECT_TARGETS, outcome=EFFECT_OUTCOMES)
        for by_target in (self.desk_effects_waiting, self.desk_oldest_effect_age, self.desk_effect_seconds):
            start_at_zero(by_target, target=EFFECT_TARGETS)
        start_at_zero(self.desk_open_incidents, priority=PRIORITIES)
        start_at_zero(self.desk_context, source=CONTEXT_SOURCES, outcome=CONTEXT_OUTCOMES)
        start_at_zero(self.desk_reviews, stage=REVIEW_STAGES)
        start_at_zero(self.desk_action_items, state=ACTION_ITEM_STATES)
        start_at_zero(self.desk_cycles, outcome=CYCLE_OUTCOMES)
        start_at_zero(self.circuit_breaker_state, circuit=CIRCUITS, state=CIRCUIT_STATES)
        for circuit in CIRCUITS:
            self.circuit_breaker_state.labels(circuit, "closed").set(1)
