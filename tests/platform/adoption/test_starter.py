"""The starter spec from recorded answers: odd names, odd labels, too much of everything; it is always valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.recorded_prometheus import NOW, Recorded, series, target
from support.starters import URL, plan_of, signals, validated, written
from vcci_platform.adoption.prometheus import ALL
from vcci_slo.plan import EventsSignal

REQUESTS = [
    series("http_requests_total", handler=handler, code=code)
    for handler in ("/orders", "/health", "/metrics")
    for code in ("200", "404", "503")
]
BUCKETS = [
    series("http_request_duration_seconds_bucket", handler=handler, code="200", le=bound)
    for handler in ("/orders", "/health")
    for bound in ("0.005", "0.0025", "0.1", "0.5", "1", "1.0", "2.5", "+Inf")
]


@pytest.fixture
def shop() -> Recorded:
    return Recorded(
        known=[*REQUESTS, *BUCKETS],
        types={"http_requests_total": "counter", "http_request_duration_seconds": "histogram"},
        targets=[target()],
        queries={
            r"^sum\(increase\(http_requests_total.*5\.\.": 13.0,
            r"^sum\(increase\(http_requests_total": 100_000.0,
            r"^sum\(increase\(http_request_duration_seconds_count": 90_000.0,
            r"^sum by \(le\)": [
                ({"le": "0.005"}, 10_000.0),
                ({"le": "0.1"}, 86_000.0),
                ({"le": "0.5"}, 89_000.0),
                ({"le": "1.0"}, 89_900.0),
                ({"le": "2.5"}, 89_990.0),
            ],
        },
    )


def test_requests_are_written_with_the_labels_values_and_buckets_that_are_there(shop: Recorded, tmp_path: Path):
    text = written(shop)

    found = signals(text)["shop.requests"]
    assert isinstance(found, EventsSignal)
    assert (found.events, found.duration) == ("http_requests_total", "http_request_duration_seconds")
    assert [str(one) for one in found.where] == ['handler!~"/health|/metrics"']
    assert [str(one) for one in found.bad] == ['code=~"5.."']
    assert found.buckets == (0.005, 0.1, 0.5, 1.0, 2.5)
    assert "# and 0.0025s" in text, "a bucket that a spec cannot name is told"
    assert "# code: 200, 404, 503" in text
    validated(text, tmp_path)


def test_a_job_that_is_seen_for_the_first_time_is_looked_at_like_others(shop: Recorded):
    """Its labels were asked for from the moment at which it was seen, when its last sample is older than that."""
    shop.seen_days = 0

    text = written(shop)

    assert "# code: 200, 404, 503" in text
    assert "seen for only 1m" in text


def test_what_is_promised_was_kept_with_half_of_the_budget_left(shop: Recorded):
    text = written(shop)

    promises = {slo.name: slo.percent for slo in plan_of(text).slos}
    assert promises == {"shop-errors": "99.9%", "shop-latency-p95": "95%", "shop-latency-p99": "99%"}
    assert "within: {95%: 500ms, 99%: 1s}" in text
    assert "# 99.987% of 100,000 in the last 7d" in text


def test_what_was_not_kept_is_not_promised_and_said(shop: Recorded, tmp_path: Path):
    shop.queries = {r"5\.\.": 9_000.0, **shop.queries}

    text = written(shop)

    assert "shop-errors" not in {slo.name for slo in plan_of(text).slos}
    assert "shop-errors: only 91% went well, which nobody would promise" in text
    validated(text, tmp_path)


def test_without_any_traffic_nothing_is_promised_and_the_spec_is_valid(shop: Recorded, tmp_path: Path):
    shop.queries = {}

    text = written(shop)

    assert plan_of(text).slos == ()
    assert "nothing was counted, so nothing is promised yet" in text
    validated(text, tmp_path)


def test_the_same_answers_give_the_same_bytes(shop: Recorded):
    shop.known = [*shop.known, *[series(f"m{number}_total", job=f"job-{number % 7}") for number in range(50)]]
    first = written(shop)
    shop.known.reverse()

    assert written(shop) == first


@pytest.mark.parametrize(
    ("retention", "window", "says"),
    [("40d", "30d", "retention: 40d"), ("15d", "14d", "retention.time=35d"), (None, "30d", ""), ("7GB", "30d", "")],
)
def test_the_window_is_one_that_this_prometheus_keeps(shop: Recorded, retention, window, says):
    shop.retention = retention

    text = written(shop)

    assert {slo.window_name for slo in plan_of(text).slos} == {window}
    assert says in text
    assert ("monitoring:" in text) == bool(says)


@pytest.mark.parametrize("code", [404, 501])
def test_what_only_prometheus_itself_answers_may_be_missing(shop: Recorded, tmp_path: Path, code: int):
    """Mimir, Thanos and VictoriaMetrics know series and queries, and not all of the rest."""
    shop.unknown = {"targets", "metadata", "status/buildinfo", "status/runtimeinfo"}
    shop.unknown_code = code

    text = written(shop)

    assert signals(text)["shop.requests"]
    assert f"Not looked at: {URL} does not answer as Prometheus does: it answers {code}" in text
    validated(text, tmp_path)


def test_thousands_of_series_and_jobs_are_asked_for_in_bounded_questions(tmp_path: Path):
    known = [
        series(f"service_{metric}_requests_total", job=f"job-{job:03d}", code=code)
        for job in range(60)
        for metric in range(30)
        for code in ("200", "500")
    ]
    recorded = Recorded(known=known, types={one["__name__"]: "counter" for one in known})

    text = written(recorded)

    assert len(recorded.asked) <= ALL.questions
    assert "20 jobs beyond the 40 with the most targets: job-040" in text
    validated(text, tmp_path)


def test_when_there_is_no_more_time_what_was_found_is_written_and_the_rest_named(tmp_path: Path):
    known = [series("http_requests_total", job=f"job-{job}", code=code) for job in range(9) for code in ("200", "500")]
    recorded = Recorded(known=known, types={"http_requests_total": "counter"})

    text = written(recorded, questions=30)

    assert len(recorded.asked) <= 30
    assert "Not looked at: the rest of job 'job-" in text
    validated(text, tmp_path)


def test_a_scrape_stands_only_where_addresses_are_fixed():
    known = [series("orders_total", job=job) for job in ("fixed", "found", "probes", "many")]
    probes = target("probes") | {"scrapeUrl": "http://blackbox:9115/probe?module=http_2xx&target=https%3A%2F%2Fx"}
    targets = [
        target("fixed", "fixed:9090"),
        target("found", "10.0.0.1:80", __meta_kubernetes_pod_name="p"),
        probes,
        *[target("many", f"10.0.0.{number}:80") for number in range(20)],
    ]

    found = {one.name: one.scrape for one in plan_of(written(Recorded(known=known, targets=targets))).components}

    assert {name for name, scrape in found.items() if scrape} == {"fixed"}


def test_exporters_are_known_and_an_alert_that_would_have_fired_is_left_out(tmp_path: Path):
    recorded = Recorded(
        known=[
            series("pg_up", job="db"),
            series("redis_up", job="cache"),
            series("probe_success", job="probes"),
            series("probe_ssl_earliest_cert_expiry", job="probes"),
        ],
        queries={
            r"^avg_over_time\(\(min\(probe_success": 0.9999,
            r"^min_over_time.*redis_up": 0.0,
            r"probe_ssl": 30 * 86_400.0,
            r"pg_up|redis_up|probe_success": 1.0,
        },
    )

    text = written(recorded)

    plan = plan_of(text)
    assert {one.name: one.kind for one in plan.components} == {"db": "postgresql", "cache": "redis", "probes": "other"}
    assert {one.name for one in plan.alerts} == {"PostgresDown", "ProbeFails", "CertificateEnds"}
    assert "RedisDown for cache (reachable below 1): it was at 0, so it would have fired" in text
    assert [slo.name for slo in plan.slos] == ["probes-reachable"]
    validated(text, tmp_path)


def test_an_age_is_promised_under_a_limit_that_it_never_came_near(tmp_path: Path):
    recorded = Recorded(
        known=[series("oldest_order_age_seconds"), series("backup_last_success_timestamp_seconds")],
        queries={
            r"^max_over_time.*oldest": 100.0,
            r"^max_over_time.*backup": 80_000.0,
            r"oldest": 11.0,
            r"backup": 3600.0,
        },
    )

    text = written(recorded)

    assert "shop-oldest-order-age: {holds: shop.oldest-order-age, below: 5m, objective: 99%}" in text
    assert "value: time() - max(backup_last_success_timestamp_seconds{SELECTOR})" in text
    assert "shop-backup-last-success" in text, "promised, or told why not"
    validated(text, tmp_path)


def test_what_only_machines_count_is_no_signal():
    noise = ["promhttp_metric_handler_requests_total", "go_gc_duration_seconds_count", "process_cpu_seconds_total"]
    recorded = Recorded(known=[series(name, code="200") for name in noise])

    assert signals(written(recorded)) == {}


def test_the_moment_is_that_of_prometheus_and_not_ours(shop: Recorded):
    text = written(shop)

    assert "from what Prometheus 3.5.3 answered at 2026-11-23" in text
    assert NOW > 0
