"""Prometheus as the source of SLIs: the questions that are asked, and what becomes of the answers."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from vcci_platform.asking import Asker
from vcci_platform.reliability.conditions import without_rule
from vcci_platform.reliability.sources import PrometheusSource, SourceUnavailable
from vcci_slo.testing import a_plan
from vcci_slo.windows import Span, rolling

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SLO = a_plan().slo("errors")


def source(handler):
    client = httpx.Client(transport=httpx.MockTransport(handler))
    return PrometheusSource(Asker(client, "Prometheus", "http://prometheus:9090/"), timedelta(seconds=15))


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


MONTHLY = a_plan(slos={"errors": {"good": "api.requests", "objective": "99%", "window": {"month": "Asia/Kolkata"}}})
BEGAN = datetime(2026, 2, 28, 18, 30, tzinfo=UTC)
"""March begins in India."""


def test_a_calendar_month_is_read_from_the_series_that_the_rules_record_for_it():
    asked = []

    def answer(request):
        asked.append(request.url.params["query"])
        return vector({0: 12, 1: 1100, 2: 100}[len(asked) - 1])

    found = source(answer).traffic(MONTHLY.slo("errors"), Span(BEGAN, NOW))

    assert asked[:2] == ['slo:sli_errors:increase_month{slo="errors"}', 'slo:sli_total:increase_month{slo="errors"}']
    assert (found.bad, found.total) == (12, 1100)


def test_a_month_whose_rules_are_not_loaded_is_counted_from_the_raw_series():
    asked = []

    def answer(request):
        asked.append(request.url.params["query"])
        return vector() if "increase_month" in asked[-1] else vector(7)

    found = source(answer).traffic(MONTHLY.slo("errors"), Span(BEGAN, NOW))

    assert "http_requests_total" in asked[-2]
    assert (found.bad, found.total) == (7, 7)


@pytest.mark.parametrize(
    "span",
    [
        Span(BEGAN + timedelta(minutes=1), NOW),
        Span(BEGAN, BEGAN + timedelta(days=32)),
        rolling(NOW, MONTHLY.slo("errors").window),
    ],
)
def test_any_other_span_of_such_a_promise_is_no_month(span):
    """The window of 30.4 days stood among the recorded ones, and nothing records it."""
    asked = []

    def answer(request):
        asked.append(request.url.params["query"])
        return vector(7)

    source(answer).traffic(MONTHLY.slo("errors"), span)

    assert "http_requests_total" in asked[0]


def test_the_parts_of_a_monthly_promise_are_read_from_its_series_too():
    parted = a_plan(
        slos={"errors": {"good": "api.requests", "objective": "99%", "window": {"month": "UTC"}, "by": ["region"]}}
    )
    asked = []

    def answer(request):
        asked.append(request.url.params["query"])
        series = [{"metric": {"region": region}, "value": [0, value]} for region, value in (("eu", "3"), ("us", "5"))]
        return httpx.Response(200, json={"data": {"result": series}})

    found = source(answer).groups(parted.slo("errors"), Span(datetime(2026, 3, 1, tzinfo=UTC), NOW))

    assert asked[0] == 'slo:sli_errors:increase_month{slo="errors"}'
    assert {labels[0][1]: traffic.total for labels, traffic in found.items()} == {"eu": 3, "us": 5}


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
        source(lambda request: httpx.Response(400, json={"error": "parse error"})).traffic(
            SLO, rolling(NOW, timedelta(hours=1))
        )


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


GROUPED = a_plan(slos={"errors": {"good": "api.requests", "objective": "99.9%", "by": ["cluster"]}}).slo("errors")


def test_the_whole_of_a_promise_that_is_kept_apart_is_the_sum_of_its_parts():
    """Only the first of its parts was counted."""
    asked = []

    def answer(request):
        asked.append(request.url.params["query"])
        return vector(1)

    source(answer).traffic(GROUPED, rolling(NOW, timedelta(hours=1)))

    assert asked == [
        'sum(slo:sli_errors:increase1h{slo="errors"})',
        'sum(slo:sli_total:increase1h{slo="errors"})',
        'max(count_over_time(slo:sli_total:increase5m{slo="errors"}[1h]))',
    ]


def test_all_parts_take_three_questions():
    asked = []

    def answer(request):
        asked.append(request.url.params["query"])
        values = {0: (3, 0), 1: (100, 50), 2: (240, 120)}[len(asked) - 1]
        result = [
            {"metric": {"slo": "errors", "cluster": name}, "value": [0, str(value)]}
            for name, value in zip("ab", values, strict=True)
        ]
        return httpx.Response(200, json={"data": {"result": result}})

    found = source(answer).groups(GROUPED, rolling(NOW, timedelta(hours=1)))

    assert len(asked) == 3
    assert {labels: (part.bad, part.total, part.known) for labels, part in found.items()} == {
        (("cluster", "a"),): (3, 100, 1.0),
        (("cluster", "b"),): (0, 50, 0.5),
    }


def test_a_promise_without_labels_has_no_parts():
    assert source(lambda request: vector(1)).groups(SLO, rolling(NOW, timedelta(hours=1))) == {}


def test_it_is_told_which_alerts_have_no_rule_and_which_fail():
    """Where Prometheus decides, the list of what is not evaluated was always empty, whatever it had loaded."""
    plan = a_plan()
    names = [plan.slo("errors").burn_alert, *(alert.name for alert in plan.alerts)]

    def answer(request):
        assert request.url.path == "/api/v1/rules"
        rules = [{"name": name, "lastError": "too many samples" if name == names[0] else ""} for name in names]
        return httpx.Response(200, json={"data": {"groups": [{"rules": rules}]}})

    found = without_rule(plan, source(answer).rules())

    assert [(item.alert, item.reason) for item in found] == [
        ("ErrorsBudgetBurn", "Prometheus fails to evaluate it: too many samples"),
        ("ErrorsNoData", "Prometheus has no rule of that name; load the generated rules"),
    ]


def test_the_beginning_of_a_promise_is_found_to_within_a_sixtieth():
    first = NOW - timedelta(days=30) + timedelta(days=29)

    def answer(request):
        asked = request.url.params
        start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
        moments = [start + index * step for index in range(round((end - start) / step) + 1)]
        values = [[moment, "7"] for moment in moments if moment >= first.timestamp()]
        return httpx.Response(200, json={"data": {"result": [{"metric": {}, "values": values}]}})

    found = source(answer).first_seen(SLO, rolling(NOW, timedelta(days=30)))

    assert first - timedelta(hours=12) <= found <= first
