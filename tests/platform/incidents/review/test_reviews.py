"""Reviews on a desk: drafted after a resolve, measured by the SLI, edited, published, and what is owed after them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from support.reviews import publish
from vcci_platform.incidents.model import Action, Refused, State
from vcci_platform.incidents.review import tables
from vcci_platform.incidents.review.gate import ReviewRefused
from vcci_platform.incidents.review.markdown import parse, render
from vcci_platform.incidents.review.model import Item, ItemKind, Line, Stage
from vcci_platform.incidents.review.store import Kept, StaleVersion
from vcci_platform.incidents.review.tasks import NoReview
from vcci_platform.incidents.testing import NINE, alert

if TYPE_CHECKING:
    from review.conftest import Counted

    from conftest import Office

MINUTE = timedelta(minutes=1)


def resolved(counted: Counted) -> str:
    """Let ten minutes go wrong from three minutes before the alert, and resolve half an hour after it."""
    office = counted.office
    counted.count(NINE - 60 * MINUTE, 57, bad=0)
    counted.count(NINE - 3 * MINUTE, 10, bad=10)
    counted.count(NINE + 7 * MINUTE, 53, bad=0)
    office.hears(alert())
    office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="ada")
    office.clock.advance(minutes=30)
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="rolled back")
    return office.incident.id


def drafted(counted: Counted) -> Kept:
    incident_id = resolved(counted)
    counted.reviewer.round()
    return counted.reviewer.read(incident_id)


def written(counted: Counted, **changes: object) -> Kept:
    """Return a review as a person left it who knows the cause."""
    known = drafted(counted)
    edited = replace(known.review, causes="The pool was full.", **changes)
    return counted.reviewer.edit(known.review.incident, edited, by="ada")


def test_a_review_is_drafted_once_after_a_resolve(counted: Counted) -> None:
    office = counted.office
    office.hears(alert())
    counted.reviewer.round()
    with pytest.raises(NoReview):
        counted.reviewer.read(office.incident.id)

    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="rolled back")
    counted.reviewer.round()
    counted.reviewer.round()

    assert len(office.rows(tables.review)) == 1
    assert office.timeline.count("review_drafted") == 1
    review = counted.reviewer.read(office.incident.id).review
    assert (review.stage, review.version, review.causes) == (Stage.DRAFT, 1, "")


def test_recovery_comes_from_the_sli_and_not_from_the_alert(counted: Counted) -> None:
    known = drafted(counted)

    assert (known.impact.start, known.impact.end) == (NINE - 3 * MINUTE, NINE + 7 * MINUTE)
    (cost,) = known.impact.costs
    assert (cost.promise, cost.bad, cost.total) == ("errors", 100, 1000)
    assert cost.minutes == pytest.approx(1)  # a tenth of ten minutes, since the month before was hardly observed
    assert cost.share == pytest.approx(1 / 43.2)
    facts = "\n".join(known.review.facts)
    assert "recovery of the SLI: 10 min" in facts
    assert "errors: 100 bad of 1,000" in facts


def test_every_line_of_the_timeline_has_its_clocks_and_the_line_it_comes_from(counted: Counted) -> None:
    review = drafted(counted).review

    by_kind = {line.kind: line for line in review.timeline}
    assert by_kind["alert_firing"].source is not None
    assert by_kind["state_resolved"].text == "resolved by ada (rolled back)"
    assert (by_kind["impact_began"].at, by_kind["impact_began"].source) == (NINE - 3 * MINUTE, None)
    assert list(review.timeline) == sorted(review.timeline, key=lambda line: line.at)


def test_what_was_not_counted_is_unknown(counted: Counted) -> None:
    office = counted.office
    office.hears(alert())
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="rolled back")
    counted.reviewer.round()

    known = counted.reviewer.read(office.incident.id)
    assert known.impact.unknown == "nothing was counted in this time"
    assert "Requests: unknown" in known.review.facts
    assert "Error budget: unknown" in known.review.facts


def test_a_source_that_is_away_keeps_no_review_back_and_is_asked_again(counted: Counted) -> None:
    incident_id = resolved(counted)

    def away() -> None:
        raise ConnectionError("refused")

    replace(counted.reviewer, counters=away).round()
    known = counted.reviewer.read(incident_id)
    assert known.impact.unknown == "what was counted could not be asked: ConnectionError"

    counted.reviewer.measure(incident_id, by="ada")
    assert counted.reviewer.read(incident_id).impact.end == NINE + 7 * MINUTE


def test_an_edit_goes_out_and_in_as_markdown(counted: Counted) -> None:
    known = drafted(counted)
    text = render(known.review).replace("### Root Cause\n", "### Root Cause\n\nThe pool was full.\n")
    text = text.replace(
        "### Action Items\n", "### Action Items\n\n- [ ] Improve detection: alert on the pool {owner: bo}\n"
    )
    text = text.replace("revenue: ''", "revenue: EUR 11,000")

    kept = counted.reviewer.edit(known.review.incident, parse(text), by="ada")

    assert (kept.review.causes, kept.review.revenue, kept.review.version) == ("The pool was full.", "EUR 11,000", 2)
    (item,) = kept.review.items
    assert (item.kind, item.text, item.owner, item.id > 0) == (ItemKind.DETECT, "alert on the pool", "bo", True)
    again = counted.reviewer.edit(known.review.incident, parse(render(kept.review)), by="ada")
    assert replace(again.review, version=2) == kept.review


def test_of_two_who_edit_the_same_version_the_second_is_refused(counted: Counted) -> None:
    known = drafted(counted)
    counted.reviewer.edit(known.review.incident, replace(known.review, causes="a"), by="ada")

    with pytest.raises(StaleVersion, match="the review has version 2 by ada, yours is 1: export it again"):
        counted.reviewer.edit(known.review.incident, replace(known.review, causes="b"), by="bo")

    assert counted.reviewer.read(known.review.incident).review.causes == "a"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"incident": "inc_other"}, "another-incident"),
        ({"facts": ("Severity: P3",)}, "facts"),
        ({"stage": Stage.PUBLISHED}, "stage"),
        ({"timeline": (Line(NINE, NINE, "note", "ada", "no such line", 999),)}, "unknown-line"),
        ({"items": (Item(ItemKind.OTHER, "somebody else's", id=999),)}, "unknown-item"),
    ],
)
def test_what_is_not_for_people_to_change_is_refused(counted: Counted, change: dict[str, object], code: str) -> None:
    known = drafted(counted)

    with pytest.raises(ReviewRefused) as caught:
        counted.reviewer.edit(known.review.incident, replace(known.review, **change), by="ada")

    assert caught.value.code == code


def test_an_incident_is_reviewed_when_its_review_is_published(counted: Counted) -> None:
    known = written(counted)
    office = counted.office
    with pytest.raises(Refused, match="its review is draft: it counts as reviewed when that is published"):
        office.desk.act(office.incident.id, Action.REVIEW, by="ada")

    handed = counted.reviewer.move(known.review.incident, Stage.IN_REVIEW, version=2, by="ada")
    counted.reviewer.move(known.review.incident, Stage.PUBLISHED, version=handed.review.version, by="bo")

    assert office.incident.state is State.REVIEWED
    kept = counted.reviewer.read(known.review.incident)
    assert (kept.review.stage, kept.published_by, kept.published_at) == (Stage.PUBLISHED, "bo", office.clock.now())
    office.pass_time(49 * 60, step=60)
    assert "review_overdue" not in office.timeline


def test_a_review_without_a_cause_or_with_an_action_of_nobody_is_not_published(counted: Counted) -> None:
    known = drafted(counted)
    incident_id = known.review.incident
    handed = counted.reviewer.move(incident_id, Stage.IN_REVIEW, version=1, by="ada").review
    with pytest.raises(ReviewRefused, match="nobody has written what caused it"):
        counted.reviewer.move(incident_id, Stage.PUBLISHED, version=2, by="ada")

    edited = replace(handed, causes="The pool.", items=(Item(ItemKind.PREVENT, "cap the pool"),))
    counted.reviewer.edit(incident_id, edited, by="ada")
    with pytest.raises(ReviewRefused, match="nobody does 'cap the pool'"):
        counted.reviewer.move(incident_id, Stage.PUBLISHED, version=3, by="ada")

    assert counted.office.incident.state is State.RESOLVED


@pytest.mark.parametrize(("by", "told"), [("ada", ", which nobody else has written in"), ("bo", "")])
def test_who_publishes_what_they_alone_wrote_is_told_of_as_such(counted: Counted, by: str, told: str) -> None:
    known = written(counted)

    publish(counted.reviewer, known.review.incident, by)
    counted.office.work()

    assert counted.office.vendors.messages[-1].text == f"{by} published the review{told}"


def test_a_published_review_is_not_edited_but_its_actions_go_on(counted: Counted) -> None:
    known = written(counted, items=(Item(ItemKind.PREVENT, "cap the pool", "bo"),))
    incident_id = known.review.incident
    published = publish(counted.reviewer, incident_id).review
    with pytest.raises(ReviewRefused, match="a published review is not edited"):
        counted.reviewer.edit(incident_id, replace(published, causes="another"), by="ada")
    number = published.items[0].id
    with pytest.raises(ReviewRefused, match="keeps an owner"):
        counted.reviewer.change_item(incident_id, number, lambda item: replace(item, owner=""), by="ada")

    kept = counted.reviewer.change_item(incident_id, number, lambda item: replace(item, done=True), by="bo")

    assert kept.review.items[0].done
    assert (kept.review.version, kept.published_by) == (5, "ada")


def test_an_overdue_action_is_reminded_of_weekly_until_it_is_done(counted: Counted) -> None:
    item = Item(ItemKind.PREVENT, "cap the pool", "director", date(2026, 3, 4))
    known = written(counted, items=(item,))
    office = counted.office

    def pass_days(days: int) -> int:
        for _ in range(days):
            office.clock.advance(days=1)
            counted.reviewer.round()
            office.work()
        return office.timeline.count("actions_overdue")

    assert pass_days(2) == 0
    assert pass_days(1) == 1
    assert pass_days(6) == 1
    assert pass_days(1) == 2
    number = known.review.items[0].id
    counted.reviewer.change_item(known.review.incident, number, lambda item: replace(item, done=True), by="bo")
    assert pass_days(10) == 2
    assert any("cap the pool (director, due 2026-03-04)" in message.text for message in office.vendors.messages)


def test_after_a_reopening_what_people_wrote_stays_and_what_happened_is_added(counted: Counted) -> None:
    known = written(counted)
    office = counted.office
    office.desk.act(office.incident.id, Action.REOPEN, by="ada", why="it is back")
    counted.reviewer.round()
    assert counted.reviewer.read(known.review.incident).review.version == 2

    office.clock.advance(minutes=5)
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="rolled back again")
    counted.reviewer.round()

    review = counted.reviewer.read(known.review.incident).review
    assert (review.version, review.causes) == (3, "The pool was full.")
    assert [line.text for line in review.timeline if line.kind == "state_resolved"] == [
        "resolved by ada (rolled back)",
        "resolved by ada (rolled back again)",
    ]
    assert "Reopened: 1 times" in review.facts


def test_the_public_reads_a_review_once_and_only_what_was_written_for_it(counted: Counted) -> None:
    known = written(counted, public="A pool was too small. It is larger now.")
    office, reviewer, incident_id = counted.office, counted.reviewer, known.review.incident
    office.work()
    with pytest.raises(ReviewRefused, match="the review is draft: publish it first"):
        reviewer.tell_public(incident_id, notify=True, by="ada")
    publish(reviewer, incident_id)

    reviewer.tell_public(incident_id, notify=True, by="ada")
    with pytest.raises(ReviewRefused, match="was told of this review already"):
        reviewer.tell_public(incident_id, notify=True, by="ada")
    office.work()

    (post,) = office.vendors.reviews
    assert (post.remote_id, post.text, post.notify) == (
        f"sp-{incident_id}",
        "A pool was too small. It is larger now.",
        True,
    )
    assert "postmortem_delivered" in office.timeline


def test_without_words_for_customers_nothing_goes_to_them(counted: Counted) -> None:
    known = written(counted)
    counted.office.work()
    publish(counted.reviewer, known.review.incident)

    with pytest.raises(ReviewRefused, match="there are no words for customers"):
        counted.reviewer.tell_public(known.review.incident, notify=False, by="ada")


def test_reviews_work_on_both_databases(either_office: Office, counting_on: Callable[[Office], Counted]) -> None:
    counted = counting_on(either_office)
    known = written(counted, items=(Item(ItemKind.PREVENT, "cap the pool", "bo", date(2026, 3, 9)),))

    publish(counted.reviewer, known.review.incident)

    assert either_office.incident.state is State.REVIEWED
    assert counted.reviewer.read(known.review.incident).review.items == known.review.items
