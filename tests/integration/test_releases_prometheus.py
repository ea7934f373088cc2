"""The desk over a real Prometheus: which releases it saw, what each took of the budget, and the month so far."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.monitoring import Prometheus
from support.ports import free_port
from support.promtool import run, write
from vcci_platform.asking import Access
from vcci_platform.reliability.assemble import with_prometheus
from vcci_platform.reliability.service import Reliability
from vcci_platform.storage import migrate
from vcci_platform.storage.database import connect
from vcci_platform.testing import ManualClock
from vcci_slo.testing import a_plan
from vcci_slo.windows import Span, rolling

pytestmark = pytest.mark.needs("prometheus")

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
START = datetime(2026, 3, 1, tzinfo=UTC)
RELEASED, NOW = START + 233 * MINUTE, START + 6 * HOUR  # no window of the rules, which record nothing here
PLAN = a_plan(
    metadata={"name": "shop", "owner": "crew"},
    slos={
        "errors": {"good": "api.requests", "objective": "99%"},
        "monthly": {"good": "api.requests", "objective": "99%", "window": {"month": "UTC"}},
    },
)


def recorded() -> str:
    """Return six hours of 100 requests a minute, of which two fail after the release and none before.

    The series of the month hold other numbers than the raw ones, so that it shows which of them were read.
    """
    lines = ["# TYPE http_requests counter"]
    minutes = range(int((NOW - START) / MINUTE) + 1)
    after = (RELEASED - START) // MINUTE
    for status in ("200", "503"):
        for minute in minutes:
            failed = 2 * max(minute - after, 0)
            count = failed if status == "503" else 100 * minute - failed
            lines.append(f'http_requests_total{{job="shop-api",status="{status}"}} {count} {at(minute)}')
    lines.append("# TYPE shop_build_info gauge")
    for version, when in (("1", minutes[: after + 3]), ("2", minutes[after:])):
        lines += [f'shop_build_info{{job="shop-api",version="{version}"}} 1 {at(minute)}' for minute in when]
    for name, value in (("errors", 111), ("total", 22222)):
        lines.append(f"# TYPE slo:sli_{name}:increase_month gauge")
        lines += [f'slo:sli_{name}:increase_month{{slo="monthly"}} {value} {at(minute)}' for minute in minutes]
    return "\n".join([*lines, "# EOF", ""])


def at(minute: int) -> int:
    return int((START + minute * MINUTE).timestamp())


@pytest.fixture(scope="module")
def reliability(tmp_path_factory: pytest.TempPathFactory) -> Generator[Reliability]:
    folder: Path = tmp_path_factory.mktemp("released")
    write(folder, {"recorded.txt": recorded(), "prometheus.yml": "scrape_configs: []\n"})
    port = free_port()
    made = run(
        "promtool", "tsdb", "create-blocks-from", "openmetrics", "recorded.txt", f"prometheus-{port}", folder=folder
    )
    assert made.returncode == 0, made.stderr
    database = connect(f"sqlite:///{folder / 'desk.db'}")
    migrate.upgrade(database, "desk")
    keep = "--storage.tsdb.retention.time=100y"
    with Prometheus(folder / "prometheus.yml", folder, keep, port=port) as server:
        desk = with_prometheus(PLAN, database, ManualClock(NOW), server.url, Access())
        yield desk
        desk.close()
    database.close()


def test_a_release_has_what_failed_while_it_was_live(reliability):
    slo = PLAN.slo("errors")

    statement = reliability.statement(slo, rolling(NOW, 5 * HOUR))

    (spent,) = statement.releases
    assert spent.occasion.name == "shop-api 2"
    assert spent.occasion.title == "shop-api: version 1 became 2"
    assert timedelta(0) <= spent.occasion.start - RELEASED <= MINUTE
    assert spent.occasion.end is None
    assert spent.traffic.bad == pytest.approx(254, rel=0.02)
    assert spent.share == pytest.approx(254 / (30_000 * 0.01), rel=0.02)


def test_the_month_so_far_is_what_its_own_series_say(reliability):
    found = reliability.account(PLAN.slo("monthly"), Span(START, NOW))

    assert (found.budget.bad, found.budget.total) == (111, 22_222)
