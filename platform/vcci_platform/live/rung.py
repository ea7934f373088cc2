"""What the desk has done about an alert: the open incident that holds it, and whether somebody was paged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vcci_platform.asking import Asker

__all__ = ["Rung", "rung"]

PAGES = "page_"
"""The kinds of timeline entries that tell of pages begin so."""

MOST_INCIDENTS = 5


@dataclass(frozen=True)
class Rung:
    """An open incident: who has it, and what was done to wake somebody."""

    id: str
    priority: str
    state: str
    level: int
    detected_at: datetime
    acknowledged_by: str
    pages: tuple[str, ...]


def rung(desk: Asker, system: str, alert: str) -> Rung | None:
    """Return the open incident of a system that holds an alert, if there is one. Raises AskingError."""
    listed = desk.get("/v1/incidents", {"state": "open", "system": system, "limit": str(MOST_INCIDENTS)})
    try:
        for item in listed["items"]:
            found: Mapping[str, Any] = desk.get(f"/v1/incidents/{item['id']}")
            if any(one["name"] == alert for one in found["alerts"]):
                return _told(found)
    except (KeyError, TypeError, ValueError) as error:
        raise desk.odd(f"incidents of another form ({error})") from None
    return None


def _told(found: Mapping[str, Any]) -> Rung:
    return Rung(
        id=found["id"],
        priority=found["priority"],
        state=found["state"],
        level=found["level"],
        detected_at=datetime.fromisoformat(found["detected_at"]),
        acknowledged_by=found["acknowledged_by"],
        pages=tuple(
            f"{entry['occurred_at'][11:16]} {entry['text']}"
            for entry in found["timeline"]
            if entry["kind"].startswith(PAGES) or entry["kind"] == "escalated"
        ),
    )
