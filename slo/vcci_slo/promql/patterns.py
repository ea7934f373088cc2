"""Regular expressions in time that grows with the text, as Prometheus has them.

Python's own need ages for `(a+)+b` on a few dozen letters: they go back and try again. Here all ways are followed at
once (Thompson, 1968). What Prometheus refuses is refused: a look ahead or behind, a reference back, a thousand repeats.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

__all__ = ["Pattern", "pattern"]

MOST_REPEATS = 1000
MOST_STATES = 10_000
MOST_DEPTH = 50
_QUANTIFIER = re.compile(r"([*+?]|\{(\d+)(,(\d*))?\})")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|\[:\^?[a-z]+:\]|[^\]\\])*\]", re.DOTALL)
_GROUP = re.compile(r"\((?:\?(?:P?<[A-Za-z_]\w*>|(?P<flags>[ims]*)(?:-[ims]+)?(?P<end>[:)])))?")
_OF_A_GROUP = re.compile(r"\)[*+?{]")
_HERE = re.compile(r"[$^]|\\[AbB]")
_ESCAPED = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_PYTHONS_OWN = re.compile(r"(?<!\\)(?:\\\\)*(\\[ZuUN])")
_NAMED_CLASS = re.compile(r"\[:\^?[a-z]+:\]")


@dataclass
class _State:
    """Where a match may stand: what the next letter, or the place, must be, and where it goes on from there."""

    letter: re.Pattern[str] | None = None
    here: re.Pattern[str] | None = None
    then: list[_State] = field(default_factory=list)


class Pattern:
    """A regular expression that is matched against whole texts. Raises ValueError for what Prometheus cannot read."""

    def __init__(self, text: str) -> None:
        try:
            compiled = re.compile(text)
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(str(error)) from None
        if found := _PYTHONS_OWN.search(text):
            raise ValueError(f"{found[1]} at position {found.start(1)}, which Prometheus does not know")
        # With a single repeat, and not of a group, there is nothing to go back to again and again.
        simple = len(_QUANTIFIER.findall(text)) <= 1 and not any(mark in text for mark in ("(?", "{,"))
        simple = simple and not _OF_A_GROUP.search(text)
        self._simple = compiled if simple else None
        self._text, self._place, self._states, self._flags = text, 0, 0, 0
        self._start, self._end = self._alternatives(0)
        if self._place < len(text):
            raise ValueError(f"unbalanced at position {self._place}")

    def matches(self, text: str) -> bool:
        """Return whether the whole text is matched."""
        if self._simple is not None:
            return self._simple.fullmatch(text) is not None
        now = self._reached([self._start], text, 0)
        for place, letter in enumerate(text):
            after = [state.then[0] for state in now if state.letter is not None and state.letter.match(letter)]
            now = self._reached(after, text, place + 1)
            if not now:
                return False
        return any(state is self._end for state in now)

    @staticmethod
    def _reached(states: Iterable[_State], text: str, place: int) -> list[_State]:
        found: dict[int, _State] = {}
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if id(state) in found or (state.here is not None and not state.here.match(text, place)):
                continue
            found[id(state)] = state
            if state.letter is None:
                waiting += state.then
        return list(found.values())

    # --- reading -----------------------------------------------------------------------------------------------------

    def _state(self, letter: str = "", here: str = "") -> _State:
        self._states += 1
        if self._states > MOST_STATES:
            raise ValueError(f"larger than {MOST_STATES:,} steps")
        return _State(
            re.compile(letter, self._flags) if letter else None, re.compile(here, self._flags) if here else None
        )

    def _alternatives(self, depth: int) -> tuple[_State, _State]:
        if depth > MOST_DEPTH:
            raise ValueError(f"more than {MOST_DEPTH} groups in each other")
        start, end = self._state(), self._state()
        while True:
            first, last = self._sequence(depth)
            start.then.append(first)
            last.then.append(end)
            if self._text[self._place : self._place + 1] != "|":
                return start, end
            self._place += 1

    def _sequence(self, depth: int) -> tuple[_State, _State]:
        start = end = self._state()
        while self._place < len(self._text) and self._text[self._place] not in "|)":
            first, last = self._repeated(depth)
            end.then.append(first)
            end = last
        return start, end

    def _repeated(self, depth: int) -> tuple[_State, _State]:
        begin, flags = self._place, self._flags
        part = self._atom(depth)
        found = _QUANTIFIER.match(self._text, self._place)
        if found is None:
            return part
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(found[1], (int(found[2] or 0), None))
        if found[2]:
            most = least if found[3] is None else int(found[4]) if found[4] else None
        if max(least, most or 0) > MOST_REPEATS:
            raise ValueError(f"more than {MOST_REPEATS} repeats")
        after = found.end() + (self._text[found.end() : found.end() + 1] == "?")
        if self._text[after : after + 1] in {"*", "+", "?"}:
            raise ValueError("a repeat of a repeat without a group")
        start = end = self._state()
        for number in range(max(least, 1) if most is None else most):
            if number:  # the same text, read again, makes the states of the next turn
                self._place, self._flags = begin, flags
                part = self._atom(depth)
            if number >= least:
                start_of_rest = self._state()
                start_of_rest.then += [part[0]]
                end.then.append(start_of_rest)
                skip = self._state()
                start_of_rest.then.append(skip)
                part[1].then.append(skip)
                end = skip
            else:
                end.then.append(part[0])
                end = part[1]
            if most is None and number >= least - 1:
                part[1].then.append(part[0])
        self._place = after
        return start, end

    def _atom(self, depth: int) -> tuple[_State, _State]:
        text, place = self._text, self._place
        mark = text[place]
        if mark == "(":
            return self._group(depth)
        here = _HERE.match(text, place)
        found = _CLASS.match(text, place) if mark == "[" else None
        if found and _NAMED_CLASS.search(found[0]):
            raise ValueError(f"{found[0]}, a class that the desk does not know: write its letters")
        escaped = _ESCAPED.match(text, place)
        size = len(escaped[0]) if escaped else len(found[0]) if found else 1
        if mark == "\\" and text[place + 1].isdigit():
            raise ValueError("a reference back")
        one = text[place : place + size]
        state = (
            self._state(here=one) if here else self._state(letter=one if size > 1 or mark == "." else re.escape(one))
        )
        self._place += size
        end = self._state()
        state.then.append(end)
        return state, end

    def _group(self, depth: int) -> tuple[_State, _State]:
        found = _GROUP.match(self._text, self._place)
        assert found is not None  # noqa: S101 - the caller saw the bracket
        if found[0] == "(" and self._text[found.end() : found.end() + 1] == "?":
            raise ValueError("a group of a kind that Prometheus does not know")
        before = self._flags
        for flag in found["flags"] or "":
            self._flags |= {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}[flag]
        self._place = found.end()
        if found["end"] == ")":
            empty = self._state()
            return empty, empty
        part = self._alternatives(depth + 1)
        if self._text[self._place : self._place + 1] != ")":
            raise ValueError("a group that is not closed")
        self._place += 1
        self._flags = before
        return part


@lru_cache(maxsize=1024)
def pattern(text: str) -> Pattern:
    """Return a regular expression, read once.

    >>> pattern("5..").matches("503"), pattern("(a+)+b").matches("a" * 5000)
    (True, False)
    """
    return Pattern(text)
