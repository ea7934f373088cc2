"""A report from a real Prometheus: the days of a month in which the clocks change, in few questions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from support.monitoring import Prometheus
from support.ports import free_port
from support.promtool import run
from support.reported import ZONE, shop
from vcci_platform.asking import Asker
from vcci_platform.reliability.reports import Wanted, gather
from vcci_platform.reliability.reports.periods import Period
from vcci_platform.reliability.sources import PrometheusSource
from vcci_slo.plan import Slo
from vcci_slo.promql import series

OCTOBER = Period("month", date(2026, 10, 1), date(2026, 10, 31), ZONE)
NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
SINCE, UNTIL = datetime(2026, 10, 20, 22, tzinfo=UTC), datetime(2026, 10, 29, 23, tzinfo=UTC)  # midnights of Berlin
GONE = (datetime(2026, 10, 27, 12, tzinfo=UTC), datetime(2026, 10, 27, 23, tzinfo=UTC))
BAD_DAY = date(2026, 10, 23)
PER_SECOND, BAD_SHARE = 2.0, 0.01
EVALUATE = timedelta(seconds=60)


def events(start: datetime, end: datetime) -> tuple[float, float]:
    """Return the bad and valid events between two moments: a steady rate, one bad day, eleven silent hours."""
    day = OCTOBER.of(BAD_DAY)
    length = _overlap(start, end, SINCE, UNTIL) - _overlap(start, end, *GONE)
    return _overlap(start, end, day.start, day.end) * PER_SECOND * BAD_SHARE, length * PER_SECOND


def _overlap(start: datetime, end: datetime, first: datetime, last: datetime) -> float:
    return max((min(end, last) - max(start, first)).total_seconds(), 0.0)


def recorded(slo: Slo) -> str:
    """Return what the generated rules would have recorded, as OpenMetrics; nothing while nothing was scraped."""
    windows = sorted({tier.short for tier in slo.tiers} | {tier.long for tier in slo.tiers})
    wanted = [window for window in windows if window in {timedelta(hours=1), timedelta(days=1), windows[0]}]
    lines: list[str] = []
    for name, which in ((series.errors, 0), (series.total, 1)):
        for window in wanted:
            lines.append(f"# TYPE {name(window)} gauge")
            moment = SINCE + EVALUATE
            while moment <= UNTIL:
                if not GONE[0] < moment < GONE[1]:
                    value = events(moment - window, moment)[which]
                    lines.append(f'{name(window)}{{slo="{slo.name}"}} {value!r} {moment.timestamp():.3f}')
                moment += EVALUATE
    return "\n".join([*lines, "# EOF", ""])


@pytest.mark.needs("prometheus")
def test_days_come_from_a_real_prometheus_exactly_and_in_few_questions(tmp_path: Path):
    plan, port = shop(), free_port()
    (tmp_path / "recorded.txt").write_text(recorded(plan.slo("errors")))
    (tmp_path / "prometheus.yml").write_text("global: {}\n")
    blocks = f"prometheus-{port}"
    made = run("promtool", "tsdb", "create-blocks-from", "openmetrics", "recorded.txt", blocks, folder=tmp_path)
    assert made.returncode == 0, made.stdout
    asked: list[str] = []
    counting = {"request": [lambda request: asked.append(request.url.path)]}

    keep = "--storage.tsdb.retention.time=3650d"
    with (
        Prometheus(tmp_path / "prometheus.yml", tmp_path, keep, port=port) as prometheus,
        httpx.Client(timeout=60, event_hooks=counting) as client,
    ):
        report = gather(
            plan, PrometheusSource(Asker(client, "Prometheus", prometheus.url), EVALUATE), OCTOBER, Wanted(), now=NOW
        )

    found = {day.day.day: day for day in report.promises[0].days}
    verdicts = {number: day.verdict for number, day in found.items() if day.verdict != "unknown"}
    assert verdicts == {number: "missed" if number == 23 else "kept" for number in range(21, 30)}
    for number in verdicts:
        span = OCTOBER.of(date(2026, 10, number))
        bad, total = events(span.start, span.end)
        assert (found[number].account.bad, found[number].account.total) == pytest.approx((bad, total), rel=1e-9)
    assert found[25].span.length == timedelta(hours=25)
    assert found[25].account.known == pytest.approx(1.0, abs=0.01)
    assert found[27].account.known == pytest.approx(13 / 24, abs=0.01)
    assert report.promises[0].whole.bad == pytest.approx(86_400 * PER_SECOND * BAD_SHARE)
    assert report.promises[0].before.known == 0
    assert len(asked) <= 20, "three questions for each run of equal days, six for the day on which the clocks change"
