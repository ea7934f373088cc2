"""Addresses of logs and traces: the tools that are known, Grafana's Explore, and the forms that a spec gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from vcci_slo import SpecError, load_plan
from vcci_slo.places import logs_at, trace_at, traces_at
from vcci_slo.plan import Links
from vcci_slo.testing import a_spec

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
API = {"kind": "http", "signals": {"requests": {"events": "http_requests_total", "bad": 'status=~"5.."'}}}


def links(**written: object) -> Links:
    slos = {"errors": {"good": "api.requests", "objective": "99.9%"}}
    return load_plan(a_spec(components={"api": API}, slos=slos, links=written)).links


def pane(address: str) -> dict[str, Any]:
    """Return the one pane that an address of Explore opens."""
    asked = parse_qs(urlsplit(address).query, strict_parsing=True)
    assert (asked["schemaVersion"], asked["orgId"]) == (["1"], ["1"])
    found: dict[str, Any]
    (found,) = json.loads(asked["panes"][0]).values()
    return found


def test_a_plain_address_stays_what_it_was():
    where = links(logs="https://kibana.example/", traces="https://jaeger.example/")

    assert (where.logs, where.logs_search, where.traces, where.traces_search, where.traces_one) == (
        "https://kibana.example",
        "",
        "https://jaeger.example",
        "",
        "",
    )


@pytest.mark.parametrize("base", ["https://zipkin.example", "https://zipkin.example/zipkin"])
def test_zipkin_counts_in_milliseconds(base: str):
    where = links(traces=base)

    assert traces_at(where, "vcci-api", NINE, TEN) == (
        "https://zipkin.example/zipkin/?serviceName=vcci-api&lookback=range"
        "&endTs=1772445600000&startTs=1772442000000&limit=50"
    )
    assert trace_at(where, TRACE) == f"https://zipkin.example/zipkin/traces/{TRACE}"


def test_loki_and_tempo_are_opened_in_explore():
    where = links(grafana="https://g.example", logs={"loki": "P8E80F9AEF21F6940"}, traces={"tempo": "tempo-11"})
    span = {"from": "1772442000000", "to": "1772445600000"}

    logs, traces = pane(logs_at(where, "vcci-api", NINE, TEN)), pane(traces_at(where, "vcci-api", NINE, TEN))

    assert (where.logs, where.traces) == ("https://g.example/explore", "https://g.example/explore")
    assert logs == {
        "datasource": "P8E80F9AEF21F6940",
        "queries": [
            {
                "refId": "A",
                "datasource": {"type": "loki", "uid": "P8E80F9AEF21F6940"},
                "queryType": "range",
                "expr": '{app="vcci-api"}',
            }
        ],
        "range": span,
    }
    assert traces["range"] == span
    assert traces["queries"][0]["query"] == '{resource.service.name="vcci-api"}'
    assert pane(trace_at(where, TRACE))["queries"][0]["query"] == TRACE


def test_a_page_without_a_time_shows_the_last_hour_of_loki():
    where = links(grafana="https://g.example", logs={"loki": "loki-11", "label": "service_name"})

    shown = pane(logs_at(where, "vcci-api"))

    assert shown["range"] == {"from": "now-1h", "to": "now"}
    assert shown["queries"][0]["expr"] == '{service_name="vcci-api"}'


def test_any_other_tool_is_opened_by_the_forms_that_the_spec_gives():
    where = links(
        logs={"search": "https://l.example/logs?query=service%3A{service}&from_ts={from_ms}&to_ts={to_ms}"},
        traces={
            "search": "https://t.example/find?s={service}&a={from_s}&b={to_us}&c={from_iso}",
            "trace": "https://t.example/one/{trace_id}",
        },
    )

    assert (where.logs, where.traces) == ("https://l.example", "https://t.example")
    assert logs_at(where, "a&b", NINE, TEN) == (
        "https://l.example/logs?query=service%3Aa%26b&from_ts=1772442000000&to_ts=1772445600000"
    )
    assert traces_at(where, "vcci-api", NINE, TEN) == (
        "https://t.example/find?s=vcci-api&a=1772442000&b=1772445600000000&c=2026-03-02T09%3A00%3A00Z"
    )
    assert trace_at(where, TRACE) == f"https://t.example/one/{TRACE}"


def test_what_a_form_needs_and_nobody_knows_opens_the_first_page():
    where = links(logs={"search": "https://l.example/?q={service}&f={from_ms}", "page": "https://l.example/start"})

    assert logs_at(where, "", NINE, TEN) == "https://l.example/start"
    assert logs_at(where, "vcci-api") == "https://l.example/start"
    assert trace_at(links(traces={"page": "https://t.example"}), TRACE) == ""


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"logs": {"search": "https://l.example/?q={servce}"}}, "placeholders among service"),
        ({"logs": {"search": "https://l.example/?q={service"}}, "placeholders among service"),
        ({"logs": {"search": "https://l.example/?q={{service}}"}}, "placeholders among service"),
        ({"logs": {"search": "https://l.example/?q=all"}}, "at least one of the placeholders"),
        ({"logs": {"search": "https://{service}.example/"}}, "text of the form"),
        ({"logs": {"search": "javascript:alert({service})"}}, "text of the form"),
        ({"traces": {"trace": "https://t.example/{service}"}}, "placeholders among trace_id"),
        ({"logs": {"loki": "l", "search": "https://l.example/{service}"}, "grafana": "https://g.example"}, "or loki"),
        ({"traces": {"tempo": "t", "trace": "https://t.example/{trace_id}"}}, "tempo, or forms of another tool"),
        ({"traces": {"tempo": "t"}}, "the address of grafana beside traces.tempo"),
        ({"logs": {}}, "a page, a search, or loki"),
        ({"traces": {"label": "app"}}, "one of page, search, tempo, trace"),
    ],
)
def test_a_form_that_could_not_be_filled_is_refused(written: dict[str, object], expected: str):
    with pytest.raises(SpecError) as refused:
        links(**written)

    assert expected in str(refused.value)
