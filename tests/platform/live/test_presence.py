"""What is in the way of a selector, and counters and buckets that are not what they should be."""

import re
from datetime import UTC, datetime

import httpx
import pytest

from vcci_platform.live.counters import buckets, resets
from vcci_platform.live.expressions import Look
from vcci_platform.live.presence import Concern, presence
from vcci_slo.promql.matchers import Matcher, parse_matchers

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SERIES = [
    {"__name__": "http_requests_total", "job": "shop", "status": "200", "endpoint": "/a"},
    {"__name__": "http_requests_total", "job": "shop", "status": "500", "endpoint": "/b"},
    {"__name__": "http_requests_total", "job": "bank", "status": "404", "endpoint": "/c"},
    {"__name__": "stale_total", "job": "shop"},
]


def vector(*samples):
    result = [{"metric": labels, "value": [0, str(value)]} for labels, value in samples]
    return {"resultType": "vector", "result": result}


def holding(series, answers=None):
    """Return a handler that answers as a Prometheus with these series would; `stale_total` has no sample now."""

    def answer(request):
        path, query = request.url.path, request.url.params.get("query", "")
        match = request.url.params.get("match[]", "")
        if path.endswith("/label/__name__/values"):
            return sorted({one["__name__"] for one in series})
        if path.endswith("/labels"):
            return sorted({label for one in series if one["__name__"] == match for label in one})
        if "/label/" in path:
            label = path.split("/")[-2]
            return sorted({one[label] for one in series if one["__name__"] == match and label in one})
        for wanted, found in (answers or {}).items():
            if wanted in query or wanted in path:
                return found
        metric, inside = re.fullmatch(r"count\((\w+)(?:\{(.*)\})?\)", query).groups()
        matchers = parse_matchers(inside or "")
        found = [
            one
            for one in series
            if one["__name__"] == metric and metric != "stale_total" and all(matcher.holds(one) for matcher in matchers)
        ]
        return vector(*([({}, len(found))] if found else []))

    return answer


def look(metric, text=""):
    return Look(metric, parse_matchers(text))


def found(prometheus, metric, text="", **options):
    return presence(prometheus(holding(SERIES)), look(metric, text), NOW, **options)


def test_series_that_are_there_are_counted(prometheus):
    probed = found(prometheus, "http_requests_total", 'job="shop",status!~"4.."')

    assert (probed.series, probed.concerns) == (2, ())


@pytest.mark.parametrize(
    ("metric", "matchers", "words"),
    [
        ("http_request_total", "", "there is no metric http_request_total; did you mean http_requests_total?"),
        ("gone", "", "there is no metric gone"),
        (
            "http_requests_total",
            'code="500"',
            'http_requests_total has no label code, so code="500" finds nothing; it has endpoint, job, status',
        ),
        (
            "http_requests_total",
            'stats!~"4.."',
            'http_requests_total has no label stats, so stats!~"4.." leaves nothing out; did you mean status?',
        ),
        ("http_requests_total", 'job="shopp"', 'no series of http_requests_total has job="shopp"; did you mean shop?'),
        (
            "http_requests_total",
            'status=~"3.."',
            'no series of http_requests_total has status=~"3.."; there is 200, 404, 500',
        ),
        (
            "http_requests_total",
            'job="bank",endpoint!="/x",status="200"',
            'no series of http_requests_total has status="200" together with job="bank", endpoint!="/x"',
        ),
        ("stale_total", "", "stale_total was there in the last hour and has no series now"),
    ],
)
def test_what_is_in_the_way_is_named(prometheus, metric, matchers, words):
    (concern,) = found(prometheus, metric, matchers).concerns

    assert (concern.words, concern.missing) == (words, True)


def test_a_wrong_label_does_not_hide_a_wrong_value(prometheus):
    concerns = found(prometheus, "http_requests_total", 'stats!~"4..",job="shopp"').concerns

    assert [concern.words.partition(",")[0].partition(";")[0] for concern in concerns] == [
        "http_requests_total has no label stats",
        'no series of http_requests_total has job="shopp"',
    ]


def test_what_has_not_happened_yet_is_not_missing(prometheus):
    (concern,) = found(prometheus, "http_requests_total", 'status="503"', needed=False).concerns

    assert not concern.missing


def test_a_refused_question_is_a_note(prometheus):
    refusal = httpx.Response(422, json={"error": "query processing would load too many samples"})

    probed = presence(prometheus(lambda request: refusal), look("x"), NOW)

    assert probed.series is None
    assert "too many samples" in probed.concerns[0].words
    assert not probed.concerns[0].missing


def metadata(kind):
    return {"metadata": {"http_requests_total": [{"type": kind}]}}


@pytest.mark.parametrize(
    ("fell", "started", "told"),
    [(0, None, False), (1, None, False), (2, None, False), (3, None, True), (3, 3, False), (3, 2, True), (1, 0, False)],
)
def test_a_counter_may_fall_as_often_as_its_process_starts(prometheus, fell, started, told):
    restarts = vector(*([({}, started)] if started is not None else []))
    answers = metadata("counter") | {"resets(": vector(({}, fell)), "process_start": restarts}

    concerns = resets(prometheus(holding(SERIES, answers)), look("http_requests_total"), (), 2)

    assert bool(concerns) == told
    assert all(f"fell {fell} times in 1 hour" in concern.words for concern in concerns)


def test_a_gauge_in_the_place_of_a_counter_is_told(prometheus):
    answers = metadata("gauge") | {"resets(": vector(), "process_start": vector()}

    (concern,) = resets(prometheus(holding(SERIES, answers)), look("http_requests_total"), (), 2)

    assert concern == Concern("http_requests_total calls itself a gauge: what it grows by counts no events")


def test_of_very_many_series_less_is_read(prometheus):
    asked = []

    def answer(request):
        asked.append(request.url.params.get("query", ""))
        return {} if "metadata" in request.url.path else vector()

    resets(prometheus(answer), look("x"), (Matcher("job", "=", "shop"),), 30_000)

    assert asked[1:] == ["max(resets(x[10m]))", 'max(changes(process_start_time_seconds{job="shop"}[10m]))']


def spelled(**there):
    return vector(*(({"le": le.removeprefix("le").replace("_", ".")}, count) for le, count in there.items()))


@pytest.mark.parametrize(
    ("there", "wanted", "words"),
    [
        ({"le0_1": 2, "le0_5": 2, "le1": 2, "le+Inf": 2}, (0.1, 0.5, 1.0), ()),
        ({"le0_5": 2, "le1_0": 2, "le+Inf": 2}, (0.5, 1.0), ()),
        ({"le0_5": 2, "le+Inf": 2}, (0.6,), ('h_bucket has no bucket le="0.6"; it has 0.5',)),
        ({"le0_50": 2, "le+Inf": 2}, (0.5,), ('h_bucket spells its bucket le="0.50", which le="0.5" does not find',)),
        ({"le5e-1": 2, "le+Inf": 2}, (0.5,), ('h_bucket spells its bucket le="5e-1", which le="0.5" does not find',)),
        (
            {"le0_5": 1, "le0_50": 1, "le+Inf": 2},
            (0.5,),
            ('only 1 of 2 series of h_bucket have the bucket le="0.5"; the others spell it 0.50',),
        ),
        ({}, (0.5,), ()),
    ],
)
def test_a_bucket_that_is_missing_or_spelled_otherwise_is_told(prometheus, there, wanted, words):
    api = prometheus(lambda request: spelled(**there))

    assert tuple(concern.words for concern in buckets(api, look("h_bucket"), wanted)) == words
