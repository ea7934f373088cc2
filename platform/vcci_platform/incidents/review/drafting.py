"""The first draft of a review: everything that the desk knows, and nothing that it does not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from vcci_platform.incidents.model import Entry, Incident, State, Tracked
from vcci_platform.incidents.reminders import span_words
from vcci_platform.incidents.review.impact import Impact
from vcci_platform.incidents.review.model import Line, Review, Stage

__all__ = ["UNCOUNTED", "draft", "facts_of", "line_of", "redrafted"]

TOLD = frozenset(
    {
        "alert_firing",
        "alert_resolved",
        "classified",
        "declared",
        "effect_dead",
        "escalated",
        "escalation_held",
        "forgotten",
        "acknowledge_missed",
        "respond_missed",
        "note",
        "opened",
        "page_adopted",
        "page_fell_back",
        "page_requested",
        "publication",
        "reported",
        "resolve_doubted",
        "resolve_withheld",
        "role",
        "severity_changed",
        "severity_raised",
        "show_delivered",
        "sight_regained",
        "storm",
        "trigger_delivered",
        "update",
        "update_missed",
    }
)
"""What a reader of a review wants to see; the rest stays in the timeline of the incident."""

UNKNOWN = "unknown"
UNCOUNTED = "Users and revenue: unknown to the desk; a person enters them in the head"


def draft(
    incident: Incident, entries: Sequence[tuple[int, Entry]], alerts: Iterable[Tracked], impact: Impact
) -> Review:
    """Return the draft of a review. `entries` are the lines of the incident's timeline with their numbers.

    Causes and lessons stay empty: those are for people. What the desk saw go well or badly it says.
    """
    return Review(
        incident=incident.id,
        title=incident.title,
        facts=facts_of(incident, impact),
        timeline=_timeline(entries, impact),
        summary=_summary(incident, tuple(alerts), impact),
        resolution=_resolution(entries),
        went_well="\n".join(f"- {text}" for text in _well(incident, entries)),
        improve="\n".join(f"- {text}" for text in _badly(incident, entries)),
    )


def redrafted(
    review: Review,
    incident: Incident,
    entries: Sequence[tuple[int, Entry]],
    alerts: Iterable[Tracked],
    impact: Impact,
    *,
    touched: bool,
) -> Review:
    """Return the review of an incident that was reopened: what people wrote stays, what happened since is added."""
    fresh = draft(incident, entries, alerts, impact)
    if not touched:
        return replace(fresh, version=review.version + 1, items=review.items)
    last = max((line.source for line in review.timeline if line.source is not None), default=0)
    newer = tuple(line for line in fresh.timeline if line.source is not None and line.source > last)
    timeline = tuple(sorted((*review.timeline, *newer), key=lambda line: line.at))
    stage = Stage.DRAFT
    return replace(review, version=review.version + 1, stage=stage, facts=fresh.facts, timeline=timeline)


def facts_of(incident: Incident, impact: Impact) -> tuple[str, ...]:
    """Return what the desk tells of an incident at the head of its review."""
    return (
        f"Date/Time: {_moment(incident.began_at)} (first alert or report)",
        f"Impact, by the SLIs: {_impact_span(impact)}",
        f"Duration: {_duration(incident)} from detection to resolution; recovery of the SLI: {_recovery(impact)}",
        f"Severity: {incident.priority}",
        f"System: {incident.system}{f', {incident.component}' if incident.component else ''}",
        f"Detected: {_moment(incident.detected_at)} by {incident.source}",
        f"Acknowledged: {_acknowledged(incident)}",
        f"Resolved: {_moment(incident.resolved_at)}",
        *(f"Reopened: {incident.episode - 1} times" for _ in range(incident.episode > 1)),
        UNCOUNTED,
        f"Tenants: {impact.tenants.words if impact.tenants else UNKNOWN}",
        f"Requests: {_requests(impact)}",
        f"Error budget: {_budget(impact)}",
    )


def line_of(number: int, entry: Entry) -> Line:
    """Return a line of the incident's timeline as one of its review."""
    why = f" ({entry.why})" if entry.why else ""
    return Line(entry.occurred_at, entry.received_at, entry.kind, entry.by, f"{entry.text}{why}", number)


def _timeline(entries: Sequence[tuple[int, Entry]], impact: Impact) -> tuple[Line, ...]:
    lines = [
        line_of(number, entry) for number, entry in entries if entry.kind in TOLD or entry.kind.startswith("state_")
    ]
    if impact.start is not None:
        lines.append(Line(impact.start, impact.start, "impact_began", "SLI", "the first promise was broken"))
    if impact.end is not None:
        lines.append(Line(impact.end, impact.end, "impact_ended", "SLI", "every promise was kept again from here on"))
    return tuple(sorted(lines, key=lambda line: (line.at, line.source or 0)))


