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


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf"])
def test_a_value_that_is_no_number_is_unknown(value):
    """NaN went through every comparison: the promise was called kept, with a budget of NaN."""
    found = source(lambda request: vector(value)).traffic(SLO, rolling(NOW, timedelta(hours=1)))

    assert (found.bad, found.total, found.known) == (0, 0, 0)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>a proxy's page</html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"status": "success"}),
        httpx.Response(200, json={"data": {"result": [{"value": []}]}}),
        httpx.Response(200, json={"data": {"result": [{"value": [0, "many"]}]}}),
    ],
)
def test_what_is_no_answer_of_prometheus_is_an_absence_and_no_crash(answer):
    with pytest.raises(SourceUnavailable, match="does not answer as Prometheus does"):
        source(lambda request: answer).traffic(SLO, rolling(NOW, timedelta(hours=1)))


def test_steps_meet_their_points_at_any_fraction_of_a_second():
    """Prometheus counts in milliseconds, our clock in microseconds: at any real moment each point was missed."""

    def answer(request):
        asked = request.url.params
        first, last, step = (round(float(asked[name]) * 1000) for name in ("start", "end", "step"))
        values = [[moment / 1000, "10"] for moment in range(first, last + 1, step)]
        return httpx.Response(200, json={"data": {"result": [{"metric": {}, "values": values}]}})

    now = NOW + timedelta(microseconds=123_457)
    points = source(answer).history(SLO, rolling(now, timedelta(minutes=1)), timedelta(milliseconds=333))

    assert len(points) == 180
    assert all(point.traffic.total == 10 for point in points)
