"""A person gives an incident another severity, while PagerDuty is away and while it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcci_platform.incidents import commands
from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.testing import alert

if TYPE_CHECKING:
    from conftest import Office

AWAY = Failed("no answer", retryable=True)


def regrades(office: Office, priority: Priority) -> None:
    office.desk.command(
        office.incident.id, lambda i, p, n: commands.on_priority(i, priority, p, n, by="ada", why="all users")
    )
    office.work()


def fallbacks(office: Office) -> int:
    return sum(kind == "fallback" for _, kind, _ in office.effects)


def test_a_page_for_what_a_person_found_worse_goes_the_other_ways_while_pagerduty_is_away(office: Office) -> None:
    """Only what an alert or a report had made worse fell back; a P2 that a person made a P0 waited for PagerDuty."""
    office.vendors.answer = lambda target, _: AWAY if target == "pagerduty" else None
    office.hears(alert(priority=Priority.P2))
    regrades(office, Priority.P0)

    office.pass_time(2)

    assert fallbacks(office) == 1
    assert "PAGE NOT DELIVERED" in " ".join(message.headline for message in office.vendors.messages)


def test_what_a_person_found_no_reason_to_wake_anybody_wakes_nobody(office: Office) -> None:
    """The page of a P0 that a person made a P2 went to everybody through the chat, and rang once PagerDuty was back."""
    office.vendors.answer = lambda target, _: AWAY if target == "pagerduty" else None
    office.hears(alert())
    regrades(office, Priority.P2)
    office.pass_time(2)

    office.vendors.answer = lambda _target, _: None
    office.pass_time(2)

    assert fallbacks(office) == 0
    assert [action for action, _ in office.vendors.pages] == ["resolve"]
    assert "page_called_off" in office.timeline
    assert office.incident.rung is None


def test_a_page_that_was_called_off_rings_after_all_when_it_is_bad_again(office: Office) -> None:
    office.vendors.answer = lambda target, _: AWAY if target == "pagerduty" else None
    office.hears(alert())
    regrades(office, Priority.P2)
    regrades(office, Priority.P0)

    office.pass_time(2)
    office.vendors.answer = lambda _target, _: None
    office.pass_time(2)

    assert fallbacks(office) == 1
    assert office.vendors.pages[-1] == ("trigger", f"vcci:{office.incident.id}:P0")


def test_a_level_that_was_asked_is_called_although_the_severity_fell(office: Office) -> None:
    office.vendors.answer = lambda target, _: AWAY if target == "pagerduty" else None
    office.hears(alert())
    office.desk.command(
        office.incident.id, lambda i, p, n: commands.on_declare(i, "data-breach", p, n, by="ada", why="keys are out")
    )
    regrades(office, Priority.P2)

    office.pass_time(2)
    office.vendors.answer = lambda _target, _: None
    office.pass_time(2)

    assert fallbacks(office) == 1
    assert ("trigger", f"vcci:{office.incident.id}:level-4") in office.vendors.pages
