"""The manual's process, step by step, on a real store under a clock that is moved by hand."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from support.reviews import publish
from vcci_platform.incidents import store, tables
from vcci_platform.incidents.model import Action, Priority, Publication, Refused, State
from vcci_platform.incidents.policy import Report
from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.review.tasks import Reviewer
from vcci_platform.incidents.tasks import KeyReused
from vcci_platform.incidents.testing import NINE, alert
from vcci_platform.incidents.understanding import report_body

if TYPE_CHECKING:
    from conftest import Office


def test_a_p0_pages_at_once_and_goes_public_and_resolve_flows_through(either_office: Office) -> None:
    office = either_office
    office.hears(alert())
    incident = office.incident
    key = f"vcci:{incident.id}"

    assert (incident.state, incident.priority, incident.rung) == (State.DETECTED, Priority.P0, Priority.P0)
    assert office.vendors.pages == [("trigger", key)]
    page = office.vendors.summaries[0]
    assert (page.summary, page.severity, page.source, page.component) == (
        "[P0] APIHighErrorRate: 7.1 % of API requests fail",
        "critical",
        "vcci",
        "api",
    )
    assert [link.href for link in page.links] == [
        "https://runbooks.example/alerts/APIHighErrorRate",
        "https://grafana.example/d/overview",
        f"http://127.0.0.1:8010/incidents/{incident.id}",
    ]
    post = office.vendors.posts[0]
    assert (post.status, post.impact, dict(post.components)) == ("investigating", "critical", {"API": "major_outage"})

    office.pass_time(7)
    office.hears(alert(resolved=True, ends_at=NINE + timedelta(minutes=7)))
    assert office.incident.state is State.MONITORING
    assert office.vendors.pages == [("trigger", key)]

    office.pass_time(15)
    assert office.incident.state is State.RESOLVED
    assert office.vendors.pages == [("trigger", key), ("resolve", key)]
    assert [(post.status, dict(post.components)) for post in office.vendors.posts] == [
        ("investigating", {"API": "major_outage"}),
        ("monitoring", {"API": "major_outage"}),
        ("resolved", {"API": "operational"}),
    ]
    assert office.vendors.posts[-1].remote_id == f"sp-{incident.id}"
    assert office.timeline == [
        "opened",
        "alert_firing",
        "page_requested",
        "publication",
        "trigger_delivered",
        "show_delivered",
        "acknowledge_missed",
        "alert_resolved",
        "state_monitoring",
        "publication",
        "show_delivered",
        "update_due",
        "state_resolved",
        "publication",
        "resolve_delivered",
        "show_delivered",
    ]


def test_a_p1_waits_for_a_p0_so_that_one_fault_rings_once(office: Office) -> None:
    office.hears(alert("APILatencyHigh", priority=Priority.P1))
    office.pass_time(4)
    assert office.vendors.pages == []

    office.hears(alert(priority=Priority.P0))
    office.pass_time(10)

    assert [action for action, _ in office.vendors.pages] == ["trigger"]
    assert office.vendors.summaries[0].severity == "critical"


def test_a_p1_alone_rings_when_its_wait_ends(office: Office) -> None:
    office.hears(alert("APILatencyHigh", priority=Priority.P1), alert("JobsSlow", priority=Priority.P1))
    office.pass_time(6)

    assert [page.severity for page in office.vendors.summaries] == ["error"]
    assert office.incident.publication is Publication.PROPOSED
    assert office.vendors.posts == []


def test_a_p1_that_is_over_before_its_wait_ends_wakes_nobody(office: Office) -> None:
    office.hears(alert("APILatencyHigh", priority=Priority.P1))
    office.clock.advance(minutes=3)
    office.hears(alert("APILatencyHigh", priority=Priority.P1, resolved=True))
    office.pass_time(30)

    assert office.vendors.pages == []
    assert office.incident.state is State.RESOLVED


def test_a_worse_symptom_pages_again_and_replaces_the_earlier_page(office: Office) -> None:
    office.hears(alert("APILatencyHigh", priority=Priority.P1))
    office.pass_time(6)
    office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="ada")
    office.hears(alert(priority=Priority.P0))
    key = f"vcci:{office.incident.id}"

    assert office.vendors.pages == [
        ("trigger", key),
        ("acknowledge", key),
        ("trigger", f"{key}:P0"),
        ("resolve", key),
    ]


def test_severity_never_falls_by_itself(office: Office) -> None:
    office.hears(alert(priority=Priority.P0), alert("APILatencyHigh", priority=Priority.P1))
    office.hears(alert(priority=Priority.P0, resolved=True))

    assert office.incident.priority is Priority.P0
    assert office.incident.state is State.DETECTED


def test_a_refire_while_watching_returns_to_investigating_and_rings_no_second_page(office: Office) -> None:
    office.hears(alert())
    office.clock.advance(minutes=5)
    office.hears(alert(resolved=True))
    office.pass_time(10)
    office.hears(alert(starts_at=NINE + timedelta(minutes=15)))

    assert office.incident.state is State.INVESTIGATING
    office.pass_time(10)
    assert office.incident.state is State.INVESTIGATING
    assert [action for action, _ in office.vendors.pages] == ["trigger"]


def test_an_unresolved_p0_climbs_the_levels_by_the_clock_and_stops_when_resolved(office: Office) -> None:
    office.hears(alert())
    office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="ada")
    office.pass_time(29)
    assert office.incident.level == 1

    office.pass_time(1)
    assert office.incident.level == 2
    assert office.vendors.pages[-1] == ("trigger", f"vcci:{office.incident.id}:level-2")
    escalated = [message.text for message in office.vendors.messages if "escalated" in message.text]
    assert escalated == [
        "unresolved for 30 min: escalated to level 2 (platform.secondary, engineering-manager @eng-manager)"
    ]

    office.pass_time(15)
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="rolled back")
    office.pass_time(60)
    assert office.incident.level == 2
    assert sorted(key for action, key in office.vendors.pages if action == "resolve") == [
        f"vcci:{office.incident.id}",
        f"vcci:{office.incident.id}:level-2",
    ]


def test_updates_are_prompted_at_the_cadence_of_the_severity(office: Office) -> None:
    office.hears(alert())
    office.pass_time(46)

    prompts = [message for message in office.vendors.messages if message.text.startswith("an update is due")]
    assert [prompt.text[-9:] for prompt in prompts] == ["09:30 UTC", "09:45 UTC", "10:00 UTC"]


def test_a_review_that_is_overdue_is_reminded(office: Office) -> None:
    office.hears(alert())
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="rolled back")
    office.hears(alert(resolved=True, ends_at=office.clock.now()))
    office.pass_time(48 * 60, step=60)
    assert "review_overdue" in office.timeline

    reviewer = Reviewer(office.desk)
    reviewer.round()
    drafted = reviewer.read(office.incident.id).review
    reviewer.edit(drafted.incident, replace(drafted, causes="a bad release"), by="ada")
    publish(reviewer, drafted.incident)
    assert office.incident.state is State.REVIEWED
    before = office.timeline.count("review_overdue")
    office.pass_time(49 * 60, step=60)
    assert office.timeline.count("review_overdue") == before


def test_a_report_by_a_person_pages_and_the_same_delivery_does_it_once(either_office: Office) -> None:
    office = either_office
    report = Report("Nobody can sign in", Priority.P1, "vcci", "support", component="api")

    first = office.desk.report(report, "delivery-11")
    second = office.desk.report(report, "delivery-11")
    office.work()

    assert first.id == second.id
    assert [page.summary for page in office.vendors.summaries] == ["[P1] Nobody can sign in"]
    assert office.timeline.count("reported") == 1


def test_a_worse_report_raises_the_severity_and_leaves_the_title(office: Office) -> None:
    """Somebody reported "lol" as a P0, and the incident was called that in every page and mail."""
    office.hears(alert("Slow", priority=Priority.P1))
    title = office.incident.title

    office.desk.report(Report("Nothing works", Priority.P0, "vcci", "support", "since nine"), "key-11")
    office.work()

    assert (office.incident.priority, office.incident.title) == (Priority.P0, title)
    with office.desk.database.read() as connection:
        lines = connection.execute(select(tables.timeline.c.text)).scalars().all()
    assert "Nothing works: since nine" in lines


def test_a_report_is_answered_with_its_own_incident_and_the_key_is_its_persons(either_office: Office) -> None:
    """Bob's P0 under Ann's key was answered with Ann's incident, and was lost."""
    office = either_office
    report = Report("Slow", Priority.P2, "vcci", "ann")
    first = office.desk.report(report, "key-11")
    office.desk.act(first.id, Action.RESOLVE, by="ann", why="a mistake")

    lost = office.desk.report(Report("Data are gone", Priority.P0, "vcci", "bob"), "key-11")

    assert lost.id != first.id
    assert (lost.priority, lost.title) == (Priority.P0, "Data are gone")
    assert office.desk.report(report, "key-11").id == first.id
    with pytest.raises(KeyReused):
        office.desk.report(replace(report, title="Slower"), "key-11")


