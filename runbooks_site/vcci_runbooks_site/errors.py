"""What can be wrong with a runbook site.

RunbooksError
├── ContentError: a hand-written page is not as it must be; names the file and the line
├── PageNameError: two pages would have one address
└── BuildError: the site could not be built; holds what the builder said
"""

from __future__ import annotations

__all__ = ["BuildError", "ContentError", "PageNameError", "RunbooksError"]


class RunbooksError(Exception):
    """Something is wrong with the site; the text says what, where, and what was expected."""


class ContentError(RunbooksError):
    """A hand-written page is not as it must be."""

    def __init__(self, path: str, line: int, expected: str, found: str) -> None:
        super().__init__(f"{path}:{line}: expected {expected}, found {found}")
        self.path = path
        self.line = line


class PageNameError(RunbooksError):
    """Two pages would have the same address."""

    def __init__(self, owner: str, slug: str, other: str) -> None:
        super().__init__(f"{owner}: expected a runbook name of its own, found {slug!r}, which is {other}")
        self.slug = slug


class BuildError(RunbooksError):
    """The site could not be built; `output` is what the builder said."""

    def __init__(self, output: str) -> None:
        super().__init__(f"the runbook site could not be built:\n{output}")
        self.output = output
