"""What the public should see of an incident: which components it touches, how bad each is, and when there is more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select

from vcci_platform.incidents import messages, outbox, tables
from vcci_platform.incidents.model import Incident, Nature, Priority, Tracked
from vcci_platform.incidents.outbox import Kind
from vcci_platform.incidents.rules import IncidentPolicy

__all__ = ["components_of", "document", "is_told", "may_have_seen", "touched"]

BY_SEVERITY = ("operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage")
"""The states of a component on the status page, the worst last."""


def touched(
    connection: Connection, incident: Incident, alerts: Iterable[Tracked], policy: IncidentPolicy
) -> frozenset[str]:
    """Return the public names that an incident has touched so far: those that were shown, and those of its alerts."""
    post = tables.status_post
    known = connection.execute(select(post.c.components).where(post.c.incident_id == incident.id)).scalar()
    components = frozenset({tracked.alert.component for tracked in alerts} | {incident.component}) - {""}
    return frozenset({*(known or ()), *policy.public_names(components)})


def may_have_seen(connection: Connection, incident_id: str) -> frozenset[str]:
    """Return the public names of which anything may have reached the page: only these are restored at the end."""
    shows = (row for row in outbox.of_incident(connection, incident_id) if row["kind"] == Kind.SHOW)
    return frozenset(name for row in shows if row["attempts"] for name in row["body"]["components"])


def is_told(connection: Connection, incident_id: str, body: Mapping[str, Any]) -> bool:
    """Return whether the last post of an incident that was sent or waits says the same: subscribers read it once."""
    rows = outbox.of_incident(connection, incident_id)
    shows = [row for row in rows if row["kind"] == Kind.SHOW and row["state"] != "superseded"]
    return bool(shows) and shows[-1]["state"] in {"waiting", "delivered"} and shows[-1]["body"] == body


def document(
    connection: Connection,
    incident: Incident,
    names: Iterable[str],
    policy: IncidentPolicy,
    now: datetime,
    *,
    next_update: datetime | None,
    words: str = "",
) -> dict[str, Any]:
    """Return what the public should see now: each component as bad as the worst open incident that touches it."""
    components = components_of(connection, incident, names, policy)
    return messages.status_document(incident, policy, now, components=components, next_update=next_update, words=words)


def components_of(
    connection: Connection, incident: Incident, names: Iterable[str], policy: IncidentPolicy
) -> Mapping[str, str]:
    """Return what the page should show of each of these public names, given every incident that is open."""
    post, other = tables.status_post, tables.incident
    still_open = and_(post.c.open, other.c.open, post.c.incident_id != incident.id)
    query = select(post.c.components, other.c.priority, other.c.nature, other.c.id)
    rows = connection.execute(query.join(other, other.c.id == post.c.incident_id).where(still_open)).all()
    holding = [
        (set(held) if nature != Nature.SECURITY else may_have_seen(connection, number), Priority(priority))
        for held, priority, nature, number in rows
    ]
    found: dict[str, str] = {}
    for name in sorted(names):
        holders = [priority for held, priority in holding if name in held]
        if incident.is_open:
            holders.append(incident.priority)
        shown = [policy.shows.get(priority, "degraded_performance") for priority in holders]
        found[name] = max(shown, key=BY_SEVERITY.index, default="operational")
    return found
