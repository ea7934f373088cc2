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
from vcci_platform.incidents.hooks.pagerduty import is_signed, understand
from vcci_platform.incidents.messages import status_document
from vcci_platform.incidents.model import Incident, Priority, State
from vcci_platform.incidents.ports import Delivered, Failed, Letter, Link, Message, Page, StatusPost
from vcci_platform.incidents.testing import NINE, manual_policy
from vcci_platform.incidents.vendors.mail import Mail
from vcci_platform.incidents.vendors.pagerduty_connection import Answered, Connection
from vcci_platform.incidents.vendors.pagerduty_events import PagerDuty
from vcci_platform.incidents.vendors.pagerduty_rest import PagerDutyRest
from vcci_platform.incidents.vendors.slack import Slack
from vcci_platform.incidents.vendors.statuspage import Statuspage
from vcci_platform.incidents.vendors.targets import VendorTargets
from vcci_platform.sandbox.faults import Fault
from vcci_platform.sandbox.pagerduty.webhooks import signatures
from vcci_platform.settings import Settings
from vcci_slo.plan import PublicWords, Words

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


def test_the_words_of_the_spec_reach_the_public_page_as_they_stand_there(running, status_page):
    incident = Incident(
        id="inc_12",
        system="vcci",
        title="APIHighErrorRate: secret",
        priority=Priority.P0,
        state=State.DETECTED,
        source="alertmanager",
        began_at=NINE,
        detected_at=NINE,
        clock_from=NINE,
    )
    own = PublicWords(title="Trouble with {what}", investigating="Since {began} {impact}.")
    policy = manual_policy(words=Words(own))

    told = status_document(incident, policy, NINE, components={"API": "major_outage"}, next_update=None)
    outcome = status_page.show(StatusPost(incident_id=incident.id, seq=1, **told))

    assert isinstance(outcome, Delivered)
    (shown,) = running[1].statuspage.incidents
    assert shown.name == "Trouble with API"
    assert [update.body for update in shown.updates] == ["Since 09:00 UTC on 2 March API may not work at all."]


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


@pytest.fixture
def rest(running) -> Iterator[PagerDutyRest]:
    settings = running[0]
    connection = Connection(
        sandbox.PAGERDUTY_API_KEY,
        SystemClock(),
        sender=sandbox.PAGERDUTY_FROM,
        base_url=f"https://127.0.0.1:{settings.sandbox_tls_port}",
        ca_file=settings.home / sandbox.CERTIFICATE_AUTHORITY_FILE,
    )
    rest = PagerDutyRest(connection)
    yield rest
    rest.close()


@pytest.fixture
def remote(running, pager, rest):
    """The incident of a page, as the desk finds it by its key."""
    pager.page(PAGE)
    found = rest.incident_by_key(PAGE.key)
    assert isinstance(found, Answered)
    assert found.value is not None
    return found.value


def test_a_page_is_found_by_its_key_and_moved_by_its_id(running, rest, remote):
    outcomes = [
        rest.set_priority(remote.id, "P1"),
        rest.acknowledge(remote.id),
        rest.escalate(remote.id, 2),
        rest.resolve(remote.id, "Rolled back."),
        rest.resolve(remote.id),
        rest.escalate(remote.id, 3),
        rest.acknowledge(remote.id),
    ]

    assert (remote.key, remote.status, remote.priority) == (PAGE.key, "triggered", "P0")
    assert [type(outcome) for outcome in outcomes] == [Delivered] * 7
    (incident,) = running[1].pagerduty.incidents
    assert (incident.status, incident.resolution, incident.level) == ("resolved", "Rolled back.", 2)
    assert [entry.outcome for entry in incident.log] == [
        "opened",
        "prioritized",
        "acknowledged",
        "escalated",
        "resolved",
    ]


@pytest.mark.parametrize("kind", ["note", "status_update"])
def test_words_whose_answer_was_lost_are_found_by_their_marker_and_not_written_twice(running, rest, remote, kind):
    say = rest.add_note if kind == "note" else rest.post_status_update
    running[1].faults.set(Fault(target="pagerduty", kind=kind, drop="after"))

    lost = say(remote.id, "We look into it.", "[inc_11 #3]", doubtful=False)
    found = say(remote.id, "We look into it.", "[inc_11 #3]")
    other = say(remote.id, "It is better.", "[inc_11 #4]")

    assert isinstance(lost, Failed)
    assert lost.ambiguous
    assert isinstance(found, Delivered)
    assert isinstance(other, Delivered)
    (incident,) = running[1].pagerduty.incidents
    said = [note.content for note in incident.notes] + [update.message for update in incident.status_updates]
    assert said == ["We look into it. [inc_11 #3]", "It is better. [inc_11 #4]"]


