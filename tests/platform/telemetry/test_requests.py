"""The middleware around every request: what it counts, when it stops the clock, and that it changes nothing."""

import asyncio
from contextlib import suppress

import pytest
from fastapi.responses import StreamingResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from support.observed_app import application, ask, count, observed, seconds
from vcci_platform.telemetry.metrics import Metrics
from vcci_platform.telemetry.requests import RequestMetrics

pytestmark = pytest.mark.usefixtures("log_lines")


@pytest.mark.parametrize(
    ("method", "path", "endpoint", "status", "outcome"),
    [
        ("GET", "/lines/11", "/lines/{line_id}", 200, "ok"),
        ("GET", "/lines/eleven", "/lines/{line_id}", 422, "client_error"),
        ("POST", "/lines", "/lines", 201, "ok"),
        ("PUT", "/lines", "/lines", 405, "client_error"),
        ("GET", "/refused", "/refused", 409, "client_error"),
        ("GET", "/down", "/down", 503, "server_error"),
        ("GET", "/surprise", "/surprise", 500, "server_error"),
        ("GET", "/torn", "/torn", 500, "server_error"),
        ("GET", "/moved", "/moved", 307, "ok"),
        ("GET", "/nowhere", "unmatched", 404, "client_error"),
    ],
)
def test_a_request_counts_once_under_its_exact_status_and_outcome(method, path, endpoint, status, outcome):
    app, metrics = observed()

    with suppress(ArithmeticError):
        ask(app, method, path)

    assert count(metrics, method, endpoint, status) == 1
    assert seconds(metrics, method, endpoint, outcome, "count") == 1
    counted = [s.value for f in metrics.registry.collect() if f.name == "http_requests" for s in f.samples]
    assert sum(counted) == 1


def test_a_method_that_nobody_knows_is_counted_as_other():
    app, metrics = observed()

    ask(app, "BREW", "/lines/11")

    assert count(metrics, "OTHER", "/lines/{line_id}", 405) == 1


def test_the_first_failure_of_an_endpoint_is_an_increase_from_zero():
    app, metrics = observed()

    with TestClient(app):  # the application has started, nobody has asked for anything
        for status in (200, 500, 503):
            assert count(metrics, "GET", "/surprise", status) == 0
        assert count(metrics, "POST", "/lines", 201) == 0
        for outcome in ("ok", "client_error", "server_error"):
            assert seconds(metrics, "GET", "/surprise", outcome, "count") == 0
        assert count(metrics, "GET", "unmatched", 500) == 0


def test_the_clock_stops_with_the_last_byte_of_a_stream():
    app, metrics = observed()

    ask(app, "GET", "/stream")

    assert seconds(metrics, "GET", "/stream", "ok") == pytest.approx(3)


def test_the_clock_does_not_wait_for_background_tasks():
    app, metrics = observed()

    ask(app, "GET", "/later")

    assert seconds(metrics, "GET", "/later", "ok") == 0


def test_a_background_task_that_fails_does_not_change_how_its_request_ended(log_lines):
    app, metrics = observed()

    with suppress(ArithmeticError):
        ask(app, "GET", "/later-fails")

    assert count(metrics, "GET", "/later-fails", 200) == 1
    assert count(metrics, "GET", "/later-fails", 500) == 0
    assert [line["event"] for line in log_lines("vcci_platform.telemetry.requests")] == [
        "request_handled",
        "background_task_failed",
    ]


def test_a_promised_latency_falls_into_its_bucket():
    app, metrics = observed()

    ask(app, "GET", "/lines/11")  # takes 0.3 s

    labels = {"method": "GET", "endpoint": "/lines/{line_id}", "outcome": "ok"}
    within = metrics.registry.get_sample_value("http_request_duration_seconds_bucket", {**labels, "le": "0.5"})
    below = metrics.registry.get_sample_value("http_request_duration_seconds_bucket", {**labels, "le": "0.25"})
    assert (within, below) == (1, 0)


# ---- clients that leave ------------------------------------------------------------------------------------------


def scope(path, app, method="GET", **extra):
    return {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"host", b"testserver")], "server": ("testserver", 80), "client": ("127.0.0.1", 9), **extra,
    }  # fmt: skip


def leave(app, path, messages, send=None, **extra):
    """Call the application as a server does whose client sends these messages and is gone after them."""
    sent = []

    async def run():
        left = list(messages)

        async def receive():
            return left.pop(0) if left else {"type": "http.disconnect"}

        async def keep(message):
            sent.append(message)

        with suppress(Exception):
            await app(scope(path, app, **extra), receive, send or keep)

    asyncio.run(run())
    return sent


def test_a_client_that_leaves_while_it_uploads_is_not_our_failure():
    app, metrics = observed()

    leave(app, "/lines", [{"type": "http.request", "body": b"half", "more_body": True}], method="POST")

    assert count(metrics, "POST", "/lines", 499) == 1
    assert count(metrics, "POST", "/lines", 500) == 0
    assert seconds(metrics, "POST", "/lines", "client_error", "count") == 1


