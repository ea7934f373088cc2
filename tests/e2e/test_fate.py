"""Paging shares no fate with what it watches: whatever dies, exactly one page arrives, and its end is told."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from support.databases import PostgreSQL, private_postgresql
from support.whole_platform import Platform, running_platform

pytestmark = pytest.mark.needs("prometheus", "alertmanager", "exporters", "postgresql")

PAGE_SECONDS = 120
DEAD_SECONDS = 4
"""How long it stays dead once somebody was paged: half an hour of this clock later the next level would be woken."""

SECOND_PAGE_SECONDS = 8
"""Longer than a P1 waits for a P0, and than Alertmanager waits before it tells more."""


@pytest.fixture(scope="module")
def database(postgresql_cluster: Path) -> Generator[PostgreSQL]:
    with private_postgresql(postgresql_cluster) as server:
        yield server


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, database: PostgreSQL) -> Generator[Platform]:
    with running_platform(tmp_path_factory.mktemp("fate"), database_url=database.url, prometheus=True) as running:
        yield running


def test_while_the_desk_is_stopped_one_page_arrives_and_the_desk_ends_it_when_it_is_back(platform: Platform) -> None:
    with platform.explained():
        page = dies(platform, platform.desk.stop, lives=platform.desk.start, system="desk")

        assert (page["severity"], page["class"]) == ("error", "DeskProbeDown")


def test_while_the_service_is_dead_one_page_arrives(platform: Platform) -> None:
    with platform.explained():
        page = dies(platform, platform.service.crash, lives=platform.service.start, system="vcci")

        assert (page["severity"], page["class"]) == ("critical", "ApiProbeDown")


def test_while_postgresql_is_dead_one_page_arrives_and_the_service_waits_for_it(
    platform: Platform, database: PostgreSQL
) -> None:
    pid = platform.service.pid
    with platform.explained():
        page = dies(platform, database.crash, lives=database.start, system="vcci")

        # What users feel rings first: the exporter takes a second to find its database dead, and a scrape of this clock
        # waits no longer. That DatabaseDown fires is proven with the rules; it would join the same page.
        assert (page["severity"], page["component"]) == ("critical", "api")
        assert (platform.service.running, platform.service.pid) == (True, pid)


def dies(platform: Platform, die: Callable[[], object], *, lives: Callable[[], object], system: str) -> dict[str, str]:
    """Let something die and live again; return the one page that arrived, whose end was told to everybody."""
    platform.until_quiet()
    before = len(platform.rings())
    die()
    took = platform.until(lambda: len(platform.rings()) > before, "nobody was paged", within=PAGE_SECONDS)
    platform.stays(lambda: len(platform.rings()) == before + 1, "it rang twice", during=DEAD_SECONDS)

    lives()
    platform.until_resolved(system)
    platform.stays(lambda: len(platform.rings()) == before + 1, "its end rang", during=SECOND_PAGE_SECONDS)

    page: dict[str, str] = platform.rings()[before]
    assert page["status"] == "resolved"
    assert page["notifications"] == 1
    assert page["dedup_key"] in platform.incident(system)["pager_keys"]
    assert platform.page_component("API") == "operational"
    print(f"paged after {took:.1f} s: {page['summary']}")
    return page
