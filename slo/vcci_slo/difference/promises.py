"""What changes in promises: what is promised, what is counted, when it speaks, and whom it wakes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from vcci_slo.budget import allowed_downtime
from vcci_slo.difference.change import Change, changed_fields, pairs, said
from vcci_slo.plan import BurnTier, Plan, Slo
from vcci_slo.promql.durations import promql_duration, words
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import bad_now, errors_in, total_in

__all__ = ["promise_changes"]

RAW = timedelta(minutes=5)
_TOLD = ("name", "declared", "words", "objective", "budget", "percent", "window", "window_name", "indicator", "tiers")
_FOLLOWS = ("burn_alert", "no_data_alert", "runbook", "runbook_url", "dashboard_url", "ceiling")


def promise_changes(old: Plan, new: Plan) -> Iterator[Change]:
    """Yield what changes in promises. One that only changes its name is told as such."""
    renamed = _renamed(old, new)
    for name, before, after in pairs(old.slos, new.slos, "name"):
        if before is None and after is not None and name not in renamed:
            yield _added(new, after)
        elif before is None and after is not None:
            yield Change("promise", name, "changed", f"was called {renamed[name]}", wakes=False)
            yield from _changed(old, new, old.slo(renamed[name]), after)
        elif after is None and before is not None and name not in renamed.values():
            alerts = f"{before.burn_alert} and {before.no_data_alert}"
            yield Change(
                "promise", name, "removed", f"is promised no longer: {before.words}; {alerts} go", _wakes(old, before)
            )
        elif before is not None and after is not None:
            yield from _changed(old, new, before, after)


def _renamed(old: Plan, new: Plan) -> dict[str, str]:
    """Return new names of promises that count and promise exactly what one did that is gone."""
    gone = [slo for slo in old.slos if slo.name not in {one.name for one in new.slos}]
    born = [slo for slo in new.slos if slo.name not in {one.name for one in old.slos}]
    found: dict[str, str] = {}
    for slo in born:
        same = [one for one in gone if _essence(one) == _essence(slo) and one.name not in found.values()]
        if same:
            found[slo.name] = same[0].name
    return found


def _essence(slo: Slo) -> tuple[object, ...]:
    return slo.indicator, slo.objective, slo.window, slo.by


def _added(plan: Plan, slo: Slo) -> Change:
    tiers = ", ".join(f"{tier.name} {tier.priority}" for tier in slo.tiers) or "no tier"
    said_of = f"is new: {slo.words}, over {slo.window_name}; it speaks as {slo.burn_alert} ({tiers})"
    return Change("promise", slo.name, "added", said_of, _wakes(plan, slo))


def _wakes(plan: Plan, slo: Slo) -> bool:
    return any(plan.severity(tier.priority).page for tier in slo.tiers)


def _changed(old: Plan, new: Plan, before: Slo, after: Slo) -> Iterator[Change]:
    def change(text: str, *, wakes: bool = False) -> Change:
        return Change("promise", after.name, "changed", text, wakes)

    if before.objective != after.objective:
        lost, now = (allowed_downtime(budget=slo.budget, window=slo.window) for slo in (before, after))
        yield change(
            f"asks for {after.percent} instead of {before.percent}: {words(now)} of total failure in "
            f"{after.window_name}, not {words(lost)}"
        )
    if (before.window_name, before.calendar) != (after.window_name, after.calendar):
        yield change(f"is kept over {after.window_name} instead of {before.window_name}")
    yield from (change(text) for text in _counted(before, after))
    for name, one, other in pairs(before.tiers, after.tiers, "name"):
        yield from (change(text, wakes=wakes) for text, wakes in _tier(old, new, name, one, other))
    for which, was, now in changed_fields(before, after, leave=(*_TOLD, *_FOLLOWS)):  # type: ignore[assignment]
        yield change(f"{which}: {now} instead of {was}")


def _counted(before: Slo, after: Slo) -> Iterator[str]:
    """Yield how what is counted changes, by what is asked of Prometheus; a signal that changed is told by itself."""
    signals = [getattr(slo.indicator, "signal", None) for slo in (before, after)]
    through = signals[0] != signals[1] and getattr(signals[0], "ref", "") == getattr(signals[1], "ref", " ")
    for what, of in (("valid events", total_in), ("bad events", errors_in)):
        one, other = of(before, RAW), of(after, RAW)
        if one.replace(before.name, after.name) != other:
            how = f"since {signals[1].ref} changes" if through and signals[1] else f"{other} instead of {one}"
            yield f"counts other {what}: {how}"
    was, now = bad_now(before), bad_now(after)
    if was != now and was is not None and now is not None:
        yield f"calls a moment bad by {now} instead of {was}"


def _tier(
    old: Plan, new: Plan, name: str, before: BurnTier | None, after: BurnTier | None
) -> Iterator[tuple[str, bool]]:
    if before is None and after is not None:
        wakes = new.severity(after.priority).page
        yield f"gets the tier {name}: {after.priority} above {_percent(after.threshold)} in {_windows(after)}", wakes
    elif before is not None and after is None:
        yield f"loses the tier {name} ({before.priority})", old.severity(before.priority).page
    elif before is not None and after is not None:
        yield from _both(old, new, name, before, after)


def _both(old: Plan, new: Plan, name: str, before: BurnTier, after: BurnTier) -> Iterator[tuple[str, bool]]:
    if before.priority != after.priority:
        woke, wakes = old.severity(before.priority).page, new.severity(after.priority).page
        does = "" if woke == wakes else " and wakes someone now" if wakes else " and wakes nobody any more"
        yield f"{name} is {after.priority} instead of {before.priority}{does}", woke != wakes
    if before.threshold != after.threshold:
        yield (
            f"{name} fires above {_percent(after.threshold)} of failures instead of {_percent(before.threshold)}",
            False,
        )
    if (before.short, before.long) != (after.short, after.long):
        yield f"{name} looks at {_windows(after)} instead of {_windows(before)}", False
    rest = ("name", "priority", "threshold", "short", "long", "share", "factor", "exhausts_in")
    for which, was, now in changed_fields(before, after, leave=rest):
        yield f"{name} {which}: {said(now)} instead of {said(was)}", False


def _percent(ratio: float) -> str:
    return f"{number(ratio * 100)}%"


def _windows(tier: BurnTier) -> str:
    return f"{promql_duration(tier.long)} and {promql_duration(tier.short)}"