def test_a_report_that_the_loop_is_at_is_waited_for(either_office: Office) -> None:
    """Where the loop was quicker, the report was answered with 503 or with an older incident."""
    office = either_office
    report = Report("Slow", Priority.P2, "vcci", "ann")
    office.desk.accept("person", report_body(report), hashlib.sha256(b"ann\nkey-11").hexdigest())
    office.desk.cycle()

    assert office.desk.report(report, "key-11").id == office.incident.id


def test_a_clock_that_is_years_ahead_hides_no_fault_of_today(office: Office) -> None:
    """An alert from 2036 was resolved, and after it the same alert opened no incident any more."""
    ahead = alert(starts_at=NINE + timedelta(days=3650))
    office.hears(ahead)
    first = office.incident
    office.hears(replace(ahead, resolved=True))
    office.desk.act(first.id, Action.RESOLVE, by="ada", why="a wrong clock")

    office.pass_time(10)
    office.hears(alert(starts_at=office.clock.now()))

    with office.desk.database.read() as connection:
        fresh = store.find_open(connection, "vcci")
    assert fresh is not None
    assert first.began_at == first.detected_at


def test_an_end_that_lies_in_the_future_hides_no_other_alert(office: Office) -> None:
    """A P0 that ended in 2036, by its own word, hid every lesser alert until then: they fired, and it was resolved."""
    began = office.clock.now()
    office.hears(alert(pager_key="g" * 64))
    office.pass_time(1)
    office.hears(alert(pager_key="g" * 64, resolved=True, ends_at=NINE + timedelta(days=3650)))
    office.pass_time(1)
    office.hears(
        alert("Slow", fingerprint="slow", priority=Priority.P1, pager_key="s" * 64, starts_at=office.clock.now())
    )
    office.pass_time(30)

    assert office.incident.began_at == began
    assert office.incident.state is State.INVESTIGATING


