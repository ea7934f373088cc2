"""One history, counted twice: by the desk's recorder, and by a real Prometheus with the generated rules.

The recorder looks at the same moments at which the samples stand that Prometheus is given, and both are asked at a
full hour, which is where the windows of the rules lie end to end. Why that matters: `increase()` knows nothing of what
happened between the edge of its window and the nearest sample, and extrapolates. Where a sample stands on each edge
there is nothing to extrapolate; that is so in every Prometheus before version 3, whose windows hold both of their
edges. From version 3 on a window lacks the sample on its left edge, and `increase()` stretches what is left to the
whole window: that is exact as long as the rate does not change within a window that is read from raw series, which is
an hour at the most. So one history changes its rate at full hours only and must agree everywhere; the other changes it
with every sample, and must agree where windows are closed. Both have a restart in the middle, idle times, and times in
which much fails.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from support import web
from support.monitoring import Prometheus
from support.ports import free_port
from support.promtool import run, write
from vcci_alerts import rules
from vcci_platform.asking import Asker
from vcci_platform.reliability.accounting import account_of
from vcci_platform.reliability.assemble import Addresses, with_recorder
from vcci_platform.reliability.sources import PrometheusSource, Source
from vcci_platform.storage import migrate
from vcci_platform.storage.database import connect
from vcci_platform.testing import ManualClock
from vcci_slo import Plan
from vcci_slo.promql import series
from vcci_slo.promql.tiles import windows
from vcci_slo.testing import a_plan
from vcci_slo.windows import Span, rolling

SCRAPE = timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 3, 2, 6, tzinfo=UTC)
HOURS = 26
END = START + HOURS * HOUR
RESTART = START + 11 * HOUR
CLOSE = 1e-6

ONE_TIER = {"fast": "off", "steady": "off", "creep": "off"}

PLAN = {
    "metadata": {"name": "shop", "owner": "crew"},
    "monitoring": {"scrape": "1m", "evaluate": "1m"},
    "components": {
        "api": {
            "kind": "http",
            "selector": 'job="vcci-api"',
            "signals": {
                "requests": {
                    "events": "http_requests_total",
                    "duration": "http_request_duration_seconds",
                    "valid": 'status!~"4.."',
                    "bad": 'status=~"5.."',
                    "timed": 'outcome="ok"',
                    "buckets": ["500ms", "1s"],
                }
            },
        }
    },
    "slos": {
        "errors": {"good": "api.requests", "objective": "99%", "window": "1d", "tiers": ONE_TIER},
        "speed": {"fast": "api.requests", "within": {"95%": "1s"}, "window": "1d", "tiers": ONE_TIER},
    },
}


@dataclass
class Counters:
    """What the service shows at one moment."""

    ok: float = 0
    refused: float = 0
    failed: float = 0
    quick: float = 0
    timed: float = 0

    def samples(self) -> Iterator[tuple[str, float]]:
        yield 'http_requests_total{%sstatus="200"}', self.ok
        yield 'http_requests_total{%sstatus="404"}', self.refused
        yield 'http_requests_total{%sstatus="500"}', self.failed
        yield 'http_request_duration_seconds_bucket{%sle="1.0",outcome="ok"}', self.quick
        yield 'http_request_duration_seconds_count{%soutcome="ok"}', self.timed

    def grow(self, ok: int, refused: int, failed: int, slow: int) -> None:
        self.ok += ok
        self.refused += refused
        self.failed += failed
        self.quick += ok - slow
        self.timed += ok


def drawn(chance: random.Random) -> tuple[int, int, int, int]:
    """Return what comes in a minute: often nothing, sometimes a storm."""
    ok = chance.choice([0, 0, 11, 500, 12_000])
    failed = chance.choice([0, 0, 0, 1, ok // 7])
    return ok, chance.randrange(40), failed, ok // chance.choice([3, 13, 113])


def history(*, steady: bool) -> list[tuple[datetime, Counters, bool]]:
    """Return what each look sees: the moment, the counters, and whether the process is the one before."""
    chance, counters = random.Random(11), Counters()
    seen = [(START, Counters(), True)]
    rate = drawn(chance)
    for minute in range(1, HOURS * 60 + 1):
        at = START + minute * SCRAPE
        if not steady or (minute - 1) % 60 == 0:
            rate = drawn(chance)
        if at == RESTART + SCRAPE:
            counters = Counters()
        counters.grow(*rate)
        seen.append((at, Counters(**vars(counters)), at <= RESTART))
    return seen


def exposition(counters: Counters, *, first_process: bool) -> str:
    lines = [f"{series % ''} {value:.0f}" for series, value in counters.samples()]
    return "\n".join([*lines, f"process_start_time_seconds {1000 if first_process else 2000}", ""])


def openmetrics(seen: list[tuple[datetime, Counters, bool]]) -> str:
    """Return the same samples with the labels of their target, series by series, as backfilling wants them."""
    lines: list[str] = []
    for index in range(5):
        for at, counters, _ in seen:
            series, value = list(counters.samples())[index]
            labels = 'job="vcci-api",instance="shop:80",'
            lines.append(f"{series % labels} {value:.0f} {at.timestamp():.0f}")
    return "\n".join(["# TYPE http_requests counter", *lines, "# EOF", ""])


def counted_by_the_recorder(plan: Plan, folder: Path, seen: list[tuple[datetime, Counters, bool]]) -> Source:
    shown = ""

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=shown)

    clock = ManualClock(START)
    database = connect(f"sqlite:///{folder}/desk.db")
    migrate.upgrade(database, "desk")
    client = httpx.Client(transport=httpx.MockTransport(answer))
    addresses = Addresses({"vcci-api": "http://shop:80"}, self_job="vcci-desk")
    reliability = with_recorder(plan, database, clock, addresses, lambda _findings: None, client)
    assert reliability.watch is not None
    for at, counters, first_process in seen:
        clock.advance(seconds=(at - clock.now()).total_seconds())
        shown = exposition(counters, first_process=first_process)
        reliability.watch.recorder.round()
    reliability.store.thin_out(clock.now())
    return reliability.source


def counted_by_prometheus(plan: Plan, folder: Path, text: str) -> Callable[[], Prometheus]:
    """Return what starts a Prometheus that holds the samples, and the windows that the generated rules record of them.

    Each rule's expression is evaluated by the Prometheus itself at every full minute, in layers: what is built from
    other windows needs those first. Promtool could do that too, but as Prometheus it evaluates a group at an offset
    that the name of the group decides, so that no window would end where a sample stands.
    """
    port = free_port()
    write(folder, {"prometheus.yml": "global: {}\n"})
    _store(folder, port, text)

    def start() -> Prometheus:
        keep = ("--storage.tsdb.retention.time=3650d", "--storage.tsdb.allow-overlapping-blocks")
        return Prometheus(folder / "prometheus.yml", folder, *keep, port=port)

    both = (series.total, series.errors)
    for since, layer, kinds in (
        (START, raw(plan), both[:1]),
        (START, raw(plan), both[1:]),
        (END - HOUR, tiled(plan), both),
    ):
        with start() as prometheus:
            lines = [line for rule in recordings(plan, layer, kinds) for line in _evaluated(prometheus, rule, since)]
        _store(folder, port, "\n".join([*lines, "# EOF", ""]))
    return start


def _store(folder: Path, port: int, text: str) -> None:
    write(folder, {"samples.om": text})
    made = run(
        "promtool", "tsdb", "create-blocks-from", "openmetrics", "samples.om", f"prometheus-{port}", folder=folder
    )
    assert made.returncode == 0, made.stdout


def _evaluated(prometheus: Prometheus, rule: dict[str, Any], since: datetime) -> Iterator[str]:
    """Yield what a rule records at each full minute."""
    span = {"start": f"{since.timestamp():.0f}", "end": f"{END.timestamp():.0f}", "step": "60"}
    reply = web.get(f"{prometheus.url}/api/v1/query_range", params={"query": rule["expr"], **span}, timeout=60)
    (found,) = reply.raise_for_status().json()["data"]["result"]
    labels = ",".join(f'{name}="{value}"' for name, value in rule["labels"].items())
    yield f"# TYPE {rule['record']} gauge"
    for at, value in found["values"]:
        yield f"{rule['record']}{{{labels}}} {value} {at:.0f}"


def raw(plan: Plan) -> set[timedelta]:
    """Return the windows that are read from raw series."""
    return {window.span for slo in plan.slos for window in windows(plan, slo) if not window.tiles}


def tiled(plan: Plan) -> set[timedelta]:
    """Return the windows that are built from those."""
    found = [window for slo in plan.slos for window in windows(plan, slo) if window.tiles]
    assert {tile for window in found for tile in window.tiles} <= raw(plan), "two layers are all there is"
    return {window.span for window in found}


def recordings(
    plan: Plan, spans: set[timedelta], kinds: tuple[Callable[[timedelta], str], ...]
) -> list[dict[str, Any]]:
    """Return the generated rules that record events or errors in these windows, word for word."""
    names = {record(span) for span in spans for record in kinds}
    groups = [group for text in rules.render(plan).values() for group in yaml.safe_load(text)["groups"]]
    found = [rule for group in groups for rule in group["rules"] if rule.get("record") in names]
    return sorted(found, key=lambda rule: str(rule["record"]))


def closed_windows(prometheus: Prometheus) -> bool:
    version = web.get(f"{prometheus.url}/api/v1/status/buildinfo").json()["data"]["version"]
    return int(version.split(".")[0]) < 3


@pytest.mark.needs("prometheus")
@pytest.mark.parametrize("steady", [True, False], ids=["steady in each hour", "never the same"])
def test_recorder_and_prometheus_agree_where_no_sample_was_missed(tmp_path: Path, *, steady: bool):
    plan, seen = a_plan(**PLAN), history(steady=steady)
    recorder = counted_by_the_recorder(plan, tmp_path, seen)
    start = counted_by_prometheus(plan, tmp_path, openmetrics(seen))
    drill = Span(START + 20 * HOUR, START + 21 * HOUR)

    with start() as prometheus, httpx.Client(timeout=60) as client:
        if not steady and not closed_windows(prometheus):
            pytest.skip("windows of this Prometheus lack a sample, so that rates that change are extrapolated")
        source = PrometheusSource(Asker(client, "Prometheus", prometheus.url), SCRAPE)
        for slo in plan.slos:
            window = rolling(END, DAY)
            for excluded in ((), (drill,)):
                ours, theirs = (account_of(slo, one, window, excluded) for one in (recorder, source))

                assert ours.budget.total > 100_000, "there was something to count"
                assert ours.budget.bad > 100
                assert theirs.budget.bad == pytest.approx(ours.budget.bad, rel=CLOSE)
                assert theirs.budget.total == pytest.approx(ours.budget.total, rel=CLOSE)
                assert theirs.budget.sli == pytest.approx(ours.budget.sli, rel=CLOSE)
                assert theirs.budget.remaining == pytest.approx(ours.budget.remaining, rel=CLOSE)
                assert theirs.corrected.excluded.total == pytest.approx(ours.corrected.excluded.total, rel=CLOSE)
                assert theirs.budget.known == pytest.approx(ours.budget.known, abs=0.01)
            for tier in slo.tiers:
                for span in (tier.long, tier.short):
                    one, other = (each.traffic(slo, rolling(END, span)) for each in (recorder, source))
                    assert (other.bad, other.total) == pytest.approx((one.bad, one.total), rel=CLOSE)
            exact = sum(bad_and_total(seen, slo.name, END - DAY, END)), recorder.traffic(slo, window)
            assert exact[1].bad + exact[1].total == pytest.approx(exact[0], rel=1e-12), (
                "the recorder counts every event"
            )


def bad_and_total(
    seen: list[tuple[datetime, Counters, bool]], slo: str, start: datetime, end: datetime
) -> tuple[float, float]:
    """Return what happened, from the history itself."""
    bad = total = 0.0
    for (_, before, was), (at, after, now) in itertools.pairwise(seen):
        if not start < at <= end:
            continue
        base = before if was == now else Counters()
        if slo == "errors":
            bad += after.failed - base.failed
            total += after.ok - base.ok + after.failed - base.failed
        else:
            bad += (after.timed - base.timed) - (after.quick - base.quick)
            total += after.timed - base.timed
    return bad, total
