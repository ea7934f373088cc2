"""The rules behind an alert's name, and each half of their conditions in words a person knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from vcci_alerts.model import AlertRule
from vcci_platform.errors import PlatformError
from vcci_platform.live.expressions import Clause, clauses, looks
from vcci_platform.live.eyes import Eyes, Reading, Subject
from vcci_platform.reliability.phrases import measured
from vcci_slo.plan import Alert, BadRatio, BurnTier, Plan, ProbeDown, Quantile, Slo, Unit, Value
from vcci_slo.promql import series
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.durations import words as words_of
from vcci_slo.promql.indicators import slo_matchers
from vcci_slo.promql.matchers import selector
from vcci_slo.resolve.findings import kebab
from vcci_slo.spec.section import nearest

__all__ = ["NOT_MEASURED", "Half", "Meant", "UnknownAlert", "halves", "meant"]

LONGEST_TEXT = 100
NO_DATA = "NoData"

NOT_MEASURED, NOT_TOLD, IDLE = "no data", "not told", "no traffic"
"""Why a number is missing: its series are gone, nobody here knows it, or there was nothing to count."""


class UnknownAlert(PlatformError):
    """No alert of the spec has this name."""

    exit_code = 2

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = list(known)
        close = nearest(name, names)
        hint = f"; did you mean {close}?" if close else f"; the spec has {', '.join(sorted(names)[:8])} …"
        super().__init__(f"expected the name of an alert or of a promise, found {name!r}{hint}")
        self.suggestion = close


@dataclass(frozen=True)
class Meant:
    """What a name stands for: a promise or a declared alert; neither for the Watchdog. `part` is a tier or severity."""

    name: str
    slo: Slo | None
    alert: Alert | None
    part: str = ""


@dataclass(frozen=True)
class Half:
    """One part of a condition: what it is, how it is now, where its limit lies, and whether it holds.

    `holds` None means that nothing is measured. `of` names the series, where there are several.
    """

    words: str
    now: str
    limit: str
    holds: bool | None
    of: str = ""
    value: float | None = None
    threshold: float | None = None


def meant(plan: Plan, name: str, rules: Iterable[AlertRule]) -> Meant:
    """Return what a person means by the name of an alert, `alert/tier`, or the name of a promise.

    Raises UnknownAlert, with the nearest name.
    """
    base, _, part = name.partition("/")
    by_alert = {slo.burn_alert: slo for slo in plan.slos} | {slo.no_data_alert: slo for slo in plan.slos}
    by_name = {slo.name: slo for slo in plan.slos} | {kebab(slo.burn_alert): slo for slo in plan.slos}
    declared = {alert.name: alert for alert in plan.alerts} | {f"{alert.name}{NO_DATA}": alert for alert in plan.alerts}
    if base in by_alert:
        return Meant(base, by_alert[base], None, part)
    if base in declared:
        return Meant(base, None, declared[base], part)
    if base in by_name:
        return Meant(by_name[base].burn_alert, by_name[base], None, part)
    names = {rule.alert for rule in rules}
    if base in names:
        return Meant(base, None, None, part)
    folded = {known.lower(): known for known in (*names, *by_name)}
    if base.lower() in folded:
        return meant(plan, folded[base.lower()] + (f"/{part}" if part else ""), ())
    raise UnknownAlert(name, (*names, *by_name))


def halves(
    rule: AlertRule, of: Meant, tier: BurnTier | None, eyes: Eyes, firing: Mapping[str, str] | None = None
) -> tuple[Half, ...]:
    """Return every part of a rule's condition as it is now.

    Of a promise that is kept apart by labels all parts are those of one account: the one that fires, by its labels, or
    else the one whose first part is worst.
    """
    found: list[Half] = []
    by = of.slo.by if of.slo else ()
    account = {label: firing[label] for label in by if label in firing} if firing else {}
    gone = rule.alert.endswith(NO_DATA) and rule.expression.startswith("absent")
    if gone:
        return (_absence(rule, of, eyes),)
    for index, clause in enumerate(clauses(rule.expression)):
        subject = _subject(of.slo, tier, clause)
        unit: Unit = (
            of.alert.unit if of.alert and index == 0 and not clause.expression.startswith("absent") else "count"
        )
        unit = "ratio" if subject and subject.what == "ratio" else unit
        reading = eyes.reading(clause, subject, account)
        idle = reading is None and subject is not None and _idle(subject, eyes, account)
        if reading is not None and not account:
            account = {label: reading.labels[label] for label in by if label in reading.labels}
        words = _of_alert(of.alert, clause, index) if of.alert else _words(clause, subject, tier)
        missing = IDLE if idle else NOT_MEASURED if eyes.tells(subject) else NOT_TOLD
        found.append(_half(clause, words, unit, reading, missing))
    return tuple(found)


def _absence(rule: AlertRule, of: Meant, eyes: Eyes) -> Half:
    """Return the one half of an alert on silence. The desk tells nothing of it, except by what fires."""
    what = f"the series of {of.slo.name if of.slo else of.alert.name if of.alert else rule.alert} are gone"
    reading = eyes.reading(Clause(" ".join(rule.expression.split())), None, {})
    if reading is None and not eyes.tells(None):
        return Half(what, NOT_TOLD, "", None)
    return Half(what, "yes" if reading else "no", "", reading is not None)


def _idle(subject: Subject, eyes: Eyes, account: Mapping[str, str]) -> bool:
    """Return whether a ratio has no value because there was nothing to count, which is no reason to doubt."""
    total = replace(subject, what="total")
    matchers = slo_matchers(subject.slo)
    counted = eyes.reading(Clause(selector(series.total(subject.window), matchers)), total, account)
    return counted is not None and counted.value == 0


def _half(clause: Clause, words: str, unit: Unit, reading: Reading | None, missing: str) -> Half:
    limit = "" if clause.limit is None else f"{clause.operator} {_said(clause.limit, unit)}"
    if reading is None:
        if clause.limit is None and missing != NOT_TOLD:  # one that only needs a result does not hold without
            return Half(words, "no", limit, holds=False)
        return Half(words, missing, limit, False if missing == IDLE else None, threshold=clause.limit)
    named = ", ".join(
        f"{name}={text}" for name, text in sorted(reading.labels.items()) if name not in {"__name__", "slo"}
    )
    return Half(
        words=words,
        now="yes" if clause.limit is None else _said(reading.value, unit),
        limit=limit,
        holds=clause.holds(reading.value),
        of=named,
        value=reading.value,
        threshold=clause.limit,
    )


def _said(value: float, unit: Unit) -> str:
    """Return a value as a person says it; events are whole, whatever Prometheus extrapolates."""
    return f"{value:.0f}" if unit == "count" and abs(value) >= 10 else measured(value, unit)


def _subject(slo: Slo | None, tier: BurnTier | None, clause: Clause) -> Subject | None:
    """Return which recorded series of a promise a clause is about; None for an expression of another kind."""
    seen = looks(clause.expression)
    if slo is None or tier is None or len(seen) != 1 or not re.fullmatch(r"[\w:]+(\{[^}]*\})?", clause.expression):
        return None
    for window in (tier.long, tier.short):
        kinds = {series.ratio(window): "ratio", series.errors(window): "errors", series.total(window): "total"}
        if seen[0].metric in kinds:
            return Subject(slo, kinds[seen[0].metric], window)  # type: ignore[arg-type]
    return None


def _words(clause: Clause, subject: Subject | None, tier: BurnTier | None) -> str:
    if subject is None or tier is None:
        counted = [look.metric for look in looks(clause.expression)]
        if tier is not None and clause.limit is None and counted[:1] == [series.total(tier.short)]:
            return f"measured already {words_of(tier.seen_for)} ago"
        return _text(clause)
    window = promql_duration(subject.window)
    which = "long window" if subject.window == tier.long else "short window"
    return {
        "ratio": f"error ratio in the last {window} ({which})",
        "errors": f"bad events in the last {window}",
        "total": f"valid events in the last {window}",
    }[subject.what]


def _of_alert(alert: Alert, clause: Clause, index: int) -> str:
    """Return what a part of a declared alert is about: its measure first, then the evidence that it needs."""
    match alert.measure:
        case BadRatio(signal, over):
            first, then = f"bad share of {signal.title} in the last {promql_duration(over)}", "bad events in it"
        case Quantile(signal, quantile, over):
            first = f"{quantile:.4g} quantile of {signal.title} in the last {promql_duration(over)}"
            then = "events in it"
        case Value(signal, over, _):
            first, then = signal.title + (f", averaged over {promql_duration(over)}" if over else ""), ""
        case ProbeDown(component, _):
            first, then = f"the best probe of {component} from outside", ""
    return first if index == 0 else then if then and clause.operator == ">=" else _text(clause)


def _text(clause: Clause) -> str:
    text = " ".join(clause.expression.split())
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
