"""The whole way from text to plan in one call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from vcci_slo.errors import SpecError, SpecProblem
from vcci_slo.plan import Plan
from vcci_slo.resolve import resolve
from vcci_slo.spec.document import Malformed, parse

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
    try:
        return resolve(parse(text, file=file, include=include), time_scale=time_scale, links=links)
    except Malformed as malformed:
        raise SpecError([*malformed.problems, *_of_the_rest(malformed)]) from None


def _of_the_rest(malformed: Malformed) -> list[SpecProblem]:
    """Return what else is wrong in the well-formed part, but not that it refers to what was left out."""
    if malformed.rest is None:
        return []
    try:
        resolve(malformed.rest)
    except SpecError as error:
        return [problem for problem in error.problems if not _names(problem, malformed.missing)]
    return []


def _names(problem: SpecProblem, missing: frozenset[str]) -> bool:
    return any(re.search(rf"\b{re.escape(name)}\b", f"{problem.path} {problem.found}") for name in missing)
