"""The metrics of the platform: fixed names, closed labels, series that begin at zero."""

from itertools import product

import pytest
from prometheus_client import CollectorRegistry

from vcci_platform.telemetry.metrics import (
    ATTEMPT_OUTCOMES,
    CIRCUIT_STATES,
    CIRCUITS,
    DESK_SECONDS,
    EFFECT_OUTCOMES,
    EFFECT_TARGETS,
    INBOX_OUTCOMES,
    INBOX_SOURCES,
    JOB_OUTCOMES,
    PRIORITIES,
    QUEUES,
    REQUEST_SECONDS,
    DeskMetrics,
    Metrics,
    ServiceMetrics,
)

EVERY = {
    "http_requests",
    "http_request_duration_seconds",
    "http_requests_in_progress",
    "http_streams_open",
    "vcci_build_info",
    "vcci_dependency_up",
}
SERVICE = {
    "vcci_jobs_finished", "vcci_job_attempts", "vcci_job_duration_seconds", "vcci_jobs_waiting",
    "vcci_oldest_waiting_job_age_seconds", "vcci_oldest_uncalculated_upload_age_seconds", "vcci_uploads",
    "vcci_lines_calculated", "vcci_line_gaps", "vcci_emissions_calculated_kg", "vcci_active_tenants",
    "vcci_auth_failures", "vcci_tenant_counts",
    "vcci_engine_specs",
}  # fmt: skip
DESK = {
    "vcci_desk_inbox", "vcci_desk_effects", "vcci_desk_effects_waiting", "vcci_desk_oldest_effect_age_seconds",
    "vcci_desk_open_incidents", "vcci_desk_cycles", "vcci_desk_last_cycle_timestamp_seconds", "circuit_breaker_state",
    "vcci_desk_action_items", "vcci_desk_context", "vcci_desk_reviews", "vcci_desk_page_seconds",
    "vcci_desk_effect_seconds", "vcci_desk_timer_late_seconds",
}  # fmt: skip


def families(metrics: Metrics) -> set[str]:
    return {family.name for family in metrics.registry.collect() if not family.name.startswith(("process_", "python_"))}


def test_the_service_exposes_the_names_that_the_spec_uses_and_none_of_the_desk():
    assert families(ServiceMetrics()) == EVERY | SERVICE


def test_the_desk_exposes_the_names_that_the_spec_uses_and_none_of_the_service():
    assert families(DeskMetrics()) == EVERY | DESK


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("vcci_jobs_finished_total", {"queue": QUEUES, "outcome": JOB_OUTCOMES}),
        ("vcci_job_attempts_total", {"queue": QUEUES, "outcome": ATTEMPT_OUTCOMES}),
        ("vcci_job_duration_seconds_count", {"queue": QUEUES}),
        ("vcci_jobs_waiting", {"queue": QUEUES}),
        ("vcci_oldest_waiting_job_age_seconds", {"queue": QUEUES}),
        ("vcci_uploads_total", {"outcome": ("accepted", "rejected")}),
        ("vcci_oldest_uncalculated_upload_age_seconds", {}),
    ],
)
def test_every_series_of_the_service_begins_at_zero(name, labels):
    registry = ServiceMetrics().registry

    for values in product(*labels.values()):
        assert registry.get_sample_value(name, dict(zip(labels, values, strict=True))) == 0


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("vcci_desk_inbox_total", {"source": INBOX_SOURCES, "outcome": INBOX_OUTCOMES}),
        ("vcci_desk_effects_total", {"target": EFFECT_TARGETS, "outcome": EFFECT_OUTCOMES}),
        ("vcci_desk_open_incidents", {"priority": PRIORITIES}),
        ("vcci_desk_oldest_effect_age_seconds", {"target": EFFECT_TARGETS}),
        ("vcci_desk_page_seconds_count", {}),
        ("vcci_desk_effect_seconds_count", {"target": EFFECT_TARGETS}),
        ("vcci_desk_timer_late_seconds_count", {}),
    ],
)
def test_every_series_of_the_desk_begins_at_zero(name, labels):
    registry = DeskMetrics().registry

    for values in product(*labels.values()):
        assert registry.get_sample_value(name, dict(zip(labels, values, strict=True))) == 0


def test_every_circuit_begins_closed():
    registry = DeskMetrics().registry

    for circuit, state in product(CIRCUITS, CIRCUIT_STATES):
        value = registry.get_sample_value("circuit_breaker_state", {"circuit": circuit, "state": state})
        assert value == (1 if state == "closed" else 0)


def test_there_is_a_bucket_at_each_promised_latency():
    assert {0.5, 1.0} <= set(REQUEST_SECONDS)
    assert {1, 60, 120} <= set(DESK_SECONDS)


def test_no_series_tells_only_when_it_was_created():
    names = {sample.name for family in ServiceMetrics().registry.collect() for sample in family.samples}

    assert not [name for name in names if name.endswith("_created")]


def test_two_processes_in_one_test_do_not_share_their_figures():
    one, other = ServiceMetrics(), ServiceMetrics(CollectorRegistry())

    one.uploads.labels("accepted").inc(11)

    assert other.registry.get_sample_value("vcci_uploads_total", {"outcome": "accepted"}) == 0
