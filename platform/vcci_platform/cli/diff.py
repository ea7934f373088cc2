"""`vcci diff OLD NEW`: two specs, or two revisions of one, in words for a review."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from vcci_platform.cli.options import AsJson
from vcci_platform.errors import PlatformError
from vcci_platform.generate import OUTPUTS
from vcci_platform.live.broken import Broken
from vcci_platform.live.review import PageChange, Review, RuleChange, review
from vcci_platform.specs import plan_of
from vcci_slo import Plan, load_plan
from vcci_slo.promql.durations import promql_duration, words

__all__ = ["NoSuchSpec", "app", "sections"]

app = typer.Typer()

GIT_SECONDS: Final = 30
TITLES: Final = {
    "promise": "Promises",
    "alert": "Alerts",
    "severity": "Severities",
    "people": "People",
    "signal": "Signals",
    "component": "Components",
    "calendar": "Calendar",
    "budget": "Budgets",
    "dashboard": "Dashboards",
    "monitoring": "Monitoring",
}
COUNTED: Final = {
    "promise": ("promise", "promises"),
    "alert": ("alert", "alerts"),
    "signal": ("signal", "signals"),
    "severity": ("severity", "severities"),
    "component": ("component", "components"),
    "dashboard": ("dashboard", "dashboards"),
}
"""Kinds of which several may change; of the others the name of what changes says more than a number."""
MOST_PAGES: Final = 12


class NoSuchSpec(PlatformError):
    """Neither a file nor a file of a revision."""

    exit_code = 2


@app.command(name="diff")
def show(
    old: Annotated[str, typer.Argument(help="A spec, or REVISION:path as git names it")],
    new: Annotated[str, typer.Argument(help="A spec, or REVISION:path")],
    *,
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown for a pull request")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 1 if anything differs")] = False,
) -> None:
    """Say which promises, alerts, thresholds, panels and pages change, and which recorded history breaks."""
    found = review(_plan(old), _plan(new), names=(old, new), pages=OUTPUTS["runbooks"].render)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found), indent=2, default=_plain))
    elif markdown:
        typer.echo("\n".join(_markdown(found)))
    else:
        _print(found)
    if exit_code and found:
        raise typer.Exit(1)


def _plan(name: str) -> Plan:
    """Return the plan of a file, or of a file of a git revision, with the files that lie beside it there."""
    path = Path(name)
    if path.is_file():
        return plan_of(path)
    revision, mark, file = name.partition(":")
    if not mark or not revision:
        raise NoSuchSpec(f"expected a spec at {name}, or REVISION:path such as HEAD~1:vcci.yaml, found nothing")
    folder = file.rpartition("/")[0]
    beside = f"{revision}:{folder}/" if folder else f"{revision}:"
    return load_plan(_at(name), file=file, include=lambda inner: _at(f"{beside}{inner}"))


def _at(name: str) -> str:
    """Return the text of a file of a revision."""
    command = ["git", "show", "--no-textconv", "--end-of-options", name]
    try:
        done = subprocess.run(command, capture_output=True, timeout=GIT_SECONDS, check=False)  # noqa: S603 - no shell
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoSuchSpec(f"{name}: git did not answer: {error}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", errors="replace").strip().splitlines()
        raise NoSuchSpec(f"{name}: {said[0].removeprefix('fatal: ') if said else 'git found nothing'}")
    return done.stdout.decode("utf-8", errors="replace")


def _plain(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else str(value)


def headline(found: Review) -> str:
    """Return what a reviewer wants first: how much changes, who wakes otherwise, whether history breaks."""
    if not found:
        return f"Nothing changes from {found.old} to {found.new}"
    counts = [
        f"{number} {several if number != 1 else one}"
        for kind, (one, several) in COUNTED.items()
        if (number := len({change.name for change in found.changes if change.kind == kind}))
    ]
    counts += dict.fromkeys(change.name for change in found.changes if change.kind not in COUNTED)
    parts = [f"Changes in {_and(counts)}" if counts else "Only artifacts change"]
    wakes = dict.fromkeys(change.name for change in found.changes if change.wakes)
    parts += [f"who is woken changes for {', '.join(wakes)}"] if wakes else []
    longest = max((span for one in found.broken for _, span in one.windows), default=timedelta(0))
    broken = ", ".join(one.name for one in found.broken)
    parts += (
        [f"recorded history breaks for {broken}" + (f", for up to {words(longest)}" if longest else "")]
        if broken
        else []
    )
    return "; ".join(parts)


def _and(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def sections(found: Review) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (title, lines) of everything that differs."""
    if found.broken:
        yield "Recorded history that breaks", tuple(map(_broken, found.broken))
    for kind, title in TITLES.items():
        lines = tuple(f"{one.name} {one.words}" for one in found.changes if one.kind == kind)
        if lines:
            yield title, lines
    artifacts = [_rule(one) for one in found.rules]
    artifacts += ["Alertmanager's routes or inhibitions change"] if found.routes_change else []
    if artifacts:
        yield "Rules and routes", tuple(artifacts)
    if found.pages:
        pages = [_page(one) for one in found.pages[:MOST_PAGES]]
        more = len(found.pages) - len(pages)
        yield "Runbook pages", (*pages, *([f"and {more} more"] if more > 0 else []))


def _broken(one: Broken) -> str:
    if one.how == "gone":
        return f"{one.name}: recorded no longer; what was recorded stays until Prometheus forgets it"
    if not one.windows:
        return f"{one.name}: measured otherwise from now on, and its line on panels has a step"
    what = "hold old counts" if one.how == "mixed" else "know only what came after the change"
    spans = ", ".join(f"{promql_duration(window)} for {words(span)}" for window, span in one.windows)
    return f"{one.name}: windows {what}: {spans}"


def _rule(one: RuleChange) -> str:
    counts = [
        f"{count} {word}"
        for count, word in ((one.added, "added"), (one.removed, "removed"), (one.changed, "changed"))
        if count
    ]
    alerts = f", with {', '.join(one.alerts)}" if one.alerts else ""
    return f"{one.group}: {', '.join(counts)}{alerts}"


def _page(one: PageChange) -> str:
    return f"{one.path} {one.action}" + (
        f" in {one.lines} line{'s' if one.lines != 1 else ''}" if one.action == "changed" else ""
    )


def _print(found: Review) -> None:
    console = Console()
    console.print(Text(headline(found), style="yellow" if found else "green"), soft_wrap=True)
    for title, lines in sections(found):
        console.print(Text(title, style="bold"))
        for line in lines:
            console.print(Text(f"  {line}"), soft_wrap=True)


def _markdown(found: Review) -> Iterator[str]:
    yield f"**{_escaped(headline(found))}.**"
    for title, lines in sections(found):
        yield f"\n### {title}\n"
        yield from (f"- {_escaped(line)}" for line in lines)


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is: PromQL is full of its marks."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>|#~" else letter for letter in text)
