"""What `vcci spec validate --live` prints: first whether anything is missing, then what, then how everything is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vcci_platform.asking import Bounds
from vcci_platform.cli.access import Given
from vcci_platform.cli.places import nowhere, prometheus_asker
from vcci_platform.cli.words import percent
from vcci_platform.live.check import BACK, Check, MeasureNow, PagesBefore, PromiseNow, check, said
from vcci_platform.live.presence import Concern
from vcci_platform.live.prometheus import PrometheusApi
from vcci_platform.live.signals import Seen
from vcci_platform.reliability.history import PrometheusHistory
from vcci_platform.settings import Settings
from vcci_slo.plan import Plan
from vcci_slo.promql.durations import words

__all__ = ["look"]

HISTORY_SECONDS: Final = 30.0
MOST_MOMENTS: Final = 5
MOST_ALIKE: Final = 3
MOSTLY: Final = 0.9


def look(path: Path, plan: Plan, url: str | None, access: Given, *, as_json: bool) -> bool:
    """Hold a spec against the Prometheus at `url`, print what was found, and return whether nothing is missing."""
    now = datetime.now(UTC)
    settings = Settings()
    url = url or settings.prometheus_url
    if not url:
        raise nowhere("--prometheus")
    with prometheus_asker(settings, access, url, Bounds(answer_seconds=HISTORY_SECONDS)) as asker:
        found = check(PrometheusApi(asker), plan, now, PrometheusHistory(asker))
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found) | {"missing": found.missing}, indent=2, default=_plain))
    else:
        _print(path, found)
    return not found.missing


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _print(path: Path, found: Check) -> None:
    console = Console()
    console.print(_headline(path, found), soft_wrap=True)
    _concerns(console, found.concerns)
    signals = [_signal(seen) for seen in found.signals if seen.series != 0]
    promises = [_promise(one) for one in found.promises]
    measures = [_measure(one) for one in found.measures if one.value]
    pages = [_pages(one) for one in found.before if not one.problem]
    _table(console, "Signals now", ("signal", "series", "says"), signals)
    _table(console, "Promises in the last hour", ("promise", "SLI", "objective", "bad", "of"), promises)
    _table(console, "Measures now", ("alert", "value", "limits", ""), measures)
    _table(console, "The last 7 days would have brought", ("promise", "pages", "tickets", ""), pages)
    for one in found.before:
        if one.problem:
            console.print(Text(f"  {one.name}: unknown, {one.problem}", style="yellow"), soft_wrap=True)


def _headline(path: Path, found: Check) -> Text:
    notes = sum(not concern.missing for concerns in found.concerns.values() for concern in concerns)
    doubts = f", {notes} note{'s' if notes != 1 else ''}" if notes else ""
    if found.missing:
        several = "things are" if found.missing != 1 else "thing is"
        return Text(f"{path}: {found.missing} {several} missing in {found.prometheus}{doubts}", style="red")
    told, style = _brought(found)
    return Text(f"{path}: everything is there in {found.prometheus}{doubts}; {told}", style=style)


def _brought(found: Check) -> tuple[str, str]:
    """Return what the last days would have brought, and its colour: what no history tells is no good news."""
    read = [one for one in found.before if not one.problem]
    blank = len(found.before) - len(read)
    if not read:
        return "nobody can tell what the last 7 days would have brought", "yellow"
    calls, seen = sum(one.pages for one in read), max(one.observed for one in read)
    span = "the last 7 days" if seen > BACK * MOSTLY else f"the {words(seen)} that are recorded of the last 7 days"
    told = f"{span} would have brought {calls} page{'s' if calls != 1 else ''}"
    if blank:
        return f"{told}; of {blank} promise{'s' if blank != 1 else ''} nobody can tell", "yellow"
    return told, "green"


def _concerns(console: Console, found: Mapping[str, Sequence[Concern]]) -> None:
    """Print each concern; of those with one cause, the cause and how many signals it touches."""
    touched: dict[str, dict[str, None]] = {}
    for name, concerns in found.items():
        for concern in concerns:
            touched.setdefault(concern.cause, {})[name] = None
    told: set[str] = set()
    for name, concerns in found.items():
        for concern in concerns:
            several = touched[concern.cause] if concern.cause else {}
            if len(several) <= MOST_ALIKE:
                _concern(console, f"{name}: {concern.words}", missing=concern.missing)
            elif concern.cause not in told:
                told.add(concern.cause)
                names = ", ".join([*several][:MOST_ALIKE])
                text = f"{len(several)} signals ({names} …): {concern.cause}"
                _concern(console, text, missing=concern.missing)


def _concern(console: Console, text: str, *, missing: bool) -> None:
    mark = ("missing", "red") if missing else ("note   ", "yellow")
    console.print(Text.assemble("  ", mark, f"  {text}"), soft_wrap=True)


def _table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    console.print(Text(title, style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _signal(seen: Seen) -> tuple[str, str, str]:
    return f"  {seen.ref}", "?" if seen.series is None else str(seen.series), seen.says


def _promise(found: PromiseNow) -> tuple[str, str, str, str, str]:
    if found.total is None:
        return f"  {found.name}", "no data", percent(found.objective), "", ""
    of = f" (worst of {found.accounts}: {said(found.account)})" if found.accounts > 1 else ""
    counted = f"{found.total:.0f}{of}"
    return f"  {found.name}", percent(found.sli), percent(found.objective), f"{max(found.bad or 0, 0):.0f}", counted


def _measure(found: MeasureNow) -> tuple[str, str, str, str]:
    beyond = f"beyond {', '.join(found.beyond)}" if found.beyond else ""
    return f"  {found.alert}", found.value or "no value", ", ".join(found.limits), beyond


def _pages(found: PagesBefore) -> tuple[str, str, str, str]:
    when = ", ".join(f"{at:%a %H:%M}" for at in found.when[:MOST_MOMENTS])
    vain = f"{found.pages_in_vain} in vain; " if found.pages_in_vain else ""
    return (
        f"  {found.name}",
        str(found.pages),
        str(found.tickets),
        f"{vain}{when}{'; ' if when else ''}{words(found.observed)} observed",
    )
