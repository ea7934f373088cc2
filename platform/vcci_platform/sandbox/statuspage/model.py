"""What Statuspage does: components change colour, incidents gather updates, subscribers are mailed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from vcci_platform.sandbox.constants import component_id
from vcci_platform.sandbox.statuspage.forms import (
    ComponentStatus,
    Impact,
    IncidentStatus,
    NewIncident,
    PatchedComponent,
    PatchedIncident,
    PatchedUpdate,
    Publication,
)

__all__ = [
    "AffectedComponent",
    "Component",
    "Incident",
    "NotNow",
    "Postmortem",
    "Statuspage",
    "UnknownComponent",
    "UnknownUpdate",
    "Update",
]

KEPT_RESOLVED: Final = 500

# How bad the page calls an incident whose impact nobody has set, from the worst of its components.
IMPACT_OF: Final[dict[ComponentStatus, Impact]] = {
    "operational": "none",
    "under_maintenance": "maintenance",
    "degraded_performance": "minor",
    "partial_outage": "major",
    "major_outage": "critical",
}
WORST_LAST: Final[tuple[ComponentStatus, ...]] = tuple(IMPACT_OF)


class UnknownComponent(LookupError):
    """The page has no component with this id."""

    def __init__(self, unknown: str, known: Sequence[str]) -> None:
        super().__init__(f"component '{unknown}' does not exist on this page, which has {', '.join(known)}")


class UnknownUpdate(LookupError):
    """The incident has no update with this id."""


class NotNow(ValueError):
    """The page cannot do this with the incident as it is; the text says why."""


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the product that the public can see, with its state."""

    id: str
    name: str
    position: int
    created_at: datetime
    updated_at: datetime
    status: ComponentStatus = "operational"
    description: str | None = None


@dataclass(frozen=True, slots=True)
class AffectedComponent:
    """A change of one component that came with an update."""

    code: str
    name: str
    old_status: ComponentStatus
    new_status: ComponentStatus


