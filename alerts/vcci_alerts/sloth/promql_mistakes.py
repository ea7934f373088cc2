"""Where a PromQL query goes wrong, found by reading it once more the way Prometheus's parser does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from vcci_alerts.sloth.promql_tokens import AGGREGATORS, OPERATORS, Token, tokens_of

__all__ = ["Mistake", "Reading", "find_mistake"]

LIMIT_DEPTH = 100


@dataclass(frozen=True)
class Mistake:
    """What is wrong, and the offset at which it shows."""

    position: int
    what: str


class _Found(Exception):
    def __init__(self, mistake: Mistake) -> None:
        self.mistake = mistake
        super().__init__(mistake.what)


def find_mistake(query: str, reading: type[Reading] | None = None) -> Mistake | None:
    """Return the first mistake in the form of a query, or None if its form is right.

    `reading` may know a dialect of PromQL.

    >>> find_mistake("up down").what
    'unexpected identifier "down"'
    """
    kind = reading or Reading
    tokens = list(tokens_of(query, units=kind.units))
    if len(tokens) == 1 and tokens[0].kind == "end":
        return Mistake(0, "no expression found in input")
    started = kind(tokens)
    try:
        started.expression(0)
        started.end()
    except _Found as found:
        return found.mistake
    return None


class Reading:
    """One pass over the words of a query. Each method reads one thing, or refuses the word that stands there."""

    operators: ClassVar[frozenset[str]] = OPERATORS
    units: ClassVar[bool] = False

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.place = tokens, 0

    @property
    def next(self) -> Token:
        """The word that comes next."""
        return self.tokens[self.place]

    def refuse(self, context: str = "", expected: str = "") -> _Found:
        """Return the complaint about the next word."""
        token = self.next
        if token.kind == "error":
            return _Found(Mistake(token.position, token.text))
        what = f"unexpected {token.described}"
        what += f" in {context}" if context else ""
        what += f", expected {expected}" if expected else ""
        return _Found(Mistake(token.position, what))

    def take(self, *texts: str) -> bool:
        """Take the next word if it is one of these signs or keywords."""
        if self.next.kind in {"sign", "word"} and self.next.text.lower() in texts:
            self.place += 1
            return True
        return False

    def take_kind(self, *kinds: str) -> bool:
        """Take the next word if it is of one of these kinds."""
        if self.next.kind in kinds:
            self.place += 1
            return True
        return False

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.next.kind != "end":
            raise self.refuse()

    def expression(self, depth: int) -> None:
        """Read operands with operators between them."""
        if depth > LIMIT_DEPTH:
            raise _Found(Mistake(self.next.position, "the expression is nested too deeply"))
        self.operand(depth)
        while self.take(*self.operators):
            self.matching()
            self.operand(depth)

    def matching(self) -> None:
        """Read how an operator matches its two sides."""
        self.take("bool")
        if self.take("on", "ignoring"):
            self.labels()
            if self.take("group_left", "group_right") and self.next.text == "(":
                self.labels()

    def operand(self, depth: int) -> None:
        """Read a value with its signs, range, offset and moment."""
        while self.take("+", "-"):
            pass
        self.atom(depth)
        while True:
            if self.take("["):
                self.range()
            elif self.take("offset"):
                self.take("-", "+")
                self.need("number", "offset", "number, duration, or step()")
            elif self.take("@"):
                self.moment()
            else:
                return

    def atom(self, depth: int) -> None:
        """Read a number, a text, a selector, a call, or a whole expression in parentheses."""
        token = self.next
        if self.take_kind("number", "text"):
            return
        if self.take("("):
            self.expression(depth + 1)
            self.close()
        elif self.take("{"):
            self.matchers()
        elif token.kind == "word" and token.text.lower() not in self.operators:
            self.place += 1
            self.named(token, depth)
        else:
            raise self.refuse()

    def named(self, token: Token, depth: int) -> None:
        """Read what follows a name: grouping, arguments, matchers, or nothing."""
        aggregates = token.text.lower() in AGGREGATORS
        grouped = aggregates and self.take("by", "without")
        if grouped:
            self.labels()
        if self.take("("):
            self.arguments(depth)
            if aggregates and not grouped and self.take("by", "without"):
                self.labels()
        elif grouped:
            raise self.refuse("aggregation")
        elif self.take("{"):
            self.matchers()

    def arguments(self, depth: int) -> None:
        """Read what a function is given, up to its closing parenthesis."""
        if self.take(")"):
            return
        while True:
            self.expression(depth + 1)
            if not self.take(","):
                break
        self.close()

    def close(self) -> None:
        """Read a closing parenthesis."""
        if not self.take(")"):
            raise self.refuse()

    def range(self) -> None:
        """Read a range or a subquery after its opening bracket."""
        self.need("number", "subquery or range selector", "number, duration, or step()")
        if self.take(":"):
            self.take_kind("number")
            if not self.take("]"):
                raise self.refuse("subquery selector", 'number, duration, or step() or "]"')
        elif not self.take("]"):
            raise self.refuse("subquery or range", '":" or "]"')

    def moment(self) -> None:
        """Read what follows `@`."""
        self.take("-", "+")
        if self.take("start", "end"):
            if not (self.take("(") and self.take(")")):
                raise self.refuse("@", "timestamp")
        else:
            self.need("number", "@", "timestamp")

    def need(self, kind: str, context: str, expected: str) -> None:
        """Read a word of this kind."""
        if not self.take_kind(kind):
            raise self.refuse(context, expected)

    def labels(self) -> None:
        """Read the labels of a grouping."""
        context = "grouping opts"
        if not self.take("("):
            raise self.refuse(context, '"("')
        self.listed(")", lambda: self.need_label(context))

    def need_label(self, context: str) -> None:
        """Read the name of a label."""
        if not self.take_kind("word", "text"):
            raise self.refuse(context, "label")

    def matchers(self) -> None:
        """Read the matchers of a selector."""
        self.listed("}", self.matcher)

    def listed(self, closing: str, item: Callable[[], None]) -> None:
        """Read things with commas between them."""
        while not self.take(closing):
            item()
            if not self.take(","):
                if not self.take(closing):
                    context = "label matching" if closing == "}" else "grouping opts"
                    raise self.refuse(context, f'"," or "{closing}"')
                return

    def matcher(self) -> None:
        """Read one matcher."""
        context = "label matching"
        quoted = self.next.kind == "text"
        if not self.take_kind("word", "text"):
            raise self.refuse(context, 'string, identifier or "}"' if self.next.kind != "error" else "")
        if self.take("=", "!=", "=~", "!~"):
            self.need("text", context, "string")
        elif not quoted:
            raise self.refuse(context, "label matching operator")
