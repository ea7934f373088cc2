"""A backtest from a real Prometheus, whose history promtool wrote into its store."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
from typer.testing import CliRunner

from support import web
from support.monitoring import Prometheus
from support.ports import free_port
from support.promtool import run
from vcci_platform.asking import Asker
from vcci_platform.cli.slo import app
from vcci_platform.reliability.history import HistoryUnreadable, PrometheusHistory, read_openmetrics
from vcci_platform.reliability.sources import SourceUnavailable
from vcci_slo.backtest import backtest
from vcci_slo.load import load_plan
from vcci_slo.testing import a_spec
from vcci_slo.windows import Span

pytestmark = pytest.mark.needs("prometheus")

SCRAPE, MINUTE = timedelta(seconds=15), timedelta(minutes=1)
START = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = 30
SPEC = a_spec(
    slos={
        "errors": {"good": "api.requests", "objective": "99.9%"},
        "quick": {"fast": "api.requests", "within": {"99%": "500ms"}},
        "fresh": {"holds": "api.oldest", "below": "5m", "objective": "99%"},
        "queues": {"good": "api.requests", "objective": "99%", "by": ["pod"]},
        "asked": {"good": "api.asked", "objective": "99.9%"},
        "kept": {"good": "api.gone", "objective": "99.9%"},
    },
    components__api__signals__asked={
        "errors": 'sum(increase(http_requests_total{status="500"}[WINDOW]))',
        "total": "sum(increase(http_requests_total[WINDOW]))",
    },
    components__api__signals__gone={"events": "gone_total", "bad": 'status="500"'},
)
PLAN = load_plan(SPEC)


@dataclass(frozen=True)
class Recorded:
    """A Prometheus with a history, and the file that the history came from."""

    prometheus: Prometheus
    file: Path
    spec: Path


def exposition(chance: random.Random) -> Iterator[str]:
    """Two pods, scraped out of step with the minutes; an outage of ten minutes, a slow hour, half an hour of gap."""
    labels = 'job="shop-api",endpoint="/v1"'
    outage, slow, gap = range(20 * 240, 20 * 240 + 40), range(24 * 240, 25 * 240), range(27 * 240, 27 * 240 + 120)
    yield "# TYPE http_requests counter"
    lines: dict[str, list[str]] = {}
    for pod, offset in (("a", 3.7), ("b", 11.2)):
        good = bad = quick = 1000
        for tick in range(HOURS * 240):
            fails = 0.5 if tick in outage else 0.0002
            total = chance.randrange(800, 1600)
            failed = (
                sum(chance.random() < fails for _ in range(20)) * total // 20
                if tick in outage
                else int(chance.random() < 0.2)
            )
            good, bad = good + total - failed, bad + failed
            quick += int((total - failed) * (0.9 if tick in slow else 0.999))
            if tick in gap:
                continue
            at = START.timestamp() + tick * 15 + offset
            for name, value in (
                (f'http_requests_total{{{labels},status="200",pod="{pod}"}}', good),
                (f'http_requests_total{{{labels},status="500",pod="{pod}"}}', bad),
                (f'http_request_duration_seconds_count{{{labels},outcome="ok",pod="{pod}"}}', good),
                (f'http_request_duration_seconds_bucket{{{labels},outcome="ok",le="0.5",pod="{pod}"}}', quick),
                (f'oldest_age_seconds{{{labels},pod="{pod}"}}', 400 if tick in slow else 20),
            ):
                lines.setdefault(name, []).append(f"{name} {value} {at:.3f}")
    for minute in range(HOURS * 60):
        for name, value in (("slo:sli_errors:increase5m", 3), ("slo:sli_total:increase5m", 1000)):
            key = f'{name}{{slo="kept"}}'
            lines.setdefault(key, []).append(f"{key} {value} {START.timestamp() + 60 * minute}")
    for name in sorted(lines):
        yield from lines[name]
    yield "# EOF"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    folder = tmp_path_factory.mktemp("history")
    file, spec, configuration = folder / "history.om", folder / "vcci.yaml", folder / "prometheus.yml"
    file.write_text("\n".join(exposition(random.Random(7))) + "\n")
    spec.write_text(SPEC)
    configuration.write_text("global: {}\n")
    port = free_port()
    made = run(
        "promtool",
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        str(file),
        str(folder / f"prometheus-{port}"),
        folder=folder,
    )
    assert made.returncode == 0, made.stdout
    flags = ("--storage.tsdb.retention.time=100y", "--query.max-samples=12000")
    with Prometheus(configuration, folder, *flags, port=port) as prometheus:
        yield Recorded(prometheus, file, spec)


def asked(recorded: Recorded, slo: str, hours: float = HOURS, step: timedelta = MINUTE, **options):
    with httpx.Client(timeout=60) as client:
        span = Span(START, START + timedelta(hours=hours))
        return PrometheusHistory(Asker(client, "Prometheus", recorded.prometheus.url)).read(
            PLAN.slo(slo), span, step, SCRAPE, **options
        )


@pytest.mark.parametrize("slo", ["errors", "quick-p99"])
def test_every_event_between_two_scrapes_is_counted_once(recorded: Recorded, slo: str):
    """A plain increase over each step extrapolates, and leaves out what happened between two steps."""
    truth = read_openmetrics(recorded.file, PLAN.slo(slo), SCRAPE).history
    before_the_gap = truth.between(START, START + timedelta(hours=26))

    found = asked(recorded, slo, hours=26)

    assert found.history.total.sum() == pytest.approx(before_the_gap.total.sum(), rel=2e-4)
    assert found.history.bad.sum() == pytest.approx(before_the_gap.bad.sum(), rel=2e-3)
    inner = slice(5, -5)
    sums = np.cumsum(found.history.total)[inner]
    ends = found.history.end[inner]
    exact = np.interp(ends, truth.end, np.cumsum(truth.total))
    assert np.abs((sums - sums[0]) / (exact - exact[0] + 1e-9) - 1)[60:].max() < 2e-3


def test_a_gap_is_unknown(recorded: Recorded):
    found = asked(recorded, "errors")

    missing = timedelta(hours=HOURS) - found.history.observed
    assert timedelta(minutes=28) <= missing <= timedelta(minutes=33)


def test_what_counters_grew_over_a_gap_is_there_but_nobody_knows_when(recorded: Recorded):
    truth = read_openmetrics(recorded.file, PLAN.slo("errors"), SCRAPE).history

    found = asked(recorded, "errors").history

    assert (found.known == 0).sum() == 1
    assert found.total[found.known == 0].sum() == pytest.approx(2 * 121 * 1200, rel=0.05)
    assert found.total.sum() == pytest.approx(truth.total.sum(), rel=5e-4)


def test_a_value_that_no_rule_recorded_is_judged_from_its_raw_series(recorded: Recorded):
    found = asked(recorded, "fresh")

    assert found.history.bad.sum() / 4 == pytest.approx(60, abs=2)  # four looks a minute for an hour


def test_free_queries_are_asked_for_each_step(recorded: Recorded):
    same = asked(recorded, "errors", hours=20).history

    found = asked(recorded, "asked", hours=20).history

    assert found.total.sum() == pytest.approx(same.total.sum(), rel=0.01)
    with pytest.raises(HistoryUnreadable, match="only Prometheus can count"):
        read_openmetrics(recorded.file, PLAN.slo("asked"), SCRAPE)


def test_where_only_what_the_rules_recorded_is_left_that_is_read(recorded: Recorded):
    found = asked(recorded, "kept", hours=10)

    assert found.history.step == timedelta(minutes=5)
    assert found.history.bad.sum() / found.history.total.sum() == pytest.approx(0.003)
    assert "no raw series were found" in found.notes[0]


def test_the_file_and_the_server_lead_to_the_same_pages(recorded: Recorded):
    slo = PLAN.slo("errors")
    by_file = backtest(PLAN, slo, read_openmetrics(recorded.file, slo, SCRAPE).history).outcomes[0]

    by_server = backtest(PLAN, slo, asked(recorded, "errors").history).outcomes[0]

    assert [firing.tier for firing in by_server.firings] == [firing.tier for firing in by_file.firings]
    assert len(by_file.calls) == 2  # the outage, and the silence of the gap
    for one, other in zip(by_server.firings, by_file.firings, strict=True):
        assert abs(one.fired_at - other.fired_at) <= 2 * MINUTE
    assert by_server.calls[0].spent == pytest.approx(by_file.calls[0].spent, rel=0.02)


def test_a_promise_with_several_accounts_asks_which(recorded: Recorded):
    with pytest.raises(HistoryUnreadable, match="found 2: pod=a; pod=b; choose with --group"):
        asked(recorded, "queues", hours=2)

    one = asked(recorded, "queues", hours=2, group={"pod": "a"}).history
    both = asked(recorded, "errors", hours=2).history

    assert one.total.sum() == pytest.approx(both.total.sum() / 2, rel=0.05)


def test_a_query_that_loads_too_much_is_asked_in_smaller_pieces(recorded: Recorded):
    """The server above refuses more than 12,000 samples; 30 hours in one piece are more than that."""
    whole = {"query": "sum(increase(http_requests_total[10m]))", "start": START.timestamp(), "step": 20}
    refused = web.get(
        f"{recorded.prometheus.url}/api/v1/query_range",
        params={**whole, "end": START.timestamp() + 3600 * HOURS},
        timeout=60,
    )

    found = asked(recorded, "errors", step=timedelta(seconds=30))

    assert "too many samples" in refused.text
    assert len(found.history) > 3000


def test_nothing_there_is_an_error_that_shows_what_was_asked(recorded: Recorded):
    later = Span(START + timedelta(days=90), START + timedelta(days=91))

    with httpx.Client(timeout=60) as client:
        history = PrometheusHistory(Asker(client, "Prometheus", recorded.prometheus.url))
        with pytest.raises(HistoryUnreadable, match=r"http_requests_total.*job=.*shop-api"):
            history.read(PLAN.slo("errors"), later, MINUTE, SCRAPE)


@pytest.mark.parametrize(
    ("span", "error", "sentence"),
    [
        (timedelta(days=5000), HistoryUnreadable, "expected at most .* steps of .* would fit"),
        (timedelta(minutes=1), HistoryUnreadable, "at least two steps"),
        (timedelta(hours=1), SourceUnavailable, "does not answer"),
    ],
)
def test_what_is_too_much_is_refused_before_a_server_is_asked(span: timedelta, error: type[Exception], sentence: str):
    with httpx.Client() as client:
        history = PrometheusHistory(Asker(client, "Prometheus", f"http://127.0.0.1:{free_port()}"))
        with pytest.raises(error, match=sentence):
            history.read(PLAN.slo("errors"), Span(START - span, START), MINUTE, SCRAPE)


def test_the_command_counts_its_queries_and_shows_the_page(recorded: Recorded):
    until = (START + timedelta(hours=26)).isoformat()
    options = ["--spec", str(recorded.spec), "--prometheus", recorded.prometheus.url, "--last", "26h", "--until", until]

    done = CliRunner().invoke(app, ["backtest", "errors", *options, "--json"])

    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert "queries to" in done.stderr
    assert report["outcomes"][0]["counts"]["pages"] == 1
    assert report["outcomes"][0]["calls"][0]["onset"].startswith("2026-03-02T20:00")
