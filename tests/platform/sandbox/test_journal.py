"""A restarted sandbox knows what it knew, torn lines or not."""

from __future__ import annotations

import pytest

from vcci_platform.sandbox import ROUTING_KEY, Sandbox
from vcci_platform.sandbox.pagerduty.forms import ChangeForm, EventForm
from vcci_platform.sandbox.report import report
from vcci_platform.sandbox.slack.forms import ArchiveForm, ChannelForm, MessageForm, TopicForm
from vcci_platform.sandbox.statuspage.forms import (
    NewIncident,
    PatchedComponent,
    PatchedIncident,
    PatchedUpdate,
    PostmortemForm,
    PublishForm,
)

EVENT = {
    "routing_key": ROUTING_KEY,
    "event_action": "trigger",
    "payload": {"summary": "eleven", "source": "s", "severity": "critical", "class": "c"},
    "links": [{"href": "https://a.test/12"}],
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "home" / "sandbox.jsonl"


def live(sandbox, clock):
    """Receive one of everything, at different times."""
    key = sandbox.take_event(EventForm.model_validate(EVENT)).dedup_key
    clock.advance(minutes=1)
    sandbox.take_event(EventForm(routing_key=ROUTING_KEY, event_action="acknowledge", dedup_key=key))
    sandbox.take_event(EventForm(routing_key=ROUTING_KEY, event_action="resolve", dedup_key="nobody"))
    sandbox.note_change(ChangeForm.model_validate({"routing_key": ROUTING_KEY, "payload": {"summary": "twelve"}}))
    incident = sandbox.create_incident(NewIncident(name="thirteen", components={"api": "major_outage"}))
    clock.advance(minutes=1)
    sandbox.patch_incident(incident, PatchedIncident(status="monitoring", body="b", deliver_notifications=False))
    sandbox.patch_component("data", PatchedComponent(status="partial_outage"))
    sandbox.post_message(MessageForm(text="fourteen", blocks=({"type": "divider"},)), "#incidents")
    update = sandbox.statuspage.incidents[0].updates[-1]
    sandbox.patch_update(sandbox.statuspage.incidents[0], update.id, PatchedUpdate(body="put right"))
    sandbox.draft_postmortem(
        sandbox.statuspage.incidents[0], PostmortemForm.model_validate({"postmortem": {"body_draft": "fifteen"}})
    )
    over = sandbox.patch_incident(sandbox.statuspage.incidents[0], PatchedIncident(status="resolved"))
    sandbox.publish_postmortem(over, PublishForm.model_validate({"postmortem": {"notify_subscribers": True}}))
    channel = sandbox.create_channel(ChannelForm(name="inc-16"))
    sandbox.set_topic(TopicForm(channel=channel.id, topic="seventeen"))
    said = sandbox.post_message(MessageForm(text="eighteen"), channel.id, by_hook=False)
    sandbox.update_message(MessageForm(text="nineteen"), channel.id, said.ts)
    sandbox.archive_channel(ArchiveForm(channel=channel.id))


def known(sandbox):
    told = report(sandbox)
    return {name: told[name] for name in ("pagerduty", "slack")} | {
        "statuspage": {
            **told["statuspage"],
            "components": [each["status"] for each in told["statuspage"]["components"]],
        }
    }


def test_a_restarted_sandbox_knows_everything_it_knew(path, clock):
    before = Sandbox(clock=clock, journal=path)
    live(before, clock)

    after = Sandbox(clock=clock, journal=path)

    remembered, knew = known(after), known(before)
    for incident in (*remembered["statuspage"]["incidents"], *knew["statuspage"]["incidents"]):
        incident.pop("components")  # the components were made anew at the restart; their states are compared above
    assert remembered == knew
    assert after.slack.channels["C0000000003"].archived
    assert after.statuspage.incidents[0].postmortem == before.statuspage.incidents[0].postmortem


def test_ids_stay_unlike_after_a_restart(path, clock):
    first = Sandbox(clock=clock, journal=path).create_incident(NewIncident(name="eleven"))

    second = Sandbox(clock=clock, journal=path).create_incident(NewIncident(name="twelve"))

    assert first.id != second.id


@pytest.mark.parametrize("torn", ['{"at": "2026-', "\x00\x00\x00", '{"at": "2026-03-02T09:00:00+00:00", "kind": 1}\n'])
def test_a_line_that_a_crash_tore_is_left_out_and_harms_no_other(path, clock, torn):
    before = Sandbox(clock=clock, journal=path)
    before.post_message(MessageForm(text="eleven"), "#incidents")
    with path.open("a") as file:
        file.write(torn)

    Sandbox(clock=clock, journal=path).post_message(MessageForm(text="twelve"), "#incidents")

    after = Sandbox(clock=clock, journal=path)
    assert [message.text for message in after.slack.messages] == ["twelve", "eleven"]


def test_a_component_that_left_the_page_does_not_keep_the_sandbox_from_starting(path, clock):
    before = Sandbox(clock=clock, journal=path, components=("API", "Old"))
    before.create_incident(NewIncident(name="eleven", components={"old": "major_outage"}))
    before.create_incident(NewIncident(name="twelve", components={"api": "major_outage"}))

    after = Sandbox(clock=clock, journal=path, components=("API",))

    assert [incident.name for incident in after.statuspage.incidents] == ["twelve"]


def test_forgetting_empties_the_journal(path, clock):
    before = Sandbox(clock=clock, journal=path)
    live(before, clock)

    before.clear()

    assert Sandbox(clock=clock, journal=path).pagerduty.incidents == ()


def test_the_journal_is_for_its_owner_only(path, clock):
    Sandbox(clock=clock, journal=path)

    assert path.stat().st_mode & 0o777 == 0o600
