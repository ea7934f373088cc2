"""What promises have in common, written once: the defaults of all, and one promise `like` another.

A key that a promise says itself replaces the inherited one; nothing is bent or joined. What a promise measures is one
thing: who says `fast` inherits no `good`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vcci_slo.errors import MOST_PROBLEMS, SpecError, SpecProblem
from vcci_slo.spec.section import nearest, some_of
from vcci_slo.spec.source import Source

__all__ = ["inherited"]

KINDS = ("good", "fast", "holds")
MEASURES = frozenset({*KINDS, "within", "below", "above"})
MERGED = frozenset({"tiers", "labels"})
"""Maps whose entries are inherited one by one."""

MOST_GENERATIONS = 10

Entry = Mapping[str, Any]


def inherited(data: dict[str, Any], origin: Source) -> tuple[dict[str, Any], list[SpecProblem]]:
    """Return the data in which every promise has what it inherits, and each `like` that leads nowhere."""
    written = data.get("slos")
    if not isinstance(written, dict):
        return data, []
    section = data.get("defaults")
    common = section.get("slos") if isinstance(section, dict) else None
    problems: list[SpecProblem] = []
    whole: dict[str, Any] = {}
    for name, entry in written.items():
        if not isinstance(entry, dict):
            whole[name] = entry
            continue
        found: Entry = {}
        for ancestor in reversed(_line(name, written, origin, problems)):
            found = _joined(found, ancestor)
        defaults = common if isinstance(common, dict) else {}
        if len(problems) > MOST_PROBLEMS:
            raise SpecError(problems)
        whole[name] = _joined(_without_objective(defaults, found), found)
    return {**data, "slos": whole}, problems


def _line(name: str, written: Mapping[str, Any], origin: Source, problems: list[SpecProblem]) -> list[Entry]:
    """Return a promise and what it is like, the nearest first."""
    line: list[Entry] = []
    seen: list[str] = []
    wanted: Any = name
    while isinstance(wanted, str):
        if wanted in seen:
            problems.append(_problem(origin, name, "a promise that is not like itself", " → ".join([*seen, wanted])))
            break
        entry = written.get(wanted)
        if not isinstance(entry, dict):
            known = some_of(written)
            place = seen[-1] if seen else name
            meant = nearest(wanted, [other for other in written if other != place])
            problems.append(_problem(origin, place, f"the name of a promise ({known})", repr(wanted), meant))
            break
        if len(seen) >= MOST_GENERATIONS:
            problems.append(_problem(origin, name, f"a line of at most {MOST_GENERATIONS} promises", "a longer one"))
            break
        seen.append(wanted)
        line.append(entry)
        wanted = entry.get("like")
    return line


def _problem(origin: Source, name: str, expected: str, found: str, meant: str = "") -> SpecProblem:
    return origin.problem(("slos", name, "like"), expected, found, meant)


def _joined(base: Entry, own: Entry) -> Entry:
    """Return the base with what its own says instead."""
    left_out: set[str] = {"like"}
    if any(own.get(kind) is not None for kind in KINDS):
        left_out |= MEASURES
        if own.get("fast") is not None:
            left_out.add("objective")
    kept = {key: value for key, value in base.items() if key not in left_out}
    for key, value in own.items():
        before = kept.get(key)
        if key in MERGED and isinstance(before, dict) and isinstance(value, dict):
            kept[key] = {**before, **value}
        else:
            kept[key] = value
    return kept


def _without_objective(defaults: Entry, entry: Entry) -> Entry:
    """Return the defaults of a promise; one on latency has its objectives in `within`."""
    if entry.get("fast") is None:
        return defaults
    return {key: value for key, value in defaults.items() if key != "objective"}
