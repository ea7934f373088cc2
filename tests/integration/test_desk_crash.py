"""The desk is killed without a chance to tidy up: no page is lost, and none rings twice. On both databases."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from support.databases import PostgreSQL
from support.desk import DeskAndSandbox, desk_and_sandbox

DIE = "import os, signal\ndie = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"


def replaced(module: str, name: str, *, first: bool) -> str:
    """Return sabotage: the desk dies when it calls this, before the call (`first`) or after it."""
    holder, _, attribute = name.rpartition(".")
    place = f"{module}.{holder}" if holder else module
    body = "die(); real(*a, **k)" if first else "real(*a, **k); die()"
    fatal = f"def fatal(*a, **k):\n    {body}\n"
    return f"{DIE}import {module}\nreal = {place}.{attribute}\n{fatal}{place}.{attribute} = fatal\n"


INCIDENTS = "vcci_platform.incidents"
VENDORS = f"{INCIDENTS}.vendors"
FATAL = {
    "the report is stored and not understood": replaced(
        f"{INCIDENTS}.tasks", "Desk.understand_next", first=True
    ).replace("die(); real(*a, **k)", "return die() if len(a) > 1 else real(*a, **k)"),
    "the page is sent and not marked": replaced(f"{VENDORS}.pagerduty_events", "PagerDuty.page", first=False),
    "the status page is told and not marked": replaced(f"{VENDORS}.statuspage", "Statuspage.show", first=False),
}
"""Some of the steps of test_desk_dies.py, here with threads, HTTP and the machine's own clock."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[DeskAndSandbox]:
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else ""
    with desk_and_sandbox(tmp_path, url) as started:
        yield started


@pytest.mark.parametrize("point", FATAL)
def test_a_desk_that_is_killed_loses_no_page_and_sends_no_second_one(desk: DeskAndSandbox, point: str) -> None:
    process = desk.start(FATAL[point])
    desk.report()
    desk.until(lambda: not process.running, f"the desk did not die: {point}")

    desk.start()
    desk.until(lambda: bool(desk.vendor.pages and desk.vendor.posts), "no page arrived after the restart")
    desk.until_quiet()

    incident = desk.incident()
    assert desk.vendor.pages == [(f"vcci:{incident['id']}", "triggered", 1)]
    assert desk.vendor.posts == [("investigating", 1)]
    assert [entry["kind"] for entry in incident["timeline"]].count("trigger_delivered") == 1


def test_a_timer_that_rings_while_the_desk_is_killed_rings_once(desk: DeskAndSandbox) -> None:
    """A P1 that nobody else pages for: its page waits for a worse one, here a second long."""
    desk.scale_time(300)
    process = desk.start(replaced(f"{INCIDENTS}.store", "claim_timer", first=False))
    labels = {"alertname": "APILatencyHigh", "priority": "P1", "system": "vcci", "component": "api"}
    alert = {"status": "firing", "labels": labels, "startsAt": "2026-03-02T09:00:00Z", "fingerprint": "fp-14"}
    assert desk.notify(version="4", alerts=[alert]).status_code == 202
    desk.until(lambda: not process.running, "the desk did not die when its timer rang")
    assert desk.vendor.pages == []

    desk.start()
    desk.until(lambda: bool(desk.vendor.pages), "no page after the restart")
    desk.until_quiet()

    assert [(status, rings) for _, status, rings in desk.vendor.pages] == [("triggered", 1)]
    assert [entry["kind"] for entry in desk.incident()["timeline"]].count("page_requested") == 1


def test_a_desk_that_is_killed_while_pagerduty_hangs_loses_no_page_and_sends_no_second_one(
    desk: DeskAndSandbox,
) -> None:
    desk.vendor.spoil(target="pagerduty", hang_seconds=2)
    process = desk.start()
    desk.report()
    desk.until(lambda: desk.vendor.state.faults.pending == (), "the page was not under way")
    process.crash()

    desk.start()
    desk.until(lambda: len(desk.vendor.pages) == 1, "no page arrived after the restart")
    desk.until_quiet()

    assert [(status, rings) for _, status, rings in desk.vendor.pages] == [("triggered", 1)]


@pytest.mark.needs("postgresql")
def test_a_database_that_restarts_while_a_page_is_under_way_rings_once(
    tmp_path: Path, private_postgresql: PostgreSQL
) -> None:
    """PagerDuty takes the page while there is no store in which to mark it: it is marked as soon as there is one."""
    with desk_and_sandbox(tmp_path, private_postgresql.url) as desk:
        desk.vendor.spoil(target="pagerduty", hang_seconds=2)
        desk.start()
        desk.report()
        desk.until(lambda: desk.vendor.state.faults.pending == (), "the page was not under way")
        private_postgresql.crash()
        desk.until(lambda: bool(desk.vendor.pages), "PagerDuty did not take the page")

        private_postgresql.start()
        desk.until_quiet()

        assert [(status, rings) for _, status, rings in desk.vendor.pages] == [("triggered", 1)]
        assert desk.vendor.posts == [("investigating", 1)]
        assert [effect["attempts"] for effect in desk.incident()["effects"] if effect["kind"] == "trigger"] == [1]


def test_a_page_that_pagerduty_took_without_answering_is_not_rung_twice(desk: DeskAndSandbox) -> None:
    desk.vendor.spoil(target="pagerduty", drop="after", count=2)
    desk.vendor.spoil(target="statuspage", drop="after", count=1)
    desk.start()
    desk.report()
    desk.until(lambda: bool(desk.incidents()), "no incident")
    desk.until_quiet()

    assert [(status, rings) for _, status, rings in desk.vendor.pages] == [("triggered", 1)]
    assert desk.vendor.posts == [("investigating", 1)]
