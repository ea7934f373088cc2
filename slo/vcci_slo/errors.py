"""The errors of the core.

SloError
└── SpecError    the spec is not one; it lists every problem with its place
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["SloError", "SpecError", "SpecProblem"]


class SloError(Exception):
    """The base of what the core refuses."""


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
    """A spec that cannot be used, with all of its problems in the order of the file."""

    def __init__(self, problems: Iterable[SpecProblem]) -> None:
        self.problems: tuple[SpecProblem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
