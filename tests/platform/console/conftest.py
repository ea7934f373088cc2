"""The desk's console over a store of its own and a clock that is moved by hand, and a reader of pages."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urldefrag

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from support.console import open_desk
from vcci_platform.incidents.model import Alert, Incident
from vcci_platform.incidents.office import Office
from vcci_platform.incidents.outbox import Target
from vcci_platform.incidents.testing import RecordingVendors
from vcci_platform.reliability.service import Reliability
from vcci_platform.reliability.store import Change, Increment
from vcci_platform.testing import ManualClock

OURS = {"Sec-Fetch-Site": "same-origin"}
VOID = {"meta", "link", "input", "img", "br", "hr"}
WITH_ADDRESS = {"href", "src", "action"}


@dataclass
class Page(HTMLParser):
    """What is in a page, as far as tests ask."""

    html: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def addresses(self) -> list[tuple[str, str]]:
        """(tag, address) of everything that leads or loads."""
        return [(tag, value) for tag, given in self.tags for name, value in given.items() if name in WITH_ADDRESS]

    @property
    def ways(self) -> set[str]:
        """The pages of the same console that it leads to."""
        own = {urldefrag(given.get("href", "")).url for given in self.all("a")}
        return {url for url in own if url.startswith("/")}


@dataclass
class DeskConsole:
    """The desk's pages, and what tests let happen behind them."""

    client: TestClient
    clock: ManualClock
    reliability: Reliability
    office: Office
    vendors: RecordingVendors

    def get(self, path: str, status: int = 200) -> Page:
        response = self.client.get(path)
        assert response.status_code == status, response.text[:500]
        return Page(response.text)

    def act(self, incident: Incident, *, path: str = "actions", headers: dict[str, str] | None = None, **form: str):
        where = f"/incidents/{incident.id}/{path}"
        response: Response = self.client.post(
            where, data=form, headers=OURS if headers is None else headers, follow_redirects=False
        )
        return response

    def counted(self, *, bad: float = 0, total: float = 1000, minutes: float = 60, only: str = "") -> None:
        """Let every promise, or the one named, have been observed for the last minutes."""
        now = self.clock.now()
        self.reliability.store.keep(
            [
                Increment(slo.name, now - timedelta(minutes=minutes), now, bad, total)
                for slo in self.reliability.plan.slos
                if only in ("", slo.name)
            ],
            {},
        )

    def changed(self, text: str) -> None:
        self.reliability.store.keep([], {}, [Change(self.clock.now(), "vcci-api", "restart", text)])

    def hear(self, *alerts: Alert) -> Incident:
        """Let the desk hear alerts, and do what follows."""
        self.office.desk.receive(alerts)
        self.work()
        (incident,) = self.incidents
        return incident

    def work(self) -> None:
        self.office.desk.cycle()
        for target in Target:
            while self.office.dispatcher.step(target):
                pass

    @property
    def incidents(self) -> list[Any]:
        return self.client.get("/v1/incidents").json(object_hook=lambda found: SimpleNamespace(**found)).items


@pytest.fixture
def console(tmp_path: Path) -> Generator[DeskConsole]:
    """The desk's console, with nothing recorded; its loops do not run."""
    with _console(tmp_path) as opened:
        yield opened


@pytest.fixture
def scaled_console(tmp_path: Path) -> Generator[DeskConsole]:
    """The same under a time scale."""
    with _console(tmp_path, time_scale=30) as opened:
        yield opened


@pytest.fixture(scope="session")
def open_console() -> Callable[..., AbstractContextManager[DeskConsole]]:
    """A function that opens a console over a folder."""
    return _console


@contextmanager
def _console(home: Path, **settings: Any) -> Generator[DeskConsole]:
    with open_desk(home, **settings) as desk:
        yield DeskConsole(desk.client, desk.clock, desk.reliability, desk.office, desk.vendors)
