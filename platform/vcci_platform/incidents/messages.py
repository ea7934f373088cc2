"""What the desk says: to PagerDuty, to the public, to the chat. Pure: an incident in, a document out.

The public reads only names of components and plain words; what alerts say stays inside. Of a security incident the
chat, the pagers and the mails tell that there is one and how it stands: neither its title nor what people or alerts
say of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from vcci_platform.incidents.decisions import Tell
from vcci_platform.incidents.model import Incident, Nature, Priority, State, Tracked, firing
from vcci_platform.incidents.ports import Link, Message, Page
from vcci_platform.incidents.reminders import moment_words
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.wording import inside, public
from vcci_slo.plan import Words
from vcci_slo.wording import fill

__all__ = [
    "fallback_document",
    "fallback_mail_document",
    "incident_url",
    "mail_document",
    "page_document",
    "status_document",
    "tell_document",
    "told_too_much",
    "withdrawn_document",
]

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

RESTRICTED_TITLE = "Security incident"
RESTRICTED_SOURCE = "incident desk"
"""In place of the system: PagerDuty wants a source of every page."""
WITHDRAWN_TEXT = "What stood here is for those alone who may see the incident."
RESTRICTED_WHY = "see the incident at the desk"
RESTRICTED_TEXT = "There is news of a security incident. Who may see it reads it on its own page."


def incident_url(incident_id: str, policy: IncidentPolicy) -> str:
    """Return where a person opens the incident, empty when the desk has no address."""
    desk = policy.links.get("desk", "")
    return f"{desk}/incidents/{incident_id}" if desk else ""


def page_document(
    incident: Incident, alerts: Iterable[Tracked], policy: IncidentPolicy, *, key: str, priority: Priority, why: str
) -> dict[str, Any]:
    """Return the page for this incident: what broke, how bad it is, and the links to open first."""
    restricted = incident.nature is Nature.SECURITY
    fires = () if restricted else firing(alerts)
    first = fires[0].alert if fires else None
    said = {
        "why": why,
        "firing": [f"{tracked.alert.name}: {tracked.alert.summary}" for tracked in fires[:ALERTS_ON_A_PAGE]],
        "num_firing": len(fires),
    }
    page = Page(
        key=key,
        summary=f"[{priority}] {_title(incident)}",
        source=RESTRICTED_SOURCE if restricted else incident.system,
        severity=policy[priority].pagerduty,
        component="" if restricted else (first.component if first else "") or incident.component,
        group="" if restricted else incident.system,
        kind=first.name if first else "security" if restricted else "report",
        url=incident_url(incident.id, policy),
        links=_links(incident, fires, policy),
        details={
            "incident": incident.id,
            "priority": priority.value,
            "began_at": incident.began_at.isoformat(),
            "level": incident.level,
            **({} if restricted else said),
        },
    )
    return asdict(page)


def status_document(
    incident: Incident,
    policy: IncidentPolicy,
    now: datetime,
    *,
    components: Mapping[str, str],
    next_update: datetime | None,
    words: str = "",
) -> dict[str, Any]:
    """Return what the public should see now, in a person's `words` if there are any.

    `components` are the public names that this incident has touched, each with what the page should show of it.
    """
    status = PUBLIC_STATUS[incident.state]
    values = public(incident, components, policy)
    body = words or fill(policy.words.public.of(status), values)
    body = body[:1].upper() + body[1:]
    if next_update is not None and status != "resolved":
        body = f"{body} Next update by {moment_words(next_update, now)}."
    return {
        "name": fill(policy.words.public.title, values),
        "status": status,
        "impact": IMPACT[incident.priority],
        "body": body,
        "components": dict(components),
    }


def tell_document(
    incident: Incident,
    alerts: Iterable[Tracked],
    tell: Tell,
    policy: IncidentPolicy,
    now: datetime,
    *,
    next_update: datetime | None,
    known: Iterable[tuple[str, str]] = (),
    channel: str = "",
) -> dict[str, Any]:
    """Return a message for the incident's channel, or for `channel`, in the manual's form.

    `known` are further facts, such as who commands and what the last update said; of a security incident, and where
    the message itself says them, they are left out.
    """
    restricted = incident.nature is Nature.SECURITY
    facts = [
        ("Status", incident.state.value.capitalize()),
        ("Detected", f"{incident.detected_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Acknowledged by", incident.acknowledged_by or "nobody yet"),
    ]
    facts += [] if restricted else [(name, value) for name, value in known if f"{name}: {value}" not in tell.text]
    if incident.is_open and next_update is not None:
        facts.append(("Next update", f"by {moment_words(next_update, now)}"))
    if policy.time_scale != 1:
        facts.append(("Clocks", f"run {policy.time_scale:g} times faster: a demonstration"))
    message = Message(
        headline=_headline(incident, alerts, policy),
        text=RESTRICTED_TEXT if restricted else tell.text,
        facts=tuple(facts),
        links=_told_links(() if restricted else tell.links, _links(incident, firing(alerts), policy)),
        attention=tell.attention,
        channel=channel or policy.channel_of(incident),
    )
    return asdict(message)


def withdrawn_document(incident: Incident, policy: IncidentPolicy) -> dict[str, Any]:
    """Return what takes the place of a message that told more of a security incident than it may."""
    headline = _headline(incident, (), policy)
    return asdict(Message(headline=headline, text=WITHDRAWN_TEXT, links=_links(incident, (), policy)))


def told_too_much(body: Mapping[str, Any]) -> bool:
    """Return whether what was sent names more of a security incident than that it is one."""
    title = body.get("summary") or body.get("headline") or body.get("subject") or RESTRICTED_TITLE
    return RESTRICTED_TITLE not in str(title)


def fallback_document(
    incident: Incident, alerts: Iterable[Tracked], why: str, policy: IncidentPolicy
) -> dict[str, Any]:
    """Return the page that goes to the chat because PagerDuty did not take it."""
    message = Message(
        headline=f"PAGE NOT DELIVERED [{incident.priority}] {_title(incident)}",
        text=f"{why}. Whoever reads this: please call the engineer on call.",
        facts=tuple(
            (f"Level {level}", ", ".join(policy.levels[level]) or "nobody is named")
            for level in sorted(policy.levels)
            if level <= incident.level
        ),
        links=_links(incident, firing(alerts), policy),
        attention="channel",
        channel=policy.channel_of(incident),
    )
    return asdict(message)


def mail_document(
    incident: Incident,
    alerts: Iterable[Tracked],
    what: str,
    text: str,
    to: Iterable[str],
    policy: IncidentPolicy,
) -> dict[str, Any]:
    """Return a mail about an incident, in plain text; `what` happened stands in its subject."""
    said = RESTRICTED_TEXT if incident.nature is Nature.SECURITY else text
    values = {**_values(incident, alerts, policy), "news": what, "text": said}
    words = _words(incident, policy).mail
    return _mail(incident, fill(words.subject, values), fill(words.text, values), to, policy)


def fallback_mail_document(incident: Incident, why: str, to: Iterable[str], policy: IncidentPolicy) -> dict[str, Any]:
    """Return the page that goes out by mail because PagerDuty did not take it; `why` is the desk's own word."""
    return _mail(incident, f"PAGE NOT DELIVERED [{incident.priority}] {_title(incident)}", why, to, policy)


