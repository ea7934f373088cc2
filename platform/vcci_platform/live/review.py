"""Two plans side by side for a review: what changes in words, what of the artifacts, and which history breaks."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from vcci_alerts import alertmanager, rules
from vcci_alerts.model import AlertRule, Group
from vcci_platform.live.broken import Broken, broken_history
from vcci_platform.live.expressions import normalised
from vcci_slo.difference import Change, difference
from vcci_slo.plan import Plan

__all__ = ["PageChange", "Review", "RuleChange", "review"]


@dataclass(frozen=True)
class RuleChange:
    """How many rules of a group come, go and change, and the alerts among them."""

    group: str
    added: int
    removed: int
    changed: int
    alerts: tuple[str, ...]


@dataclass(frozen=True)
class PageChange:
    """A runbook page that comes, goes or changes, and in how many lines."""

    path: str
    action: str
    lines: int


@dataclass(frozen=True)
class Review:
    """Everything that differs between two plans."""

    old: str
    new: str
    changes: tuple[Change, ...]
    rules: tuple[RuleChange, ...]
    routes_change: bool
    pages: tuple[PageChange, ...]
    broken: tuple[Broken, ...]

    def __bool__(self) -> bool:
        return bool(self.changes or self.rules or self.routes_change or self.pages or self.broken)


def review(old: Plan, new: Plan, *, names: tuple[str, str], pages: Callable[[Plan], Mapping[str, str]]) -> Review:
    """Return what differs; `pages` renders the runbook pages of a plan, `names` are what the two are called."""
    old = replace(old, source=new.source)  # what a file is called is no difference
    return Review(
        old=names[0],
        new=names[1],
        changes=difference(old, new),
        rules=tuple(_rules(rules.rule_files(old), rules.rule_files(new))),
        routes_change=alertmanager.render(old) != alertmanager.render(new),
        pages=tuple(_pages(pages(old), pages(new))),
        broken=broken_history(old, new),
    )


def _rules(old: Mapping[str, Group], new: Mapping[str, Group]) -> list[RuleChange]:
    found: list[RuleChange] = []
    for path in sorted({*old, *new}):
        was, now = _by_identity(old.get(path)), _by_identity(new.get(path))
        added = [key for key in now if key not in was]
        removed = [key for key in was if key not in now]
        changed = [key for key in now if key in was and now[key] != was[key]]
        if added or removed or changed:
            alerts = dict.fromkeys(name for kind, name, _ in (*added, *removed, *changed) if kind == "alert")
            group = new.get(path) or old[path]
            found.append(RuleChange(group.name, len(added), len(removed), len(changed), tuple(alerts)))
    return found


def _by_identity(group: Group | None) -> dict[tuple[str, str, object], object]:
    """Return the rules of a group by what makes them the same rule: name, and tier, severity or labels."""
    found: dict[tuple[str, str, object], object] = {}
    for rule in group.rules if group else ():
        expression = normalised(rule.expression)
        if isinstance(rule, AlertRule):
            labels = dict(rule.labels)
            key = ("alert", rule.alert, labels.get("tier") or labels.get("priority"))
            found[key] = (expression, rule.lasts, rule.keep_firing_for, rule.labels, rule.annotations)
        else:
            found["record", rule.record, dict(rule.labels).get("slo")] = (expression, rule.labels)
    return found


def _pages(old: Mapping[str, str], new: Mapping[str, str]) -> list[PageChange]:
    found: list[PageChange] = []
    for path in sorted({*old, *new}):
        was, now = old.get(path), new.get(path)
        if was is None or now is None:
            lines = len((now or was or "").splitlines())
            found.append(PageChange(path, "added" if was is None else "removed", lines))
        elif was != now:
            differing = difflib.ndiff(was.splitlines(), now.splitlines())
            found.append(PageChange(path, "changed", sum(line.startswith("+ ") for line in differing)))
    return found
