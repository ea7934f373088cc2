"""A storm of alerts: many groups that belong to few incidents by the spec, told as Alertmanager tells them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from support.desk import TOKEN
from vcci_platform.incidents import tables
from vcci_platform.shipped import shipped
from vcci_platform.storage.database import connect

__all__ = ["Storm", "Told", "kept_of", "storm_spec", "tell"]

RULE = 'correlate: [{match: {alertname: "Storm.*"}, by: [cell]}]'
PLACE = "  # correlate: alerts of one system are one incident"
RETRY_SECONDS = 0.5
MOST_TRIES = 60


def storm_spec(folder: Path) -> Path:
    """Write the shipped spec with a rule that makes one incident of each cell, and return where it is."""
    text = shipped("spec").read_text(encoding="utf-8")
    before, found, after = text.partition(PLACE)
    assert found, f"expected {PLACE!r} in the shipped spec"
    path = folder / "storm.yaml"
    path.write_text(f"{before}  {RULE}\n  #{after}", encoding="utf-8")
    return path


@dataclass(frozen=True)
class Storm:
    """How many alerts there are, in how many groups, of how many incidents, and in how many parts a group is told."""

    alerts: int = 10_000
    groups: int = 500
    incidents: int = 20
    parts: int = 4

    def notifications(self) -> Iterator[bytes]:
        """Yield what Alertmanager says: every group in turn, then every group again with its next alerts.

        There is no group key in it: nobody else pages, so that the desk must.
        """
        each = self.alerts // self.groups // self.parts
        for part in range(self.parts):
            for group in range(self.groups):
                alerts = [self._alert(group, part * each + number) for number in range(each)]
                yield json.dumps({"version": "4", "status": "firing", "alerts": alerts}).encode()

    def _alert(self, group: int, number: int) -> dict[str, Any]:
        labels = {
            "alertname": f"Storm{group % 7}",
            "priority": "P0",
            "system": "vcci",
            "component": "api",
            "cell": f"cell-{group % self.incidents:02}",
            "instance": f"group-{group}-instance-{number}",
        }
        notes = {"summary": "a tenth of the requests fail", "runbook_url": "https://runbooks.example/storm"}
        name = f"storm-{group}-{number}"
        return {
            "status": "firing",
            "labels": labels,
            "annotations": notes,
            "startsAt": "2026-03-02T09:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": name,
        }


@dataclass
class Told:
    """What became of the notifications: how long each accepted one took, and what was sent again."""

    seconds: list[float] = field(default_factory=list[float])
    refused: int = 0
    unanswered: int = 0
    lost: int = 0

    def quantile(self, share: float) -> float:
        """Return how long the hook took for this share of the notifications, in milliseconds."""
        return sorted(self.seconds)[min(int(len(self.seconds) * share), len(self.seconds) - 1)] * 1000


def tell(url: str, bodies: Sequence[bytes], *, lasts: float = 0, senders: int = 8) -> Told:
    """Send notifications to a desk, spread evenly over `lasts` seconds; what is refused with 503 is sent again."""
    told = Told()
    begin, headers = time.monotonic(), {"Authorization": f"Bearer {TOKEN}"}
    limits = httpx.Limits(max_connections=senders, max_keepalive_connections=senders)
    with httpx.Client(base_url=url, headers=headers, timeout=30, limits=limits) as client:

        def send(number: int) -> None:
            time.sleep(max(0.0, begin + lasts * number / len(bodies) - time.monotonic()))
            _send(lambda: client.post("/v1/hooks/alertmanager", content=bodies[number]), told)

        with ThreadPoolExecutor(senders) as pool:
            list(pool.map(send, range(len(bodies))))
    return told


def kept_of(database_url: str) -> tuple[int, int]:
    """Return how many alerts of the storm a desk's store has, and of how many incidents."""
    database, alert = connect(database_url), tables.alert
    query = select(func.count(), func.count(alert.c.incident_id.distinct())).where(alert.c.name.startswith("Storm"))
    with database.read() as connection:
        kept, incidents = connection.execute(query).one()
    database.close()
    return kept, incidents


def _send(post: Callable[[], httpx.Response], told: Told) -> None:
    """Send until it is taken, as Alertmanager does after a 5xx and after no answer."""
    for _ in range(MOST_TRIES):
        started = time.perf_counter()
        try:
            status = post().status_code
        except httpx.TransportError:
            told.unanswered += 1
            continue
        if status == httpx.codes.ACCEPTED:
            told.seconds.append(time.perf_counter() - started)
            return
        if status != httpx.codes.SERVICE_UNAVAILABLE:
            break
        told.refused += 1
        time.sleep(RETRY_SECONDS)
    told.lost += 1
