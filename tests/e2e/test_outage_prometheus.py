"""The journey of an outage with the real Prometheus and Alertmanager and everything that is generated for them."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from pathlib import Path

import pytest

from support.databases import private_postgresql
from support.journey import assert_in_order, outage
from support.whole_platform import Platform, running_platform

pytestmark = pytest.mark.needs("prometheus", "alertmanager", "exporters", "postgresql")

GROUP_KEY = '{}/{priority="P0"}:{priority="P0", system="vcci"}'
"""How Alertmanager names the group of everything that is a P0 of the system: the route, then the group's labels."""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, postgresql_cluster: Path) -> Generator[Platform]:
    with (
        private_postgresql(postgresql_cluster) as database,
        running_platform(tmp_path_factory.mktemp("prometheus"), database_url=database.url, prometheus=True) as running,
    ):
        yield running


def test_an_outage_is_seen_paged_told_and_over(platform: Platform) -> None:
    monitoring = platform.monitoring
    assert monitoring is not None

    def judged_by_prometheus() -> None:
        [alert] = monitoring.prometheus.query('ALERTS{alertname="APIHighErrorRate",priority="P0"}')
        assert alert["metric"]["alertstate"] == "firing"
        promise = platform.ask("/v1/slos/api-errors")
        assert (promise["source"], promise["self_reported"]) == ("Prometheus", False)
        assert promise["budget"]["remaining"] < 1
        assert platform.ask("/v1/alerts")["evaluated_by"] == "Prometheus"

    with platform.explained():
        incident = outage(platform, while_it_lasts=judged_by_prometheus)

        assert incident["pager_keys"] == [hashlib.sha256(GROUP_KEY.encode()).hexdigest()]
        assert_in_order(
            incident,
            (
                "opened",
                "page_adopted",
                "show_delivered",
                "alert_resolved",
                "state_monitoring",
                "state_resolved",
                "resolve_delivered",
            ),
        )
        # Prometheus tells the desk and Alertmanager the end one after the other.
        platform.until(lambda: not monitoring.alertmanager.firing(priority="P0"), "Alertmanager holds a P0", within=60)
