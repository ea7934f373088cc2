"""The organisation's part of the plan: links, calendar, severities, heartbeat, status page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal

from vcci_slo import plan
from vcci_slo.places import explore_logs, explore_trace, explore_traces, host_of
from vcci_slo.resolve.findings import Findings, Pace
from vcci_slo.resolve.oncall import DAYS, minute
from vcci_slo.spec.document import Spec
from vcci_slo.spec.organisation import LogsSpec, SeveritySpec, TracesSpec, UsersAboveSpec

__all__ = ["calendar", "links", "severities", "status_page", "watchdog"]

WATCHDOG_BEAT = timedelta(minutes=1)
WATCHDOG_SILENT = timedelta(minutes=5)
PRIORITIES: tuple[plan.Priority, ...] = ("P0", "P1", "P2", "P3")


def links(spec: Spec, overrides: Mapping[str, str]) -> plan.Links:
    """Return where people look; the environment may say otherwise than the spec."""
    written = spec.links
    plain = written.model_dump(exclude={"logs", "traces"})
    given = {name: (value or "").rstrip("/") for name, value in plain.items()}
    given |= _logs(written.logs, given["grafana"]) | _traces(written.traces, given["grafana"])
    said = {name: url.rstrip("/") for name, url in overrides.items() if url}
    forms = {"logs": ("logs_search",), "traces": ("traces_search", "traces_one")}
    other = {form: "" for name in said for form in forms.get(name, ())}  # another place has another form
    return plan.Links(**(given | other | said))


def _logs(written: LogsSpec | None, grafana: str) -> dict[str, str]:
    if written is None:
        return {}
    search = written.search or ""
    page = written.page or _front(search)
    if written.loki:
        search = explore_logs(grafana, written.loki, written.label)
        page = written.page or f"{grafana}/explore"
    return {"logs": page.rstrip("/"), "logs_search": search}


def _traces(written: TracesSpec | None, grafana: str) -> dict[str, str]:
    if written is None:
        return {}
    search, one = written.search or "", written.trace or ""
    page = written.page or _front(search or one)
    if written.tempo:
        search, one = explore_traces(grafana, written.tempo), explore_trace(grafana, written.tempo)
        page = written.page or f"{grafana}/explore"
    return {"traces": page.rstrip("/"), "traces_search": search, "traces_one": one}


def _front(form: str) -> str:
    """Return the first page of the tool that a form belongs to."""
    return f"{form.partition('://')[0]}://{host_of(form)}" if form else ""


def calendar(spec: Spec) -> plan.Calendar:
    """Return the named times, as days and minutes."""
    named = {
        "business": spec.calendar.business,
        "off-peak": spec.calendar.off_peak,
        "maintenance": spec.calendar.maintenance,
    }
    times = tuple(_time(name, text) for name, text in named.items())
    holidays = tuple(sorted({date.fromisoformat(day) for day in spec.calendar.holidays}))
    return plan.Calendar(spec.calendar.timezone, times, tuple(spec.calendar.freezes), holidays)


def _time(name: str, text: str) -> plan.NamedTime:
    days, hours = text.split(" ")
    if days == "daily":
        chosen = tuple(range(7))
    else:
        first, last = (DAYS.index(day) for day in (days.split("-") * 2)[:2])
        chosen = tuple(day % 7 for day in range(first, (last if last >= first else last + 7) + 1))
    start, end = (minute(hour) for hour in hours.split("-"))
    return plan.NamedTime(name, text, tuple(sorted(chosen)), start, end)


def severities(spec: Spec, pace: Pace, findings: Findings) -> tuple[plan.Severity, ...]:
    """Return P0 to P3 with every deadline."""
    ways: dict[str, plan.Notification] = {}
    times = ("business", "off-peak", "maintenance")
    for name, notify in spec.notify.items():
        if notify.during is not None:
            findings.lookup(("notify", name, "during"), "a named time", notify.during, dict.fromkeys(times))
            if notify.pagerduty == "high":
                expected = "pagerduty: low, or nothing, where people are asked in working hours only"
                findings.add(("notify", name, "during"), expected, f"{notify.during}, though it rings a phone")
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
