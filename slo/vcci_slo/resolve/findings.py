"""What is found wrong while the plan is made, collected so that all of it is told at once; and the scale of time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from vcci_slo.errors import MOST_PROBLEMS, SpecError, SpecProblem
from vcci_slo.promql.matchers import Matcher, parse_matchers
from vcci_slo.spec.section import nearest, some_of
from vcci_slo.spec.source import Path, Source

__all__ = ["Findings", "Pace", "camel", "kebab"]

Thing = TypeVar("Thing")

FASTEST = 1000
"""A window of five minutes then lasts 300 ms; no scrape is faster."""


class Findings:
    """The problems of one spec, and the questions that lead to them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.problems: list[SpecProblem] = []

    def add(self, path: Path, expected: str, found: str, suggestion: str = "") -> None:
        """Note that something is wrong at a path. Raises SpecError once there are more problems than anyone reads."""
        self.problems.append(self._source.problem(path, expected, found, suggestion))
        if len(self.problems) > MOST_PROBLEMS:
            raise SpecError(self.problems)

    def lookup(self, path: Path, kind: str, name: str, known: Mapping[str, Thing]) -> Thing | None:
        """Return what a reference names; if nothing has that name, note it with the nearest one."""
        if name in known:
            return known[name]
        listed = some_of(known) or "none is declared"
        self.add(path, f"the name of {kind} ({listed})", repr(name), nearest(name, known))
        return None

    def matchers(self, path: Path, text: str) -> tuple[Matcher, ...]:
        """Return the matchers of a text; none, and a note, if it is no list of matchers."""
        try:
            return parse_matchers(text)
        except ValueError as error:
            self.add(path, *_split(str(error)))
            return ()


def _split(sentence: str) -> tuple[str, str]:
    expected, _, found = sentence.removeprefix("expected ").partition(", got ")
    return expected, found


@dataclass(frozen=True)
class Pace:
    """How fast clocks run. Windows and timers shrink by it; measured values, such as latencies, do not."""

    scale: float

    def __post_init__(self) -> None:
        if not 1 <= self.scale <= FASTEST:
            raise ValueError(f"expected a time scale from 1 to {FASTEST}, got {self.scale}")

    def of(self, duration: timedelta) -> timedelta:
        """Return a duration at this pace, in whole milliseconds and at least one."""
        if self.scale == 1 or not duration:
            return duration
        return max(
            timedelta(milliseconds=round(duration / timedelta(milliseconds=1) / self.scale)), timedelta(milliseconds=1)
        )

    def maybe(self, duration: timedelta | None) -> timedelta | None:
        """Return the same for a duration that may not be set."""
        return None if duration is None else self.of(duration)


def camel(name: str) -> str:
    """Return a name as alerts are written.

    >>> camel("job-success_emissions")
    'JobSuccessEmissions'
    """
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))


def kebab(name: str) -> str:
    """Return an alert's name as a page is called.

    >>> kebab("APIHighErrorRate"), kebab("supplier_engagement")
    ('api-high-error-rate', 'supplier-engagement')
    """
    parted = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", _part, name)
    return re.sub(r"[^a-z0-9]+", "-", parted.lower()).strip("-")


def _part(found: re.Match[str]) -> str:
    left, right = (found[1], found[2]) if found[1] else (found[3], found[4])
    return f"{left}-{right}"
