"""The journey of an outage as everybody sees it: requests fail, somebody is woken, the public is told, all is well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from support import web
from support.processes import eventually
from support.whole_platform import Platform, moment

__all__ = ["assert_in_order", "outage"]

SHARE = 0.5
"""Half of the requests fail: ten times the limit of a P0."""

DETECT_SECONDS = 120
TELL_SECONDS = 120
"""Generous: what is asserted is what happened and in which order; how long it took is printed."""


def outage(platform: Platform, *, while_it_lasts: Callable[[], object]) -> dict[str, Any]:
    """Let requests fail and work again, hold everybody to what they promise, and return the desk's incident."""
    platform.until_quiet()
    before = len(platform.rings())
    began = datetime.now(UTC)
    platform.fail(SHARE)
    platform.until(lambda: "APIHighErrorRate/P0" in platform.loud(), "the alert did not fire", within=DETECT_SECONDS)
    platform.until(lambda: len(platform.rings()) > before, "nobody was paged", within=TELL_SECONDS)
    platform.until(lambda: platform.page_component("API") == "major_outage", "no public word", within=TELL_SECONDS)
    platform.until(lambda: _told(platform), "no word in the chat", within=TELL_SECONDS)
    eventually(lambda: _while_it_lasts(platform), within=TELL_SECONDS)
    eventually(while_it_lasts, within=TELL_SECONDS)
    healed = datetime.now(UTC)
    platform.heal()
    platform.until_resolved()

    incident = platform.incident()
    [page] = platform.rings()[before:]
    [post] = [post for post in platform.received()["statuspage"]["incidents"] if moment(post["created_at"]) > began]
    _assert_over(platform, incident, page, post)
    _print_times(began, healed, page, post, incident)
    return incident


def _told(platform: Platform) -> bool:
    return any("APIHighErrorRate" in message["text"] for message in platform.received()["slack"]["messages"])


def _while_it_lasts(platform: Platform) -> None:
    """Hold the page, the status page and the desk to what they must say while requests fail."""
    page = platform.rings()[-1]
    assert (page["status"], page["severity"]) == ("triggered", "critical")
    links = [link["href"] for link in page["links"]]
    runbook = next(link for link in links if link.startswith(f"{platform.settings.runbooks_url}/"))
    assert any("/d/" in link for link in links), f"no dashboard among {links}"
    opened = web.get(runbook, follow_redirects=True)
    assert opened.status_code == httpx.codes.OK, f"{runbook} answers {opened.status_code}"
    assert "APIHighErrorRate" in opened.text

    [post] = [post for post in platform.received()["statuspage"]["incidents"] if post["status"] != "resolved"]
    assert (post["impact"], [one["name"] for one in post["components"]]) == ("critical", ["API"])

    [opened_incident] = platform.ask("/v1/incidents?state=open&system=vcci")["items"]
    assert opened_incident["priority"] == "P0"
    assert page["dedup_key"] in platform.incident()["pager_keys"]


def _assert_over(platform: Platform, incident: dict[str, Any], page: dict[str, Any], post: dict[str, Any]) -> None:
    assert page["status"] == "resolved"
    assert page["notifications"] == 1
    assert post["status"] == "resolved"
    assert platform.page_component("API") == "operational"
    assert platform.loud() == []
    assert all(alert["over_at"] for alert in incident["alerts"] if alert["priority"] == "P0")


def assert_in_order(incident: dict[str, Any], kinds: Sequence[str]) -> None:
    """Assert that the first lines of these kinds stand in the timeline in this order, each with its time."""
    received = [moment(entry["received_at"]) for entry in incident["timeline"]]
    assert received == sorted(received)
    assert all(moment(entry["occurred_at"]) <= moment(entry["received_at"]) for entry in incident["timeline"])
    found = [entry["kind"] for entry in incident["timeline"]]
    missing = set(kinds) - set(found)
    assert not missing, f"the timeline says nothing of {missing}: {found}"
    places = [found.index(kind) for kind in kinds]
    assert places == sorted(places), f"expected {kinds} in this order: {found}"


def _print_times(
    began: datetime, healed: datetime, page: dict[str, Any], post: dict[str, Any], incident: dict[str, Any]
) -> None:
    watched = next(moment(one["received_at"]) for one in incident["timeline"] if one["kind"] == "state_monitoring")
    steps = {
        "detected": (moment(incident["detected_at"]), began),
        "paged": (moment(page["opened_at"]), began),
        "public": (moment(post["created_at"]), began),
        "watched": (watched, healed),
        "resolved": (moment(incident["resolved_at"]), healed),
        "page resolved": (moment(page["resolved_at"]), healed),
        "public again": (moment(post["resolved_at"]), healed),
    }
    print("; ".join(f"{name} after {(at - since).total_seconds():.1f} s" for name, (at, since) in steps.items()))