def test_a_client_that_leaves_in_the_middle_of_a_stream_is_not_our_failure():
    app, metrics = observed()

    @app.get("/endless")
    async def endless() -> StreamingResponse:
        async def parts():
            while True:
                yield b"more"
                await asyncio.sleep(0)

        return StreamingResponse(parts())

    leave(app, "/endless", [{"type": "http.request", "body": b"", "more_body": False}])

    assert count(metrics, "GET", "/endless", 499) == 1
    assert seconds(metrics, "GET", "/endless", "server_error", "count") == 0


def test_a_server_that_says_that_nobody_listens_any_more_counts_as_a_client_that_left():
    app, metrics = observed()

    async def broken(message):
        raise OSError("the socket is closed")

    leave(app, "/lines/11", [{"type": "http.request", "body": b"", "more_body": False}], send=broken)

    assert count(metrics, "GET", "/lines/{line_id}", 499) == 1
    assert count(metrics, "GET", "/lines/{line_id}", 500) == 0


def test_an_application_that_never_answers_has_failed():
    metrics = Metrics()

    async def silent(scope, receive, send):
        await receive()

    leave(RequestMetrics(silent, metrics), "/x", [{"type": "http.request", "body": b"", "more_body": False}])

    assert count(metrics, "GET", "unmatched", 500) == 1


def test_requests_in_progress_return_to_zero_however_they_end():
    app, metrics = observed()
    during = []

    @app.get("/during")
    def inside() -> None:
        during.append(metrics.registry.get_sample_value("http_requests_in_progress"))

    ask(app, "GET", "/during")
    with suppress(ArithmeticError):
        ask(app, "GET", "/surprise")
    leave(app, "/lines", [{"type": "http.request", "body": b"half", "more_body": True}], method="POST")

    assert during == [1]
    assert metrics.registry.get_sample_value("http_requests_in_progress") == 0


# ---- streams of events -------------------------------------------------------------------------------------------


def listening(app, metrics, *, torn=False):
    """Add a page that is told what happens for five minutes, and return what was open and in progress meanwhile."""
    during = []

    @app.get("/live")
    async def live() -> StreamingResponse:
        app.state.ticks.now += 0.2

        async def events():
            for _ in range(3):
                app.state.ticks.now += 100
                names = ("http_streams_open", "http_requests_in_progress")
                during.append(tuple(metrics.registry.get_sample_value(name) for name in names))
                yield "data: 11\n\n"
                await asyncio.sleep(0)
            if torn:
                raise ArithmeticError("in the middle")

        return StreamingResponse(events(), media_type="text/event-stream; charset=utf-8")

    return during


def test_a_stream_of_events_is_timed_until_it_begins_and_counted_among_the_open_ones():
    app, metrics = observed()
    during = listening(app, metrics)

    ask(app, "GET", "/live")

    assert seconds(metrics, "GET", "/live", "ok") == pytest.approx(0.2)
    assert seconds(metrics, "GET", "/live", "ok", "count") == count(metrics, "GET", "/live", 200) == 1
    assert during == [(1, 0)] * 3
    assert metrics.registry.get_sample_value("http_streams_open") == 0
    assert metrics.registry.get_sample_value("http_requests_in_progress") == 0


def test_a_reader_who_leaves_a_stream_has_had_what_was_asked_for():
    app, metrics = observed()
    listening(app, metrics)

    leave(app, "/live", [{"type": "http.request", "body": b"", "more_body": False}])

    assert count(metrics, "GET", "/live", 200) == 1
    assert seconds(metrics, "GET", "/live", "client_error", "count") == 0
    assert metrics.registry.get_sample_value("http_streams_open") == 0


def test_a_stream_that_breaks_is_our_failure():
    app, metrics = observed()
    listening(app, metrics, torn=True)

    with suppress(ArithmeticError):
        ask(app, "GET", "/live")

    assert count(metrics, "GET", "/live", 500) == 1
    assert seconds(metrics, "GET", "/live", "server_error") == pytest.approx(0.2)


# ---- the law -----------------------------------------------------------------------------------------------------

PATHS = st.sampled_from(
    ["/lines/11", "/lines/eleven", "/lines", "/refused", "/down", "/surprise", "/moved", "/stream", "/later",
     "/health/live", "/nowhere", "/lines/", "/docs", "/openapi.json"]
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]),
    path=PATHS,
    body=st.binary(max_size=64),
    headers=st.dictionaries(
        st.sampled_from(["x-request-id", "accept", "traceparent", "authorization"]),
        st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80),
    ),
)
def test_the_middleware_never_changes_a_response(method, path, body, headers):
    bare = ask(BARE, method, path, content=body, headers=headers)

    watched = ask(WATCHED, method, path, content=body, headers=headers)

    assert (watched.status_code, watched.headers, watched.content) == (bare.status_code, bare.headers, bare.content)


BARE = application()
WATCHED, _metrics = observed()


def test_a_middleware_that_is_added_outside_is_refused_since_its_refusals_would_not_be_counted():
    class Limit:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            await self.app(scope, receive, send)

    app, _ = observed()
    app.add_middleware(Limit)

    with pytest.raises(RuntimeError, match="install last"):
        TestClient(app).get("/lines/11")
