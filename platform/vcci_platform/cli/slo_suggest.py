"""`vcci slo suggest`: objectives and windows that a history supports, with the pages each would have cost."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vcci_platform.cli import slo_history
from vcci_platform.cli.access import Given, asks_prometheus
from vcci_platform.cli.options import AsJson
from vcci_platform.cli.slo_history import Where, promise, recorded, say_source, told_to_desk
from vcci_platform.cli.words import percent, share
from vcci_platform.reliability.history import Recorded
from vcci_platform.specs import document_of, find_spec, plan_of
from vcci_slo.backtest import Refusal, Suggestion, suggest, suggestion_document
from vcci_slo.plan import Slo
from vcci_slo.promql.durations import words

__all__ = ["refused", "register"]

_FIGURES = re.compile(r"[0-9][0-9.,]*%?[a-z]*")

VERDICTS = {"kept": "green", "tight": "yellow", "broken": "red"}


def register(app: typer.Typer) -> None:
    """Add the command to `vcci slo`."""
    app.command(name="suggest")(asks_prometheus(run))


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
    as_json: AsJson = False,
    access: Given,
) -> None:
    """Suggest an objective and a window for what a promise counts, from recorded history.

    Refuses when the history is too short or too thin, and says how much would be needed.
    """
    path = find_spec(spec, Path.cwd())
    plan = plan_of(path)
    slo = promise(plan, name)
    where = Where(file, prometheus, last, until, step, tuple(group or ()), access)
    found = recorded(plan, slo, where)
    say_source(found)
    suggestion = suggest(document_of(path), plan, slo, found.history, corrections=told_to_desk(plan, where))
    if as_json:
        typer.echo(json.dumps({**suggestion_document(suggestion), "source": found.source}, indent=2))
        return
    _print(Console(), slo, suggestion, found)


def _print(console: Console, slo: Slo, suggestion: Suggestion, found: Recorded) -> None:
    console.print(
        f"[bold]{slo.name}[/], now {slo.percent} over {slo.window_name}. {found.source}: {words(suggestion.observed)} "
        f"observed, {suggestion.total:,.0f} events, SLI {percent(suggestion.sli)}.",
        highlight=False,
    )
    for note in (*found.notes, *suggestion.notes):
        console.print(f"[yellow]note:[/] {note}.", highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    titles = ("window", "objective", "verdict", "worst left", "kept in", "pages", "in vain", "tickets", "missed")
    for title in titles:
        table.add_column(title, justify="left" if title in {"window", "verdict"} else "right")
    for option in suggestion.options:
        counts = option.counts
        table.add_row(
            option.window,
            option.objective,
            Text(option.verdict, style=VERDICTS[option.verdict]),
            share(option.worst),
            f"{math.floor(option.kept * 1000) / 10:g}%",
            *(str(count) for count in (counts.pages, counts.pages_in_vain, counts.tickets, counts.missed)),
        )
    console.print(table)
    for line in refused(suggestion.refusals):
        console.print(line, style="dim", highlight=False)
    best = suggestion.best
    if best is None:
        console.print("No objective was kept with a fifth of its budget to spare.", style="bold", highlight=False)
        return
    counts = best.counts
    console.print(
        f"[bold]Suggested: {best.objective} over {best.window}[/]: the worst window left {share(best.worst)} of the "
        f"budget, {counts.pages} page{'s' if counts.pages != 1 else ''}, {counts.pages_in_vain} of them in vain.",
        highlight=False,
    )


def refused(refusals: Sequence[Refusal]) -> tuple[str, ...]:
    """Return why which objectives are not judged: those with the same reason, but for its figures, in one line.

    >>> refused([Refusal("99%", "7d", "it needs 1,000 events"), Refusal("99.9%", "7d", "it needs 10,000 events")])
    ('not 99%, 99.9% over 7d: for 99%, it needs 1,000 events; likewise for the others',)
    """
    alike: dict[str, list[Refusal]] = {}
    for refusal in refusals:
        whole = refusal.objective is None  # of a window at once: that is one line already
        alike.setdefault(refusal.reason if whole else _FIGURES.sub("", refusal.reason), []).append(refusal)
    return tuple(_line(several) for several in alike.values())


def _line(several: Sequence[Refusal]) -> str:
    windows: dict[str, list[str]] = {}
    for refusal in several:
        windows.setdefault(refusal.window, []).append(refusal.objective or "")
    about = "; ".join(
        f"{', '.join(names)} over {window}" if all(names) else window for window, names in windows.items()
    )
    first = several[0]
    if len({refusal.reason for refusal in several}) == 1:
        return f"not {about}: {first.reason}"
    return f"not {about}: for {first.objective}, {first.reason}; likewise for the others"
