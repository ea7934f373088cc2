"""The desk's console in a real browser: it keeps itself fresh, its policy breaks nothing, and its forms are ours."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.browser import Tab
from support.processes import Server

pytestmark = pytest.mark.needs("chromium")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def desk(tmp_path: Path, free_port: Any) -> Iterator[str]:
    """Where a desk of its own answers."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {
        "VCCI_HOME": str(tmp_path / "home"),
        "VCCI_DESK_PORT": str(port),
        "VCCI_API_PORT": str(free_port()),
        "VCCI_SANDBOX_PORT": str(free_port()),
        "VCCI_SANDBOX_TLS_PORT": str(free_port()),
        "VCCI_SPEC": str(ROOT / "slo/specs/vcci.yaml"),
    }

    def lives() -> bool:
        try:
            return httpx.get(f"{address}/health/live").status_code == 200
        except httpx.TransportError:
            return False

    server = Server(
        [sys.executable, "-c", "from vcci_platform import desk, settings; desk.run(settings.Settings())"],
        log=tmp_path / "desk.log",
        ready=lives,
        environment=environment,
        ready_seconds=60,
    )
    try:
        server.start()
        yield address
    finally:
        server.stop()


def test_an_incident_appears_by_itself_and_a_person_acts_on_it(desk: str, tab: Tab) -> None:
    tab.go(f"{desk}/")
    tab.sees("document.querySelector('h1')?.textContent.startsWith('Nothing fires')")

    report = {"title": "Nobody can sign in", "priority": "P1", "system": "vcci", "by": "support", "component": "api"}
    incident = httpx.post(f"{desk}/v1/incidents", json=report).raise_for_status().json()["id"]
    tab.sees("document.querySelector('h1').textContent.includes('Nobody can sign in')")

    tab.go(f"{desk}/incidents/{incident}")
    tab.finds("document.getElementById('act-by').value = 'ada'")
    tab.finds("document.querySelector('button[value=acknowledge]').click()")
    tab.sees("document.querySelector('#head .step')?.textContent === 'acknowledged'")

    assert httpx.get(f"{desk}/v1/incidents/{incident}").json()["acknowledged_by"] == "ada"
    for path in ("/slos", "/slos/api-errors", "/desk", "/incidents"):
        tab.go(f"{desk}{path}")
        assert tab.finds("getComputedStyle(document.body).margin") == "0px", "the style was not applied"
    assert tab.complaints == []


@pytest.mark.parametrize("width", [1200, 390])
def test_no_figure_of_a_promise_is_cut_off_on_a_small_screen_or_a_telephone(desk: str, tab: Tab, width: int) -> None:
    """The last column stood outside the table at 1200 pixels, and on a telephone all but two did."""
    tab.resize(width)

    tab.go(f"{desk}/slos")

    assert tab.finds("document.querySelectorAll('.promises tbody tr').length") > 10
    assert tab.finds("document.documentElement.scrollWidth") <= width
    cut = "[...document.querySelectorAll('.scroll')].filter(each => each.scrollWidth > each.clientWidth + 1).length"
    assert tab.finds(cut) == 0


def test_a_page_that_gets_no_answer_any_more_says_so(desk: str, tab: Tab, tmp_path: Path) -> None:
    tab.go(f"{desk}/incidents")
    tab.sees("document.querySelector('.stale-note').hidden")

    tab.ask("Network.enable")
    offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    tab.ask("Network.emulateNetworkConditions", **offline)
    tab.sees("!document.querySelector('.stale-note').hidden")
    tab.ask("Network.emulateNetworkConditions", **offline | {"offline": False})

    tab.sees("document.querySelector('.stale-note').hidden")


def report(desk: str, title: str, **changes: str) -> str:
    body = {"title": title, "priority": "P1", "system": "vcci", "by": "support", "component": "api", **changes}
    found: str = httpx.post(f"{desk}/v1/incidents", json=body).raise_for_status().json()["id"]
    return found


def test_news_of_an_incident_reach_its_page_by_events_while_a_person_writes(desk: str, tab: Tab) -> None:
    incident = report(desk, "Nobody can sign in")
    tab.go(f"{desk}/incidents/{incident}")
    tab.sees("document.body.dataset.live === 'yes'")
    tab.finds("document.getElementById('update-status').value = 'half a sentence'")

    httpx.post(f"{desk}/v1/incidents/{incident}/notes", json={"by": "grace", "text": "<img src=x> seen"})

    tab.sees("document.getElementById('lines').textContent.includes('<img src=x> seen')")
    assert tab.finds("document.querySelectorAll('#lines img').length") == 0
    assert tab.finds("document.getElementById('update-status').value") == "half a sentence"
    assert tab.complaints == []


def test_incidents_are_reached_and_acted_on_by_keyboard(desk: str, tab: Tab) -> None:
    older = report(desk, "The queue is stuck", system="queue")
    newer = report(desk, "Nobody can sign in")
    tab.go(f"{desk}/incidents")
    tab.sees("document.querySelectorAll('[data-row]').length === 2")

    for name in ("j", "j", "k"):
        tab.press(name)
    assert tab.finds("document.activeElement.getAttribute('href')") == f"/incidents/{newer}"
    tab.press("j")
    assert tab.finds("document.activeElement.getAttribute('href')") == f"/incidents/{older}"
    tab.press("?")
    tab.sees("document.getElementById('keys').open")
    tab.finds("document.querySelector('#keys button').click()")

    tab.go(f"{desk}/incidents/{older}")
    tab.sees("document.getElementById('note-text') !== null")
    tab.press("n")
    assert tab.finds("document.getElementById('note').open && document.activeElement.id") == "note-by"
    tab.finds("document.activeElement.blur()")
    tab.finds("document.getElementById('act-by').value = 'ada'")
    tab.press("a")
    assert tab.finds("document.activeElement.value") == "acknowledge"
    assert httpx.get(f"{desk}/v1/incidents/{older}").json()["state"] == "detected", "a key alone acts on nothing"


@pytest.mark.parametrize("width", [1200, 390])
def test_a_person_signs_in_and_every_page_of_the_desk_fits(desk: str, tab: Tab, width: int) -> None:
    incident = report(desk, "Nobody can sign in " * 10)
    made = httpx.post(f"{desk}/v1/desk/people", json={"name": "Grace", "rank": "admin"}).raise_for_status()
    tab.resize(width)

    tab.go(f"{desk}/incidents/{incident}")
    tab.sees("location.pathname === '/sign-in' && document.getElementById('token') !== null")
    tab.finds(f"document.getElementById('token').value = '{made.json()['token']}'")
    tab.finds("document.querySelector('main form button').click()")
    tab.sees(f"location.pathname === '/incidents/{incident}' && document.body.dataset.live === 'yes'")

    assert tab.finds("document.querySelector('.account').textContent.includes('Grace')")
    assert tab.finds("document.querySelectorAll('input[name=by]').length") == 0
    paths = ("/incidents", f"/incidents/{incident}", "/outbox", "/inbox", "/people", "/audit", "/on-call", "/desk")
    for path in paths:
        tab.go(f"{desk}{path}")
        assert tab.finds("document.documentElement.scrollWidth") <= width, path
    assert tab.complaints == []
