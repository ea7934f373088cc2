"""A whole desk in this process, over a store of its own and a clock that is moved by hand; its loops do not run."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fastapi.testclient import TestClient

from vcci_platform.desk import create_app
from vcci_platform.incidents import people
from vcci_platform.incidents.access import Rank, digest
from vcci_platform.incidents.office import Office
from vcci_platform.incidents.testing import RecordingVendors
from vcci_platform.reliability.service import Reliability
from vcci_platform.settings import Settings
from vcci_platform.storage import migrate
from vcci_platform.testing import ManualClock

__all__ = ["ADDRESS", "SPEC", "OpenDesk", "open_desk"]

SPEC = Path(__file__).resolve().parents[2] / "slo/specs/vcci.yaml"
ADDRESS = "http://127.0.0.1:8010"


@dataclass
class OpenDesk:
    """The desk's HTTP interface, and what tests let happen behind it."""

    client: TestClient
    clock: ManualClock
    office: Office
    vendors: RecordingVendors
    reliability: Reliability

    def add(self, name: str, rank: Rank, contact: str = "") -> dict[str, str]:
        """Add a person and return their headers; from the first one on everybody signs in."""
        token = f"token-of-{name}"
        with self.office.desk.database.write() as connection:
            people.add(connection, name, rank.value, contact, digest(token), self.clock.now())
        return {"Authorization": f"Bearer {token}"}


@contextmanager
def open_desk(home: Path, clock: ManualClock | None = None, **settings: Any) -> Generator[OpenDesk]:
    """Yield a desk on the shipped spec, or with other settings, whose vendors only remember."""
    clock, recorded = clock or ManualClock(), RecordingVendors()
    vendors: Any = SimpleNamespace(
        pager=recorded,
        status_page=recorded,
        chat=recorded,
        mailer=None,
        second_pager=None,
        rest=None,
        close=lambda: None,
    )
    given: dict[str, Any] = {"home": home, "spec": SPEC, **settings}
    app = create_app(Settings(**given), vendors=vendors, clock=clock)
    office: Office = app.state.office
    migrate.upgrade(office.desk.database, "desk")
    yield OpenDesk(TestClient(app, base_url=ADDRESS), clock, office, recorded, app.state.reliability)
    app.state.reliability.close()
    office.client.close()
    office.desk.database.close()
