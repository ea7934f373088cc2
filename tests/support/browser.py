"""A tab of headless Chromium, driven by its own protocol."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from support.processes import wait_until

__all__ = ["QUIET", "Tab", "browser_program", "open_tab"]

# fmt: off
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]
# fmt: on
COMPLAINTS = {"Log.entryAdded", "Runtime.exceptionThrown"}
PATIENCE_SECONDS = 60


class Tab:
    """One tab; what the browser complains about is kept."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._calls = 0
        self.complaints: list[str] = []
        for domain in ("Log", "Runtime", "Page"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> Any:
        """Return the result of one call of the protocol."""
        self._calls += 1
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=PATIENCE_SECONDS))
            if answer.get("method") in COMPLAINTS:
                self.complaints.append(json.dumps(answer["params"]))
            if answer.get("id") == self._calls:
                return answer["result"]

    def go(self, url: str) -> None:
        """Open a page and wait until its scripts listen: what is clicked before that is lost."""
        loader = self.ask("Page.navigate", url=url)["loaderId"]
        wait_until(
            lambda: (
                self.ask("Page.getFrameTree")["frameTree"]["frame"]["loaderId"] == loader
                and bool(self.finds("document.readyState === 'complete'"))
            ),
            within=PATIENCE_SECONDS,
            what=f"{url} was not loaded",
        )

    def finds(self, expression: str) -> Any:
        """Return what a JavaScript expression is in the page."""
        return self.ask("Runtime.evaluate", expression=expression)["result"].get("value")

    def sees(self, expression: str) -> None:
        """Wait until a JavaScript expression is true in the page."""
        wait_until(lambda: bool(self.finds(expression)), within=PATIENCE_SECONDS, what=expression)

    def resize(self, width: int, height: int = 900) -> None:
        """Be a screen of this many pixels, a telephone below 600."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def press(self, name: str) -> None:
        """Press and release one key."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": name} if len(name) == 1 and kind == "keyDown" else {}
            self.ask("Input.dispatchKeyEvent", type=kind, key=name, **text)

    def picture(self, file: Path) -> None:
        """Save what the whole page looks like as PNG."""
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))


def browser_program() -> str:
    """Return the browser's program."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"


@contextmanager
def open_tab(folder: Path) -> Iterator[Tab]:
    """Start a browser of its own, whose profile lies in this folder, and yield its tab."""
    profile = folder / "profile"
    command = [browser_program(), *QUIET, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connect(_tab_of(profile / "DevToolsActivePort"), max_size=None, open_timeout=PATIENCE_SECONDS) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=60)


def _tab_of(port_file: Path) -> str:
    """Return where the one tab of a browser listens that writes its port to this file when it has started."""

    def lines() -> list[str]:
        return port_file.read_text(encoding="utf-8").split() if port_file.is_file() else []

    wait_until(lambda: len(lines()) == 2, within=PATIENCE_SECONDS, what="the browser did not start")
    found: list[str] = []

    def listed() -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{lines()[0]}/json/list", timeout=PATIENCE_SECONDS) as answer:
            found[:] = [each["webSocketDebuggerUrl"] for each in json.load(answer) if each["type"] == "page"]
        return len(found) == 1

    wait_until(listed, within=PATIENCE_SECONDS, what="the browser has no tab")
    return found[0]
