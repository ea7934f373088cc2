"""The journey of an outage without Prometheus: the desk looks, judges, pages and tells by itself."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from support.journey import assert_in_order, outage
from support.whole_platform import Platform, running_platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Generator[Platform]:
    with running_platform(tmp_path_factory.mktemp("embedded")) as running:
        yield running


def test_an_outage_is_seen_paged_told_and_over_without_prometheus(platform: Platform) -> None:
    def burned() -> None:
        promise = platform.ask("/v1/slos/api-errors")
        assert (promise["source"], promise["self_reported"]) == ("the desk's recorder", True)
        assert promise["budget"]["remaining"] < 1
        assert platform.ask("/v1/alerts")["evaluated_by"] == "the desk"

    with platform.explained():
        incident = outage(platform, while_it_lasts=burned)

        assert incident["pager_keys"][0] == f"vcci:{incident['id']}"
        assert_in_order(
            incident,
            (
                "opened",
                "page_requested",
                "trigger_delivered",
                "alert_resolved",
                "state_monitoring",
                "state_resolved",
                "resolve_delivered",
            ),
        )
        assert_in_order(incident, ("opened", "publication", "show_delivered", "state_monitoring"))
