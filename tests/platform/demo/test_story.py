"""The story: what is new between two scenes, told in the order in which things follow from each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from vcci_platform.demo.story import Alarm, Entry, Incident, Page, Promise, Scene, news

AT = datetime(2026, 1, 2, tzinfo=UTC)
KEPT = Promise("api-errors", "kept", 111, 1.0, 1.0, 0.0)
PENDING = Alarm("APIHighErrorRate", "", "P0", "pending", "31 % of API requests fail")
OPEN = Incident(
    "inc_11", "APIHighErrorRate: 31 % fail", "P0", "detected", 1, "none", (Entry("opened", "twelve"),), None
)
PAGE = Page("key-13", "triggered", "critical", "[P0] it fails", 1, (("http://runbooks/errors", "Runbook of it"),))
QUIET = Scene(AT, KEPT, components=(("API", "operational"),))


def told(before: Scene, after: Scene) -> list[str]:
    return [f"{line.who}: {line.text}" for line in news(before, after)]


def test_nothing_new_is_not_told():
    busy = replace(QUIET, alarms=(PENDING,), incident=OPEN, pages=(PAGE,), public=(("Problem", "investigating"),))

    assert told(QUIET, QUIET) == []
    assert told(busy, busy) == []


def test_an_outage_is_told_in_the_order_in_which_it_happens():
    burning = replace(KEPT, state="burning", sli=0.75, remaining=0.25, burn=111.4)
    after = replace(
        QUIET,
        promise=burning,
        alarms=(replace(PENDING, state="firing"),),
        incident=OPEN,
        pages=(PAGE,),
        components=(("API", "major_outage"),),
        public=(("Problem with API", "investigating"),),
    )

    assert told(QUIET, after) == [
        "promise: api-errors is burning; SLI 75.00%, budget 25% left, it burns 111 times too fast",
        "alert: APIHighErrorRate P0 is firing: 31 % of API requests fail",
        "desk: incident inc_11 is open, P0: APIHighErrorRate: 31 % fail",
        "pager: a page arrived, critical, it rang once: [P0] it fails",
        "public: the status page shows API as major outage",
        "public: the status page tells: Problem with API, investigating",
    ]


def test_each_step_of_an_alert_is_told_once():
    firing = replace(PENDING, state="firing")

    assert told(QUIET, replace(QUIET, alarms=(PENDING,))) == [
        "alert: APIHighErrorRate P0 is pending: 31 % of API requests fail"
    ]
    assert told(replace(QUIET, alarms=(PENDING,)), replace(QUIET, alarms=(firing,))) == [
        "alert: APIHighErrorRate P0 is firing: 31 % of API requests fail"
    ]
    assert told(replace(QUIET, alarms=(firing,)), QUIET) == ["alert: APIHighErrorRate P0 is over"]


def test_two_limits_of_one_alert_are_told_apart():
    both = (PENDING, replace(PENDING, priority="P1"))

    assert len(told(QUIET, replace(QUIET, alarms=both))) == 2
    assert told(replace(QUIET, alarms=both), replace(QUIET, alarms=both[:1])) == ["alert: APIHighErrorRate P1 is over"]


def test_only_the_new_lines_of_the_timeline_are_told_and_none_that_alerts_tell_already():
    later = replace(
        OPEN,
        timeline=(
            *OPEN.timeline,
            Entry("alert_firing", "again"),
            Entry("acknowledge_missed", "nobody has acknowledged"),
        ),
    )

    assert told(replace(QUIET, incident=OPEN), replace(QUIET, incident=later)) == ["desk: nobody has acknowledged"]


def test_a_page_that_rings_again_or_is_resolved_is_told():
    before = replace(QUIET, pages=(PAGE,))

    assert told(before, replace(QUIET, pages=(replace(PAGE, rang=2),))) == ["pager: the page rang again, 2 times now"]
    assert told(before, replace(QUIET, pages=(replace(PAGE, status="resolved"),))) == ["pager: the page is resolved"]


def test_the_runbook_of_a_page_is_the_link_that_says_so():
    assert PAGE.runbook == "http://runbooks/errors"
    assert replace(PAGE, links=(("http://dashboards/", "Dashboard"),)).runbook == ""


def test_how_often_it_rang_counts_every_page():
    assert replace(QUIET, pages=(PAGE, replace(PAGE, key="key-14", rang=2))).rang == 3
