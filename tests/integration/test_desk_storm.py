"""A small storm on a real desk: nothing is lost, and one page rings for each incident of the spec's rule.

`make bench ARGS=storm` measures the large one.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from support.desk import DeskAndSandbox, desk_and_sandbox
from support.storm import Storm, kept_of, storm_spec, tell

STORM = Storm(alerts=600, groups=60, incidents=6, parts=2)


@pytest.fixture
def desk(tmp_path: Path) -> Generator[DeskAndSandbox]:
    with desk_and_sandbox(tmp_path, spec=storm_spec(tmp_path)) as started:
        yield started


def test_a_storm_loses_nothing_and_rings_once_for_each_incident(desk: DeskAndSandbox) -> None:
    desk.start()

    told = tell(str(desk.http.base_url), list(STORM.notifications()))
    desk.until(lambda: not desk.http.get("/v1/desk").json()["inbox"].get("waiting"), "not everything was understood")
    desk.until(lambda: len(desk.vendor.pages) >= STORM.incidents, "a page is missing")

    assert (told.lost, len(told.seconds)) == (0, STORM.groups * STORM.parts)
    assert kept_of(desk.settings.incident_database) == (STORM.alerts, STORM.incidents)
    assert [(status, rings) for _, status, rings in desk.vendor.pages] == [("triggered", 1)] * STORM.incidents
