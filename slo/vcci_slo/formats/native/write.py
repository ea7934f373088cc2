"""The text of a converted spec. It is held to our own checks: what they refuse stays behind, with their reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vcci_slo.errors import SpecError, SpecProblem
from vcci_slo.formats.native.assemble import assembled
from vcci_slo.formats.native.signals import WhyNot
from vcci_slo.formats.notes import Notes, Origin
from vcci_slo.formats.promise import Promise
from vcci_slo.formats.yaml_text import yaml_text
from vcci_slo.load import load_plan

__all__ = ["written"]

FILE = "the converted spec"


def written(promises: Iterable[Promise], notes: Notes, why_not: WhyNot, *, name: str) -> str:
    """Return the text of a spec that our own reader takes, made from promises."""
    data = assembled(promises, notes, why_not, name=name)
    while True:
        text = yaml_text(data)
        try:
            load_plan(text, file=FILE)
        except SpecError as error:
            refused = _refused(data, error.problems)
            if not refused:
                raise
            for slo, problem in refused.items():
                data["slos"].pop(slo)
                reason = f"expected {problem.expected}, found {problem.found}"
                notes.lost(Origin(FILE, f"slos.{slo}"), "", "the whole promise", reason)
            _tidy(data)
            continue
        return text


def _refused(data: dict[str, Any], problems: Iterable[SpecProblem]) -> dict[str, SpecProblem]:
    """Return the promises that are to blame for problems, each with its first one."""
    found: dict[str, SpecProblem] = {}
    for problem in problems:
        section, *rest = problem.path.split(".")
        if section == "slos" and rest and rest[0] in data.get("slos", {}):
            found.setdefault(rest[0], problem)
        elif section == "components" and len(rest) > 2:
            ref = f"{rest[0]}.{rest[2].partition('[')[0]}"
            for name, slo in data.get("slos", {}).items():
                if ref in {slo.get("good"), slo.get("fast"), slo.get("holds")}:
                    found.setdefault(name, problem)
    return found


def _tidy(data: dict[str, Any]) -> None:
    """Take away what nothing refers to any more."""
    refs = {slo.get(kind) for slo in data["slos"].values() for kind in ("good", "fast", "holds")}
    for name, component in data["components"].items():
        signals = component.get("signals", {})
        for signal in [signal for signal in signals if f"{name}.{signal}" not in refs]:
            signals.pop(signal)
        if not signals:
            component.pop("signals", None)
    if not data["slos"]:
        data.pop("slos")
