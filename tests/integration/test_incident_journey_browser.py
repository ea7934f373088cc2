"""An incident as the person lives it who is called: from the alert to the published review, in a real browser.

Set VCCI_SCREENSHOTS to a folder to keep what each page looked like, on a screen and on a telephone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.browser import Tab
from support.whole_desk import WholeDesk, whole_desk

pytestmark = pytest.mark.needs("chromium")

SCREENSHOTS = os.environ.get("VCCI_SCREENSHOTS", "")
WIDTHS = {"screen": 1200, "telephone": 390}
FAST = 120  # two minutes in a second: recovery is watched for seven and a half
WRITTEN = {
    "Root Cause": "The release halved the pool of connections.",
    "Action Items": "- [ ] Improve detection: Alert on a full pool {owner: Ada Lovelace; due: 2030-01-07}",
    "For Customers": "Pages were slow for some minutes. We have more room now.",
}
SLOW_ALERT = {
    "labels": {
        "alertname": "APIHighLatency",
        "priority": "P1",
        "system": "vcci",
        "component": "api",
        "team": "platform",
    },
    "annotations": {
        "summary": "12 % of requests take longer than 500 ms",
        "description": "The 95th percentile of the last five minutes is 1.8 s.",
        "runbook_url": "http://127.0.0.1:8030/alerts/api-latency/",
        "dashboard_url": "http://127.0.0.1:3000/d/api",
    },
}


class Person:
    """Somebody who works with the console: reads, fills in, presses buttons."""

    def __init__(self, tab: Tab, desk: WholeDesk) -> None:
        self.tab, self.desk = tab, desk
        self._pictures = 0

    def opens(self, path: str) -> None:
        self.tab.go(f"{self.desk.url}{path}")

    def reads(self, words: str, where: str = "main") -> None:
        """Wait until these words stand there."""
        text = f"document.querySelector({json.dumps(where)})?.textContent.replace(/\\s+/g, ' ')"
        self.tab.sees(f"{text}.includes({json.dumps(words)})")

    def follows(self, selector: str) -> None:
        """Click on a link or a button that leads to another page, and wait for that."""
        self.tab.finds("window.before = true")
        self.tab.finds(f"document.querySelector({json.dumps(selector)}).click()")
        self.tab.sees("window.before === undefined && document.readyState === 'complete'")

    def fills(self, form: str, button: str = "button:not([disabled])", **fields: str) -> None:
        """Fill in a form, by the end of its address, and press a button of it."""
        place = f"form[action$={json.dumps(form)}]"
        for name, value in fields.items():
            found = f"document.querySelector({json.dumps(f'{place} [name={name}]')})"
            self.tab.finds(f"{found}.value = {json.dumps(value)}")
        self.follows(f"{place} {button}")

    def keeps(self, name: str) -> None:
        """Keep what the page looks like, where somebody asked for that."""
        if not SCREENSHOTS:
            return
        self._pictures += 1
        for device, width in WIDTHS.items():
            self.tab.resize(width)
            self.tab.picture(Path(SCREENSHOTS) / f"{self._pictures:02}-{name}-{device}.png")
        self.tab.resize(WIDTHS["screen"])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[WholeDesk]:
    with whole_desk(tmp_path, time_scale=FAST) as running:
        yield running


def test_an_incident_from_the_alert_to_the_published_review(desk: WholeDesk, tab: Tab, tmp_path: Path) -> None:
    grace = desk.add("Grace Hopper", "admin")
    katherine = desk.add("Katherine Johnson", "admin")
    ada = desk.add("Ada Lovelace", "responder")
    desk.observed(timedelta(hours=1))
    person = Person(tab, desk)

    # She is called, and signs in.
    began = datetime.now(UTC)
    desk.alert("firing", began, SLOW_ALERT)
    incident = desk.incident()
    person.opens("/")
    person.reads("Sign in to the desk")
    person.keeps("sign-in")
    person.fills("/sign-in", token="vcci_desk_wrong")
    person.reads("Nobody has this token")
    person.keeps("sign-in-refused")
    tab.complaints.clear()  # the browser tells of every 401
    person.fills("/sign-in", token=grace)
    person.reads("P1 · ")
    person.keeps("now")
    person.follows(f"main a[href$='{incident}']")
    person.reads("APIHighLatency")
    person.keeps("incident-new")

    # She takes care of it, and gives everybody their part.
    person.follows("#head button[value=acknowledge]")
    person.reads("acknowledged", "#head .step")
    for role, name in (("commander", "Grace Hopper"), ("scribe", "Ada Lovelace"), ("communications", "Lin Clark")):
        person.fills("/roles", role=role, person=name)
        person.reads(name, "#roles")
    person.fills("/actions", "button[value=investigate]", why="the pool of connections is full")
    person.fills("/tasks", text="Tell the finance team")
    person.follows("#tasks li:last-child button.tick")
    person.reads("done by Grace Hopper", "#tasks li:last-child")
    person.fills("/notes", text="The pool is at its limit since the release of 09:40")
    person.reads("The pool is at its limit", "#timeline")
    person.keeps("incident-at-work")

    # The public is told when she has read what it will read.
    person.reads("waits for the commander", "#head")
    words = "Some pages load slowly. We know why and are at work on it."
    person.fills("/status-page", "button[value=preview]", words=words)
    person.reads(words, "#publish-draft")
    person.reads("nothing was sent yet", "main")
    assert desk.vendor.posts == []
    person.keeps("status-page-preview")
    person.fills("/status-page", "button.strong", words=words, why="customers ask")
    desk.until(lambda: len(desk.vendor.posts) == 1, "the public was not told")
    person.fills(
        "/updates",
        "button.strong",
        status="We double the pool",
        impact="slow pages",
        eta="in 20 minutes",
        public="Faster soon.",
    )
    desk.until(lambda: desk.vendor.posts[0][1] == 2, "the public did not get the update")
    person.reads("the public knows", "#head")

    # What others do, and what was gathered, appears by itself.
    person.reads("Releases and changes", "#around")
    tab.finds("document.getElementById('update-status').value = 'half a sentence'")
    desk.tell(f"/v1/incidents/{incident}/notes", {"text": "The release is rolled back"}, ada)
    person.reads("The release is rolled back", "#lines")
    desk.alert("resolved", began, SLOW_ALERT)
    person.reads("0 firing", "#alerts")
    assert tab.finds("document.getElementById('update-status').value") == "half a sentence"
    person.keeps("incident-updated")

    # It is over when it was watched.
    person.fills("/actions", "button[value=mitigate]", why="rolled back")
    person.fills("/actions", "button[value=monitor]", why="latency is back to normal")
    person.keeps("incident-watched")
    person.reads("resolved", "#head .step")
    person.keeps("incident-resolved")

    # What is learned is written down where others find it.
    desk.until(lambda: desk.ask(f"/v1/incidents/{incident}/review")["version"] == 1, "no review was drafted")
    person.follows("#head a[href$='/review']")
    person.keeps("review-draft")
    text: str = tab.finds("document.getElementById('review-text').value")
    for heading, words in WRITTEN.items():
        text = text.replace(f"### {heading}\n", f"### {heading}\n\n{words}\n", 1)
    person.fills("/review", markdown=text)
    person.reads("version 2")
    person.fills("/review/stage", "button[value=in-review]")
    person.reads("You alone wrote it, and a P1 asks for a second person")
    person.keeps("review-handed-in")
    person.follows("form.account button")
    person.fills("/sign-in", token=katherine)
    person.opens(f"/incidents/{incident}/review")
    person.fills("/review/stage", "button.strong[value=published]")
    person.reads("published")
    person.follows("button[name=item]")
    person.reads("1 of 1 done")
    person.fills("/review/status-page", "button.strong")
    desk.until(lambda: desk.vendor.state.statuspage.incidents[0].postmortem is not None, "customers read no review")
    person.reads("The release halved the pool of connections.", "main article")
    person.keeps("review-published")
    person.opens("/action-items?state=all")
    person.reads("Alert on a full pool")
    person.follows("button[name=item]")
    person.opens("/action-items?owner=Ada+Lovelace")
    person.follows("button[name=item]")
    person.reads("No action item is like that.")
    person.keeps("action-items")
    person.opens("/measures")
    person.reads("Never acknowledged")
    person.keeps("measures")
    page = desk.ask(f"/v1/incidents/{incident}/review/page")
    assert "The release halved the pool of connections." in page["text"]

    # Nothing waits any more, and everything that she did is written down.
    desk.until(lambda: not desk.ask("/v1/desk/outbox?state=waiting")["items"], "something still waits in the outbox")
    person.opens("/outbox?state=waiting")
    person.reads("No effect is like that.")
    person.opens("/outbox")
    person.reads("delivered")
    person.keeps("outbox")
    person.opens("/audit")
    for did in ("acknowledge", "role", "publish", "update", "tick", "review.published"):
        person.reads(did)
    person.keeps("audit")
    person.opens("/on-call")
    person.reads("Hands over")
    person.keeps("on-call")
    person.opens("/incidents")
    person.reads("reviewed")
    person.keeps("incidents")
    assert tab.complaints == []

    # When her session ends, the page that is open says so, and a form that comes too late is not lost in silence.
    person.opens(f"/incidents/{incident}")
    desk.take_away("Katherine Johnson", grace)
    tab.sees("document.getElementById('signed-out').hidden === false")
    person.keeps("session-ended")
    person.fills("/notes", text="one more thing")
    person.reads("Your session had ended when you sent a form")
    assert tab.finds("document.querySelector('[name=then]').value") == f"/incidents/{incident}"
