"""Where the traces are, and those of single failed requests: by the exemplars of our own service and Prometheus."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta

import httpx
import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from support.observed_app import ask, observed
from vcci_platform.asking import Asker
from vcci_platform.clock import SystemClock
from vcci_platform.incidents.context.model import Question, Unavailable
from vcci_platform.incidents.decisions import Open
from vcci_platform.incidents.evolution import evolve
from vcci_platform.incidents.model import Priority, Tracked
from vcci_platform.incidents.testing import NINE, alert
from vcci_platform.telemetry.exposition import render
from vcci_platform.wiring.exemplars import OPENMETRICS, ExposedExemplars, PrometheusExemplars, TraceSource
from vcci_slo import Plan
from vcci_slo.testing import a_plan

REQUESTS = {"events": "http_requests_total", "valid": 'status!~"4.."', "bad": 'status=~"5.."'}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def plan(**links: str) -> Plan:
    return plan_of(REQUESTS, None, **links)


def plan_of(signal: Mapping[str, object], fast: Mapping[str, object] | None = None, **links: str) -> Plan:
    api = {"kind": "http", "selector": 'job="vcci-api"', "runs": {"deployment": "vcci-api", "replicas": 2}}
    return a_plan(
        metadata={"name": "vcci", "owner": "crew", "selector": 'env="live"'},
        components={"api": {**api, "signals": {"requests": signal}}},
        slos={"errors": {"good": "api.requests", "objective": "99.9%"}, **({"fast": fast} if fast else {})},
        links=links,
    )


JAEGER = plan(traces="https://jaeger.example")


def question(*, now: bool = False) -> Question:
    at = SystemClock().now() if now else NINE
    opening = Open("vcci", "it fails", Priority.P0, "evaluator", at, "evaluator")
    incident = evolve(None, [opening], at, new_id="inc_11")
    assert incident is not None
    return Question(incident, (Tracked(alert(starts_at=at)),), at + timedelta(minutes=10))


def client(handler: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(handler))


def source(found: object, of: Plan = JAEGER) -> TraceSource:
    return TraceSource(of, {"api": "vcci-api"}, found)  # type: ignore[arg-type]


def test_the_trace_of_a_request_that_failed_is_found_in_the_figures_of_our_own_service() -> None:
    app, metrics = observed(ALWAYS_ON)
    for path in ("/lines/11", "/surprise", "/refused"):
        ask(app, "GET", path)

    def exposed(request: httpx.Request) -> httpx.Response:
        body, media_type = render(metrics.registry, request.headers["Accept"])
        return httpx.Response(200, content=body, headers={"Content-Type": media_type})

    facts = source(ExposedExemplars(JAEGER, client(exposed), "http://service"))(question(now=True))

    place, failed = facts
    assert place.href.startswith("https://jaeger.example/search?service=vcci-api&start=")
    assert failed.text.startswith("trace of a failed request at /surprise (")
    assert failed.href == f"https://jaeger.example/trace/{failed.data['trace_id']}"
    assert len(failed.data["trace_id"]) == 32


def test_a_request_that_took_longer_than_is_promised_is_found_too() -> None:
    """The application's clock moves by 0.3 s in this request; 250 ms are promised."""
    timed = {**REQUESTS, "duration": "http_request_duration_seconds", "buckets": ["250ms", "1s"]}
    promised = plan_of(
        timed, traces="https://jaeger.example", fast={"fast": "api.requests", "within": {"99%": "250ms"}}
    )
    app, metrics = observed(ALWAYS_ON)
    for path in ("/lines/11", "/refused"):
        ask(app, "GET", path)

    def exposed(request: httpx.Request) -> httpx.Response:
        body, media_type = render(metrics.registry, request.headers["Accept"])
        return httpx.Response(200, content=body, headers={"Content-Type": media_type})

    _, slow = source(ExposedExemplars(promised, client(exposed), "http://service"), promised)(question(now=True))

    assert slow.text.startswith("trace of a request of 0.3 s at /lines/{line_id} (")


def test_prometheus_is_asked_for_the_exemplars_of_what_failed() -> None:
    asked: dict[str, str] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        asked.update({"path": request.url.path, **dict(request.url.params)})
        exemplars = [
            {"labels": {"trace_id": TRACE}, "value": "1", "timestamp": NINE.timestamp()},
            {"labels": {"trace_id": "<script>"}, "value": "1", "timestamp": NINE.timestamp()},
            {"labels": {"user": "11"}, "value": "1", "timestamp": NINE.timestamp()},
        ]
        data = [{"seriesLabels": {"endpoint": "/v1/uploads"}, "exemplars": exemplars}]
        return httpx.Response(200, content=json.dumps({"status": "success", "data": data}))

    asker = Asker(client(answer), "Prometheus", "http://prometheus:9090")

    _, failed = source(PrometheusExemplars(JAEGER, asker))(question())

    assert (failed.text, failed.href) == (
        "trace of a failed request at /v1/uploads (09:00:00 UTC)",
        f"https://jaeger.example/trace/{TRACE}",
    )
    assert asked["path"] == "/api/v1/query_exemplars"
    assert asked["query"] == 'http_requests_total{job="vcci-api",env="live",status!~"4..",status=~"5.."}'


def test_who_cannot_be_asked_for_exemplars_leaves_the_place() -> None:
    def down(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    place, why = source(ExposedExemplars(JAEGER, client(down), "http://service"))(question())

    assert place.text == "traces of vcci-api from 08:30 to 09:40 UTC"
    assert (why.text, why.href) == ("traces of single requests: the service does not answer: ConnectError", "")


@pytest.mark.parametrize(("url", "href"), [("https://traces.example", "https://traces.example"), ("", None)])
def test_of_a_store_that_is_not_known_the_first_page_is_opened(url: str, href: str | None) -> None:
    asked = source(lambda _: (), plan(traces=url) if url else plan())
    if href is None:
        with pytest.raises(Unavailable, match="the spec names no place of traces"):
            asked(question())
    else:
        assert [fact.href for fact in asked(question())] == [href]


def test_what_is_no_exposition_is_said_so() -> None:
    def odd(request: httpx.Request) -> httpx.Response:
        assert request.headers["Accept"] == OPENMETRICS
        return httpx.Response(200, text="<html>")

    _, why = source(ExposedExemplars(JAEGER, client(odd), "http://service"))(question())

    assert why.text == "traces of single requests: the service shows its figures in another form"
