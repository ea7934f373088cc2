"""Prometheus as the source of SLIs: the questions that are asked, and what becomes of the answers."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from vcci_platform.reliability.sources import PrometheusSource, SourceUnavailable
from vcci_slo.testing import a_plan
from vcci_slo.windows import rolling

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SLO = a_plan().slo("errors")


def source(handler):
    client = httpx.Client(transport=httpx.MockTransport(handler))
    return PrometheusSource(client, "http://prometheus:9090/", timedelta(seconds=15))


def vector(*values):
    return httpx.Response(
        200, json={"data": {"result": [{"metric": {}, "value": [0, str(value)]} for value in values]}}
    )


def test_a_window_of_the_rules_is_read_from_what_they_record():
    asked = []

    def answer(request):
        asked.append(request.url.params["query"])
        return vector({0: 12, 1: 1100, 2: 120}[len(asked) - 1])

    found = source(answer).traffic(SLO, rolling(NOW, timedelta(hours=1)))

    assert asked == [
        'slo:sli_errors:increase1h{slo="errors"}',
        'slo:sli_total:increase1h{slo="errors"}',
        'count_over_time(slo:sli_total:increase5m{slo="errors"}[1h])',
    ]
    assert (found.bad, found.total, found.known) == (12, 1100, 0.5)


def test_another_span_is_counted_from_the_raw_series():
    asked = []

    def answer(request):
        asked.append(request.url.params["query"])
        return vector(1)

    source(answer).traffic(SLO, rolling(NOW, timedelta(minutes=17)))

    assert "http_requests_total" in asked[0]
    assert "[17m]" in asked[0]


def test_no_series_is_unknown():
    found = source(lambda request: vector()).traffic(SLO, rolling(NOW, timedelta(hours=1)))

    assert (found.total, found.known) == (0, 0)


def test_a_history_has_a_hole_where_prometheus_has_none():
    first = NOW.timestamp() - 60

    def answer(request):
        value = "2" if "5.." in request.url.params["query"] else "10"
        return httpx.Response(200, json={"data": {"result": [{"metric": {}, "values": [[first, value]]}]}})

    points = source(answer).history(SLO, rolling(NOW, timedelta(minutes=2)), timedelta(minutes=1))

    assert [(point.traffic.bad, point.traffic.total, point.traffic.known) for point in points] == [
        (2, 10, 1),
        (0, 0, 0),
    ]


def test_a_prometheus_that_is_away_is_said_to_be_away():
    def refuse(request):
        raise httpx.ConnectError("connection refused")

    with pytest.raises(SourceUnavailable, match="does not answer"):
        source(refuse).traffic(SLO, rolling(NOW, timedelta(hours=1)))


def test_a_refused_query_is_told_with_its_answer():
    with pytest.raises(SourceUnavailable, match="400 parse error"):
        source(lambda request: httpx.Response(400, text="parse error")).traffic(SLO, rolling(NOW, timedelta(hours=1)))
