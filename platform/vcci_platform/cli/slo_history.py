"""Which recorded history a command is about: a file, a Prometheus, or what the desk's recorder kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from vcci_platform.asking import Bounds
from vcci_platform.cli.access import Given
from vcci_platform.cli.options import FolderSpec
from vcci_platform.cli.places import prometheus_asker
from vcci_platform.errors import PlatformError
from vcci_platform.reliability.corrections import CorrectionBook
from vcci_platform.reliability.history import (
    HistoryUnreadable,
    PrometheusHistory,
    Recorded,
    is_table,
    read_file,
    read_recorder,
)
from vcci_platform.reliability.history.moments import micros_of
from vcci_platform.settings import Settings
from vcci_platform.storage.database import connect
from vcci_slo.backtest.history import moment
from vcci_slo.plan import Correction, Plan, Slo
from vcci_slo.promql.durations import parse_duration, promql_duration
from vcci_slo.spec.section import nearest
from vcci_slo.spec.units import Percentage
from vcci_slo.windows import Span

__all__ = [
    "AskedWrongly",
    "File",
    "Group",
    "Last",
    "Name",
    "Server",
    "Spec",
    "Step",
    "Until",
    "Where",
    "duration",
    "promise",
    "ratio",
    "recorded",
    "say_source",
    "told_to_desk",
]

Name = Annotated[str | None, typer.Argument(help="The promise; unset, the only one of the spec")]
Spec = FolderSpec
File = Annotated[
    Path | None,
    typer.Option("--file", "-f", help="History: CSV (time, bad or good, total) or OpenMetrics text, also .gz"),
]
Server = Annotated[str | None, typer.Option(help="History: a Prometheus; unset, what the desk recorded", metavar="URL")]
Last = Annotated[
    str | None, typer.Option(help="How much of the history, such as 30d; unset, all of a file, 7d of a Prometheus")
]
Until = Annotated[
    str | None, typer.Option(help="When the history ends, such as 2026-03-02T12:00Z; unset, at its last sample")
]
Step = Annotated[str | None, typer.Option(metavar="DURATION", help="Step of the questions to a Prometheus; unset, 1m")]
Group = Annotated[
    list[str] | None,
    typer.Option(metavar="LABEL=VALUE", help="Which part of a promise that labels keep apart; may be repeated"),
]

QUERY_SECONDS = 120.0
LAST = timedelta(days=7)
STEP = timedelta(minutes=1)


class AskedWrongly(PlatformError):
    """An option or an argument cannot be used."""

    exit_code = 2


@dataclass(frozen=True)
class Where:
    """What the options say about where a history lies."""

    file: Path | None
    prometheus: str | None
    last: str | None
    until: str | None
    step: str | None
    group: tuple[str, ...]
    access: Given


def promise(plan: Plan, name: str | None) -> Slo:
    """Return the promise that is meant; without a name, the only one there is."""
    if name is None:
        if len(plan.slos) == 1:
            return plan.slos[0]
        raise AskedWrongly(f"expected the name of a promise: {_listed(plan)}")
    found = next((slo for slo in plan.slos if slo.name == name), None)
    if found is None:
        meant = nearest(name, [slo.name for slo in plan.slos])
        hint = f"; did you mean {meant}?" if meant else ""
        raise AskedWrongly(f"expected the name of a promise ({_listed(plan)}), found {name}{hint}")
    return found


def _listed(plan: Plan) -> str:
    names = [slo.name for slo in plan.slos]
    return ", ".join(names[:20]) + (" …" if len(names) > 20 else "") or "none is declared"


def recorded(plan: Plan, slo: Slo, where: Where) -> Recorded:
    """Return the history that is meant. Raises HistoryUnreadable if there is none, and says how to give one."""
    if where.file is not None and where.prometheus is not None:
        raise AskedWrongly("expected either --file or --prometheus, found both")
    if where.step is not None and where.prometheus is None:
        raise AskedWrongly("--step: expected it with --prometheus; what is recorded has the step that it has")
    if where.group and where.file is not None and is_table(where.file):
        raise AskedWrongly("--group: expected an OpenMetrics file; a table has one account, and no labels")
    until = _moment(where.until)
    last = None if where.last is None else duration("--last", where.last)
    if where.prometheus is not None:
        end = until or datetime.now(UTC)
        step = STEP if where.step is None else duration("--step", where.step)
        bounds = Bounds(answer_seconds=QUERY_SECONDS)
        with prometheus_asker(Settings(), where.access, where.prometheus, bounds) as asker:
            asked = PrometheusHistory(asker, lambda sentence: typer.echo(sentence, err=True))
            span = Span(end - (last or LAST), end)
            return asked.read(slo, span, step, plan.scrape_every, _groups(where.group))
    group = _groups(where.group)
    found = _from_desk(slo, group) if where.file is None else read_file(where.file, slo, plan.scrape_every, group)
    if until is None and last is None:
        return found
    end = until or found.history.last
    start = found.history.first if last is None else end - last
    return replace(found, history=found.history.between(start, end))


def _from_desk(slo: Slo, group: Mapping[str, str]) -> Recorded:
    url = Settings().incident_database
    if not _desk_is_here():
        raise HistoryUnreadable(
            f"expected a history: --file with a CSV or OpenMetrics file, --prometheus with an address, or what the "
            f"desk recorded at {make_url(url).database}; found nothing there"
        )
    database = connect(url)
    try:
        return read_recorder(database, slo, group)
    finally:
        database.close()


def told_to_desk(plan: Plan, where: Where) -> tuple[Correction, ...]:
    """Return the corrections that were told to the desk; for a file, which may be of another place, none."""
    if where.file is not None or not _desk_is_here():
        return ()
    database = connect(Settings().incident_database)
    try:
        return CorrectionBook(plan, database).told()
    finally:
        database.close()


def _desk_is_here() -> bool:
    parsed = make_url(Settings().incident_database)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").is_file()


def say_source(found: Recorded) -> None:
    """Say on the error stream what of a source could not be used."""
    for line in found.bad_lines:
        typer.secho(f"{found.source}:{line.number}: {line.reason}", err=True, fg=typer.colors.YELLOW)
    if found.skipped > len(found.bad_lines):
        typer.secho(f"… {found.skipped:,} lines were not used", err=True, fg=typer.colors.YELLOW)


def duration(option: str, text: str) -> timedelta:
    """Return the duration that an option says."""
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise AskedWrongly(f"{option}: {error}") from None
    if not found:
        raise AskedWrongly(f"{option}: expected a duration longer than {promql_duration(timedelta(seconds=1))}")
    return found


def ratio(option: str, text: str) -> float:
    """Return the share that an option says."""
    try:
        return Percentage.parse(text).ratio
    except ValueError:
        raise AskedWrongly(f"{option}: expected a percentage such as 1%, found {text}") from None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return moment(micros_of(text))
    except (ValueError, OverflowError):
        raise AskedWrongly(f"--until: expected a time such as 2026-03-02T12:00Z, found {text}") from None


def _groups(pairs: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        label, equals, value = pair.partition("=")
        if not equals or not label:
            raise AskedWrongly(f"--group: expected label=value, found {pair}")
        found[label] = value
    return found
