"""The organisation's part of the plan: calendar, people, severities, escalation, status page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from vcci_slo import plan
from vcci_slo.promql.durations import parse_duration
from vcci_slo.resolve.findings import Findings, Pace
from vcci_slo.spec.document import Spec
from vcci_slo.spec.organisation import SeveritySpec, UsersAboveSpec
from vcci_slo.spec.source import Path

__all__ = ["calendar", "contacts", "escalation", "links", "on_call", "severities", "status_page", "teams", "watchdog"]

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WATCHDOG_BEAT = timedelta(minutes=1)
WATCHDOG_SILENT = timedelta(minutes=5)
PRIORITIES: tuple[plan.Priority, ...] = ("P0", "P1", "P2", "P3")


def links(spec: Spec, overrides: Mapping[str, str]) -> plan.Links:
    """Return where people look; the environment may say otherwise than the spec."""
    given = {name: (value or "").rstrip("/") for name, value in spec.links.model_dump().items()}
    return plan.Links(**(given | {name: url.rstrip("/") for name, url in overrides.items() if url}))


def calendar(spec: Spec) -> plan.Calendar:
    """Return the named times, as days and minutes."""
    named = {
        "business": spec.calendar.business,
        "off-peak": spec.calendar.off_peak,
        "maintenance": spec.calendar.maintenance,
    }
    times = tuple(_time(name, text) for name, text in named.items())
    return plan.Calendar(spec.calendar.timezone, times, tuple(spec.calendar.freezes))


def _time(name: str, text: str) -> plan.NamedTime:
    days, hours = text.split(" ")
    if days == "daily":
        chosen = tuple(range(7))
    else:
        first, last = (DAYS.index(day) for day in (days.split("-") * 2)[:2])
        chosen = tuple(day % 7 for day in range(first, (last if last >= first else last + 7) + 1))
    start, end = (_minute(hour) for hour in hours.split("-"))
    return plan.NamedTime(name, text, tuple(sorted(chosen)), start, end)


def _minute(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def contacts(spec: Spec) -> tuple[plan.Contact, ...]:
    """Return the roles that can be reached."""
    return tuple(
        plan.Contact(name, contact.mail or "", contact.phone or "", contact.slack or "")
        for name, contact in spec.contacts.items()
    )


def teams(spec: Spec, findings: Findings) -> tuple[tuple[str, str], ...]:
    """Return each team with its channel; a spec without teams has its owner as the only one."""
    for name, team in spec.teams.items():
        if team.on_call is not None:
            findings.lookup(("teams", name, "on_call"), "a rota", team.on_call, spec.on_call)
    found = {name: team.slack for name, team in spec.teams.items()} or {spec.metadata.owner: ""}
    if spec.metadata.owner not in found:
        findings.lookup(("metadata", "owner"), "a team", spec.metadata.owner, found)
    return tuple(found.items())


def on_call(spec: Spec) -> tuple[plan.OnCall, ...]:
    """Return the rotas."""
    return tuple(
        plan.OnCall(
            team=name,
            handoff_day=DAYS.index(rota.handoff[:3]),
            handoff_minute=_minute(rota.handoff[4:]),
            shift=rota.shift,
            primary=rota.primary.pagerduty_schedule,
            secondary=rota.secondary.pagerduty_schedule,
        )
        for name, rota in spec.on_call.items()
    )


def severities(spec: Spec, pace: Pace, findings: Findings) -> tuple[plan.Severity, ...]:
    """Return P0 to P3 with every deadline."""
    ways: dict[str, plan.Notification] = {}
    times = ("business", "off-peak", "maintenance")
    for name, notify in spec.notify.items():
        if notify.during is not None:
            findings.lookup(("notify", name, "during"), "a named time", notify.during, dict.fromkeys(times))
        ways[name] = plan.Notification(name, notify.pagerduty, notify.slack, notify.during or "")
    found: list[plan.Severity] = []
    for priority in PRIORITIES:
        written = spec.severities[priority]
        way = findings.lookup(("severities", priority, "notify"), "a notification", written.notify, ways)
        if way is not None:
            found.append(_severity(priority, written, way, pace))
    return tuple(found)


def _severity(priority: plan.Priority, written: SeveritySpec, way: plan.Notification, pace: Pace) -> plan.Severity:
    respond = None if written.respond == "next-business-day" else written.respond
    assert respond is None or isinstance(respond, timedelta)  # noqa: S101 - the literal is handled above
    policy: Literal["at-once", "users-above", "optional", "never"]
    if isinstance(written.status_page, UsersAboveSpec):
        policy, users = "users-above", written.status_page.users_above.ratio
    else:
        policy, users = written.status_page, None
    return plan.Severity(
        priority=priority,
        means=written.means,
        examples=tuple(written.examples),
        notify=way,
        acknowledge=pace.maybe(written.acknowledge if written.acknowledge is not None else respond),
        assess=pace.maybe(written.assess),
        respond=pace.maybe(respond),
        update=pace.maybe(written.update),
        status_page=policy,
        users_above=users,
        review=pace.maybe(written.review),
        alertmanager=written.labels.alertmanager,
        pagerduty=written.labels.pagerduty,
    )


def escalation(spec: Spec, pace: Pace, findings: Findings) -> plan.Escalation:
    """Return who is asked next; a level that nobody fills is refused."""
    written = spec.escalation
    if written is None:
        return plan.Escalation((), (), (), ())
    known = dict.fromkeys(
        [*spec.contacts, *(f"{rota}.{line}" for rota in spec.on_call for line in ("primary", "secondary"))]
    )
    levels = {int(level): tuple(who) for level, who in written.levels.items()}
    for number, who in written.levels.items():
        path = ("escalation", "levels", number)
        if not who:
            findings.add(path, "at least one role", "nobody")
        for role in who:
            findings.lookup(path, "a role or a line of a rota", role, known)

    for name, level in written.declared.items():
        _level_exists(("escalation", "declared", name), level, levels, findings)
    return plan.Escalation(
        levels=tuple(sorted(levels.items())),
        unacknowledged=_steps("unacknowledged", written.unacknowledged, levels, pace, findings),
        unresolved=_steps("unresolved", written.unresolved, levels, pace, findings),
        declared=tuple(written.declared.items()),
    )


Steps = tuple[tuple[timedelta, int], ...]


def _steps(
    kind: str,
    table: Mapping[plan.Priority, Mapping[str, int]],
    levels: Mapping[int, tuple[str, ...]],
    pace: Pace,
    findings: Findings,
) -> tuple[tuple[plan.Priority, Steps], ...]:
    found: list[tuple[plan.Priority, Steps]] = []
    for priority, rungs in sorted(table.items()):
        row: list[tuple[timedelta, int]] = []
        for after, level in rungs.items():
            path = ("escalation", kind, priority, after)
            _level_exists(path, level, levels, findings)
            try:
                row.append((pace.of(parse_duration(after)), level))
            except ValueError:
                findings.add(path, "a duration with its unit such as 30m", repr(after))
        found.append((priority, tuple(sorted(row))))
    return tuple(found)


def _level_exists(path: Path, level: int, levels: Mapping[int, tuple[str, ...]], findings: Findings) -> None:
    if level not in levels:
        findings.add(path, f"a level that exists ({', '.join(map(str, levels))})", str(level))


def watchdog(spec: Spec, pace: Pace) -> plan.Watchdog:
    """Return the heartbeat."""
    written = spec.watchdog
    if written is None:
        return plan.Watchdog(pace.of(WATCHDOG_BEAT), pace.of(WATCHDOG_SILENT), "$HEARTBEAT_URL")
    return plan.Watchdog(pace.of(written.beat), pace.of(written.silent), written.to)


def status_page(spec: Spec, findings: Findings) -> plan.StatusPage | None:
    """Return what the public is told, if there is a page."""
    written = spec.status_page
    if written is None:
        return None
    for name, members in written.components.items():
        for member in members:
            findings.lookup(("status_page", "components", name), "a component", member, spec.components)
    return plan.StatusPage(
        provider=written.provider,
        components=tuple((name, tuple(members)) for name, members in written.components.items()),
        shows=tuple(written.shows.items()),
        approve=tuple(written.approve.items()),
    )