@dataclass(frozen=True, slots=True)
class Update:
    """One message of an incident, as the public reads it."""

    id: str
    status: IncidentStatus
    body: str
    created_at: datetime
    deliver_notifications: bool
    affected_components: tuple[AffectedComponent, ...]
    display_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Postmortem:
    """The review of an incident: a draft that nobody sees, and what is published of it."""

    body_draft: str
    created_at: datetime
    body_draft_updated_at: datetime
    body: str | None = None
    published_at: datetime | None = None
    notify_subscribers: bool = False
    notify_twitter: bool = False
    custom_tweet: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident on the page. `mailed` counts the updates that were sent to every subscriber."""

    id: str
    name: str
    status: IncidentStatus
    created_at: datetime
    updated_at: datetime
    impact: Impact = "none"
    impact_override: Impact | None = None
    component_ids: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    updates: tuple[Update, ...] = ()  # the newest first, as the vendor lists them
    monitoring_at: datetime | None = None
    resolved_at: datetime | None = None
    reminder_intervals: str | None = None
    postmortem: Postmortem | None = None
    mailed: int = 0


class Statuspage:
    """One page: its components in the given order, and its incidents."""

    def __init__(self, component_names: Sequence[str], now: datetime) -> None:
        self._components: dict[str, Component] = {}
        for position, name in enumerate(component_names, start=1):
            identifier = component_id(name)
            if identifier in self._components:
                raise ValueError(f"two status page components have the id {identifier!r}: give them different names")
            self._components[identifier] = Component(identifier, name, position, created_at=now, updated_at=now)
        self._incidents: dict[str, Incident] = {}
        self._sequence = 0
        self.mailed = 0

    @property
    def components(self) -> tuple[Component, ...]:
        """The components in the order of the page."""
        return tuple(self._components.values())

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Every incident that is kept, the newest first."""
        return tuple(reversed(self._incidents.values()))

    def component(self, identifier: str) -> Component:
        """Return the component with this id, or raise `UnknownComponent`."""
        if identifier not in self._components:
            raise UnknownComponent(identifier, tuple(self._components))
        return self._components[identifier]

    def incident(self, identifier: str) -> Incident | None:
        """Return the incident with this id."""
        return self._incidents.get(identifier)

    def create(self, form: NewIncident, now: datetime) -> Incident:
        """Open an incident; the components of the form change colour at once."""
        self._check(form)
        self._sequence += 1
        incident = Incident(
            id=self._made_up(now), name=form.name, status=form.status or "investigating", created_at=now, updated_at=now
        )
        return self._update(incident, form, now)

    def patch(self, incident: Incident, form: PatchedIncident, now: datetime) -> Incident:
        """Change an incident; a body, a status or a component makes an update that the public reads."""
        self._check(form)
        return self._update(incident, form, now)

    def patch_component(self, identifier: str, form: PatchedComponent, now: datetime) -> Component:
        """Change a component by itself, without an incident."""
        given = form.model_dump(exclude_none=True)
        self._components[identifier] = replace(self.component(identifier), updated_at=now, **given)
        return self._components[identifier]

    def patch_update(self, incident: Incident, update_id: str, form: PatchedUpdate, now: datetime) -> Update:
        """Put an update right; who wants it told again says so."""
        before = next((each for each in incident.updates if each.id == update_id), None)
        if before is None:
            raise UnknownUpdate(f"The requested incident update could not be found: {update_id}")
        after = replace(
            before,
            body=before.body if form.body is None else form.body,
            display_at=datetime.fromisoformat(form.display_at) if form.display_at else before.display_at,
            updated_at=now,
        )
        updates = tuple(after if each.id == update_id else each for each in incident.updates)
        self._tell(replace(incident, updates=updates, updated_at=now), mailed=form.deliver_notifications)
        return after

    def draft(self, incident: Incident, body: str, now: datetime) -> Postmortem:
        """Write the review of an incident, for nobody to see yet."""
        before = incident.postmortem or Postmortem(body, now, now)
        postmortem = replace(before, body_draft=body, body_draft_updated_at=now)
        self._incidents[incident.id] = replace(incident, postmortem=postmortem)
        return postmortem

    def publish(self, incident: Incident, form: Publication, now: datetime) -> Postmortem:
        """Show the review to the public; only a resolved incident has one."""
        if incident.postmortem is None:
            raise NotNow("the incident has no postmortem: draft it first")
        if incident.status != "resolved":
            raise NotNow(f"a postmortem is published for a resolved incident, this one is {incident.status}")
        postmortem = replace(
            incident.postmortem, body=incident.postmortem.body_draft, published_at=now, **form.model_dump()
        )
        self._tell(replace(incident, postmortem=postmortem), mailed=form.notify_subscribers)
        return postmortem

    def revert(self, incident: Incident) -> Postmortem:
        """Hide the review again; its draft stays."""
        if incident.postmortem is None or incident.postmortem.published_at is None:
            raise NotNow("the incident has no published postmortem")
        postmortem = replace(incident.postmortem, body=None, published_at=None)
        self._incidents[incident.id] = replace(incident, postmortem=postmortem)
        return postmortem

    def _tell(self, incident: Incident, *, mailed: bool) -> None:
        """Keep the incident, and count a mail to every subscriber."""
        self.mailed += int(mailed)
        self._incidents[incident.id] = replace(incident, mailed=incident.mailed + int(mailed))

    def _check(self, form: PatchedIncident) -> None:
        for identifier in (*(form.component_ids or ()), *form.components):
            self.component(identifier)

    def _update(self, incident: Incident, form: PatchedIncident, now: datetime) -> Incident:
        affected = self._recolour(form.components, now)
        named = incident.component_ids if form.component_ids is None else form.component_ids
        incident = replace(
            incident,
            name=form.name or incident.name,
            status=form.status or incident.status,
            impact_override=form.impact_override or incident.impact_override,
            component_ids=tuple(dict.fromkeys((*named, *form.components))),
            metadata=incident.metadata if form.metadata is None else form.metadata,
            reminder_intervals=form.reminder_intervals or incident.reminder_intervals,
            updated_at=now,
        )
        if form.body is not None or form.status is not None or affected or not incident.updates:
            update = Update(
                id=hashlib.sha256(f"{incident.id}/{len(incident.updates)}".encode()).hexdigest()[:12],
                status=incident.status,
                body=form.body or "",
                created_at=now,
                deliver_notifications=form.deliver_notifications,
                affected_components=affected,
                display_at=now,
                updated_at=now,
            )
            mailed = int(form.deliver_notifications)
            self.mailed += mailed
            incident = replace(incident, updates=(update, *incident.updates), mailed=incident.mailed + mailed)
        incident = replace(
            incident,
            impact=incident.impact_override or self._impact(incident),
            monitoring_at=incident.monitoring_at or (now if incident.status == "monitoring" else None),
            resolved_at=(incident.resolved_at or now) if incident.status == "resolved" else None,
        )
        self._incidents[incident.id] = incident
        self._forget_oldest()
        return incident

    def _recolour(self, wanted: dict[str, ComponentStatus], now: datetime) -> tuple[AffectedComponent, ...]:
        affected: list[AffectedComponent] = []
        for identifier, status in wanted.items():
            before = self._components[identifier]
            affected.append(AffectedComponent(identifier, before.name, before.status, status))
            self._components[identifier] = replace(before, status=status, updated_at=now)
        return tuple(affected)

    def _impact(self, incident: Incident) -> Impact:
        """Return the worst that its components have been through: an incident does not get milder by ending."""
        seen: list[ComponentStatus] = [
            change.new_status for update in incident.updates for change in update.affected_components
        ]
        return IMPACT_OF[max(seen, key=WORST_LAST.index)] if seen else "none"

    def _forget_oldest(self) -> None:
        resolved = [incident.id for incident in self._incidents.values() if incident.status == "resolved"]
        for identifier in resolved[:-KEPT_RESOLVED]:
            del self._incidents[identifier]

    def _made_up(self, now: datetime) -> str:
        """Return an identifier that replaying the same calls gives again."""
        return hashlib.sha256(f"{now.isoformat()}#{self._sequence}".encode()).hexdigest()[:12]
