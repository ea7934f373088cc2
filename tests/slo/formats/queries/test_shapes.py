"""Queries are recognised where they mean exactly what a signal of ours counts, and left alone otherwise."""

from __future__ import annotations

import pytest

from vcci_slo.formats.queries.shapes import Events, Latency, recognised
from vcci_slo.formats.queries.syntax import parse
from vcci_slo.promql.matchers import Matcher

JOB = Matcher("job", "=", "shop")
TOTAL = 'sum(rate(hits_total{job="shop"}[WINDOW]))'
COUNT = 'sum(rate(wait_seconds_count{job="shop"}[WINDOW]))'
FAST = 'sum(rate(wait_seconds_bucket{job="shop",le="0.4"}[WINDOW]))'


def _bad(query: str, total: str = TOTAL) -> Events | Latency | None:
    return recognised(total=parse(total), bad=parse(query))


def _good(query: str, total: str = TOTAL) -> Events | Latency | None:
    return recognised(total=parse(total), good=parse(query))


@pytest.mark.parametrize(
    "query",
    [
        'sum(rate(hits_total{job="shop",code=~"5.."}[WINDOW]))',
        'sum(rate(hits_total{code=~"5..", job="shop"}[WINDOW]))',
        'sum(increase(hits_total{job="shop",code=~"5.."}[WINDOW]))',
        '(sum(rate(hits_total{job="shop",code=~"5.."}[WINDOW])))',
        'sum(rate(hits_total{job="shop",code=~"5.."}[WINDOW])) or vector(0)',
        'sum(rate(hits_total{job="shop",code=~"5.."}[WINDOW])) OR on() vector(0)',
        'sum(\n  rate(hits_total{job="shop",code=~"5.."}[WINDOW]) # the bad ones\n)',
    ],
)
def test_a_part_of_a_counter_is_bad_among_valid_events(query: str) -> None:
    assert _bad(query) == Events("hits_total", (JOB,), (Matcher("code", "=~", "5.."),), ())


def test_what_is_not_good_is_bad() -> None:
    found = _good('sum(rate(hits_total{job="shop",code!~"5.."}[WINDOW]))')

    assert found == Events("hits_total", (JOB,), (Matcher("code", "=~", "5.."),), ())


def test_the_labels_of_a_group_are_kept() -> None:
    found = _bad('sum by (path) (rate(hits_total{code="500"}[WINDOW]))', "sum by (path) (rate(hits_total[WINDOW]))")

    assert found == Events("hits_total", (), (Matcher("code", "=", "500"),), ("path",))


@pytest.mark.parametrize("le", ['le="0.4"', 'le=~"0.4"'])
def test_a_bucket_of_a_histogram_is_good_in_time(le: str) -> None:
    found = _good(FAST.replace('le="0.4"', le), COUNT)

    assert found == Latency("wait_seconds", (JOB,), 0.4, ())


def test_all_without_the_bucket_is_too_slow() -> None:
    assert _bad(f"({COUNT} - {FAST})", COUNT) == Latency("wait_seconds", (JOB,), 0.4, ())


def test_both_spellings_of_a_whole_bucket_are_the_same() -> None:
    query = r'sum(rate(wait_seconds_bucket{job="shop",le=~"5(\\.0)?"}[WINDOW]))'

    assert _good(query, COUNT) == Latency("wait_seconds", (JOB,), 5.0, ())


@pytest.mark.parametrize(
    "query",
    [
        'sum(rate(misses_total{job="shop"}[WINDOW]))',  # another counter
        'sum(rate(hits_total{code="500"}[WINDOW]))',  # of other jobs too
        'sum(rate(hits_total{job="shop"}[WINDOW]))',  # all of them
        'sum(rate(hits_total{job="shop",code="500"}[5m]))',  # a range of its own
        'sum(rate(hits_total{job="shop",code="500"}[WINDOW] offset 5m))',
        'sum by (path) (rate(hits_total{job="shop",code="500"}[WINDOW]))',
        'sum without (path) (rate(hits_total{job="shop",code="500"}[WINDOW]))',
        'avg(rate(hits_total{job="shop",code="500"}[WINDOW]))',
        'sum(irate(hits_total{job="shop",code="500"}[WINDOW]))',
        'sum(rate(hits_total{job="shop",code="500"}[WINDOW])) or vector(1)',
        'sum(rate(hits_total{job="shop",code="500"}[WINDOW])) or up',
        'sum(rate(hits_total{job="shop",code="500"}[WINDOW])) * 2',
    ],
)
def test_anything_else_is_not_taken_for_bad_events(query: str) -> None:
    assert _bad(query) is None


def test_good_events_by_two_labels_have_no_opposite_in_matchers() -> None:
    assert _good('sum(rate(hits_total{job="shop",code!="500",path!="/health"}[WINDOW]))') is None


@pytest.mark.parametrize(
    ("fast", "count"),
    [
        (FAST.replace("_seconds", "_milliseconds"), COUNT.replace("_seconds", "_milliseconds")),
        (FAST.replace('le="0.4"', 'le="0.00005"'), COUNT),
        (FAST.replace('le="0.4"', 'le="+Inf"'), COUNT),
        (FAST.replace('le="0.4"', 'le=~"0.4|0.5"'), COUNT),
        (FAST.replace('job="shop"', 'job="bank"'), COUNT),
    ],
)
def test_a_limit_that_a_promise_cannot_name_is_no_latency(fast: str, count: str) -> None:
    assert _good(fast, count) is None
