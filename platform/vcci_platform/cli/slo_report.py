"""`vcci slo report`: how promises were kept over a month, a quarter or a range, from the desk or from a Prometheus."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import httpx
import typer

from vcci_platform.asking import Bounds
from vcci_platform.cli.access import Given, asks_prometheus
from vcci_platform.cli.ask import NotRunning, introduced, refusal, silence
from vcci_platform.cli.places import prometheus_asker
from vcci_platform.clock import SystemClock
from vcci_platform.errors import PlatformError
from vcci_platform.reliability.accounting import Occasion
from vcci_platform.reliability.deployments import Deployments
from vcci_platform.reliability.occasions import releases
from vcci_platform.reliability.reports import FORMATS, Wanted, gather, parse_period, render
from vcci_platform.reliability.reports.memory import Memory
from vcci_platform.reliability.reports.periods import day_of
from vcci_platform.reliability.sources import PrometheusSource
from vcci_platform.settings import Settings
from vcci_platform.specs import find_spec, plan_of, platform_plan
from vcci_slo.plan import Slo
from vcci_slo.windows import Span

__all__ = ["register"]

DESK_SECONDS = 180.0
PROMETHEUS_SECONDS = 60.0


class Form(StrEnum):
    """What a report can be printed as."""

    MD = "md"
    HTML = "html"
    PDF = "pdf"
    JSON = "json"
    CSV = "csv"


class NeedsFile(PlatformError):
    """A PDF does not belong on a terminal."""

    exit_code = 2


class UnknownForm(PlatformError):
    """What the report should be written as is not clear: by the name of the file, or by two options at once."""

    exit_code = 2


def register(app: typer.Typer) -> None:
    """Add the command to `vcci slo`."""
    app.command("report")(asks_prometheus(report))


def report(
    name: Annotated[list[str] | None, typer.Argument(help="Promises; unset, all of them")] = None,
    *,
    month: Annotated[str | None, typer.Option(help="Such as 2026-10; unset, this month so far")] = None,
    quarter: Annotated[str | None, typer.Option(help="Such as 2026-Q3")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First day of a range, such as 2026-10-03")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day of the range; unset, today")] = None,
    component: Annotated[str | None, typer.Option(help="Only promises of this component")] = None,
    team: Annotated[str | None, typer.Option(help="Only promises of this team")] = None,
    form: Annotated[Form | None, typer.Option("--format", help="Unset, by the name of --out; without, md")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json")] = False,
    out: Annotated[Path | None, typer.Option(help="File to write; unset, standard output")] = None,
    prometheus: Annotated[
        str | None, typer.Option(help="Ask this Prometheus instead of the desk; it knows no incidents")
    ] = None,
    spec: Annotated[Path | None, typer.Option(help="Spec of the promises, with --prometheus")] = None,
    access: Given,
) -> None:
    """Report how promises were kept: budgets, compliance by day, worst days, incidents, corrections."""
    chosen = _chosen(form, out, as_json=as_json)
    if FORMATS[chosen].binary and out is None and _is_terminal():
        raise NeedsFile(f"expected a file for a {chosen}, found a terminal; give --out FILE")
    wanted = Wanted(tuple(name or ()), component, team)
    asked = {"month": month, "quarter": quarter, "from": first, "to": last}
    content = (
        _of_prometheus(prometheus, spec, access, wanted, asked, chosen)
        if prometheus
        else _of_desk(wanted, asked, chosen)
    )
    if out is None:
        typer.echo(content, nl=False)
        return
    out.write_bytes(content)
    typer.echo(f"{out}: {len(content):,} bytes", err=True)


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _chosen(form: Form | None, out: Path | None, *, as_json: bool) -> str:
    """Return the format that is wanted: never another one than the name of the file says, unless that is asked for."""
    if as_json and form not in {None, Form.JSON}:
        raise UnknownForm(f"expected --json or --format {form}, found both")
    if form or as_json:
        return form.value if form else "json"
    ending = out.suffix.removeprefix(".").lower() if out else ""
    if not ending:
        return "md"
    if ending not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise UnknownForm(
            f"--out: expected a name that ends in one of {known}, found {out}; --format says it otherwise"
        )
    return ending


def _of_prometheus(
    url: str, spec: Path | None, access: Given, wanted: Wanted, asked: dict[str, str | None], form: str
) -> bytes:
    plan = plan_of(find_spec(spec, Path.cwd())) if spec else platform_plan(Settings())
    now, zone = SystemClock().now(), plan.calendar.timezone
    period = parse_period(
        zone,
        day_of(now, zone),
        month=asked["month"],
        quarter=asked["quarter"],
        first=asked["from"],
        last=asked["to"],
    )
    with prometheus_asker(Settings(), access, url, Bounds(answer_seconds=PROMETHEUS_SECONDS)) as asker:
        source = PrometheusSource(asker, plan.evaluate_every)
        deployments = Deployments(asker, plan)

        def happened(slo: Slo, span: Span) -> tuple[Occasion, ...]:
            return releases(plan, slo, span, deployments.between(span) or ())

        def unknown() -> str:
            seen = deployments.between(period.span) is not None
            return "incidents" if seen else "incidents and releases"

        memory = Memory(lambda: plan.corrections, happened, unknown=unknown)
        return render(gather(plan, source, period, wanted, now=now, chronicle=memory), form)


def _of_desk(wanted: Wanted, asked: dict[str, str | None], form: str) -> bytes:
    desk = Settings().desk_at
    parameters = {"slo": list(wanted.slos), "component": wanted.component, "team": wanted.team, "format": form, **asked}
    given = {key: value for key, value in parameters.items() if value}
    try:
        answer = httpx.get(f"{desk}/v1/reports/slo", params=given, headers=introduced(), timeout=DESK_SECONDS)
    except httpx.HTTPError as error:
        raise NotRunning(
            f"expected the desk at {desk}, found {silence(error)}; `vcci up` or `vcci desk` starts it, "
            "VCCI_DESK_URL says where it is, and --prometheus asks a Prometheus instead"
        ) from None
    if answer.is_success:
        return answer.content
    raise refusal(f"{desk}/v1/reports/slo", answer)
