"""What time does to an incident: escalation by policy, the acknowledgement that runs out, the automatic resolution."""

from __future__ import annotations

from datetime import timedelta

import pytest

from vcci_platform.sandbox import ROUTING_KEY, Sandbox
from vcci_platform.sandbox.pagerduty.forms import EventForm


@pytest.fixture
def event():
    def make(action="trigger", key="key-11", severity="critical"):
        payload = {"summary": "eleven", "source": "host-12", "severity": severity}
        return EventForm.model_validate(
            {"routing_key": ROUTING_KEY, "event_action": action, "dedup_key": key, "payload": payload}
        )

    return make


def told(sandbox):
    """Return who was told, at which level, after how many minutes."""
    (incident,) = sandbox.pagerduty.incidents
    return [
        (telling.name.split()[0], telling.level, (telling.at - incident.opened_at) / timedelta(minutes=1))
        for telling in incident.told
    ]


def test_what_nobody_acknowledges_climbs_the_policy_at_its_minutes(sandbox, clock, event):
    sandbox.take_event(event())

    clock.advance(minutes=29)
    sandbox.advance()
    before = told(sandbox)
    clock.advance(hours=3)
    sandbox.advance()

    assert len(before) == 1
    assert told(sandbox) == [
        (before[0][0], 1, 0),
        *[(name, 2, 30) for name in ("Ada" if before[0][0] == "Ben" else "Ben", "Cleo")],
        ("Dora", 3, 60),
        ("Emil", 3, 60),
    ]
    assert sandbox.pagerduty.incidents[0].log[-1].outcome == "exhausted"


def test_looking_often_or_seldom_gives_the_same_history(clock, event):
    often, seldom = Sandbox(clock=clock), Sandbox(clock=clock)
    for sandbox in (often, seldom):
        sandbox.take_event(event())
    for _ in range(250):
        clock.advance(minutes=1)
        often.advance()
    seldom.advance()

    assert often.pagerduty.incidents == seldom.pagerduty.incidents
    assert [each.body for each in often.webhooks.deliveries] == [each.body for each in seldom.webhooks.deliveries]


def test_an_acknowledgement_stops_the_climb_and_runs_out(sandbox, clock, event):
    sandbox.take_event(event())
    clock.advance(minutes=10)
    sandbox.take_event(event("acknowledge"))

    clock.advance(minutes=29)
    sandbox.advance()
    assert (sandbox.pagerduty.incidents[0].status, len(told(sandbox))) == ("acknowledged", 1)
    clock.advance(minutes=1)
    sandbox.advance()

    (incident,) = sandbox.pagerduty.incidents
    assert (incident.status, incident.acknowledgements) == ("triggered", ())
    assert told(sandbox)[1][1:] == (1, 40)
    assert incident.told[1].why == "acknowledgement ran out"
    assert incident.log[-1].by is None


def test_an_open_incident_is_resolved_by_itself_after_four_hours_and_its_key_is_free(sandbox, clock, event):
    sandbox.take_event(event())
    clock.advance(hours=4)

    receipt = sandbox.take_event(event())

    newer, older = sandbox.pagerduty.incidents
    assert receipt.outcome == "opened"
    assert (older.status, older.log[-1].action, older.changed_by) == ("resolved", "auto-resolve timeout", None)
    assert older.resolved_at == older.opened_at + timedelta(hours=4)
    assert newer.open


def test_what_is_told_quietly_does_not_climb(sandbox, clock, event):
    sandbox.take_event(event(severity="warning"))

    clock.advance(hours=3)
    sandbox.advance()

    assert len(told(sandbox)) == 1
    assert sandbox.pagerduty.woken == 0


def test_a_restart_in_the_middle_changes_nothing(tmp_path, clock, event):
    whole, path = Sandbox(clock=clock), tmp_path / "sandbox.jsonl"
    Sandbox(clock=clock, journal=path).take_event(event())
    whole.take_event(event())
    clock.advance(minutes=45)
    whole.advance()

    again = Sandbox(clock=clock, journal=path)
    clock.advance(minutes=45)
    for sandbox in (whole, again):
        sandbox.advance()

    assert again.pagerduty.incidents == whole.pagerduty.incidents
