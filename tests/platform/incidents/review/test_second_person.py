"""Where the spec asks for it, a review is not published by its only author; an admin may, alone, and says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from support.reviews import publish, publish_over
from vcci_platform.incidents import tables
from vcci_platform.incidents.access import Rank
from vcci_platform.incidents.model import Action, Priority, State
from vcci_platform.incidents.review.gate import ReviewRefused
from vcci_platform.incidents.review.model import Stage
from vcci_platform.incidents.testing import alert

if TYPE_CHECKING:
    from review.conftest import Counted, Desk

    from conftest import Office


@pytest.fixture
def strict(office: Office, counting_on: Callable[[Office], Counted]) -> Counted:
    """A desk whose P0s ask for a second person, with a review that ada wrote and handed in."""
    office.desk.rules = replace(office.desk.rules, second_person=frozenset({Priority.P0}))
    counted = counting_on(office)
    office.hears(alert())
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="rolled back")
    counted.reviewer.round()
    edits(counted, "Ada", "The pool was full.")
    move(counted, Stage.IN_REVIEW, "ada")
    return counted


def edits(counted: Counted, by: str, causes: str) -> None:
    known = counted.reviewer.read(counted.office.incident.id).review
    counted.reviewer.edit(known.incident, replace(known, causes=causes), by=by)


def move(counted: Counted, stage: Stage, by: str, why_alone: str = "") -> None:
    known = counted.reviewer.read(counted.office.incident.id).review
    counted.reviewer.move(known.incident, stage, version=known.version, by=by, why_alone=why_alone)


def test_the_only_author_does_not_publish_however_their_name_is_spelled(strict: Counted) -> None:
    with pytest.raises(ReviewRefused, match=r"^ada alone wrote it, and a P0 asks for a second person") as caught:
        move(strict, Stage.PUBLISHED, "ada")

    assert caught.value.code == "second-person-needed"
    assert strict.office.incident.state is State.RESOLVED


def test_somebody_else_publishes(strict: Counted) -> None:
    move(strict, Stage.PUBLISHED, "bo")

    assert strict.office.incident.state is State.REVIEWED
    assert strict.reviewer.read(strict.office.incident.id).authors == ("Ada",)


def test_who_wrote_most_of_it_publishes_when_somebody_else_wrote_in_it(strict: Counted) -> None:
    edits(strict, "bo", "The pool was full, and nobody was told.")

    move(strict, Stage.PUBLISHED, "ada")

    assert strict.reviewer.read(strict.office.incident.id).authors == ("Ada", "bo")


def test_an_edit_that_changes_nothing_makes_nobody_an_author(strict: Counted) -> None:
    edits(strict, "bo", "The pool was full.")

    with pytest.raises(ReviewRefused, match="ada alone wrote it"):
        move(strict, Stage.PUBLISHED, "ada")


def test_who_publishes_alone_says_why_and_everybody_reads_it(strict: Counted) -> None:
    move(strict, Stage.PUBLISHED, "ada", why_alone="bo is away\nuntil May")
    strict.office.work()

    (line,) = (row for row in strict.office.rows(tables.timeline) if row.kind == "review_published")
    assert (line.text, line.why) == (
        "ada published the review, which nobody else has written in",
        "bo is away until May",
    )
    assert strict.office.vendors.messages[-1].text == f"{line.text}: {line.why}"


def test_a_severity_that_asks_for_nobody_else_keeps_no_reason(counting_on: Any, office: Office) -> None:
    counted = counting_on(office)
    office.hears(alert())
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="rolled back")
    counted.reviewer.round()
    edits(counted, "ada", "The pool was full.")

    publish(counted.reviewer, office.incident.id, why_alone="never mind")

    (line,) = (row for row in office.rows(tables.timeline) if row.kind == "review_published")
    assert line.why == ""


def test_what_is_handed_in_is_told_to_those_who_should_read_it(strict: Counted) -> None:
    strict.office.work()

    assert strict.office.vendors.messages[-1].text == ("ada handed the review in: somebody else reads and publishes it")
    with pytest.raises(ReviewRefused, match="the review is in-review already"):
        move(strict, Stage.IN_REVIEW, "ada")


def test_over_http_only_an_admin_publishes_alone_and_the_audit_log_keeps_why(desk: Desk) -> None:
    incident_id = desk.resolve()
    admin, commander = desk.add("grace", Rank.ADMIN), desk.add("cleo", Rank.COMMANDER)
    text = desk.http.get(f"/v1/incidents/{incident_id}/review.md", headers=admin).text
    text = text.replace("### Root Cause\n", "### Root Cause\n\nThe pool was full.\n")
    desk.http.post(f"/v1/incidents/{incident_id}/review", json={"markdown": text}, headers=admin)

    refused = publish_over(desk.http, incident_id, admin)
    forbidden = publish_over(desk.http, incident_id, commander, alone="I am in a hurry")
    version = desk.http.get(f"/v1/incidents/{incident_id}/review", headers=admin).json()["version"]
    asked = {"stage": "published", "version": version, "alone": "cleo is away"}
    published = desk.http.post(f"/v1/incidents/{incident_id}/review/stage", json=asked, headers=admin)

    assert (refused.status_code, refused.json()["code"]) == (409, "second-person-needed")
    assert (forbidden.status_code, forbidden.json()["detail"]) == (
        403,
        "To publish a review alone takes an admin; cleo is a commander.",
    )
    assert published.status_code == 200, published.text
    with desk.office.desk.database.read() as connection:
        log = connection.execute(tables.audit.select().order_by(tables.audit.c.id)).all()
    assert (log[-1].action, log[-1].detail) == ("review.published", {"version": 3, "alone": "cleo is away"})
