"""A review on the sandbox's status page, over its real HTTP interface: published once, whatever the network does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from vcci_platform import sandbox
from vcci_platform.clock import SystemClock
from vcci_platform.incidents.ports import Delivered, Failed, PublicReview, StatusPost
from vcci_platform.incidents.vendors.statuspage import Statuspage
from vcci_platform.incidents.vendors.targets import VendorTargets
from vcci_platform.sandbox.faults import Fault
from vcci_platform.settings import Settings

POST = StatusPost(
    "inc_11", 1, "Requests fail", "investigating", "critical", "We look into it.", {"API": "major_outage"}
)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[tuple[sandbox.Sandbox, Statuspage]]:
    settings = Settings(home=tmp_path / "home", sandbox_port=0, sandbox_tls_port=0)
    with sandbox.running(settings) as (addresses, running):
        settings.sandbox_port, settings.sandbox_tls_port = addresses.port, addresses.tls_port
        targets = VendorTargets.from_settings(settings)
        key = targets.statuspage_key.get_secret_value()
        page = Statuspage.connect(targets.statuspage_url, key, targets.statuspage_page, SystemClock())
        yield running, page
        page.close()


def over(page: Statuspage) -> PublicReview:
    shown = page.show(POST)
    assert isinstance(shown, Delivered)
    remote_id = shown.receipt["id"]
    page.show(replace(POST, seq=2, status="resolved", body="Over.", remote_id=remote_id, components={}))
    return PublicReview(remote_id, "A pool was too small. It is larger now.", notify=True)


def test_customers_read_the_review_and_are_mailed_once(state: tuple[sandbox.Sandbox, Statuspage]) -> None:
    running, page = state
    review = over(page)
    mailed = running.statuspage.mailed

    assert isinstance(page.review(review), Delivered)
    assert page.review(review) == Delivered({"review": review.remote_id, "found": True})

    (incident,) = running.statuspage.incidents
    assert incident.postmortem is not None
    assert incident.postmortem.body == review.text
    assert running.statuspage.mailed == mailed + 1


def test_a_publication_whose_answer_was_lost_is_found_and_not_repeated(
    state: tuple[sandbox.Sandbox, Statuspage],
) -> None:
    running, page = state
    review = over(page)
    mailed = running.statuspage.mailed

    def lose_once(request: httpx.Request) -> None:
        if request.url.path.endswith("/publish"):
            running.faults.set(Fault(target="statuspage", drop="after"))
            page._client.event_hooks["request"] = []

    page._client.event_hooks["request"] = [lose_once]
    lost = page.review(review)
    found = page.review(review)

    assert isinstance(lost, Failed)
    assert (lost.retryable, lost.ambiguous) == (True, True)
    assert found == Delivered({"review": review.remote_id, "found": True})
    assert running.statuspage.mailed == mailed + 1


def test_an_incident_that_is_not_resolved_has_no_review(state: tuple[sandbox.Sandbox, Statuspage]) -> None:
    _, page = state
    shown = page.show(POST)
    assert isinstance(shown, Delivered)

    refused = page.review(PublicReview(shown.receipt["id"], "Too early.", notify=True))

    assert isinstance(refused, Failed)
    assert not refused.retryable
