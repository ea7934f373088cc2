"""A history in a text exposition: the series of the rules, resets, gaps, both orders, bad lines named."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from vcci_platform.reliability.history import HistoryUnreadable, read_openmetrics
from vcci_slo.testing import a_plan

START = 1772409600  # 2026-03-02T00:00:00Z
SCRAPE = timedelta(seconds=15)
SLOS = {
    "errors": {"good": "api.requests", "objective": "99.9%"},
    "there": {"good": "api.probe", "objective": "99%"},
    "quick": {"fast": "api.requests", "within": {"99%": "500ms"}},
    "fresh": {"holds": "api.oldest", "below": "5m", "objective": "99%"},
}
PLAN = a_plan(slos=SLOS)
GOOD = 'http_requests_total{job="shop-api",endpoint="/a",status="200"}'
BAD = 'http_requests_total{job="shop-api",endpoint="/a",status="500"}'


def series(name: str, *values: float | str | None, every: int = 15) -> list[str]:
    """Lines of one series; None is a scrape that found nothing."""
    return [f"{name} {value} {START + every * index}" for index, value in enumerate(values) if value is not None]


def read(tmp_path, *lines: str, slo: str = "errors", name: str = "shop.om"):
    path = tmp_path / name
    path.write_text("# TYPE http_requests counter\n" + "\n".join(lines) + "\n# EOF\n")
    return read_openmetrics(path, PLAN.slo(slo), SCRAPE)


def test_a_counter_counts_by_what_it_grew(tmp_path):
    found = read(tmp_path, *series(GOOD, 100, 110, 130), *series(BAD, 5, 6, 6))

    assert found.history.total.tolist() == [11, 20]
    assert found.history.bad.tolist() == [1, 0]
    assert found.history.first == datetime.fromtimestamp(START, UTC)
    assert found.history.observed == timedelta(seconds=30)


def test_scrapes_one_after_the_other_say_the_same_as_series_one_after_the_other(tmp_path):
    good, bad = series(GOOD, 100, 110, 130, 150), series(BAD, 5, 6, 6, 9)

    by_series = read(tmp_path, *good, *bad).history
    by_scrape = read(tmp_path, *(line for pair in zip(good, bad, strict=True) for line in pair)).history

    assert by_scrape.total.tolist() == by_series.total.tolist() == [11, 20, 23]
    assert by_scrape.bad.tolist() == by_series.bad.tolist() == [1, 0, 3]


def test_a_counter_that_falls_was_reset_so_all_it_shows_is_new(tmp_path):
    found = read(tmp_path, *series(GOOD, 100, 110, 4, 9))

    assert found.history.total.tolist() == [10, 4, 5]


def test_the_first_value_of_a_series_says_nothing_and_a_late_one_is_told(tmp_path):
    """The rules cannot see it either; the reader is told how much they cannot see."""
    found = read(tmp_path, *series(GOOD, *range(0, 200, 10)), *series(BAD, *[None] * 15, 50, 50, 51, 51, 51))

    assert found.history.bad.sum() == 1
    assert "began with 50 in all, which no rule can see" in found.notes[0]


def test_only_the_series_of_the_promise_count(tmp_path):
    others = [
        GOOD.replace("/a", "/health/live"),
        GOOD.replace("200", "404"),
        GOOD.replace("shop-api", "other"),
        "http_requests_totally",
    ]

    found = read(tmp_path, *series(GOOD, 0, 1, 2), *(line for name in others for line in series(name, 0, 70, 140)))

    assert found.history.total.tolist() == [1, 1]


def test_after_a_gap_every_event_is_there_but_the_time_is_unknown(tmp_path):
    found = read(tmp_path, *series(GOOD, 0, 10, 20, *[None] * 40, 500, 510))

    assert found.history.total.sum() == 510
    assert found.history.observed == timedelta(seconds=15 * 3)


def test_a_latency_counts_what_is_above_its_bucket_in_every_spelling(tmp_path):
    count = 'http_request_duration_seconds_count{job="shop-api",endpoint="/a",outcome="ok"}'
    bucket = 'http_request_duration_seconds_bucket{{job="shop-api",endpoint="/a",outcome="ok",le="{}"}}'

    found = read(
        tmp_path,
        *series(count, 0, 100, 200),
        *series(bucket.format("0.50"), 0, 90, 190),
        *series(bucket.format("1.0"), 0, 99, 199),
        *series(bucket.format("+Inf"), 0, 100, 200),
        slo="quick-p99",
    )

    assert (found.history.bad.tolist(), found.history.total.tolist()) == ([10, 0], [100, 100])


def test_a_latency_without_its_bucket_is_unknown_and_not_perfect(tmp_path):
    count = 'http_request_duration_seconds_count{job="shop-api",endpoint="/a",outcome="ok"}'

    with pytest.raises(HistoryUnreadable, match="two samples of a series"):
        read(tmp_path, *series(count, 0, 100, 200), slo="quick-p99")


def test_each_probe_counts(tmp_path):
    (matcher,) = [str(each) for each in PLAN.slo("there").indicator.matchers if each.label == "job"]

    found = read(tmp_path, *series(f'probe_success{{{matcher},place="a"}}', 1, 1, 0, 0), slo="there")

    assert (found.history.bad.tolist(), found.history.total.tolist()) == ([0, 0, 1, 1], [1, 1, 1, 1])


def test_a_value_is_joined_as_the_signal_says_and_held_against_its_limit(tmp_path):
    name = 'oldest_age_seconds{{job="shop-api",pod="{}"}}'

    found = read(
        tmp_path, *series(name.format("a"), 10, 10, 299, 10), *series(name.format("b"), 10, 400, 299, 300), slo="fresh"
    )

    assert (found.history.bad.tolist(), found.history.total.tolist()) == ([0, 1, 0, 1], [1, 1, 1, 1])


def test_what_the_rules_recorded_is_their_own_verdict(tmp_path):
    raw = series('oldest_age_seconds{job="shop-api"}', 10, 10, 10)

    found = read(tmp_path, *raw, *series('slo:sli_bad:bool{slo="fresh"}', 0, 1, 1), slo="fresh")

    assert found.history.bad.tolist() == [0, 1, 1]


def test_a_file_of_other_scrapes_gets_steps_of_its_own(tmp_path):
    found = read(tmp_path, *series(GOOD, 0, 10, 20, 30, every=60))

    assert found.history.step == timedelta(minutes=1)
    assert found.history.total.tolist() == [10, 10, 10]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{GOOD} 7", "a timestamp behind the value"),
        (f"{GOOD} seven {START + 60}", "a sample such as"),
        (f"{GOOD} 7 soon", "a sample such as"),
        (f"{GOOD} -7 {START + 60}", "a value that a counter can have"),
        (f"{GOOD} +Inf {START + 60}", "a value that a counter can have"),
        (f"{GOOD} 1e300 {START + 60}", "a value that a counter can have"),
        (f"{GOOD} 7 {START}", "a time after the one before"),
        ('http_requests_total{status="200 7 8', "a sample such as"),
        ("} 7", "a sample such as"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_left_out(tmp_path, line, reason):
    found = read(tmp_path, *series(GOOD, 0, 10, 20), line)

    assert found.skipped == 1
    assert found.bad_lines[0].number == 5
    assert reason in found.bad_lines[0].reason
    assert found.history.total.sum() == 20


def test_exemplars_escapes_stale_markers_and_milliseconds_are_understood(tmp_path):
    name = 'http_requests_total{job="shop-api",endpoint="/a\\"} b",status="200"}'

    found = read(
        tmp_path,
        f'{name} 0 {START}000 # {{trace_id="x"}} 0.5',
        f"{name} 10 {START + 15}000",
        f"{name} NaN {START + 30}000",
    )

    assert found.history.total.tolist() == [10]
    assert found.skipped == 0


def test_a_file_without_the_series_says_which_were_looked_for(tmp_path):
    with pytest.raises(HistoryUnreadable, match=r"expected samples of http_requests_total for errors .* found none"):
        read(tmp_path, *series("up", 1, 1))


def test_a_promise_that_only_prometheus_can_count_says_so(tmp_path):
    queue = {"errors": "sum(increase(lost_total[WINDOW]))", "total": "sum(increase(sent_total[WINDOW]))"}
    plan = a_plan(components__api__signals__mail=queue, slos={"mail": {"good": "api.mail", "objective": "99%"}})
    path = tmp_path / "shop.om"
    path.write_text("")

    with pytest.raises(HistoryUnreadable, match="only Prometheus can count"):
        read_openmetrics(path, plan.slo("mail"), SCRAPE)


def test_a_promise_with_several_accounts_is_read_for_one_of_them(tmp_path):
    plan = a_plan(slos={"errors": {"good": "api.requests", "objective": "99%", "by": ["pod"]}})
    path = tmp_path / "shop.om"
    names = [GOOD.replace("}", f',pod="{pod}"}}') for pod in ("a", "b")]
    path.write_text("\n".join([*series(names[0], 0, 10, 20), *series(names[1], 0, 70, 140)]))

    found = read_openmetrics(path, plan.slo("errors"), SCRAPE, {"pod": "b"})

    assert found.history.total.tolist() == [70, 70]
    with pytest.raises(HistoryUnreadable, match=r"expected --group pod=… for errors, found none"):
        read_openmetrics(path, plan.slo("errors"), SCRAPE)


def test_a_compressed_file_is_read(tmp_path):
    path = tmp_path / "shop.om.gz"
    path.write_bytes(gzip.compress("\n".join(series(GOOD, 0, 10, 20)).encode()))

    found = read_openmetrics(path, PLAN.slo("errors"), SCRAPE)

    assert found.history.total.tolist() == [10, 10]


def test_what_promtool_dumps_is_read(tmp_path):
    """`promtool tsdb dump` writes the name among the labels, and milliseconds."""
    dumped = [
        f'{{__name__="http_requests_total", endpoint="/a", job="shop-api", status="{status}"}} {value} {START + at}000'
        for status, values in (("200", (0, 10, 20)), ("500", (0, 1, 1)))
        for at, value in zip((0, 15, 30), values, strict=True)
    ]

    found = read(tmp_path, *dumped, '{__name__="up"} 1 1')

    assert (found.history.total.tolist(), found.history.bad.tolist(), found.skipped) == ([11, 10], [1, 0], 0)


def test_series_that_belong_to_another_promise_are_shown(tmp_path):
    """That none was found did not say that only the job is spelled otherwise."""
    with pytest.raises(HistoryUnreadable, match=r'found 1 series that are not its own, such as http.*job="shop-web"'):
        read(tmp_path, *series(GOOD.replace("shop-api", "shop-web"), 1, 2, 3))


def test_bytes_that_move_a_cursor_are_not_shown(tmp_path):
    with pytest.raises(HistoryUnreadable) as told:
        read(tmp_path, "\x1b[2J\x07 not a sample")

    assert str(told.value).isprintable()