def _summary(incident: Incident, alerts: tuple[Tracked, ...], impact: Impact) -> str:
    names = sorted({tracked.alert.name for tracked in alerts})
    count = "1 alert was" if len(alerts) == 1 else f"{len(alerts)} alerts were"
    heard = f" {count} heard: {', '.join(names[:5])}{' …' if names[5:] else ''}." if names else ""
    cost = max(impact.costs, key=lambda each: each.share or 0, default=None)
    spent = ""
    if cost is not None and cost.share is not None and cost.known > 0:
        spent = f" It took {cost.share:.1%} of the budget of {cost.promise}."
    return f"{incident.priority} in {incident.system}: {incident.title.rstrip('.')}.{heard}{spent}"


def _resolution(entries: Sequence[tuple[int, Entry]]) -> str:
    found = [entry for _, entry in entries if entry.kind in {"state_mitigating", "state_resolved"} and entry.why]
    return "\n".join(f"- {entry.by}: {entry.why}" for entry in found)


def _well(incident: Incident, entries: Sequence[tuple[int, Entry]]) -> list[str]:
    found: list[str] = []
    if incident.source != "person":
        found.append("An alert told of it before a person did.")
    if incident.acknowledged_at is not None and not _has(entries, "acknowledge_missed"):
        taken = incident.acknowledged_at - incident.detected_at
        found.append(f"Acknowledged within {span_words(max(taken, timedelta(0)))}, in time.")
    return found


def _badly(incident: Incident, entries: Sequence[tuple[int, Entry]]) -> list[str]:
    found: list[str] = []
    if incident.source == "person":
        found.append("A person told of it; no alert did.")
    if incident.episode > 1:
        found.append("It was resolved and had to be reopened.")
    for kind, text in (
        ("acknowledge_missed", "It was not acknowledged in time."),
        ("respond_missed", "Nobody began to investigate in time."),
        ("update_missed", "An update was missed."),
        ("page_fell_back", "A page did not reach PagerDuty and went out by other ways."),
        ("forgotten", "It was acknowledged and then forgotten."),
        ("effect_dead", "A vendor refused something that the desk wanted to do."),
        ("resolve_doubted", "Its source went blind while it lasted."),
    ):
        if _has(entries, kind):
            found.append(text)
    return found


def _has(entries: Sequence[tuple[int, Entry]], kind: str) -> bool:
    return any(entry.kind == kind for _, entry in entries)


# --- words ------------------------------------------------------------------------------------------------------------


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else UNKNOWN


def _impact_span(impact: Impact) -> str:
    if impact.unknown:
        return f"{UNKNOWN}: {impact.unknown}"
    if impact.start is None:
        return "no promise was broken"
    end = _moment(impact.end) if impact.end else f"{UNKNOWN}: it was not seen to be good again"
    return f"{_moment(impact.start)} to {end}, to within {span_words(timedelta(seconds=impact.precision))}"


def _duration(incident: Incident) -> str:
    if incident.resolved_at is None or incident.state not in {State.RESOLVED, State.REVIEWED}:
        return UNKNOWN
    return span_words(incident.resolved_at - incident.detected_at)


def _recovery(impact: Impact) -> str:
    if impact.unknown or impact.start is None or impact.end is None:
        return UNKNOWN if impact.unknown or impact.start else "nothing to recover"
    return span_words(impact.end - impact.start)


def _acknowledged(incident: Incident) -> str:
    if incident.acknowledged_at is None:
        return "never"
    return f"{_moment(incident.acknowledged_at)} by {incident.acknowledged_by or 'somebody'}"


def _requests(impact: Impact) -> str:
    seen = [cost for cost in impact.costs if cost.known > 0]
    if not seen:
        return UNKNOWN if impact.unknown or impact.costs else "none failed that a promise counts"
    return "; ".join(f"{cost.promise}: {cost.bad:,.0f} bad of {cost.total:,.0f}{_seen(cost.known)}" for cost in seen)


def _budget(impact: Impact) -> str:
    seen = [cost for cost in impact.costs if cost.known > 0 and cost.share is not None and cost.minutes is not None]
    if not seen:
        return UNKNOWN if impact.unknown or impact.costs else "none was spent"
    return "; ".join(f"{cost.promise}: {cost.minutes:.1f} min, {cost.share:.1%} of its window" for cost in seen)


def _seen(known: float) -> str:
    return f" ({known:.0%} observed)" if known < 0.995 else ""
