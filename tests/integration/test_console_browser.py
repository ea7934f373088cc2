"""The desk's console in a real browser: it keeps itself fresh, its policy breaks nothing, and its forms are ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from support.processes import Server, wait_until

pytestmark = pytest.mark.needs("chromium")

ROOT = Path(__file__).resolve().parents[2]
# fmt: off
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
]
# fmt: on
COMPLAINTS = {"Log.entryAdded", "Runtime.exceptionThrown"}


class Tab:
    """One tab, driven by Chromium's own protocol; what the browser complains about is kept."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._calls = 0
        self.complaints: list[str] = []
        for domain in ("Log", "Runtime", "Page"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> Any:
        self._calls += 1
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=20))
            if answer.get("method") in COMPLAINTS:
                self.complaints.append(json.dumps(answer["params"]))
            if answer.get("id") == self._calls:
                return answer["result"]

    def finds(self, expression: str) -> Any:
        return self.ask("Runtime.evaluate", expression=expression)["result"].get("value")

    def sees(self, expression: str, seconds: float = 30) -> None:
        """Wait until a JavaScript expression is true in the page."""
        wait_until(lambda: bool(self.finds(expression)), within=seconds, what=expression)


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
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
            (found,) = [each for each in json.load(answer) if each["type"] == "page"]
        with connect(found["webSocketDebuggerUrl"], max_size=None) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        process.wait(timeout=20)


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
    tab.ask("Page.navigate", url=f"{desk}/")
    tab.sees("document.querySelector('h1')?.textContent.startsWith('Nothing fires')")

    report = {"title": "Nobody can sign in", "priority": "P1", "system": "vcci", "by": "support", "component": "api"}
    incident = httpx.post(f"{desk}/v1/incidents", json=report).raise_for_status().json()["id"]
    tab.sees("document.querySelector('h1').textContent.includes('Nobody can sign in')")

    tab.ask("Page.navigate", url=f"{desk}/incidents/{incident}")
    tab.sees("document.getElementById('act-by') !== null && document.readyState === 'complete'")
    tab.finds("document.getElementById('act-by').value = 'ada'")
    tab.finds("document.querySelector('button[value=acknowledge]').click()")
    tab.sees("document.querySelector('#head .step')?.textContent === 'acknowledged'")

    assert httpx.get(f"{desk}/v1/incidents/{incident}").json()["acknowledged_by"] == "ada"
    for path in ("/slos", "/slos/api-errors", "/desk", "/incidents"):
        tab.ask("Page.navigate", url=f"{desk}{path}")
        tab.sees(f"location.pathname === '{path}' && document.readyState === 'complete'")
        assert tab.finds("getComputedStyle(document.body).margin") == "0px", "the style was not applied"
    assert tab.complaints == []


def test_a_page_that_gets_no_answer_any_more_says_so(desk: str, tab: Tab, tmp_path: Path) -> None:
    tab.ask("Page.navigate", url=f"{desk}/incidents")
    tab.sees("document.readyState === 'complete' && document.querySelector('.stale-note').hidden")

    tab.ask("Network.enable")
    offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    tab.ask("Network.emulateNetworkConditions", **offline)
    tab.sees("!document.querySelector('.stale-note').hidden")
    tab.ask("Network.emulateNetworkConditions", **offline | {"offline": False})

    tab.sees("document.querySelector('.stale-note').hidden")
