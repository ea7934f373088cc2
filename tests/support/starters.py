"""Starter specs that are written from recorded answers, and what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from typer.testing import CliRunner

from support.recorded_prometheus import Recorded
from vcci_platform.adoption.arrival import arrive
from vcci_platform.adoption.prometheus import ALL, Questions
from vcci_platform.cli import spec
from vcci_slo import load_plan
from vcci_slo.plan import Plan, Signal

__all__ = ["URL", "plan_of", "signals", "validated", "written"]

URL = "http://prometheus.example:9090"


def written(recorded: Recorded, **bounds: float) -> str:
    return arrive(Questions(recorded.client(), URL, replace(ALL, **bounds)))


def signals(text: str) -> dict[str, Signal]:
    return {signal.ref: signal for component in load_plan(text).components for signal in component.signals}


def plan_of(text: str) -> Plan:
    return load_plan(text, file="vcci.yaml")


def validated(text: str, folder: Path) -> None:
    """Fail unless `vcci spec validate` takes it as it is."""
    (folder / "vcci.yaml").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(spec.app, ["validate", str(folder / "vcci.yaml")])
    assert done.exit_code == 0, done.output + text