def _mail(incident: Incident, subject: str, text: str, to: Iterable[str], policy: IncidentPolicy) -> dict[str, Any]:
    url = incident_url(incident.id, policy)
    facts = [
        f"Severity: {incident.priority}",
        f"State: {incident.state}",
        f"Began: {incident.began_at:%Y-%m-%d %H:%M} UTC",
        *([f"Incident: {url}"] if url else []),
    ]
    lines = [text, "", *facts]
    return {"to": list(to), "subject": " ".join(subject.split()), "text": "\n".join(lines)}


def _told_links(own: Iterable[tuple[str, str]], usual: Iterable[Link]) -> tuple[Link, ...]:
    """Return the links of a message, each page once: those that it brings, then those that every message has."""
    links = {href: Link(href, name) for name, href in own}
    pages = {_page_of(href) for href in links}
    return (*links.values(), *(link for link in usual if _page_of(link.href) not in pages))


def _page_of(href: str) -> str:
    """Return an address without what only says at which time a dashboard is looked at."""
    return href.partition("?")[0]


def _headline(incident: Incident, alerts: Iterable[Tracked], policy: IncidentPolicy) -> str:
    return fill(_words(incident, policy).chat.headline, _values(incident, alerts, policy))


def _words(incident: Incident, policy: IncidentPolicy) -> Words:
    """Return the spec's words, for a security incident the usual ones: nobody wrote those with it in mind."""
    return Words() if incident.nature is Nature.SECURITY else policy.words


def _values(incident: Incident, alerts: Iterable[Tracked], policy: IncidentPolicy) -> dict[str, str]:
    return {**inside(incident, alerts, policy), "title": _title(incident)}


def _title(incident: Incident) -> str:
    return RESTRICTED_TITLE if incident.nature is Nature.SECURITY else incident.title


def _links(incident: Incident, fires: tuple[Tracked, ...], policy: IncidentPolicy) -> tuple[Link, ...]:
    links: list[Link] = []
    for tracked in fires[: 0 if incident.nature is Nature.SECURITY else 1]:
        if tracked.alert.runbook_url:
            links.append(Link(tracked.alert.runbook_url, f"Runbook of {tracked.alert.name}"))
        if tracked.alert.dashboard_url:
            links.append(Link(tracked.alert.dashboard_url, "Dashboard"))
    if url := incident_url(incident.id, policy):
        links.append(Link(url, "Incident"))
    return tuple(links)
