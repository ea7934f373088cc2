"""What a PromQL query is made of. Each part knows its place in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vcci_slo.promql.matchers import Matcher

__all__ = ["Aggregate", "Binary", "Call", "Group", "Literal", "Minus", "Node", "Selector", "Subquery", "inside"]


@dataclass(frozen=True)
class Selector:
    """Series by name and labels. `window` is the range in brackets as written, None for an instant.

    `shifted` says that an offset or `@` follows; `plain` that name and labels are of the classic form.
    """

    start: int
    end: int
    metric: str
    matchers: tuple[Matcher, ...]
    window: str | None
    window_at: tuple[int, int] | None
    shifted: bool
    plain: bool


@dataclass(frozen=True)
class Subquery:
    """An expression looked at again and again over a range."""

    start: int
    end: int
    inner: Node
    window: str
    window_at: tuple[int, int]
    shifted: bool


@dataclass(frozen=True)
class Literal:
    """A number or a text."""

    start: int
    end: int
    number: float | None


@dataclass(frozen=True)
class Call:
    """A function of its arguments."""

    start: int
    end: int
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Aggregate:
    """Many series made one for each group. `by` is None without a clause or with `without`."""

    start: int
    end: int
    operator: str
    by: tuple[str, ...] | None
    without: tuple[str, ...] | None
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Binary:
    """Two expressions joined. `matching` are the words between operator and right side, such as `on ( )`."""

    start: int
    end: int
    operator: str
    matching: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Minus:
    """A sign before an expression."""

    start: int
    end: int
    inner: Node


@dataclass(frozen=True)
class Group:
    """An expression in brackets."""

    start: int
    end: int
    inner: Node


Node = Selector | Subquery | Literal | Call | Aggregate | Binary | Minus | Group


def inside(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it, from left to right."""
    yield node
    match node:
        case Call(arguments=arguments) | Aggregate(arguments=arguments):
            for argument in arguments:
                yield from inside(argument)
        case Binary(left=left, right=right):
            yield from inside(left)
            yield from inside(right)
        case Subquery(inner=inner) | Minus(inner=inner) | Group(inner=inner):
            yield from inside(inner)
        case _:
            return
