"""The starter spec where names, labels and histograms are odd: what needs quotes, other units, hostile values."""

from __future__ import annotations

from pathlib import Path

from support.recorded_prometheus import Recorded, series
from support.starters import plan_of, signals, validated, written
from vcci_slo.plan import EventsSignal, QuerySignal


def test_names_of_prometheus_3_that_need_quotes_become_free_promql(tmp_path: Path):
    """`http.server.requests` with the label `http.response.status_code`, as OpenTelemetry writes them."""
    recorded = Recorded(
        known=[
            series("http.server.requests", job="otel/shop", **{"http.response.status_code": code})
            for code in ("200", "500")
        ],
        types={"http.server.requests": "counter"},
        queries={
            r"^count by \(\"http": [({"http.response.status_code": code}, 1.0) for code in ("200", "500")],
            r"^sum\(increase\(\{.*5\.\.": 0.0,
            r"^sum\(increase\(\{": 50_000.0,
        },
    )

    text = written(recorded)

    found = signals(text)["otel-shop.requests"]
    assert isinstance(found, QuerySignal)
    assert found.bad.startswith('sum(increase({"http.server.requests",job="otel/shop",')
    assert '"http.response.status_code"=~"5.."' in found.bad
    assert "[WINDOW]" in found.bad
    assert [slo.percent for slo in plan_of(text).slos] == ["99.9%"]
    validated(text, tmp_path)


def test_failures_that_are_a_counter_of_their_own_are_set_against_all(tmp_path: Path):
    recorded = Recorded(
        known=[series("orders_total"), series("orders_failed_total")],
        types={"orders_total": "counter", "orders_failed_total": "counter"},
        queries={"orders_failed_total": 4.0, "orders_total": 20_000.0},
    )

    text = written(recorded)

    found = signals(text)["shop.orders"]
    assert isinstance(found, QuerySignal)
    assert "orders_failed_total" in found.bad
    assert "orders_failed_total" not in (found.valid or "")
    assert "# orders_failed_total beside orders_total" in text
    validated(text, tmp_path)


def test_a_histogram_in_milliseconds_is_promised_in_its_own_buckets(tmp_path: Path):
    """Istio's proxies measure so."""
    bounds = ("1", "5", "500", "1000", "+Inf")
    metric = "istio_request_duration_milliseconds"
    recorded = Recorded(
        known=[series(f"{metric}_bucket", response_code="200", le=bound) for bound in bounds],
        types={metric: "histogram"},
        queries={
            r"^sum by \(le\)": [({"le": bound}, 9_999.0 if bound in {"500", "1000"} else 10.0) for bound in bounds],
            "_count": 10_000.0,
        },
    )

    text = written(recorded)

    found = signals(text)["shop.istio-request-duration-within-500ms"]
    assert isinstance(found, QuerySignal)
    assert r'le=~"500(\\.0)?"' in found.bad
    assert ("shop-istio-request-duration-latency-p95", "95%") in {(slo.name, slo.percent) for slo in plan_of(text).slos}
    validated(text, tmp_path)


def test_a_histogram_whose_name_needs_quotes_is_promised_too(tmp_path: Path):
    metric = "http.server.request.duration"
    recorded = Recorded(
        known=[series(f"{metric}_bucket", le=bound) for bound in ("0.1", "0.5", "+Inf")],
        types={metric: "histogram"},
        queries={r"^sum by \(le\)": [({"le": "0.1"}, 10.0), ({"le": "0.5"}, 10_000.0)], "_count": 10_000.0},
    )

    text = written(recorded)

    assert '{"http.server.request.duration_bucket",SELECTOR,le="0.5"}[WINDOW]' in text
    assert [slo.percent for slo in plan_of(text).slos] == ["95%"]
    validated(text, tmp_path)


def test_a_name_with_a_colon_is_a_recorded_series_unless_somebody_exposes_it():
    known = [series(name, code=code) for name in ("a:http_requests_total", "b:http_requests_total") for code in "25"]
    known = [{**one, "code": f"{one['code']}00"} for one in known]

    found = signals(written(Recorded(known=known, types={"b:http_requests_total": "counter"})))

    assert [one.events for one in found.values() if isinstance(one, EventsSignal)] == ["b:http_requests_total"]


def test_a_hyphen_in_a_name_needs_quotes():
    known = [series("http-requests_total", **{"status-code": code}) for code in ("200", "500")]
    codes = [({"status-code": code}, 1.0) for code in ("200", "500")]

    (found,) = signals(written(Recorded(known=known, queries={"^count by": codes}))).values()

    assert isinstance(found, QuerySignal)
    assert '{"http-requests_total",job="shop","status-code"!~"4..","status-code"=~"5.."}[WINDOW]' in found.bad


def test_a_native_histogram_is_called_one(tmp_path: Path):
    recorded = Recorded(
        known=[series("rpc_duration_seconds", grpc_code="OK")],
        types={"rpc_duration_seconds": "histogram"},
        queries={
            r"^count\(histogram_count": 3.0,
            r"^histogram_count": 10_000.0,
            r"^histogram_fraction\(0, (1|2|4|8),": 1.0,
            r"^histogram_fraction\(0, 0\.5,": 0.99,
            r"^histogram_fraction\(0, 0\.": 0.5,
        },
    )

    text = written(recorded)

    found = next(one for one in signals(text).values() if isinstance(one, EventsSignal))
    assert found.native
    assert found.buckets == ()
    assert "within: {95%: 500ms, 99%: 1s}" in text
    validated(text, tmp_path)


def test_jobs_with_any_name_become_components_with_names_of_their_own(tmp_path: Path):
    jobs = ['a "b"\\c', "a b c", "größe", "!!", "9lives", "index", "x" * 300, "kube-system/dns", "a: b # c", "{}"]
    recorded = Recorded(known=[series("orders_total", job=job) for job in jobs])

    text = written(recorded)

    found = plan_of(text).components
    assert sorted(matcher.value for one in found for matcher in one.selector) == sorted(jobs)
    assert len({one.name for one in found}) == len(jobs)
    validated(text, tmp_path)


def test_hostile_label_values_stay_inside_their_quotes_and_comments(tmp_path: Path):
    nasty = ["200", "500", '5"00', "a\nslos: {}", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")]
    recorded = Recorded(
        known=[
            series("http_requests_total", code=code) for code in ("200", "201", "202", "204", "500", "503", nasty[3])
        ]
        + [series("jobs_total", outcome=value) for value in ("ok", 'fa"iled', "failed", nasty[4])]
    )

    text = written(recorded)

    assert "a?slos: {}" in text
    validated(text, tmp_path)
