"""One change, and the comparison of any two values of a plan field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from typing import Any, Literal, TypeVar

from vcci_slo.promql.durations import words
from vcci_slo.promql.figures import number
from vcci_slo.promql.matchers import Matcher

__all__ = ["Change", "Kind", "by_name", "changed_fields", "pairs", "said"]

Kind = Literal[
    "promise", "alert", "signal", "component", "severity", "people", "calendar", "budget", "dashboard", "monitoring"
]
Thing = TypeVar("Thing")

NAMES = ("name", "ref", "uid", "priority", "team", "title")
"""What tells one thing from its neighbours, the first that it has."""

LONGEST = 160


@dataclass(frozen=True)
class Change:
    """What becomes of one thing. `words` go on after its name; `wakes` says that it changes who is woken."""

    kind: Kind
    name: str
    action: Literal["added", "removed", "changed"]
    words: str
    wakes: bool = False


def pairs(old: Iterable[Thing], new: Iterable[Thing], key: str) -> Iterator[tuple[str, Thing | None, Thing | None]]:
    """Yield (name, before, after) of everything that is in one or both, in the order of the new, then of the old."""
    before = {str(getattr(one, key)): one for one in old}
    after = {str(getattr(one, key)): one for one in new}
    for name in (*after, *(name for name in before if name not in after)):
        yield name, before.get(name), after.get(name)


def changed_fields(
    old: Any, new: Any, *, leave: Iterable[str] = (), only: Iterable[str] | None = None
) -> Iterator[tuple[str, str, str]]:
    """Yield (which, before, after) for each field in which two values of the same kind differ, as far down as it goes.

    >>> list(changed_fields(Matcher("a", "=", "1"), Matcher("a", "=", "2")))
    [('value', '1', '2')]
    """
    wanted = {field.name for field in fields(old)} if only is None else set(only)
    for field in fields(old):
        if field.name in wanted and field.name not in set(leave):
            yield from _changed(field.name.replace("_", " "), getattr(old, field.name), getattr(new, field.name))


def _changed(name: str, old: Any, new: Any) -> Iterator[tuple[str, str, str]]:
    if old == new:
        return
    if is_dataclass(old) and type(old) is type(new) and not isinstance(old, Matcher):
        for inner, before, after in changed_fields(old, new):
            yield f"{name} {inner}", before, after
        return
    if isinstance(old, tuple) and isinstance(new, tuple):
        was, now = by_name(old), by_name(new)
        if was is not None and now is not None:
            for key in dict.fromkeys((*now, *was)):
                yield from _entry(f"{name} {key}", was.get(key), now.get(key))
            return
    yield name, said(old), said(new)


def _entry(name: str, old: Any, new: Any) -> Iterator[tuple[str, str, str]]:
    if old is None or new is None:
        yield name, said(old), said(new)
    else:
        yield from _changed(name, old, new)


def by_name(several: tuple[Any, ...]) -> Mapping[str, Any] | None:
    """Return a tuple of named things, or of (name, thing), by their names; None if it is another tuple."""
    if all(isinstance(one, tuple) and len(one) == 2 and isinstance(one[0], str | int | timedelta) for one in several):
        return {said(one[0]): one[1] for one in several}
    key = next((key for key in NAMES if all(hasattr(one, key) for one in several)), None)
    if key is None or any(isinstance(one, Matcher | str) for one in several):
        return None
    return {str(getattr(one, key)): one for one in several}


def said(value: Any) -> str:
    """Return a value of a plan as a person says it.

    >>> said(timedelta(minutes=5)), said(None), said((Matcher("job", "=", "api"),)), said(0.001)
    ('5 minutes', 'nothing', 'job="api"', '0.001')
    """
    match value:
        case None | () | "":
            text = "nothing"
        case bool():
            text = "yes" if value else "no"
        case timedelta():
            text = words(value)
        case float():
            text = number(value)
        case tuple():
            text = ", ".join(said(one) for one in value)
        case _ if is_dataclass(value) and not isinstance(value, Matcher):
            found = next((str(getattr(value, key)) for key in NAMES if hasattr(value, key)), type(value).__name__)
            text = found
        case _:
            text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
