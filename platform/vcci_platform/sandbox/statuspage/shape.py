"""Components and incidents in the shape in which Statuspage's API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from vcci_platform.sandbox.constants import PAGE_ID
from vcci_platform.sandbox.statuspage.model import Component, Incident, Postmortem, Statuspage, Update

__all__ = ["component_shape", "incident_shape", "postmortem_shape", "update_shape"]


def component_shape(component: Component) -> dict[str, Any]:
    """Return the component as the vendor's `Component`."""
    return {
        "id": component.id,
        "page_id": PAGE_ID,
        "group": False,
        "name": component.name,
        "description": component.description or "",
        "position": component.position,
        "status": component.status,
        "showcase": True,
        "only_show_if_degraded": False,
        "created_at": _time(component.created_at),
        "updated_at": _time(component.updated_at),
    }


def incident_shape(incident: Incident, page: Statuspage, *, base_url: str) -> dict[str, Any]:
    """Return the incident as the vendor's `Incident`; what does not apply is absent."""
    shape = {
        "id": incident.id,
        "page_id": PAGE_ID,
        "name": incident.name,
        "status": incident.status,
        "impact": incident.impact,
        "impact_override": incident.impact_override,
        "components": [component_shape(page.component(identifier)) for identifier in incident.component_ids],
        "incident_updates": [update_shape(update, incident.id) for update in incident.updates],
        "metadata": incident.metadata,
        "reminder_intervals": incident.reminder_intervals,
        "shortlink": f"{base_url}status#{incident.id}",
        "created_at": _time(incident.created_at),
        "updated_at": _time(incident.updated_at),
        "monitoring_at": _time(incident.monitoring_at) if incident.monitoring_at else None,
        "resolved_at": _time(incident.resolved_at) if incident.resolved_at else None,
        **_of_postmortem(incident.postmortem),
    }
    return {name: value for name, value in shape.items() if value is not None}


def update_shape(update: Update, incident_id: str) -> dict[str, Any]:
    """Return an update as the vendor's `IncidentUpdate`."""
    return {
        "id": update.id,
        "incident_id": incident_id,
        "status": update.status,
        "body": update.body,
        "deliver_notifications": update.deliver_notifications,
        "affected_components": [
            {
                "code": change.code,
                "name": change.name,
                "old_status": change.old_status,
                "new_status": change.new_status,
            }
            for change in update.affected_components
        ],
        "created_at": _time(update.created_at),
        "updated_at": _time(update.updated_at),
        "display_at": _time(update.display_at),
    }


def postmortem_shape(postmortem: Postmortem) -> dict[str, Any]:
    """Return the review as the vendor's `Postmortem`; what is not yet there is absent."""
    shape = {
        "body": postmortem.body,
        "body_updated_at": _time(postmortem.published_at) if postmortem.published_at else None,
        "body_draft": postmortem.body_draft,
        "body_draft_updated_at": _time(postmortem.body_draft_updated_at),
        "published_at": _time(postmortem.published_at) if postmortem.published_at else None,
        "notify_subscribers": postmortem.notify_subscribers,
        "notify_twitter": postmortem.notify_twitter,
        "custom_tweet": postmortem.custom_tweet,
        "created_at": _time(postmortem.created_at),
        "updated_at": _time(postmortem.published_at or postmortem.body_draft_updated_at),
    }
    return {name: value for name, value in shape.items() if value is not None}


def _of_postmortem(postmortem: Postmortem | None) -> dict[str, Any]:
    """Return what the incident itself shows of its published review."""
    if postmortem is None or postmortem.published_at is None:
        return {}
    return {
        "postmortem_body": postmortem.body,
        "postmortem_body_last_updated_at": _time(postmortem.published_at),
        "postmortem_published_at": _time(postmortem.published_at),
        "postmortem_notified_subscribers": postmortem.notify_subscribers,
        "postmortem_notified_twitter": postmortem.notify_twitter,
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
