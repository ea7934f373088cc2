"""The sandbox's page in a real browser: it refreshes by itself, and keeps open what the reader has opened."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from vcci_platform import sandbox
from vcci_platform.sandbox.pagerduty.forms import EventForm, Payload
from vcci_platform.settings import Settings

pytestmark = pytest.mark.needs("chromium")

# fmt: off
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
]
# fmt: on


class Browser:
    """One tab, driven by Chromium's own protocol."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._calls = 0

    def ask(self, method: str, **parameters: Any) -> Any:
        self._calls += 1
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=20))
            if answer.get("id") == self._calls:
                return answer["result"]

    def sees(self, expression: str, seconds: float = 20) -> None:
        """Wait until a JavaScript expression is true in the page."""
        until = time.monotonic() + seconds
        while not (found := self.ask("Runtime.evaluate", expression=expression)["result"].get("value")):
            assert time.monotonic() < until, f"{expression} stayed {found!r}"
            time.sleep(0.1)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
    command = [program, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port_file = tmp_path / "profile" / "DevToolsActivePort"
        until = time.monotonic() + 40
        while not (port_file.is_file() and len(lines := port_file.read_text().split()) == 2):
            assert time.monotonic() < until, "the browser did not start"
            time.sleep(0.1)
        with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]}/json/list", timeout=10) as answer:
            (tab,) = [each for each in json.load(answer) if each["type"] == "page"]
        with connect(tab["webSocketDebuggerUrl"]) as socket:
            yield Browser(socket)
    finally:
        process.terminate()
        process.wait(timeout=20)


def event(action: str, key: str) -> EventForm:
    payload = Payload(summary=f"Requests fail, {key}", source="vcci", severity="critical")
    return EventForm(routing_key=sandbox.ROUTING_KEY, event_action=action, dedup_key=key, payload=payload)


def test_the_page_shows_by_itself_what_comes_and_keeps_open_what_was_opened(tmp_path, browser):
    settings = Settings(home=tmp_path / "home", sandbox_port=0, sandbox_tls_port=0)
    with sandbox.running(settings) as (addresses, state):
        first = state.take_event(event("trigger", "key-11")).incident_id

        browser.ask("Page.navigate", url=addresses.page)
        browser.sees("document.querySelectorAll('article.card').length === 1")
        browser.ask("Runtime.evaluate", expression=f"document.getElementById('log-{first}').open = true")
        state.take_event(event("trigger", "key-12"))
        browser.sees("document.querySelectorAll('article.card').length === 2")
        browser.sees(f"document.getElementById('log-{first}').open")
        state.take_event(event("resolve", "key-12"))
        browser.sees("document.querySelector('article.card.over h3').textContent.includes('key-12')")

    browser.sees("document.body.classList.contains('stale')")