def test_a_person_resolves_early_only_with_a_reason(office: Office) -> None:
    office.hears(alert())

    with pytest.raises(Refused, match="APIHighErrorRate still fires: to resolve anyway, say why"):
        office.desk.act(office.incident.id, Action.RESOLVE, by="ada")


def test_what_the_state_does_not_allow_is_refused_with_what_it_does(office: Office) -> None:
    office.hears(alert())

    with pytest.raises(Refused) as refused:
        office.desk.act(office.incident.id, Action.REOPEN, by="ada")
    assert Action.ACKNOWLEDGE in refused.value.allowed


def test_the_commander_lets_the_public_know_of_a_p1(office: Office) -> None:
    office.hears(alert("APILatencyHigh", priority=Priority.P1))
    office.desk.approve(office.incident.id, by="ada", why="one in ten users")
    office.work()

    assert [(post.status, dict(post.components)) for post in office.vendors.posts] == [
        ("investigating", {"API": "partial_outage"})
    ]


def test_a_component_that_another_open_incident_holds_stays_as_bad_as_that_one(office: Office) -> None:
    office.hears(alert(), alert("Elsewhere", system="edge", component="api"))
    first = next(incident for incident in office.incidents if incident.system == "vcci")
    office.desk.act(first.id, Action.RESOLVE, by="ada", why="fixed here")
    office.work()

    resolved = [post for post in office.vendors.posts if post.status == "resolved"]
    assert [dict(post.components) for post in resolved] == [{"API": "major_outage"}]


