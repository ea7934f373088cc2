"""What the panels of promises ask: series that the rules record, one for each promise, or for each part of one.

A promise that is kept apart by labels has an account for each of their values; a choice at the top of the page narrows
the promises that have its label, and leaves the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from vcci_dashboards.drawing import Drawing
from vcci_slo import plan
from vcci_slo.promql.figures import number
from vcci_slo.promql.matchers import Matcher, selector
from vcci_slo.promql.series import (
    BUDGET,
    BURN_RATE,
    INFO,
    MONTH_ERRORS,
    MONTH_RATIO,
    OBJECTIVE,
    REMAINING,
    errors,
    ratio,
    total,
)
from vcci_slo.windows import month_offsets

__all__ = [
    "CHOICE",
    "Asked",
    "components",
    "even_pace",
    "families",
    "kept",
    "labels_of",
    "lasts",
    "least_left",
    "month_left",
    "promised",
]

CHOICE = Matcher("slo", "=~", "$slo")
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Asked:
    """Promises that are asked for in one expression: on which page, kept apart by which labels, which of them.

    `among` names them; where there are too many to name, `known_by` says what the rules tell about them.
    """

    drawing: Drawing
    by: tuple[str, ...] = ()
    among: tuple[Matcher, ...] = ()
    known_by: tuple[Matcher, ...] = ()

    @classmethod
    def of(cls, drawing: Drawing, slos: Iterable[plan.Slo]) -> Asked:
        """Return what asks for some promises of the plan."""
        chosen = list(slos)
        names = [slo.name for slo in chosen]
        among = () if len(names) == len(drawing.plan.slos) else (Matcher("slo", "=~", "|".join(names)),)
        return cls(drawing, labels_of(chosen), among)

    @property
    def legend(self) -> str:
        """The name of each line: the promise, and which part of it."""
        return " ".join(f"{{{{{label}}}}}" for label in ("slo", *self.by))

    @property
    def joined(self) -> str:
        """How a number of a promise is joined to those of its parts."""
        return "on (slo) group_left ()" if self.by else "on (slo)"

    def chosen(self, series: str) -> str:
        """Return the series under the choices of the page."""
        return selector(series, (*self._choices(), *self.among))

    def each(self, series: str) -> str:
        """Return one number for each part of each promise, whatever else the rules put on the series."""
        found = f"max by ({', '.join(('slo', *self.by))}) ({self.chosen(series)})"
        return f"({found} and on (slo) {selector(INFO, self.known_by)})" if self.known_by else found

    def only(self, expr: str, some: str) -> str:
        """Return what an expression says of the parts that another one finds."""
        return f"({expr}) and on ({', '.join(('slo', *self.by))}) {some}"

    def whole(self, series: str) -> str:
        """Return one number for each promise: what is the same for all of its parts."""
        matchers = (*((CHOICE,) if self.drawing.chooses_slo else ()), *self.among)
        return f"max by (slo) ({selector(series, matchers)})"

    def burned(self, window: timedelta) -> str:
        """Return how many times faster than evenly a window spends the budget."""
        return f"{self.each(ratio(window))} / {self.joined} {self.whole(BUDGET)}"

    def burned_in_both(self, short: timedelta, long: timedelta) -> str:
        """Return the smaller burn of two windows, promise by promise."""
        slow, fast = self.each(ratio(long)), self.each(ratio(short))
        return f"(({slow} <= {fast}) or {fast}) / {self.joined} {self.whole(BUDGET)}"

    def _choices(self) -> Iterable[Matcher]:
        if self.drawing.chooses_slo:
            yield CHOICE
            # Nothing, after the bar, finds what has no such label.
            yield from (Matcher(label, "=~", f"${label}|") for label in self.by if label in self.drawing.parts)


def labels_of(slos: Iterable[plan.Slo]) -> tuple[str, ...]:
    """Return the labels by which promises are kept apart, each once."""
    return tuple(dict.fromkeys(label for slo in slos for label in slo.by))


def families(slos: Iterable[plan.Slo]) -> list[list[plan.Slo]]:
    """Return the promises with those that are kept apart by the same labels, so that one legend fits all."""
    found: dict[tuple[str, ...], list[plan.Slo]] = {}
    for slo in slos:
        found.setdefault(slo.by, []).append(slo)
    return list(found.values())


def promised(drawing: Drawing, slos: Sequence[plan.Slo]) -> str:
    """Return the objective of each promise, said of each of its parts; one without any part is listed too."""
    asked = Asked.of(drawing, slos)
    if not asked.by:
        return asked.each(OBJECTIVE)
    anywhere = Asked(drawing, (), asked.among).each(REMAINING)
    of_parts = f"0 * {asked.each(REMAINING)} + {asked.joined} {asked.whole(OBJECTIVE)}"
    return f"({of_parts}) or ({asked.whole(OBJECTIVE)} unless on (slo) {anywhere})"


def components(drawing: Drawing) -> str:
    """Return the component that each promise is about, as a label."""
    return f"max by (slo, component) ({Asked(drawing).chosen(INFO)})"


def least_left(drawing: Drawing, slos: Sequence[plan.Slo], count: int) -> str:
    """Return what is left of the budgets of which the least is left, now."""
    return f"bottomk({count}, {Asked.of(drawing, slos).each(REMAINING)})"


def kept(drawing: Drawing, slos: Sequence[plan.Slo], *, named: bool = True) -> str:
    """Return the share of good events in the window of each promise, or in its month so far.

    Promises that are too many to be `named` are told apart by what the rules say about their windows.
    """
    return " or ".join(
        f"1 - {_all(drawing, members, slos, named=named).each(MONTH_RATIO if monthly else ratio(window))}"
        for (window, monthly), members in _by_window(slos)
    )


def lasts(drawing: Drawing, slos: Sequence[plan.Slo], *, named: bool = True) -> str:
    """Return the seconds that are left of each budget at the present pace; nothing where none is spent."""
    found: dict[timedelta, list[plan.Slo]] = {}
    for slo in slos:
        found.setdefault(slo.window, []).append(slo)
    return " or ".join(
        f"clamp_min({asked.each(REMAINING)}, 0) * {number(window.total_seconds())} / ({asked.each(BURN_RATE)} > 0)"
        for window, members in sorted(found.items())
        for asked in [_all(drawing, members, slos, named=named)]
    )


def month_left(drawing: Drawing, slos: Sequence[plan.Slo]) -> str:
    """Return what the bad events of this month leave of each budget, against the traffic of a whole window.

    A promise of calendar months has them in its account; of another, the hours that the rules recorded are added up,
    and before the first full hour nothing is spent.
    """
    parts = []
    for (window, monthly), members in _by_window(slos):
        asked = Asked.of(drawing, members)
        match_parts = f"on ({', '.join(('slo', *asked.by))})"
        if asked.by:
            allowed = f"{asked.each(total(window))} * {asked.joined} {asked.whole(BUDGET)}"
        else:
            allowed = f"{asked.each(BUDGET)} * on (slo) {asked.each(total(window))}"
        spent = asked.each(MONTH_ERRORS) if monthly else _hours(asked)
        parts.append(f"1 - {spent} / {match_parts} ({allowed} > 0)")
    return " or ".join(parts)


def _hours(asked: Asked) -> str:
    bad = asked.chosen(errors(HOUR))
    by = ", ".join(("slo", *asked.by))
    this_month = "(month() == bool vector(${__to:date:M}))"
    hours = f"max by ({by}) (sum_over_time(({bad} * on () group_left () {this_month})[32d:1h]))"
    return f"({hours} or 0 * max by ({by}) ({bad}))"


def even_pace(zone: str) -> str:
    """Return what is left of a month whose budget is spent evenly; in summer the line is an hour late."""
    ahead = min(month_offsets(zone)).total_seconds()
    sign = "+" if ahead > 0 else "-"
    at = f"vector(time() {sign} {number(abs(ahead))})" if ahead else ""
    passed = f"(day_of_month({at}) - 1) * 86400 + hour({at}) * 3600 + minute({at}) * 60"
    return f"1 - ({passed}) / (days_in_month({at}) * 86400)"


def _all(drawing: Drawing, members: Sequence[plan.Slo], everyone: Sequence[plan.Slo], *, named: bool) -> Asked:
    """Return what asks for some promises as one table does, with the labels of all that are in it."""
    if named:
        return Asked(drawing, labels_of(everyone), Asked.of(drawing, members).among)
    windows = "|".join(sorted({slo.window_name for slo in members}))
    known_by = (Matcher("window", "=~", windows),) if len(members) < len(everyone) else ()
    return Asked(drawing, labels_of(everyone), known_by=known_by)


def _by_window(slos: Sequence[plan.Slo]) -> list[tuple[tuple[timedelta, bool], list[plan.Slo]]]:
    """Return the promises by their windows, and by whether these are calendar months."""
    found: dict[tuple[timedelta, bool], list[plan.Slo]] = {}
    for slo in slos:
        found.setdefault((slo.window, slo.calendar is not None), []).append(slo)
    return sorted(found.items(), key=lambda item: item[0])
