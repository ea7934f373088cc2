"""`vcci generate`: write the artifacts of a spec, or say how those on disk differ from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer

from vcci_alerts import AlertsError, packing, prometheus_config
from vcci_alerts.yaml_text import BANNER
from vcci_platform import generate
from vcci_platform.cli.options import FolderSpec
from vcci_platform.errors import PlatformError
from vcci_platform.specs import REPOSITORY_SPEC, find_spec, plan_of
from vcci_slo.plan import Plan
from vcci_slo.promql.durations import words
from vcci_slo.spec.units import Span

__all__ = ["app"]

app = typer.Typer()


class UnknownOutput(PlatformError):
    """`--only` names something that is not generated."""

    exit_code = 2


class UnfitOption(PlatformError):
    """An option that does not go with the others, or whose value cannot be kept."""

    exit_code = 2


@app.command(name="generate")
def run(
    *,
    spec: FolderSpec = None,
    only: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(generate.OUTPUTS)}; may be repeated")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; end with 1 if anything differs")] = False,
    out: Annotated[
        Path | None, typer.Option(help="A folder for everything; unset, those of the repository, else ./generated")
    ] = None,
    max_rules: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="With --only rules: the most rules of a group, such as 20, which is Mimir's limit; "
            "a rule may then read a value that is one evaluation old",
        ),
    ] = None,
    max_bytes: Annotated[
        str | None,
        typer.Option(help="With --only rules: the most that a file or object holds, such as 900Ki", metavar="SIZE"),
    ] = None,
    one_file: Annotated[bool, typer.Option("--one-file", help="With --only rules: all of them in one file")] = False,
    made_as: Annotated[
        Literal["files", "prometheus-rule"],
        typer.Option("--as", help="With --only rules: rule files, or PrometheusRule objects of Kubernetes"),
    ] = "files",
    namespace: Annotated[str | None, typer.Option(help="Kubernetes namespace of PrometheusRule objects")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="KEY=VALUE on PrometheusRule objects, by which a Prometheus finds them; may be repeated"),
    ] = None,
) -> None:
    """Write every artifact of the spec: rules, their tests, routes, dashboards, runbooks, and the JSON Schema."""
    path = find_spec(spec, Path.cwd())
    chosen = only or []
    for name in chosen:
        if name not in generate.OUTPUTS:
            raise UnknownOutput(f"--only: expected one of {', '.join(generate.OUTPUTS)}, found {name!r}")
    limits = _packing(max_rules, max_bytes, made_as, namespace, label or [], one_file=one_file)
    if limits and chosen != ["rules"]:
        raise UnfitOption("expected --only rules with --max-rules, --max-bytes, --one-file and --as")
    # The artifacts of the repository are in the form that its tests know.
    in_repository = out is None and path == REPOSITORY_SPEC and not limits
    folders = generate.destinations(None if in_repository else out or Path("generated"))
    plan = plan_of(path)
    files = _packed(plan, limits, folders["alerts"]) if limits else generate.render(plan, folders, chosen)
    difference = generate.compare(files, folders, whole=not chosen)
    if chosen == ["rules"]:
        difference = replace(difference, orphans=_left_over(plan, folders["alerts"], files))
    if check:
        _report(difference, path)
        return
    left = generate.write(files, difference)
    changed = len(difference.stale) + len(difference.missing)
    typer.echo(f"{len(files)} files from {path}: {changed} written, {len(difference.orphans) - len(left)} deleted")
    for orphan in left:
        typer.echo(f"{orphan}: not made from this spec and not marked as generated; left alone", err=True)
    if chosen == ["rules"]:
        typer.echo(_for_prometheus(plan, folders["alerts"], manifests=limits.manifests is not None))


def _packing(
    max_rules: int | None,
    max_bytes: str | None,
    made_as: str,
    namespace: str | None,
    labels: list[str],
    *,
    one_file: bool,
) -> packing.Packing:
    """Return the limits that are asked for."""
    manifests = None
    try:
        if made_as == "prometheus-rule":
            pairs = tuple((key, value) for key, _, value in (text.partition("=") for text in labels))
            manifests = packing.Manifests(namespace, pairs)
        elif namespace is not None or labels:
            raise UnfitOption("expected --as prometheus-rule with --namespace and --label")
        size = None if max_bytes is None else _size(max_bytes)
    except AlertsError as error:
        raise UnfitOption(f"--{error}") from None
    return packing.Packing(max_rules, size, one_file, manifests)


def _size(text: str) -> int:
    try:
        size = Span.parse(text)
    except ValueError:
        size = Span(0, 0)
    if size.low != size.high or size.low < 1:
        raise UnfitOption(f"--max-bytes: expected a size such as 900Ki, found {text!r}")
    return int(size.low)


def _packed(plan: Plan, limits: packing.Packing, folder: Path) -> dict[Path, str]:
    try:
        return {folder / path: text for path, text in packing.packed(plan, limits).items()}
    except AlertsError as error:
        raise UnfitOption(f"--max-bytes: {error}") from None


def _left_over(plan: Plan, folder: Path, files: Mapping[Path, str]) -> tuple[Path, ...]:
    """Return the rules of this spec that were cut otherwise before: Prometheus would evaluate them a second time."""
    banner = BANNER.format(source=plan.source).encode()
    found = (path for kind in (packing.RULES, packing.MANIFESTS) for path in (folder / kind).glob("*.yml"))
    return tuple(sorted(path for path in found if path not in files and path.read_bytes().startswith(banner)))


def _for_prometheus(plan: Plan, folder: Path, *, manifests: bool) -> str:
    """Return what a Prometheus needs that knows nothing of us: three lines of its configuration."""
    longest = max((slo.window * plan.time_scale for slo in plan.slos), default=timedelta(0))
    told = f"its retention must hold the longest window, {words(longest)}: {prometheus_config.flags(plan)[0]}"
    if manifests:
        where = (folder / packing.MANIFESTS).resolve()
        return f"Apply them, where the Prometheus Operator runs:\nkubectl apply -f '{where}'\n# {told}"
    return (
        "Add these lines to prometheus.yml and reload Prometheus:\n"
        "rule_files:\n"
        f"  - '{(folder / 'rules').resolve()}/*.yml'\n"
        f"# {told if longest else 'no window is longer than what Prometheus keeps by itself'}"
    )


def _report(difference: generate.Difference, spec: Path) -> None:
    for word, paths in (("stale", difference.stale), ("missing", difference.missing), ("orphan", difference.orphans)):
        for path in paths:
            typer.echo(f"{word}: {path}", err=True)
    if difference:
        typer.secho(f"The artifacts are not what {spec} says. `vcci generate` writes them.", err=True, fg="red")
        raise typer.Exit(1)
    typer.echo(f"The artifacts are what {spec} says.")
