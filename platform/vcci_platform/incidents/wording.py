"""What fills the gaps of the spec's words: which components, since when, and what users see of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from vcci_platform.incidents.model import Incident, Tracked
from vcci_platform.incidents.rules import IncidentPolicy

__all__ = ["began_words", "impact_words", "inside", "named", "public"]

NOBODY_NAMED = "our service"
"""What is touched, where the status page has no name for it."""

SEEN: Mapping[str, str] = {
    "operational": "should work normally",
    "under_maintenance": "may be away for maintenance",
    "degraded_performance": "may be slow",
    "partial_outage": "may not work for some of you",
    "major_outage": "may not work at all",
}
"""What a state of the status page means to whom it touches; in words that suit one name and several."""


def named(names: Iterable[str]) -> str:
    """Return public names in a sentence.

    >>> named(["Data", "API"]), named([])
    ('API and Data', 'our service')
    """
    return " and ".join(sorted(names)) or NOBODY_NAMED


def began_words(moment: datetime) -> str:
    """Return a moment that is past as the public reads it, the same whenever it is read.

    >>> began_words(datetime(2026, 3, 9, 14, 5))
    '14:05 UTC on 9 March'
    """
    return f"{moment:%H:%M} UTC on {moment.day} {moment:%B}"


def impact_words(components: Mapping[str, str]) -> str:
    """Return what users see of each component, those together of which it is the same.

    >>> impact_words({"API": "major_outage", "Data": "degraded_performance", "Login": "major_outage"})
    'API and Login may not work at all and Data may be slow'
    """
    alike: dict[str, list[str]] = {}
    for name, state in sorted(components.items()):
        alike.setdefault(state, []).append(name)
    return " and ".join(f"{named(names)} {SEEN[state]}" for state, names in alike.items())


def public(incident: Incident, components: Mapping[str, str], policy: IncidentPolicy) -> dict[str, str]:
    """Return what the public may read; `components` are public names, each with what the page shows of it."""
    shown = components or {NOBODY_NAMED: _shown(incident, policy)}
    return {"what": named(components), "began": began_words(incident.began_at), "impact": impact_words(shown)}


def inside(incident: Incident, alerts: Iterable[Tracked], policy: IncidentPolicy, **more: str) -> dict[str, str]:
    """Return what people at work may read of an incident, and `more`."""
    touched = frozenset({tracked.alert.component for tracked in alerts} | {incident.component}) - {""}
    components = dict.fromkeys(policy.public_names(touched), _shown(incident, policy))
    own = {"severity": incident.priority.value, "title": incident.title, "state": incident.state.value}
    return {**public(incident, components, policy), **own, **more}


def _shown(incident: Incident, policy: IncidentPolicy) -> str:
    return policy.shows.get(incident.priority, "degraded_performance") if incident.is_open else "operational"
