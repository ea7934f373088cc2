"""Makes sure that what is written is valid: what a reader or a renderer refuses is left out, and a comment says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from vcci_alerts.errors import AlertsError
from vcci_dashboards.errors import DashboardsError
from vcci_platform.adoption.yaml_lines import Entry, Path, rendered, without
from vcci_platform.errors import PlatformError
from vcci_platform.generate import OUTPUTS, destinations, render
from vcci_runbooks_site.errors import RunbooksError
from vcci_slo.errors import SpecError
from vcci_slo.load import load_plan

__all__ = ["Unsettled", "settled"]

MOST_ROUNDS = 200
_DROPPED = ("slos", "alerts")


class Unsettled(PlatformError):
    """A spec that would not be valid, whatever is left out."""


def settled(
    entries: tuple[Entry, ...], head: Iterable[str], file: str, on_drop: Callable[[str, str], None] | None = None
) -> str:
    """Return the text of a spec that validates and renders, without what does not; `on_drop` hears (path, why)."""
    comments = tuple(head)
    for _ in range(MOST_ROUNDS):
        text = rendered(entries, comments)
        refused = _refused(text, file, entries)
        if not refused:
            return text
        for path, reason in refused.items():
            if on_drop is not None:
                on_drop(".".join(path), reason)
            entries = without(entries, path, reason)
    raise Unsettled("the spec is refused, whatever is left out; this is a defect of vcci")


def _refused(text: str, file: str, entries: tuple[Entry, ...]) -> dict[Path, str]:
    """Return what must go, with the reason."""
    try:
        plan = load_plan(text, file=file)
    except SpecError as error:
        found: dict[Path, str] = {}
        for problem in error.problems:
            reason = f"expected {problem.expected}, found {problem.found}"
            found.setdefault(_removable(problem.path, entries, str(problem)), reason)
        return found
    folders = destinations(None)
    refused: dict[Path, str] = {}
    for output in OUTPUTS:
        try:
            render(plan, folders, [output])
        except (AlertsError, DashboardsError, RunbooksError) as error:
            owner, _, reason = str(error).partition(": ")
            refused.setdefault(_removable(owner, entries, str(error)), reason)
    return refused


def _removable(place: str, entries: tuple[Entry, ...], said: str) -> Path:
    """Return the path of the smallest thing that can go, for a place as errors write it."""
    section, _, rest = place.partition(".")
    holder = next((entry for entry in entries if entry.key == section), None)
    if holder is None or not isinstance(holder.value, tuple):
        return _mentioned(entries, said)
    parts = rest.split(".")
    keys = [entry.key for entry in holder.value if entry.key]
    # A promise carries the name of its part behind its own: slos.latency-p99 is declared as slos.latency.
    name = max((key for key in keys if f"{parts[0]}-".startswith(f"{key}-")), key=len, default="")
    if not name:
        return _mentioned(entries, said)
    inside = holder.child(name)
    if section == "components" and inside is not None and len(parts) > 1:
        part = parts[1].partition("[")[0]
        group = inside.child(part)
        if group is not None and part == "signals" and len(parts) > 2 and group.child(parts[2]) is not None:
            return (section, name, part, parts[2])
        if group is not None and part in {"scrape", "selector"}:
            return (section, name, part)
    return (section, name)


def _mentioned(entries: tuple[Entry, ...], said: str) -> Path:
    """Return the path of the signal, promise or alert that a sentence speaks of: a panel is made from them."""
    for section in entries:
        for entry in section.value if isinstance(section.value, tuple) else ():
            if section.key == "components" and (signals := entry.child("signals")) is not None:
                for signal in signals.value:
                    if isinstance(signal, Entry) and re.search(rf"\b{entry.key}\.{signal.key}(?![\w-])", said):
                        return (section.key, entry.key, "signals", signal.key)
            elif section.key in _DROPPED and entry.key and re.search(rf"\b{entry.key}(?![\w-])", said):
                return (section.key, entry.key)
    raise Unsettled(f"the spec is refused: {said}; this is a defect of vcci")
