"""Which recorded history breaks between two plans: windows that hold what was counted otherwise, and for how long.

A window that is read from raw series is right at once, since the raw series are still there. One that is built from
recorded ones holds old counts until they have left it. So each rule is followed to what it reads, and how far back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Literal

import promql_parser as promql

from vcci_alerts import rules
from vcci_alerts.expressions import syntax_tree
from vcci_alerts.model import Recording
from vcci_platform.live.expressions import Look, look_of, normalised
from vcci_platform.live.routing import holds
from vcci_slo.plan import Plan, Slo
from vcci_slo.promql import series

__all__ = ["Broken", "broken_history", "reaches"]

NOTHING = timedelta(0)
JUDGED = frozenset(
    {series.OBJECTIVE, series.BUDGET, series.BURN_RATE, series.PERIOD_BURN_RATE, series.REMAINING, series.TIME_PERIOD}
)
"""What is computed from counts and the objective at each moment; it has no history that could break."""
Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Broken:
    """What becomes of the recorded history of one promise, or of one recorded signal.

    `windows` are (window, for how long its figures are wrong), the shortest first. `how` says in which way: `mixed`
    holds old and new counts, `partial` knows only what came after the change, `gone` is recorded no longer.
    """

    name: str
    how: Literal["mixed", "partial", "gone"]
    windows: tuple[tuple[timedelta, timedelta], ...]


def broken_history(old: Plan, new: Plan) -> tuple[Broken, ...]:
    """Return each promise and signal whose recorded series change what they hold."""
    before, after = _recordings(old), _recordings(new)
    state = _followed(before, after)
    of_promise: dict[str, State] = defaultdict(dict)
    for key, follows in state.items():
        of_promise[_slo(key)][key] = follows
    known = {_slo(key) for key in before}
    found: list[Broken] = []
    for slo in new.slos:
        windows = tuple(_windows(slo, of_promise[slo.name]))
        if windows:
            mixed = slo.name in known and _changed(of_promise[slo.name])
            found.append(Broken(slo.name, "mixed" if mixed else "partial", windows))
    kept = {slo.name for slo in new.slos}
    found += [Broken(slo.name, "gone", ()) for slo in old.slos if slo.name not in kept]
    found += [Broken(key[0], "mixed", ()) for key, (_, how) in of_promise[""].items() if how == "changed"]
    return tuple(found)


def _slo(key: Key) -> str:
    """Return the promise whose series it is, nothing for that of a signal."""
    return dict(key[1]).get("slo", "")


State = dict[Key, tuple[timedelta, Literal["born", "changed", "fed"]]]


def _recordings(plan: Plan) -> Mapping[Key, Recording]:
    """Return every recording rule in the order of evaluation, by its series."""
    return {
        (rule.record, frozenset(rule.labels)): rule
        for group in rules.rule_files(plan).values()
        for rule in group.rules
        if isinstance(rule, Recording)
    }


def _followed(before: Mapping[Key, Recording], after: Mapping[Key, Recording]) -> State:
    """Return, for each series that holds something else than before, how long its values are wrong, and why."""
    found: State = {}
    touched: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for key, rule in after.items():
        reads = [
            found[source][0] + reach
            for look, reach in (reaches(rule.expression) if touched else ())
            for source in touched.get((look.metric, _named(look)), ())
            if holds([one for one in look.matchers if one.label in dict(source[1])], dict(source[1]))
        ]
        wrong = max(reads, default=NOTHING)
        if key not in before:
            found[key] = wrong, "born"
        elif normalised(before[key].expression) != normalised(rule.expression):
            found[key] = wrong, "changed"
        elif reads:
            found[key] = wrong, "fed"
        if key in found:
            touched[key[0], _slo(key)].append(key)
    return found


def _named(look: Look) -> str:
    """Return the promise whose recorded series an expression looks at; our rules always name it."""
    return next((one.value for one in look.matchers if one.label == "slo" and one.operator == "="), "")


def _windows(slo: Slo, state: State) -> Iterator[tuple[timedelta, timedelta]]:
    spans = {slo.window, *(tier.long for tier in slo.tiers), *(tier.short for tier in slo.tiers)}
    for window in sorted(spans):
        names = {series.errors(window), series.total(window)}
        if slo.calendar is not None and window == slo.window:
            names = {series.MONTH_ERRORS, series.MONTH_TOTAL}
        wrong = [span for (name, _), (span, _) in state.items() if name in names]
        if wrong and max(wrong) > NOTHING:
            # Sampled windows are a millisecond short, so that no sample counts twice.
            yield window, timedelta(seconds=ceil(max(wrong).total_seconds()))


def _changed(state: State) -> bool:
    """Return whether a count of a promise that was there before holds something else now."""
    return any(how == "changed" and name not in JUDGED for (name, _), (_, how) in state.items())


def reaches(expression: str) -> tuple[tuple[Look, timedelta], ...]:
    """Return what an expression looks at, and how far back.

    >>> [(look.metric, str(back)) for look, back in reaches("last_over_time(x[15m] offset 2h) + sum_over_time(y[1d])")]
    [('x', '2:00:00'), ('y', '1 day, 0:00:00')]
    """
    return tuple(_reaches(syntax_tree(expression), NOTHING))


def _reaches(tree: promql.Expr, back: timedelta) -> Iterator[tuple[Look, timedelta]]:
    match tree:
        case promql.VectorSelector():
            # What stands `@ end()` is of the moment of evaluation, however far back the rest looks.
            now = tree.at is not None and tree.at.type == promql.AtModifierType.End
            yield look_of(tree), (NOTHING if now else back) + (tree.offset or NOTHING)
        case promql.MatrixSelector():
            yield from _reaches(tree.vector_selector, back + tree.range)
        case promql.Call() if tree.func.name == "last_over_time" and isinstance(tree.args[0], promql.MatrixSelector):
            # Only the newest sample is read; its range bridges a gap.
            yield from _reaches(tree.args[0].vector_selector, back)
        case promql.Call():
            for argument in tree.args:
                yield from _reaches(argument, back)
        case promql.SubqueryExpr():
            yield from _reaches(tree.expr, back + (tree.range or NOTHING) + (tree.offset or NOTHING))
        case promql.BinaryExpr():
            yield from _reaches(tree.lhs, back)
            yield from _reaches(tree.rhs, back)
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr():
            yield from _reaches(tree.expr, back)
        case _:
            return