def test_the_store_itself_refuses_to_change_the_timeline(either_office: Office) -> None:
    office = either_office
    office.hears(alert())

    for change in (tables.timeline.update().values(text="rewritten"), tables.timeline.delete()):
        with pytest.raises(Exception, match="append-only"), office.desk.database.write() as connection:
            connection.execute(change)


def test_when_pagerduty_is_away_for_a_minute_the_chat_is_paged(office: Office) -> None:
    office.vendors.answer = lambda target, _: Failed("no answer", retryable=True) if target == "pagerduty" else None
    office.hears(alert())
    office.pass_time(2, step=0.25)

    assert any(message.headline.startswith("PAGE NOT DELIVERED [P0]") for message in office.vendors.messages)
    assert "page_fell_back" in office.timeline


def test_a_page_that_pagerduty_refuses_falls_back_at_once(office: Office) -> None:
    office.vendors.answer = lambda target, _: Failed("400: bad", retryable=False) if target == "pagerduty" else None
    office.hears(alert())

    assert ("pagerduty", "trigger", "dead") in office.effects
    assert [kind for kind in office.timeline if "dead" in kind or "fell" in kind] == ["effect_dead", "page_fell_back"]
    assert any(message.attention == "channel" for message in office.vendors.messages)


def test_a_page_that_was_never_sent_is_cancelled_by_the_resolve(office: Office) -> None:
    office.desk.receive([alert()])
    office.desk.cycle()
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="a drill")
    office.work()

    assert office.vendors.pages == []
    assert ("pagerduty", "trigger", "superseded") in office.effects


def test_stale_updates_of_the_status_page_are_coalesced(office: Office) -> None:
    office.vendors.answer = lambda target, _: Failed("503", retryable=True) if target == "statuspage" else None
    office.hears(alert())
    office.desk.act(office.incident.id, Action.IDENTIFY, by="ada")
    office.desk.act(office.incident.id, Action.MITIGATE, by="ada")
    office.work()
    office.vendors.answer = lambda target, said: None
    office.pass_time(3)

    assert [(post.status, post.doubtful) for post in office.vendors.posts] == [("identified", True)]


def test_an_incident_in_a_system_of_its_own_stays_apart(office: Office) -> None:
    office.hears(alert(), alert("DeskSilent", system="desk", component="desk"))

    assert sorted(incident.system for incident in office.incidents) == ["desk", "vcci"]


def test_two_desks_ring_a_timer_once(office: Office) -> None:
    office.hears(alert("APILatencyHigh", priority=Priority.P1))
    office.clock.advance(minutes=5)
    from vcci_platform.incidents import store

    with office.desk.database.read() as connection:
        due = store.due_timers(connection, office.clock.now())
    assert [office.desk._ring(timer) for timer in (*due, *due)] == [True, False]


def test_a_reopened_incident_pages_under_a_key_of_its_own(office: Office) -> None:
    office.hears(alert())
    incident_id = office.incident.id
    office.desk.act(incident_id, Action.RESOLVE, by="ada", why="fixed")
    office.desk.act(incident_id, Action.REOPEN, by="ada", why="not fixed")
    office.hears(alert("Other", starts_at=NINE + timedelta(minutes=1)))

    assert office.incident.episode == 2
    assert office.vendors.pages[-1] == ("trigger", f"vcci:{incident_id}:reopened-2")


def test_under_a_time_scale_messages_say_so(office: Office) -> None:
    office.desk.rules = replace(office.desk.rules, time_scale=60)
    office.hears(alert())

    assert ("Clocks", "run 60 times faster: a demonstration") in office.vendors.messages[0].facts
