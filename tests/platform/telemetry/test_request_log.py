"""What a request leaves behind for the engineer: one log line, and the id of its trace beside the figures."""

from contextlib import suppress

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from support.observed_app import ask, observed
from vcci_platform.telemetry import logs
from vcci_platform.telemetry.exposition import render

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


def exemplars(metrics):
    text, media_type = render(metrics.registry, OPENMETRICS)
    assert media_type.startswith("application/openmetrics-text")
    families = text_string_to_metric_families(text.decode())
    return [sample.exemplar.labels["trace_id"] for f in families for sample in f.samples if sample.exemplar]


def test_a_request_whose_trace_is_kept_leaves_its_id_with_the_figures():
    app, metrics = observed(ALWAYS_ON)
    trace_id = "0af7651916cd43dd8448eb211c80319c"

    ask(app, "GET", "/lines/11", headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"})

    assert exemplars(metrics) == [trace_id, trace_id]  # on the counter and on one bucket


def test_a_request_whose_trace_is_dropped_leaves_no_id_that_would_lead_nowhere():
    app, metrics = observed(ALWAYS_OFF)

    ask(app, "GET", "/lines/11")

    assert exemplars(metrics) == []


def test_a_request_leaves_one_line_with_what_an_engineer_asks_for(log_lines):
    app, _ = observed()
    trace_id = "0af7651916cd43dd8448eb211c80319c"

    @app.get("/whose")
    def whose() -> None:  # runs in a thread of its own
        logs.note(tenant_id="ten_13")

    ask(app, "GET", "/whose", headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-00", "x-request-id": "req-11"})

    (line,) = log_lines("vcci_platform.telemetry.requests")
    assert {key: line[key] for key in ("event", "level", "service", "method", "endpoint", "path", "status")} == {
        "event": "request_handled", "level": "info", "service": "vcci-api", "method": "GET", "endpoint": "/whose",
        "path": "/whose", "status": 200,
    }  # fmt: skip
    assert (line["tenant_id"], line["request_id"], line["trace_id"]) == ("ten_13", "req-11", trace_id)
    assert line["duration_ms"] == 0


def test_an_unexpected_exception_is_told_once_with_its_traceback(log_lines):
    app, _ = observed()

    with suppress(ArithmeticError):
        ask(app, "GET", "/surprise")

    (line,) = log_lines("vcci_platform.telemetry.requests")
    assert (line["event"], line["level"], line["status"]) == ("request_failed", "error", 500)
    assert "ArithmeticError: nobody expected this" in line["exception"]


def test_probes_of_health_are_whispered(log_lines):
    app, _ = observed()

    ask(app, "GET", "/health/live")

    assert [line["level"] for line in log_lines("vcci_platform.telemetry.requests")] == ["debug"]


@pytest.mark.parametrize("given_id", ["x" * 65, "two\tparts", ""])
def test_an_id_that_could_forge_a_line_is_replaced(log_lines, given_id):
    app, _ = observed()

    ask(app, "GET", "/lines/11", headers={"x-request-id": given_id})

    (line,) = log_lines("vcci_platform.telemetry.requests")
    assert line["request_id"] == line["trace_id"]


@pytest.mark.parametrize("sampler", [ALWAYS_OFF, None])
def test_every_line_of_a_request_bears_the_trace_that_the_caller_began(log_lines, sampler):
    app, _ = observed(sampler)
    trace_id = "0af7651916cd43dd8448eb211c80319c"

    @app.get("/said")
    def said() -> None:
        logs.get("said").info("something_said")

    ask(app, "GET", "/said", headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-00"})

    assert [line["trace_id"] for line in log_lines() if line["event"] in WORDS] == [trace_id, trace_id]


@pytest.mark.parametrize("broken", ["", "00-xyz-b7ad6b7169203331-01", f"00-{'0' * 32}-b7ad6b7169203331-01", "ff-1"])
def test_a_request_without_a_usable_trace_gets_a_new_one_when_nothing_is_recorded(log_lines, broken):
    app, _ = observed(sampler=None)

    for _ in range(2):
        ask(app, "GET", "/lines/11", headers={"traceparent": broken})

    one, two = (line["trace_id"] for line in log_lines(SOURCE))
    assert len(one) == len(two) == 32
    assert one != two


WORDS = {"something_said", "request_handled"}
SOURCE = "vcci_platform.telemetry.requests"
