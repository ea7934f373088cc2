"""What the status page is asked, in which order, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from vcci_platform.incidents.ports import Delivered, Failed, PostAtVendor, PublicReview, StatusPost
from vcci_platform.incidents.vendors.statuspage import Statuspage
from vcci_platform.testing import ManualClock

POST = StatusPost(
    incident_id="inc_11",
    seq=12,
    name="Problem with API",
    status="investigating",
    impact="critical",
    body="We are investigating a problem with API.",
    components={"API": "major_outage"},
)
COMPONENTS = [{"id": "c1", "name": "API"}, {"id": "c2", "name": "Data"}]
OPS = {"ops": {"incident_id": "inc_11", "seq": "12"}}


class Remote:
    """A page that answers from a table of (method, path) and remembers what it was asked."""

    def __init__(self, answers: dict[tuple[str, str], Any] | None = None) -> None:
        self.answers: dict[tuple[str, str], Any] = {
            ("GET", "/components"): COMPONENTS,
            ("GET", "/incidents/unresolved"): [],
            ("POST", "/incidents"): (201, {"id": "sp13"}),
            ("PATCH", "/incidents/sp13"): {"id": "sp13"},
            **(answers or {}),
        }
        self.asked: list[tuple[str, str, Any]] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/pages/page14")
        assert request.headers["Authorization"] == "OAuth key15"
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, path, body))
        answer = self.answers[request.method, path]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Callable):
            answer = answer()
        status, content = answer if isinstance(answer, tuple) else (200, answer)
        return httpx.Response(status, json=content)

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path, _ in self.asked]


def page(remote: Remote, clock: ManualClock | None = None) -> Statuspage:
    client = httpx.Client(
        base_url="https://api.statuspage.io",
        headers={"Authorization": "OAuth key15"},
        transport=httpx.MockTransport(remote.handle),
    )
    return Statuspage(client, "page14", clock or ManualClock())


def test_a_first_post_creates_the_incident_with_its_components_both_ways() -> None:
    remote = Remote()

    assert page(remote).show(POST) == Delivered({"id": "sp13"})
    assert remote.asked[-1] == (
        "POST",
        "/incidents",
        {
            "incident": {
                "name": "Problem with API",
                "status": "investigating",
                "impact_override": "critical",
                "body": "We are investigating a problem with API.",
                "deliver_notifications": True,
                "metadata": {"ops": {"incident_id": "inc_11", "seq": "12"}},
                "components": {"c1": "major_outage"},
                "component_ids": ["c1"],
            }
        },
    )


def test_an_update_patches_the_incident_that_is_known() -> None:
    remote = Remote()
    page(remote).show(replace(POST, remote_id="sp13", status="identified"))

    assert remote.steps == [("GET", "/components"), ("PATCH", "/incidents/sp13")]


def test_after_a_lost_answer_the_page_is_read_before_it_is_written() -> None:
    remote = Remote({("GET", "/incidents/unresolved"): [{"id": "other"}, {"id": "sp13", "metadata": OPS}]})

    outcome = page(remote).show(replace(POST, doubtful=True))

    assert outcome == Delivered({"id": "sp13", "found": True})
    assert remote.steps == [("GET", "/incidents/unresolved")]


def test_after_a_lost_answer_that_never_arrived_it_is_posted() -> None:
    remote = Remote()
    page(remote).show(replace(POST, doubtful=True))

    assert remote.steps == [("GET", "/incidents/unresolved"), ("GET", "/components"), ("POST", "/incidents")]


def test_an_update_whose_answer_was_lost_is_not_mailed_twice() -> None:
    remote = Remote({("GET", "/incidents/sp13"): {"id": "sp13", "metadata": OPS}})
    page(remote).show(replace(POST, remote_id="sp13", doubtful=True))
    assert remote.steps == [("GET", "/incidents/sp13")]

    later = replace(POST, remote_id="sp13", doubtful=True, seq=13)
    page(remote).show(later)
    assert remote.steps[-1] == ("PATCH", "/incidents/sp13")


def test_an_incident_that_the_page_never_showed_needs_no_resolve() -> None:
    remote = Remote()
    outcome = page(remote).show(replace(POST, status="resolved", doubtful=True))

    assert isinstance(outcome, Delivered)
    assert "id" not in outcome.receipt
    assert ("POST", "/incidents") not in remote.steps


def test_a_resolve_sets_back_only_what_it_is_told_and_keeps_the_rest_attached() -> None:
    remote = Remote()
    page(remote).show(replace(POST, remote_id="sp13", status="resolved", components={"API": "operational"}))

    incident = remote.asked[-1][2]["incident"]
    assert (incident["components"], "component_ids" in incident) == ({"c1": "operational"}, False)


def test_a_component_that_the_page_does_not_have_is_told() -> None:
    outcome = page(Remote()).show(replace(POST, components={"API": "major_outage", "Moon": "major_outage"}))

    assert outcome == Delivered({"id": "sp13", "unknown_components": ["Moon"]})


def test_the_search_goes_through_every_page_of_the_list() -> None:
    pages = [[{"id": f"other{n}"} for n in range(100)], [{"id": "sp13", "metadata": OPS}]]
    remote = Remote({("GET", "/incidents/unresolved"): lambda: pages.pop(0)})

    outcome = page(remote).show(replace(POST, doubtful=True))

    assert outcome == Delivered({"id": "sp13", "found": True})


@pytest.mark.parametrize(
    ("status", "retryable", "ambiguous"),
    [
        (400, False, False),
        (401, False, False),
        (404, False, False),
        (422, False, False),
        (420, True, False),
        (429, True, False),
        (500, True, True),
        (504, True, True),
    ],
)
def test_each_status_means_what_it_means(status: int, *, retryable: bool, ambiguous: bool) -> None:
    outcome = page(Remote({("POST", "/incidents"): (status, {"message": "why"})})).show(POST)

    assert isinstance(outcome, Failed)
    assert (outcome.retryable, outcome.ambiguous) == (retryable, ambiguous)


@pytest.mark.parametrize(
    ("error", "ambiguous"),
    [(httpx.ConnectError("refused"), False), (httpx.ReadTimeout("slow"), True)],
)
def test_without_an_answer_it_is_known_whether_it_may_have_arrived(error: Exception, *, ambiguous: bool) -> None:
    outcome = page(Remote({("POST", "/incidents"): error})).show(POST)

    assert isinstance(outcome, Failed)
    assert (outcome.retryable, outcome.ambiguous) == (True, ambiguous)


def test_sixty_calls_a_minute_are_never_passed() -> None:
    clock = ManualClock()
    remote = Remote()
    statuspage = page(remote, clock)
    outcomes = [statuspage.show(replace(POST, remote_id="sp13")) for _ in range(100)]

    assert len(remote.asked) <= 60
    kept = outcomes[-1]
    assert isinstance(kept, Failed)
    assert (kept.counts, kept.after) == (False, timedelta(minutes=1))


REVIEW = PublicReview("sp13", "The pool was too small. It is larger now.", notify=True)
AT_13 = "/incidents/sp13/postmortem"
DRAFT = ("PUT", AT_13, {"postmortem": {"body_draft": REVIEW.text}})
PUBLISH = ("PUT", f"{AT_13}/publish", {"postmortem": {"notify_subscribers": True}})


@pytest.mark.parametrize(
    ("there", "written"),
    [
        ((404, {"message": "no postmortem"}), [DRAFT, PUBLISH]),
        ({"body_draft": "an older draft"}, [DRAFT, PUBLISH]),
        ({"body_draft": REVIEW.text}, [PUBLISH]),
        ({"body_draft": REVIEW.text, "body": REVIEW.text, "published_at": "2026-03-04T09:00:00Z"}, []),
    ],
)
def test_a_review_is_read_and_then_written_at_most_once(there: Any, written: list[Any]) -> None:
    remote = Remote({("GET", AT_13): there, ("PUT", AT_13): {}, ("PUT", f"{AT_13}/publish"): {}})

    outcome = page(remote).review(REVIEW)

    assert isinstance(outcome, Delivered)
    assert remote.asked == [("GET", AT_13, None), *written]


def test_a_review_that_somebody_else_published_is_not_touched() -> None:
    remote = Remote({("GET", AT_13): {"body": "another", "published_at": "2026-03-04T09:00:00Z"}})

    outcome = page(remote).review(REVIEW)

    assert outcome == Failed("the status page has another review of this incident already", retryable=False)
    assert [method for method, _, _ in remote.asked] == ["GET"]


def test_a_review_whose_publication_was_not_answered_is_asked_for_again_later() -> None:
    answers = {("GET", AT_13): {"body_draft": REVIEW.text}, ("PUT", f"{AT_13}/publish"): httpx.ReadTimeout("slow")}

    outcome = page(Remote(answers)).review(REVIEW)

    assert outcome == Failed("no answer: ReadTimeout", retryable=True, ambiguous=True)


def test_what_the_page_shows_of_an_incident_is_read_with_its_newest_words() -> None:
    shown = {
        "id": "sp13",
        "name": "Trouble",
        "status": "identified",
        "metadata": OPS,
        "incident_updates": [
            {"body": "older", "created_at": "2026-03-02T09:00:00Z"},
            {"body": "newer", "created_at": "2026-03-02T09:05:00Z"},
        ],
        "components": [{"id": "c1", "name": "API", "status": "partial_outage"}],
    }
    bare = {"id": "sp13", "status": "identified"}

    found = [page(Remote({("GET", "/incidents/sp13"): answer})).post("sp13") for answer in (shown, bare)]

    assert found == [
        PostAtVendor("identified", 12, name="Trouble", words="newer", components={"API": "partial_outage"}),
        PostAtVendor("identified", -1),
    ]
