"""What indicators count and what alerts compare, as PromQL."""

from datetime import timedelta

from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import bad_now, bucket_matcher, errors_in, total_in
from vcci_slo.promql.measures import condition, vanished
from vcci_slo.testing import a_plan

HOUR, SCRAPE = timedelta(hours=1), timedelta(seconds=15)
VALID = 'http_requests_total{job="shop-api",endpoint!~"/health/.*",status!~"4.."}'
BAD = 'http_requests_total{job="shop-api",endpoint!~"/health/.*",status!~"4..",status=~"5.."}'
TIMED = 'job="shop-api",endpoint!~"/health/.*",outcome="ok"'


def only_slo(**slo):
    return a_plan(slos={"promise": slo}).slos[0]


def test_bad_events_are_zero_while_only_good_ones_exist():
    slo = only_slo(good="api.requests", objective="99%")

    assert total_in(slo, HOUR) == f"sum(increase({VALID}[1h]))"
    assert errors_in(slo, HOUR) == f"sum(increase({BAD}[1h])) or 0 * sum(increase({VALID}[1h]))"


def test_slow_requests_are_those_above_the_bucket_in_both_spellings():
    slo = only_slo(fast="api.requests", within={"99%": "1s"})

    count = f"sum(increase(http_request_duration_seconds_count{{{TIMED}}}[1h]))"
    fast = f'sum(increase(http_request_duration_seconds_bucket{{{TIMED},le=~"1(\\\\.0)?"}}[1h]))'
    assert errors_in(slo, HOUR) == f"{count} - {fast}"


def test_failed_probes_are_those_that_did_not_succeed():
    slo = only_slo(good="api.probe", objective="99.9%")

    probes = 'probe_success{job="probe-api"}'
    seen = f"{probes}[59m59s999ms]"
    assert errors_in(slo, HOUR) == f"sum(count_over_time({seen})) - sum(sum_over_time({seen}))"


def test_a_rule_reads_a_scrape_more_and_takes_what_it_extends_back():
    """Windows of rules meet: what lies between the last scrape of one and the first of the next is in one of them."""
    slo = only_slo(good="api.requests", objective="99.9%")

    assert total_in(slo, HOUR, scrape=SCRAPE) == f"sum(increase({VALID}[1h14s999ms])) * 3600 / 3614.999"
    assert errors_in(slo, HOUR, scrape=SCRAPE, total="all") == (
        f"sum(increase({BAD}[1h14s999ms])) * 3600 / 3614.999 or on () 0 * all"
    )


def test_a_value_at_its_limit_is_bad():
    slo = only_slo(holds="api.oldest", below="30m", objective="99%")

    assert bad_now(slo) == 'max(oldest_age_seconds{job="shop-api"}) >= bool 1800'
    assert errors_in(slo, HOUR) == 'sum(sum_over_time(slo:sli_bad:bool{slo="promise"}[59m59s999ms]))'


def test_a_fractional_bucket_has_one_spelling():
    assert str(bucket_matcher(0.5)) == 'le="0.5"'


def test_a_ratio_needs_evidence():
    alert = a_plan(
        alerts={
            "ManyErrors": {
                "measure": {"bad_ratio": "api.requests", "over": "5m"},
                "above": {"P1": "1%"},
                "min_bad": 10,
                "summary": "s",
            }
        }
    ).alert("ManyErrors")

    ratio = f"(sum(rate({BAD}[5m])) / (sum(rate({VALID}[5m])) > 0)) > 0.01"
    assert condition(alert, alert.limits[0]) == f"{ratio} and sum(increase({BAD}[5m])) >= 10"


def test_a_value_is_compared_as_it_stands():
    alert = a_plan(alerts={"Old": {"measure": "api.oldest", "above": {"P2": "90m"}, "summary": "s"}}).alert("Old")

    assert condition(alert, alert.limits[0]) == 'max(oldest_age_seconds{job="shop-api"}) > 5400'
    assert vanished(alert) == 'absent(max(oldest_age_seconds{job="shop-api"}))'


def test_numbers_never_have_an_exponent():
    assert [number(value) for value in (1e15, 0.0000123, 21 * 86400, 14.4 * 0.001, 100)] == [
        "1000000000000000",
        "0.0000123",
        "1814400",
        "0.0144",
        "100",
    ]