@pytest.mark.parametrize(
    ("fault", "retryable"),
    [
        ({"status": 429}, True),
        ({"status": 429, "bare": True}, True),
        ({"status": 500}, True),
        ({"status": 401}, False),
        ({"drop": "before"}, True),
    ],
)
def test_the_desk_knows_which_refusals_of_rest_may_pass(running, rest, remote, fault, retryable):
    running[1].faults.set(Fault(target="pagerduty", kind="rest", **fault))

    answer = rest.incident(remote.id)

    assert isinstance(answer, Failed)
    assert answer.retryable is retryable


def test_a_level_joins_a_page_once_and_whoever_has_it_keeps_it(running, rest, remote):
    before = rest.incident(remote.id).value.assignees

    first = rest.join_under(remote.key, "vcci on-call", "level 4 is asked for help: a breach")
    again = rest.join_under(remote.key, "vcci on-call", "level 4 is asked for help: a breach")
    unknown = rest.join_under(remote.key, "vcci level 9", "help")

    assert isinstance(first, Delivered)
    assert again == Delivered({"id": remote.id, "already": True})
    assert rest.incident(remote.id).value.assignees == before
    (asked,) = running[1].pagerduty.incidents[0].responder_requests
    assert asked.message == "level 4 is asked for help: a breach"
    assert isinstance(unknown, Failed)
    assert not unknown.retryable
    assert "'vcci level 9'" in unknown.error


def test_the_desk_reads_who_is_on_call_and_what_happened(running, rest, remote):
    on_call = rest.oncalls(policy_ids=["PPOLICY"])
    log = rest.log_entries(remote.id)

    assert isinstance(on_call, Answered)
    assert [turn.level for turn in on_call.value] == [1, 2, 2, 3, 3]
    assert isinstance(log, Answered)
    assert {entry.kind for entry in log.value} == {"trigger_log_entry", "notify_log_entry"}  # within one second


def test_the_desk_understands_and_trusts_every_webhook_that_the_sandbox_sends(running, pager, rest, remote):
    """The two readings of the vendor's documentation, the sender's and the receiver's, agree."""
    state = running[1]
    state.subscribe("http://127.0.0.1:9/v1/hooks/pagerduty")
    rest.acknowledge(remote.id)
    rest.escalate(remote.id, 2)
    rest.add_note(remote.id, "We look into it.", "[inc_11 #3]")
    rest.post_status_update(remote.id, "Soon.", "[inc_11 #4]")
    (has_it, _) = rest.incident(remote.id).value.assignees
    state.click(remote.id, "resolved")
    state.click(remote.id, "triggered")
    (subscription,) = state.webhooks.subscriptions.values()

    heard = []
    for delivery in reversed(state.webhooks.deliveries):
        header = signatures(subscription, delivery.body)
        assert is_signed(delivery.body, header, [sandbox.PAGERDUTY_WEBHOOK_SECRET])
        assert not is_signed(delivery.body + b" ", header, [sandbox.PAGERDUTY_WEBHOOK_SECRET])
        events, complaints = understand(delivery.body)
        assert complaints == ()
        heard += events

    assert [event.heard.value for event in heard] == [
        "acknowledged",
        "escalated",
        "note",
        "other",
        "resolved",
        "reopened",
    ]
    assert {event.remote_id for event in heard} == {remote.id}
    assert heard[4].by == has_it
    assert heard[2].text == "We look into it. [inc_11 #3]"


def test_while_secrets_rotate_the_desk_trusts_by_either(running, pager):
    state = running[1]
    subscription = state.subscribe("http://127.0.0.1:9/v1/hooks/pagerduty")
    both = state.change_secrets(subscription.id, retire=False)
    header = signatures(both, b"{}")

    assert all(is_signed(b"{}", header, [secret]) for secret in both.secrets)
    assert is_signed(b"{}", header.replace(",", ", "), [sandbox.PAGERDUTY_WEBHOOK_SECRET])
    assert not is_signed(b"{}", signatures(state.change_secrets(subscription.id, retire=True), b"{}"), ["other"])


def test_a_letter_of_the_desk_arrives_and_wakes_nobody(tmp_path):
    settings = Settings(home=tmp_path / "home", sandbox_port=0, sandbox_tls_port=0, sandbox_smtp_port=0)
    with sandbox.running(settings) as (addresses, state):
        mail = Mail(addresses.smtp, "desk@sandbox.test", SystemClock())
        letter = Letter("eff_11", ("ada@sandbox.test", "ben@sandbox.test"), "P0: requests fail", "One.\n.two\n")

        outcome = mail.send(letter)

        assert outcome == Delivered({})
        (shown,) = state.mailbox.letters
    assert (shown.subject, shown.recipients) == ("P0: requests fail", letter.to)
    assert shown.text.splitlines() == ["One.", ".two"]
    assert shown.message_id == "<eff_11@vcci.desk>"
