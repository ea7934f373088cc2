"""What the desk says: to PagerDuty, to the public, to the chat. Pure: an incident in, a document out.

The public reads only names of components and plain words; what alerts say stays inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from vcci_platform.incidents.decisions import Tell
from vcci_platform.incidents.model import Incident, Priority, State, Tracked, firing
from vcci_platform.incidents.ports import Link, Message, Page
from vcci_platform.incidents.rules import IncidentPolicy

__all__ = ["fallback_document", "incident_url", "page_document", "status_document", "tell_document"]

ALERTS_ON_A_PAGE = 20
"""A page is read on a telephone; the incident's own page has the rest."""

PUBLIC_STATUS: Mapping[State, str] = {
    State.DETECTED: "investigating",
    State.ACKNOWLEDGED: "investigating",
    State.INVESTIGATING: "investigating",
    State.IDENTIFIED: "identified",
    State.MITIGATING: "identified",
    State.MONITORING: "monitoring",
    State.RESOLVED: "resolved",
    State.REVIEWED: "resolved",
}

IMPACT: Mapping[Priority, str] = {
    Priority.P0: "critical",
    Priority.P1: "major",
    Priority.P2: "minor",
    Priority.P3: "none",
}

PUBLIC_WORDS: Mapping[str, str] = {
    "investigating": "We are investigating a problem with {what}.",
    "identified": "We know the cause of the problem with {what} and are working on it.",
    "monitoring": "{what} should work normally again. We are watching it before we call it solved.",
    "resolved": "The problem with {what} is solved.",
}


def incident_url(incident_id: str, policy: IncidentPolicy) -> str:
    """Return where a person opens the incident, empty when the desk has no address."""
    desk = policy.links.get("desk", "")
    return f"{desk}/incidents/{incident_id}" if desk else ""


def page_document(
    incident: Incident, alerts: Iterable[Tracked], policy: IncidentPolicy, *, key: str, priority: Priority, why: str
) -> dict[str, Any]:
    """Return the page for this incident: what broke, how bad it is, and the links to open first."""
    fires = firing(alerts)
    first = fires[0].alert if fires else None
    page = Page(
        key=key,
        summary=f"[{priority}] {incident.title}",
        source=incident.system,
        severity=policy[priority].pagerduty,
        component=(first.component if first else "") or incident.component,
        group=incident.system,
        kind=first.name if first else "report",
        url=incident_url(incident.id, policy),
        links=_links(incident, fires, policy),
        details={
            "incident": incident.id,
            "priority": priority.value,
            "why": why,
            "began_at": incident.began_at.isoformat(),
            "level": incident.level,
            "firing": [f"{tracked.alert.name}: {tracked.alert.summary}" for tracked in fires[:ALERTS_ON_A_PAGE]],
            "num_firing": len(fires),
        },
    )
    return asdict(page)


def status_document(
    incident: Incident, policy: IncidentPolicy, now: datetime, *, touched: Iterable[str], kept: Iterable[str]
) -> dict[str, Any]:
    """Return what the public should see now.

    `touched` are the public names that this incident has changed; `kept` those that another open incident holds, so
    that this one must not set them back.
    """
    status = PUBLIC_STATUS[incident.state]
    names = sorted(touched)
    what = " and ".join(names) or "our service"
    body = PUBLIC_WORDS[status].format(what=what)
    body = body[:1].upper() + body[1:]
    every = policy[incident.priority].update
    if every is not None and status != "resolved":
        body = f"{body} Next update by {now + every:%H:%M} UTC."
    shown = policy.shows.get(incident.priority, "degraded_performance")
    if status == "resolved":
        components = dict.fromkeys((name for name in names if name not in set(kept)), "operational")
    else:
        components = dict.fromkeys(names, shown)
    return {
        "name": f"Problem with {what}",
        "status": status,
        "impact": IMPACT[incident.priority],
        "body": body,
        "components": components,
    }


def tell_document(
    incident: Incident, alerts: Iterable[Tracked], tell: Tell, policy: IncidentPolicy, now: datetime
) -> dict[str, Any]:
    """Return a message for the incident's channel, in the manual's form."""
    rules = policy[incident.priority]
    facts = [
        ("Status", incident.state.value.capitalize()),
        ("Detected", f"{incident.detected_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Acknowledged by", incident.acknowledged_by or "nobody yet"),
    ]
    if incident.is_open and rules.update is not None:
        facts.append(("Next update", f"by {now + rules.update:%H:%M} UTC"))
    if policy.time_scale != 1:
        facts.append(("Clocks", f"run {policy.time_scale:g} times faster: a demonstration"))
    message = Message(
        headline=f"[{incident.priority}] {incident.title}",
        text=tell.text,
        facts=tuple(facts),
        links=_links(incident, firing(alerts), policy),
        attention=tell.attention,
    )
    return asdict(message)


def fallback_document(
    incident: Incident, alerts: Iterable[Tracked], why: str, policy: IncidentPolicy
) -> dict[str, Any]:
    """Return the page that goes to the chat because PagerDuty did not take it."""
    message = Message(
        headline=f"PAGE NOT DELIVERED [{incident.priority}] {incident.title}",
        text=f"{why}. Whoever reads this: please call the engineer on call.",
        facts=(("On call", ", ".join(policy.levels.get(1, ())) or "nobody is named"),),
        links=_links(incident, firing(alerts), policy),
        attention="channel",
    )
    return asdict(message)


def _links(incident: Incident, fires: tuple[Tracked, ...], policy: IncidentPolicy) -> tuple[Link, ...]:
    links: list[Link] = []
    for tracked in fires[:1]:
        if tracked.alert.runbook_url:
            links.append(Link(tracked.alert.runbook_url, f"Runbook of {tracked.alert.name}"))
        if tracked.alert.dashboard_url:
            links.append(Link(tracked.alert.dashboard_url, "Dashboard"))
    if url := incident_url(incident.id, policy):
        links.append(Link(url, "Incident"))
    return tuple(links)
