"""The desk's own adapters against the running sandbox: what they send is taken, what it refuses they understand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vcci_platform import sandbox
from vcci_platform.cli.page import app as page_app
from vcci_platform.clock import SystemClock
from vcci_platform.incidents.pagerduty import PagerDuty
from vcci_platform.incidents.ports import Delivered, Failed, Link, Message, Page, StatusPost
from vcci_platform.incidents.slack import Slack
from vcci_platform.incidents.statuspage import Statuspage
from vcci_platform.incidents.vendors import VendorTargets
from vcci_platform.sandbox.faults import Fault
from vcci_platform.settings import Settings

PAGE = Page(
    key="vcci:inc_11",
    summary="Requests fail",
    source="vcci",
    severity="critical",
    component="api",
    kind="HighErrorRate",
    url="http://127.0.0.1:8010/incidents/inc_11",
    links=(Link("http://127.0.0.1:8030/high-error-rate/", "Runbook"),),
    details={"burn": 37.2},
)
POST = StatusPost(
    incident_id="inc_11",
    seq=1,
    name="Requests fail",
    status="investigating",
    impact="critical",
    body="We look into it.",
    components={"API": "major_outage", "Data": "degraded_performance"},
)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Settings, sandbox.Sandbox]]:
    """A running sandbox, and settings that say nothing but where it is."""
    settings = Settings(home=tmp_path / "home", sandbox_port=0, sandbox_tls_port=0)
    with sandbox.running(settings) as (addresses, state):
        settings.sandbox_port, settings.sandbox_tls_port = addresses.port, addresses.tls_port
        yield settings, state


@pytest.fixture
def targets(running) -> VendorTargets:
    return VendorTargets.from_settings(running[0])


@pytest.fixture
def pager(targets) -> Iterator[PagerDuty]:
    pager = PagerDuty(
        targets.pagerduty_key.get_secret_value(),
        SystemClock(),
        base_url=targets.pagerduty_url,
        ca_file=targets.pagerduty_ca_file,
    )
    yield pager
    pager.close()


@pytest.fixture
def status_page(targets) -> Iterator[Statuspage]:
    key = targets.statuspage_key.get_secret_value()
    page = Statuspage.connect(targets.statuspage_url, key, targets.statuspage_page, SystemClock())
    yield page
    page.close()


def test_the_desk_aims_at_the_sandbox_unless_told_otherwise(targets):
    assert targets.sandboxed == ("pagerduty", "statuspage", "slack")
    assert targets.pagerduty_key.get_secret_value() == sandbox.ROUTING_KEY
    assert targets.statuspage_key.get_secret_value() == sandbox.STATUSPAGE_API_KEY
    assert targets.statuspage_page == sandbox.PAGE_ID
    assert targets.slack_url.get_secret_value().endswith(sandbox.SLACK_WEBHOOK_PATH)


def test_a_page_rings_once_is_acknowledged_and_ends(running, pager):
    outcomes = [pager.page(PAGE), pager.page(PAGE), pager.acknowledge(PAGE.key), pager.resolve(PAGE.key)]

    assert outcomes == [Delivered({"dedup_key": PAGE.key})] * 4
    (incident,) = running[1].pagerduty.incidents
    assert (incident.status, incident.notifications, incident.severity) == ("resolved", 1, "critical")
    assert (incident.client_url, incident.links[0]["text"]) == (PAGE.url, "Runbook")


def test_a_page_whose_answer_was_lost_is_sent_again_and_rings_once(running, pager):
    running[1].faults.set(Fault(target="pagerduty", drop="after"))

    lost = pager.page(PAGE)

    assert isinstance(lost, Failed)
    assert (lost.retryable, lost.ambiguous) == (True, True)
    assert pager.page(PAGE) == Delivered({"dedup_key": PAGE.key})
    assert running[1].pagerduty.notifications == 1


@pytest.mark.parametrize(("status", "retryable"), [(429, True), (500, True), (503, True), (400, False)])
def test_the_pager_knows_which_refusals_may_pass(running, pager, status, retryable):
    running[1].faults.set(Fault(target="pagerduty", status=status))

    outcome = pager.page(PAGE)

    assert isinstance(outcome, Failed)
    assert outcome.retryable is retryable


def test_the_public_sees_an_incident_from_its_start_to_its_end(running, status_page):
    shown = status_page.show(POST)
    assert isinstance(shown, Delivered)
    over = replace(POST, seq=2, status="resolved", body="Over.", remote_id=shown.receipt["id"])
    over = replace(over, components={"API": "operational", "Data": "operational"})

    assert isinstance(status_page.show(over), Delivered)

    page = running[1].statuspage
    (incident,) = page.incidents
    assert (incident.status, [update.body for update in incident.updates]) == (
        "resolved",
        ["Over.", "We look into it."],
    )
    assert incident.updates[-1].affected_components[0].new_status == "major_outage"
    assert {component.status for component in page.components} == {"operational"}


def test_a_post_whose_answer_was_lost_is_found_and_not_posted_twice(running, status_page):
    status_page.show(replace(POST, incident_id="inc_10"))
    running[1].faults.set(Fault(target="statuspage", drop="after"))

    lost = status_page.show(POST)
    found = status_page.show(replace(POST, doubtful=True))

    assert isinstance(lost, Failed)
    assert lost.ambiguous
    assert isinstance(found, Delivered)
    assert len(running[1].statuspage.incidents) == 2
    assert running[1].statuspage.mailed == 2


def test_a_message_arrives_with_its_link_and_without_markup_of_others(running, targets):
    chat = Slack.connect(targets.slack_url.get_secret_value(), SystemClock())

    outcome = chat.say(Message("P0 <!channel>", "Requests fail & more", links=(Link("http://a.test/11", "Runbook"),)))
    chat.close()

    assert outcome == Delivered()
    (message,) = running[1].slack.messages
    assert "<http://a.test/11|Runbook>" in message.text
    assert "<!channel>" not in message.text


def test_a_person_sends_a_test_page_and_sees_how_long_it_took(running, monkeypatch):
    settings, state = running
    monkeypatch.setenv("VCCI_HOME", str(settings.home))
    monkeypatch.setenv("VCCI_SANDBOX_PORT", str(settings.sandbox_port))
    monkeypatch.setenv("VCCI_SANDBOX_TLS_PORT", str(settings.sandbox_tls_port))

    result = CliRunner().invoke(page_app, ["test", "--severity", "P1"])

    assert result.exit_code == 0, result.output
    (incident,) = state.pagerduty.incidents
    assert (incident.severity, incident.status, incident.notifications) == ("error", "resolved", 1)
    assert incident.summary.startswith("TEST, nothing is wrong")
    assert incident.dedup_key in result.output
    assert "nobody will be woken" in result.output
    assert result.output.count(" ms") == 2
