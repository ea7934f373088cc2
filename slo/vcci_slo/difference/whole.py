"""The whole difference between two plans, the promises first."""

from __future__ import annotations

from collections.abc import Iterator

from vcci_slo.difference.alerts import alert_changes, signal_changes
from vcci_slo.difference.change import Change, Kind, changed_fields, pairs
from vcci_slo.difference.promises import promise_changes
from vcci_slo.plan import Dashboard, Panel, Plan

__all__ = ["difference"]

_PEOPLE = ("links", "contacts", "teams", "on_call", "escalation", "watchdog", "status_page")
WORDS = "incidents words "
_BUDGET = ("corrections", "budget_policies")
_TOLD = ("slos", "alerts", "components", "severities", "dashboards", "calendar", "name", "source", *_PEOPLE, *_BUDGET)


def difference(old: Plan, new: Plan) -> tuple[Change, ...]:
    """Return every change between two plans; none if they promise, watch and say the same."""
    found = (
        *promise_changes(old, new),
        *alert_changes(old, new),
        *signal_changes(old, new),
        *_components(old, new),
        *_severities(old, new),
        *_rest("people", old, new, _PEOPLE),
        *_words(old, new),
        *_rest("calendar", old, new, ("calendar",)),
        *_rest("budget", old, new, _BUDGET),
        *_dashboards(old, new),
        *_monitoring(old, new),
    )
    return tuple(dict.fromkeys(found))


def _components(old: Plan, new: Plan) -> Iterator[Change]:
    for name, before, after in pairs(old.components, new.components, "name"):
        if before is None and after is not None:
            yield Change("component", name, "added", f"is new: {after.title}")
        elif before is not None and after is None:
            yield Change("component", name, "removed", f"goes: {before.title}")
        elif before is not None and after is not None:
            for which, was, now in changed_fields(before, after, leave=("signals",)):
                yield Change("component", name, "changed", f"{which}: {now} instead of {was}")


def _severities(old: Plan, new: Plan) -> Iterator[Change]:
    for priority, before, after in pairs(old.severities, new.severities, "priority"):
        if before is None and after is not None:
            yield Change("severity", priority, "added", f"is new: {after.means}", after.page)
        elif before is not None and after is None:
            yield Change("severity", priority, "removed", f"goes: {before.means}", before.page)
        elif before is not None and after is not None:
            if before.page != after.page:
                does = "wakes someone now" if after.page else "wakes nobody any more"
                yield Change("severity", priority, "changed", does, wakes=True)
            for which, was, now in changed_fields(before, after):
                yield Change("severity", priority, "changed", f"{which}: {now} instead of {was}")


def _rest(kind: Kind, old: Plan, new: Plan, names: tuple[str, ...]) -> Iterator[Change]:
    for which, was, now in changed_fields(old, new, only=names):
        first, _, rest = which.partition(" ")
        name, words = (first, f"{rest}: {now} instead of {was}") if rest else (which, f"are {now} instead of {was}")
        yield Change(kind, name, "changed", words)


def _monitoring(old: Plan, new: Plan) -> Iterator[Change]:
    for which, was, now in changed_fields(old, new, leave=_TOLD):
        if not which.startswith(WORDS):
            yield Change("monitoring", which, "changed", f"is {now} instead of {was}")


def _words(old: Plan, new: Plan) -> Iterator[Change]:
    """Yield which words of an incident change; the public reads some of them."""
    for which, was, now in changed_fields(old, new, only=("incidents",)):
        if which.startswith(WORDS):
            name = which.removeprefix(WORDS)
            yield Change("people", "words", "changed", f"{name}: “{now}” instead of “{was}”")


def _dashboards(old: Plan, new: Plan) -> Iterator[Change]:
    for uid, before, after in pairs(old.dashboards, new.dashboards, "uid"):
        if before is None and after is not None:
            yield Change("dashboard", uid, "added", f"is new: {after.title}, {_count(after)}")
        elif before is not None and after is None:
            yield Change("dashboard", uid, "removed", f"goes: {before.title}, {_count(before)}")
        elif before is not None and after is not None:
            yield from _panels(uid, before, after)
            for which, was, now in changed_fields(before, after, leave=("rows", "url")):
                yield Change("dashboard", uid, "changed", f"{which}: {now} instead of {was}")


def _panels(uid: str, before: Dashboard, after: Dashboard) -> Iterator[Change]:
    """Yield what changes in panels; one is the same while its row and title are."""
    was, now = _by_place(before), _by_place(after)
    for place in (*now, *(place for place in was if place not in now)):
        one, other = was.get(place), now.get(place)
        if one is None:
            yield Change("dashboard", uid, "changed", f"gets the panel {place}")
        elif other is None:
            yield Change("dashboard", uid, "changed", f"loses the panel {place}")
        else:
            fields = dict.fromkeys(which for which, _, _ in changed_fields(one, other, leave=("id",)))
            if fields:
                yield Change("dashboard", uid, "changed", f"changes the panel {place}: {', '.join(fields)}")


def _by_place(board: Dashboard) -> dict[str, Panel]:
    found: dict[str, Panel] = {}
    for row in board.rows:
        for panel in row.panels:
            place = f"{row.title} / {panel.title}"
            found[place if place not in found else f"{place} ({panel.id})"] = panel
    return found


def _count(board: Dashboard) -> str:
    count = sum(len(row.panels) for row in board.rows)
    return f"{count} panel{'s' if count != 1 else ''}"
