"""`vcci slo explain`: what a promise counts, what it allows, and how soon each tier speaks; from the spec alone."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from vcci_platform.cli.options import AsJson, FolderSpec
from vcci_platform.engine.plain import plain
from vcci_platform.errors import PlatformError
from vcci_platform.specs import find_spec, plan_of
from vcci_slo.explanation import Explanation, explain
from vcci_slo.plan import Plan, Slo
from vcci_slo.promql.durations import promql_duration, words
from vcci_slo.promql.figures import number
from vcci_slo.spec.section import nearest

__all__ = ["register"]

TIMES = "\N{MULTIPLICATION SIGN}"


class UnknownPromise(PlatformError):
    """The spec has no promise of that name."""

    exit_code = 2


def register(app: typer.Typer) -> None:
    """Add the command to `vcci slo`."""

    @app.command(name="explain")
    def explained(
        name: Annotated[str | None, typer.Argument(help="One promise; unset, all of them")] = None,
        *,
        spec: FolderSpec = None,
        queries: Annotated[bool, typer.Option("--queries", help="Print the expression of each tier too")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Explain a promise: what counts, what is allowed, when each tier speaks and how soon; no server needed."""
        plan = plan_of(find_spec(spec, Path.cwd()))
        found = [explain(plan, slo) for slo in _chosen(plan, name)]
        if as_json:
            typer.echo(json.dumps([plain(one) for one in found], indent=2, ensure_ascii=False))
            return
        console = Console(highlight=False)
        for one in found:
            _print(console, one, queries=queries)


def _chosen(plan: Plan, name: str | None) -> list[Slo]:
    if name is None:
        return list(plan.slos)
    chosen = [slo for slo in plan.slos if name in {slo.name, slo.declared}]
    if not chosen:
        known = [slo.name for slo in plan.slos]
        meant = nearest(name, known)
        hint = f"; did you mean {meant}?" if meant else ""
        raise UnknownPromise(f"expected a promise of {plan.source} ({', '.join(known)}), found {name!r}{hint}")
    return chosen


def _print(console: Console, found: Explanation, *, queries: bool) -> None:
    slo = found.slo
    console.print(f"[bold]{slo.name}[/]: {slo.words}; {slo.component}, {slo.team}")
    window = f"a calendar month in {slo.calendar}" if slo.calendar else words(slo.window)
    console.print(
        f"Of a million, {number(round(found.allowed, 3))} may be bad; everything may fail for "
        f"{words(found.downtime)} in {window}."
    )
    if found.verdict:
        console.print(f"  bad now  {found.verdict}", markup=False, soft_wrap=True)
    console.print(f"  bad      {found.bad}", markup=False, soft_wrap=True)
    console.print(f"  valid    {found.valid}", markup=False, soft_wrap=True)
    if found.tiers:
        console.print(_table(found))
        console.print(
            "all fails: when it is told that everything fails; spent: of the budget by then; quiet: so long after the "
            "end; twice fails: when twice the limit is told"
        )
    if queries:
        for told, expression in zip(found.tiers, found.expressions, strict=True):
            console.print(f"  {told.tier.name}:\n{expression}", markup=False, soft_wrap=True)
    for note in found.notes:
        console.print(f"- {note}", markup=False)
    console.print()


def _table(found: Explanation) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("tier", "tells", "above", "in both", "bad", "all fails", "spent", "quiet", "twice fails"):
        table.add_column(title, no_wrap=True)
    for told in found.tiers:
        tier = told.tier
        table.add_row(
            f"{tier.priority} {tier.name}",
            told.notify,
            f"{number(tier.threshold * 100, 3)}%, {number(tier.factor, 3)}{TIMES}",
            f"{promql_duration(tier.long)}, {promql_duration(tier.short)}",
            f"{tier.min_bad}" if tier.min_bad else "any",
            _time(told.outage.after),
            f"{told.outage.spent:.1%}",
            _time(told.outage.clears),
            _time(told.slow.after),
        )
    return table


def _time(span: timedelta | None) -> str:
    return "never" if span is None else promql_duration(span) if span else "at once"
