"""One alerting rule as an alert of the spec: measure, limit, priority, words, and what changed on the way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import promql_parser as promql

from vcci_alerts.expressions import labels_of
from vcci_platform.adoption.importing.conditions import Condition, condition_of
from vcci_platform.adoption.importing.families import Family, family_of
from vcci_platform.adoption.importing.limits import limit_text
from vcci_platform.adoption.importing.promql_text import matchers_of, parsed, selectors
from vcci_platform.adoption.importing.rule_files import Rule
from vcci_platform.adoption.importing.sentences import runbook_of, sentence
from vcci_platform.adoption.importing.severities import priority_of
from vcci_platform.adoption.importing.shapes import Shape, Whole, shape_of
from vcci_slo.spec.section import Priority

__all__ = ["Draft", "NotImportable", "draft_of"]

SEVERITY_LABELS = ("severity", "priority", "level")
OWNER_LABELS = ("team", "owner", "squad")
SUMMARIES = ("summary", "message", "title")
RUNBOOKS = ("runbook_url", "runbook")
LONGEST_EXPRESSION = 1000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}")


class NotImportable(Exception):
    """A rule that the spec cannot say, with the reason."""


@dataclass(frozen=True)
class Draft:
    """An alert before it has a place in a spec."""

    rule: Rule
    family: Family
    condition: Condition
    shape: Shape
    priority: Priority
    severity: str
    limit: str
    lasts: timedelta
    keep_firing_for: timedelta
    summary: str
    description: str
    runbook: str
    owner: str
    changes: tuple[str, ...]
    lost: tuple[str, ...]


def draft_of(rule: Rule, severities: Mapping[str, Priority]) -> Draft:
    """Return the alert of a rule. Raises NotImportable."""
    try:
        expression = parsed(rule.expression)
    except ValueError as error:
        raise NotImportable(f"its expression is no PromQL: {str(error).splitlines()[0]}") from None
    if not list(selectors(expression)):
        raise NotImportable("it looks at no series; a Watchdog is made from every spec, and this may be one")
    condition = condition_of(expression)
    if len(condition.whole) > LONGEST_EXPRESSION:
        raise NotImportable(f"its expression is longer than {LONGEST_EXPRESSION} letters; a recording rule shortens it")
    shape = shape_of(condition)
    try:
        limit = limit_text(shape.value, shape.unit)
    except ValueError as error:
        raise NotImportable(str(error)) from None
    labels = dict(rule.labels)
    severity = next((labels[name] for name in SEVERITY_LABELS if labels.get(name)), "")
    priority, is_known = priority_of(severity, severities)
    strange = () if is_known else (f"the severity {severity!r} is unknown and became {priority}",)
    words = _words(rule, condition, shape, labels)
    owner = next((labels[name] for name in OWNER_LABELS if _NAME.fullmatch(labels.get(name, ""))), "")
    return Draft(
        rule=rule,
        family=family_of(expression, rule.group),
        condition=condition,
        shape=shape,
        priority=priority,
        severity=severity,
        limit=limit,
        lasts=rule.lasts,
        keep_firing_for=rule.keep_firing_for,
        summary=words.summary,
        description=words.description,
        runbook=words.runbook,
        owner=owner,
        changes=(*shape.changes, *strange),
        lost=(*words.lost, *_lost(labels, owner)),
    )


@dataclass(frozen=True)
class _Words:
    summary: str
    description: str
    runbook: str
    lost: tuple[str, ...]


def _words(rule: Rule, condition: Condition, shape: Shape, labels: Mapping[str, str]) -> _Words:
    given = dict(rule.annotations)
    known = {**_pinned(rule.expression), **labels, "alertname": rule.name}
    found = labels_of(promql.parse(condition.whole), {}) if isinstance(shape.kind, Whole) else frozenset[str]()
    lost: list[str] = []

    def said(text: str) -> str:
        words, gone = sentence(text, labels=found, known=known, is_share=shape.unit == "ratio")
        lost.extend(gone)
        return words

    summary_key = next((name for name in SUMMARIES if given.get(name)), "")
    summary = said(given[summary_key]) if summary_key else ""
    description = said(given["description"]) if given.get("description") else ""
    if not summary:
        summary, description = description or _spoken(rule.name), ""
    url = next((given[name] for name in RUNBOOKS if given.get(name)), "")
    runbook = "" if "{{" in url else runbook_of(url)
    if url:
        lost.append(f"the address of its runbook, {url}; the page is made from the spec")
    others = set(given) - {summary_key, "description", *RUNBOOKS}
    lost += [f"the annotation {name}" for name in sorted(others)]
    return _Words(summary, description, runbook, tuple(dict.fromkeys(lost)))


def _pinned(expression: str) -> dict[str, str]:
    """Return the labels that every selector with such a matcher wants to have the same value."""
    found: dict[str, set[str]] = {}
    for node in selectors(promql.parse(expression)):
        for one in matchers_of(node):
            if one.operator == "=":
                found.setdefault(one.label, set()).add(one.value)
    return {label: next(iter(values)) for label, values in found.items() if len(values) == 1}


def _spoken(name: str) -> str:
    """Return a name as words.

    >>> _spoken("KubePodCrashLooping")
    'Kube pod crash looping'
    """
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).replace("_", " ").strip()
    return parted[:1].upper() + parted[1:].lower() if parted else "An imported alert"


def _lost(labels: Mapping[str, str], owner: str) -> list[str]:
    return [
        f"the label {name}: {value}"
        for name, value in labels.items()
        if name not in SEVERITY_LABELS and not (owner and name in OWNER_LABELS and value == owner)
    ]
