"""YAML as go-yaml v2 writes it: its quoting, its order of keys, lines of 80 columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cmp_to_key, lru_cache
from typing import Any

import yaml

from vcci_slo.formats.sloth.yaml_tree import resolved

__all__ = ["dump", "sorted_keys"]

Document = str | Mapping[str, Any] | Sequence[Any]

_WIDTH = 80
_END = "...\n"
_Dumper: Any = getattr(yaml, "CDumper", yaml.Dumper)

_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_DATE = r"(\d{4})-(\d{1,2})-(\d{1,2})"
_CLOCK = r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?"
_TIMES = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (_DATE, f"{_DATE} {_CLOCK}", rf"{_DATE}[Tt]{_CLOCK}(?:Z|[+-]\d{{2}}:\d{{2}})")
)
"""The forms of a time that go-yaml knows: a date, with a clock without a zone, and RFC 3339."""


def dump(document: Document) -> str:
    """Return a document made of mappings, sequences and texts. Mappings keep their order: see `sorted_keys`."""
    events: list[yaml.Event] = [yaml.StreamStartEvent(), yaml.DocumentStartEvent(explicit=False)]
    _add(events, document)
    events += [yaml.DocumentEndEvent(explicit=False), yaml.StreamEndEvent()]
    text: str = yaml.emit(events, Dumper=_Dumper, width=_WIDTH, allow_unicode=True)
    return text.removesuffix(_END) if text.endswith(f"\n{_END}") else text


def sorted_keys(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping in go-yaml's order: numbers in names count as numbers, and letters come last.

    >>> list(sorted_keys({"k10": 1, "k2": 1, "kB": 1, "k_a": 1}))
    ['k_a', 'k2', 'k10', 'kB']
    """
    return {key: mapping[key] for key in _sorted(tuple(mapping))}


@lru_cache(maxsize=4096)
def _sorted(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(keys, key=cmp_to_key(_compared)))


def _compared(first: str, second: str) -> int:
    for position, (left, right) in enumerate(zip(first, second, strict=False)):
        if left == right:
            continue
        if left.isalpha() and right.isalpha():
            return -1 if left < right else 1
        if left.isalpha() or right.isalpha():
            return -1 if right.isalpha() else 1
        return _compared_numbers(first, second, position)
    return len(first) - len(second)


def _compared_numbers(first: str, second: str, position: int) -> int:
    """Compare two names that differ first at a place where neither has a letter."""
    start = 0
    if "0" in {first[position], second[position]}:
        before = re.search(r"\d*$", first[:position])
        start = 1 if before and before.group().strip("0") else 0
    numbers, ends = [], []
    for name in (first, second):
        number, end = start, position
        while end < len(name) and name[end].isdecimal():
            number = number * 10 + ord(name[end]) - ord("0")
            end += 1
        numbers.append(number)
        ends.append(end)
    if numbers[0] != numbers[1]:
        return -1 if numbers[0] < numbers[1] else 1
    if ends[0] != ends[1]:
        return -1 if ends[0] < ends[1] else 1
    return -1 if first[position] < second[position] else 1


def _add(events: list[yaml.Event], value: Document) -> None:
    if isinstance(value, str):
        events.append(_scalar(value))
    elif isinstance(value, Mapping):
        events.append(yaml.MappingStartEvent(anchor=None, tag=None, implicit=True, flow_style=not value))
        for key, inner in value.items():
            events.append(_scalar(key))
            _add(events, inner)
        events.append(yaml.MappingEndEvent())
    else:
        events.append(yaml.SequenceStartEvent(anchor=None, tag=None, implicit=True, flow_style=not value))
        for inner in value:
            _add(events, inner)
        events.append(yaml.SequenceEndEvent())


@lru_cache(maxsize=4096)
def _scalar(text: str) -> yaml.ScalarEvent:
    style = "|" if "\n" in text else '"' if _means_more(text) else ""
    return yaml.ScalarEvent(anchor=None, tag=None, implicit=(True, True), value=text, style=style or None)


def _means_more(text: str) -> bool:
    """Return whether a plain text would be read as something else: a number, a boolean, nothing, a time."""
    if not isinstance(resolved(text), str):
        return True
    return text[:1] in "+-0123456789" and (bool(_BASE_60.fullmatch(text)) or _is_time(text))


def _is_time(text: str) -> bool:
    match = next((match for pattern in _TIMES if (match := pattern.fullmatch(text))), None)
    if match is None:
        return False
    year, month, day, hour, minute, second = (*map(int, match.groups()), 0, 0, 0)[:6]
    try:
        datetime(year or 2000, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return False
    return True
