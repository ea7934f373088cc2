"""Promises of a plan as specs of Sloth: one document for each service, and catalogues of windows where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from vcci_slo import burn
from vcci_slo.formats.names import Names, sloth_name
from vcci_slo.formats.native.asked import asked
from vcci_slo.formats.notes import Notes, Origin
from vcci_slo.formats.outgoing import Leaving, leaving, unsaid
from vcci_slo.formats.severities import PAGES
from vcci_slo.plan import BurnTier, Plan
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number
from vcci_slo.spec.document import Document

__all__ = ["SlothFiles", "sloth_files"]

PERIODS = (timedelta(days=30), timedelta(days=28))
"""The periods for which Sloth has windows of its own; its tiers are then ours."""

_PLACEHOLDER = "{{.window}}"
_PAGE, _TICKET = ("fast", "slow"), ("steady", "creep")


@dataclass(frozen=True)
class SlothFiles:
    """Specs for one run of Sloth, and the windows catalogue that it needs; None where its own will do."""

    period: timedelta
    specs: tuple[Mapping[str, Any], ...]
    windows: Mapping[str, Any] | None


_Pair = tuple[BurnTier, BurnTier]
_Window = tuple[timedelta, timedelta, float]
_Catalogue = tuple[timedelta, tuple[_Window, ...] | None]


def sloth_files(document: Document, plan: Plan, notes: Notes, *, by_hand: bool) -> tuple[SlothFiles, ...]:
    """Return the specs, apart for each period and catalogue of windows, since those are of a whole run of Sloth.

    `by_hand` is whether a person wrote the spec, so that its defaults are meant too.
    """
    if by_hand:
        unsaid(document, plan, "Sloth", notes, silence=True)
    groups: dict[_Catalogue, dict[str, list[tuple[Leaving, bool, bool]]]] = {}
    for promise in leaving(document, plan):
        period = _period(promise, notes)
        page, ticket = _pairs(promise, notes)
        catalogue = (period, _needed(promise, period, page, ticket))
        if promise.silence and not by_hand:
            why = "Sloth has no word for it"
            after = promql_duration(promise.slo.no_data.after)
            notes.lost(promise.origin, "no_data", f"the alert when there have been no data for {after}", why)
        of_service = groups.setdefault(catalogue, {}).setdefault(promise.service, [])
        of_service.append((promise, page is not None, ticket is not None))
    if len(groups) > 1:
        origin = next(iter(next(iter(groups.values())).values()))[0][0].origin
        why = "a run of Sloth has one period and one catalogue of windows"
        notes.changed(Origin(origin.file), "", "promises of different windows", why, f"{len(groups)} sets of files")
    return tuple(
        SlothFiles(
            period,
            tuple(_spec(service, promises, plan, notes) for service, promises in services.items()),
            _windows(period, tiers) if tiers is not None else None,
        )
        for (period, tiers), services in groups.items()
    )


def _period(promise: Leaving, notes: Notes) -> timedelta:
    slo = promise.slo
    if slo.calendar is not None or slo.window_name == "month":
        why = "Sloth has rolling periods of days"
        notes.lost(promise.origin, "window", f"months of {slo.calendar or 'the calendar'}", why, "30d")
        return timedelta(days=30)
    return slo.window


def _pairs(promise: Leaving, notes: Notes) -> tuple[_Pair | None, _Pair | None]:
    """Return the tiers of page and ticket. A single one is said twice, which means the same."""
    pairs: list[_Pair | None] = []
    for pages, kind in ((True, "page"), (False, "ticket")):
        tiers = [tier for tier in promise.slo.tiers if (tier.priority in PAGES) == pages]
        usual = "P1" if pages else "P2"
        for tier in tiers:
            if tier.priority != usual:
                why = "an alert of Sloth is a page or a ticket, which come back as P1 and P2"
                notes.lost(promise.origin, f"tiers.{tier.name}", f"the severity {tier.priority}", why, f"the {kind}")
        for tier in tiers[2:]:
            what = f"the tier {tier.name} ({number(tier.factor)} times in {promql_duration(tier.long)})"
            notes.lost(promise.origin, "tiers", what, f"a {kind} of Sloth has two tiers")
        pairs.append((tiers[0], tiers[1] if len(tiers) > 1 else tiers[0]) if tiers else None)
    return pairs[0], pairs[1]


def _needed(
    promise: Leaving, period: timedelta, page: _Pair | None, ticket: _Pair | None
) -> tuple[_Window, ...] | None:
    """Return the windows that a promise needs, short, long and share in Sloth's order; None where Sloth's own do."""
    wanted: list[_Window] = []
    for pair, names in ((page, _PAGE), (ticket, _TICKET)):
        usual = [tier for tier in burn.TIERS if tier.name in names]
        # A tier that cannot fire at this objective may as well be there.
        alive = [tier for tier in usual if burn.factor(tier, period) * promise.slo.budget < 1]
        given = [_window(tier) for tier in pair] if pair else []
        if not given or (list(dict.fromkeys(given)) == [_window(tier) for tier in alive] and period in PERIODS):
            given = [_window(tier) for tier in usual]
        wanted += given
    if period in PERIODS and wanted == [_window(tier) for tier in burn.TIERS]:
        return None
    return tuple(wanted)


def _window(tier: BurnTier | burn.Tier) -> _Window:
    return tier.short, tier.long, round(tier.share, 10)


def _windows(period: timedelta, tiers: Sequence[_Window]) -> dict[str, Any]:
    def entry(tier: _Window) -> dict[str, Any]:
        short, long, share = tier
        percents = float((Decimal(repr(share)) * 100).normalize())
        return {
            "errorBudgetPercent": int(percents) if percents.is_integer() else percents,
            "shortWindow": promql_duration(short),
            "longWindow": promql_duration(long),
        }

    quick, slow, ticket_quick, ticket_slow = (entry(tier) for tier in tiers)
    return {
        "apiVersion": "sloth.slok.dev/v1",
        "kind": "AlertWindows",
        "spec": {
            "sloPeriod": promql_duration(period),
            "page": {"quick": quick, "slow": slow},
            "ticket": {"quick": ticket_quick, "slow": ticket_slow},
        },
    }


def _spec(service: str, promises: Sequence[tuple[Leaving, bool, bool]], plan: Plan, notes: Notes) -> dict[str, Any]:
    name = sloth_name(service)
    if name != service:
        notes.changed(promises[0][0].origin, "component", f"the name {service}", "Sloth takes no such name", name)
    first = promises[0][0].labels
    common = {
        label: value
        for label, value in first.items()
        if all(promise.labels.get(label) == value for promise, _, _ in promises)
    }
    names = Names(longest=120)
    spec: dict[str, Any] = {"version": "prometheus/v1", "service": name}
    if common:
        spec["labels"] = common
    spec["slos"] = [
        _slo(promise, names, common, plan, notes, page=page, ticket=ticket) for promise, page, ticket in promises
    ]
    return spec


def _slo(
    promise: Leaving,
    names: Names,
    common: Mapping[str, str],
    plan: Plan,
    notes: Notes,
    *,
    page: bool,
    ticket: bool,
) -> dict[str, Any]:
    slo = promise.slo
    name = names.take(sloth_name(promise.name))
    if name != promise.name:
        notes.changed(promise.origin, "", f"the name {promise.name}", "Sloth takes no such name, or not twice", name)
    objective = float(slo.percent.rstrip("% "))
    found: dict[str, Any] = {"name": name, "objective": int(objective) if objective.is_integer() else objective}
    if promise.about:
        found["description"] = promise.about
    if promise.title:
        notes.lost(promise.origin, "title", f"the title {promise.title}", "Sloth has none")
    own = {label: value for label, value in promise.labels.items() if label not in common}
    if own:
        found["labels"] = own
    found["sli"] = _sli(promise, notes)
    found["alerting"] = _alerting(promise, plan, page=page, ticket=ticket)
    return found


def _sli(promise: Leaving, notes: Notes) -> dict[str, Any]:
    query = asked(promise.slo)
    if promise.slo.by:
        by = ", ".join(promise.slo.by)
        why = "Sloth has no groups, though its rules keep the labels of queries"
        notes.changed(promise.origin, "by", f"an account for each {by}", why, "queries that keep the labels")
    if query.ratio:
        return {"raw": {"error_ratio_query": query.ratio.replace("WINDOW", _PLACEHOLDER)}}
    return {
        "events": {
            "error_query": query.bad.replace("WINDOW", _PLACEHOLDER),
            "total_query": query.total.replace("WINDOW", _PLACEHOLDER),
        }
    }


def _alerting(promise: Leaving, plan: Plan, *, page: bool, ticket: bool) -> dict[str, Any]:
    slo = promise.slo
    if not page and not ticket:
        return {"page_alert": {"disable": True}, "ticket_alert": {"disable": True}}
    links = {"runbook_url": slo.runbook_url, "dashboard_url": slo.dashboard_url}
    annotations = {name: url for name, url in links.items() if url}
    return {
        "name": slo.burn_alert,
        **({"annotations": annotations} if annotations else {}),
        "page_alert": _alert(promise, plan, pages=True) if page else {"disable": True},
        "ticket_alert": _alert(promise, plan, pages=False) if ticket else {"disable": True},
    }


def _alert(promise: Leaving, plan: Plan, *, pages: bool) -> dict[str, Any]:
    priority = min(tier.priority for tier in promise.slo.tiers if (tier.priority in PAGES) == pages)
    labels = {
        "severity": plan.severity(priority).alertmanager,
        "priority": priority,
        "team": promise.slo.team,
    }
    return {"labels": labels}
