"""The whole way from text to plan in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vcci_slo.plan import Plan
from vcci_slo.resolve import resolve
from vcci_slo.spec import parse

__all__ = ["load_plan"]


def load_plan(
    text: str,
    *,
    file: str = "spec.yaml",
    include: Callable[[str], str] | None = None,
    time_scale: float = 1.0,
    links: Mapping[str, str] | None = None,
) -> Plan:
    """Return the plan of a spec's text; `file` is its name in errors, `include` reads the files that it names.

    Raises SpecError with every problem at once.
    """
    return resolve(parse(text, file=file, include=include), time_scale=time_scale, links=links)
