"""The errors of the core.

SloError
├── SpecError    the spec is not one; it lists every problem with its place
└── HasteError   clocks run too fast for the windows of the plan
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["MOST_PROBLEMS", "HasteError", "SloError", "SpecError", "SpecProblem"]


MOST_PROBLEMS = 200
"""Nobody reads more at once; whoever looks for problems may stop there."""


class SloError(Exception):
    """The base of what the core refuses."""


class HasteError(SloError):
    """Clocks that run so fast that a window of `where` holds too few scrapes to say anything; `fastest` would do."""

    def __init__(self, where: str, expected: str, found: str, fastest: float) -> None:
        self.where = where
        self.fastest = fastest
        super().__init__(f"{where}: expected {expected}, found {found}; a time scale of {fastest:g} or less would do")


@dataclass(frozen=True, order=True)
class SpecProblem:
    """One thing that is wrong in a spec: where, what was expected, what was found, and the nearest valid name."""

    file: str
    line: int
    column: int
    path: str
    expected: str
    found: str
    suggestion: str = ""

    def __str__(self) -> str:
        hint = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        place = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {place}expected {self.expected}, found {self.found}{hint}"


class SpecError(SloError):
    """A spec that cannot be used, with its problems in the order of the file: all of them, up to `MOST_PROBLEMS`."""

    def __init__(self, problems: Iterable[SpecProblem]) -> None:
        found = sorted(set(problems))
        self.problems: tuple[SpecProblem, ...] = tuple(found[:MOST_PROBLEMS])
        told = [str(problem) for problem in self.problems]
        if len(found) > MOST_PROBLEMS:
            told.append(f"and {len(found) - MOST_PROBLEMS:,} more")
        super().__init__("\n".join(told))
