"""What one look adds to each account."""

import pytest

from vcci_platform.reliability.accounts import Count, accounts, count, metrics_of
from vcci_platform.reliability.samples import parse
from vcci_slo.testing import a_plan

RATIO = {"measure": {"bad_ratio": "api.requests", "over": "5m"}, "above": {"P1": "1%"}, "summary": "s"}
QUANTILE = {"measure": {"quantile": "95%", "of": "api.requests", "over": "5m"}, "above": {"P1": "1s"}, "summary": "s"}


def account(key, **sections):
    return {found.key: found for found in accounts(a_plan(**sections))}[key]


def requests(ok=0, failed=0, refused=0, health=0):
    return parse(
        f'http_requests_total{{endpoint="/v1/a",status="200"}} {ok}\n'
        f'http_requests_total{{endpoint="/v1/a",status="500"}} {failed}\n'
        f'http_requests_total{{endpoint="/v1/a",status="404"}} {refused}\n'
        f'http_requests_total{{endpoint="/health/live",status="500"}} {health}\n',
        {"job": "shop-api"},
    )


def durations(fast, within, every):
    return parse(
        "".join(
            f'http_request_duration_seconds_bucket{{outcome="ok",le="{le}"}} {value}\n'
            for le, value in (("0.5", fast), ("1.0", within), ("+Inf", every))
        )
        + f'http_request_duration_seconds_count{{outcome="ok"}} {every}\n',
        {"job": "shop-api"},
    )


def test_only_valid_events_count_and_only_bad_ones_are_bad():
    found = count(account("errors"), requests(ok=100), requests(ok=111, failed=12, refused=13, health=14))

    assert found == Count(bad=12, total=23)


def test_the_first_look_says_nothing():
    assert count(account("errors"), None, requests(ok=100)) is None


def test_no_series_says_nothing():
    assert count(account("errors"), requests(ok=1), parse("up 1\n", {})) is None


def test_another_job_says_nothing():
    theirs = parse('http_requests_total{status="200"} 11\n', {"job": "theirs"})

    assert count(account("errors"), theirs, theirs) is None


def test_a_series_that_was_just_born_counts_whole():
    """An error counter that appears with 5 has seen 5 errors; the rate of Prometheus would not see them."""
    before = parse('http_requests_total{endpoint="/v1/a",status="200"} 100\n', {"job": "shop-api"})

    assert count(account("errors"), before, requests(ok=100, failed=5)) == Count(5, 5)


def test_a_reset_loses_nothing_that_is_still_shown():
    assert count(account("errors"), requests(ok=900, failed=90), requests(ok=11, failed=2)) == Count(2, 13)


def test_slow_events_are_those_beyond_the_bucket():
    slos = {"latency": {"fast": "api.requests", "within": {"99%": "1s"}}}

    found = count(account("latency-p99", slos=slos), durations(0, 0, 0), durations(80, 97, 100))

    assert found == Count(bad=3, total=100)


def test_a_probe_is_judged_by_what_it_shows_now():
    slos = {"there": {"good": "api.probe", "objective": "99%"}}
    shown = parse('probe_success{place="a"} 1\nprobe_success{place="b"} 0\n', {"job": "probe-api"})

    assert count(account("there", slos=slos), None, shown) == Count(1, 2)


@pytest.mark.parametrize(("age", "bad"), [(1799.9, 0), (1800, 1)])
def test_a_value_at_its_limit_is_bad(age, bad):
    slos = {"fresh": {"holds": "api.oldest", "below": "30m", "objective": "99%"}}
    shown = parse(f"oldest_age_seconds {age}\n", {"job": "shop-api"})

    assert count(account("fresh", slos=slos), None, shown) == Count(bad, 1)


def test_alerts_on_ratios_and_quantiles_have_accounts_of_their_own():
    keys = [found.key for found in accounts(a_plan(alerts={"Many": RATIO, "Slow": QUANTILE}))]

    assert keys == ["errors", "signal:api.requests", "slower:api.requests:1"]


def test_a_quantile_is_above_its_limit_when_more_than_the_rest_is_slower():
    found = count(
        account("slower:api.requests:1", alerts={"Slow": QUANTILE}), durations(0, 0, 0), durations(80, 92, 100)
    )

    assert found == Count(8, 100)


def test_every_metric_that_is_needed_is_known():
    assert metrics_of(a_plan()) >= {"http_requests_total", "probe_success", "oldest_age_seconds"}
