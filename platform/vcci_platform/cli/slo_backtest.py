"""`vcci slo backtest`: what recorded history would have led to, by the promise as it stands and in other forms."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from vcci_platform.cli import slo_history
from vcci_platform.cli.access import Given, asks_prometheus
from vcci_platform.cli.options import AsJson
from vcci_platform.cli.slo_history import Where, duration, promise, ratio, recorded, say_source, told_to_desk
from vcci_platform.cli.words import PRIORITIES, percent, share
from vcci_platform.reliability.backtest_page import page
from vcci_platform.reliability.history import Recorded
from vcci_platform.specs import document_of, find_spec, plan_of
from vcci_slo.backtest import Candidate, Outcome, Report, backtest, report_document, variant
from vcci_slo.plan import Slo
from vcci_slo.promql.durations import promql_duration, words
from vcci_slo.spec.document import Document

__all__ = ["register"]

SHOWN = 30


def register(app: typer.Typer) -> None:
    """Add the command to `vcci slo`."""
    app.command(name="backtest")(asks_prometheus(run))


def run(
    name: slo_history.Name = None,
    *,
    spec: slo_history.Spec = None,
    file: slo_history.File = None,
    prometheus: slo_history.Server = None,
    last: slo_history.Last = None,
    until: slo_history.Until = None,
    step: slo_history.Step = None,
    group: slo_history.Group = None,
    every: Annotated[str | None, typer.Option(help="How often to judge; unset, as often as the rules do")] = None,
    objective: Annotated[list[str] | None, typer.Option(help="Also with this objective; may be repeated")] = None,
    window: Annotated[list[str] | None, typer.Option(help="Also with this window; may be repeated")] = None,
    policy: Annotated[list[str] | None, typer.Option(help="Also with this burn policy; may be repeated")] = None,
    against: Annotated[list[Path] | None, typer.Option(help="Also as this other spec has it; may be repeated")] = None,
    negligible: Annotated[str, typer.Option(help="An alert that cost less of the budget was in vain")] = "1%",
    as_json: AsJson = False,
    html: Annotated[Path | None, typer.Option(help="Also write a page with charts here")] = None,
    access: Given,
) -> None:
    """Run recorded history through the decisions of the rules: what would have paged, when, and how often in vain.

    The onset of a fault is where, in the shortest window of the tiers, more began to fail than the objective allows.
    A CSV file names its columns in the first line: time, the end of each interval, in ISO 8601 or seconds since 1970;
    total; and bad or good. Neither a desk nor a server is needed for a file.
    """
    path = find_spec(spec, Path.cwd())
    plan = plan_of(path)
    slo = promise(plan, name)
    where = Where(file, prometheus, last, until, step, tuple(group or ()), access)
    found = recorded(plan, slo, where)
    say_source(found)
    candidates = [
        *_variants(document_of(path), slo, objective or [], window or [], policy or []),
        *(_other(other, slo, where, found) for other in against or []),
    ]
    report = backtest(
        plan,
        slo,
        found.history,
        candidates,
        corrections=told_to_desk(plan, where),
        every=None if every is None else duration("--every", every),
        negligible=ratio("--negligible", negligible),
    )
    if html is not None:
        html.write_text(page(report, found.source, found.notes), encoding="utf-8")
        typer.echo(f"Wrote {html}.", err=True)
    if as_json:
        source = {"source": found.source, "source_notes": list(found.notes), "lines_not_used": found.skipped}
        typer.echo(json.dumps({**report_document(report), **source}, indent=2))
        return
    _print(Console(), report, found)


def _variants(
    document: Document, slo: Slo, objectives: list[str], windows: list[str], policies: list[str]
) -> list[Candidate]:
    return [
        *(Candidate(f"objective {text}", variant(document, slo, objective=text)) for text in objectives),
        *(Candidate(f"window {text}", variant(document, slo, window=text)) for text in windows),
        *(Candidate(f"policy {text}", variant(document, slo, policy=text)) for text in policies),
    ]


def _other(path: Path, slo: Slo, where: Where, found: Recorded) -> Candidate:
    """Return the promise of the same name in another spec; what it counts may differ, so its history is read anew."""
    plan = plan_of(find_spec(path, Path.cwd()))
    other = promise(plan, slo.name if any(each.name == slo.name for each in plan.slos) else None)
    if other.indicator == slo.indicator:
        return Candidate(str(path), other)
    return Candidate(str(path), other, recorded(plan, other, where).history)


def _print(console: Console, report: Report, found: Recorded) -> None:
    slo = report.outcomes[0].slo
    first = report.outcomes[0]
    console.print(f"[bold]{slo.name}[/]: {slo.words}.", highlight=False)
    console.print(
        f"{found.source}: {report.start:%Y-%m-%d %H:%M} to {report.end:%Y-%m-%d %H:%M} UTC, "
        f"{words(first.observed)} observed, {first.total:,.0f} events, judged every {words(report.every)}.",
        highlight=False,
    )
    for note in (*found.notes, *report.notes):
        console.print(f"[yellow]note:[/] {note}.", highlight=False)
    console.print()
    console.print(_summary(report))
    for outcome in report.outcomes:
        _calls(console, outcome)
        _missed(console, outcome)
    limit = share(report.negligible)
    console.print(
        f"\nIn vain: it cost less than {limit} of the budget of a whole window. Missed: a stretch that cost at least "
        f"{limit} and on which no tier fired.",
        style="dim",
        highlight=False,
    )


def _summary(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("promise", "SLI", "left", "lowest", "pages", "tickets", "missed", "onset to page"):
        table.add_column(title, justify="left" if title == "promise" else "right", no_wrap=True)
    for outcome in report.outcomes:
        counts = outcome.counts
        table.add_row(
            f"{outcome.slo.percent} over {outcome.slo.window_name}",
            percent(outcome.sli),
            share(outcome.budget.last.remaining),
            share(outcome.budget.lowest.remaining),
            _in_vain(counts.pages, counts.pages_in_vain),
            _in_vain(counts.tickets, counts.tickets_in_vain),
            f"{counts.missed} of {counts.stretches_that_cost}",
            "-" if counts.typical_delay is None else brief(counts.typical_delay),
        )
    return table


def _in_vain(count: int, vain: int) -> str:
    return f"{count}, {vain} in vain" if vain else str(count)


def brief(span: timedelta) -> str:
    """Return a time that has passed, in whole seconds."""
    seconds = timedelta(seconds=round(span.total_seconds()))
    return promql_duration(seconds) if seconds else "0s"


def _calls(console: Console, outcome: Outcome) -> None:
    if not outcome.firings:
        return
    console.print(f"\n[bold]{outcome.title}[/]", highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("fired (UTC)", "until", "tier", "", "after onset", "spent", ""):
        table.add_column(title, justify="right" if title in {"after onset", "spent"} else "left", no_wrap=True)
    for firing in outcome.firings[:SHOWN]:
        table.add_row(
            f"{firing.fired_at:%Y-%m-%d %H:%M:%S}",
            "still firing" if firing.over_at is None else f"{firing.over_at:%m-%d %H:%M}",
            firing.tier,
            f"[{PRIORITIES[firing.priority]}]{firing.priority}[/] {'page' if firing.pages else 'ticket'}",
            "-" if firing.delay is None else brief(firing.delay),
            "-" if firing.spent is None else share(firing.spent),
            "in vain" if firing.in_vain else "",
        )
    console.print(table)
    if len(outcome.firings) > SHOWN:
        console.print(f"… and {len(outcome.firings) - SHOWN} more; --json has them.", style="dim")


def _missed(console: Console, outcome: Outcome) -> None:
    missed = [stretch for stretch in outcome.stretches if not stretch.seen_by]
    if not missed:
        return
    console.print(f"\n[bold]{outcome.title}[/]: bad stretches that no tier saw", highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("onset (UTC)", "lasted", "failed", "spent"):
        table.add_column(title, justify="left" if title.startswith("onset") else "right")
    for stretch in missed[:SHOWN]:
        failed = stretch.bad / stretch.total if stretch.total else 0.0
        table.add_row(
            f"{stretch.onset:%Y-%m-%d %H:%M:%S}", brief(stretch.lasted), f"{failed * 100:.3g}%", share(stretch.spent)
        )
    console.print(table)
    if len(missed) > SHOWN:
        console.print(f"… and {len(missed) - SHOWN} more; --json has them.", style="dim")
