"""The habits of the desk: every default filled, every role and pattern checked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from vcci_slo import plan
from vcci_slo.contacts import is_channel
from vcci_slo.promql.patterns import pattern as read
from vcci_slo.resolve.findings import Findings, Pace
from vcci_slo.resolve.words import words
from vcci_slo.spec.document import Spec
from vcci_slo.spec.incidents import IncidentsSpec
from vcci_slo.spec.source import Path

__all__ = ["BY_SYSTEM", "habits"]

GRACE = timedelta(minutes=5)
FORGOTTEN_UPDATES = 2
"""Without a word of its own, a page is forgotten when two updates in a row would have been due."""

BY_SYSTEM = plan.Correlation(match=(), by=("system",))
SECURITY = "security"


def habits(spec: Spec, severities: tuple[plan.Severity, ...], pace: Pace, findings: Findings) -> plan.IncidentHabits:
    """Return how incidents are run; what the spec leaves open follows from its severities."""
    written = spec.incidents or IncidentsSpec.model_validate({})
    for priority, roles in written.tell.items():
        for role in roles:
            _check_told(("incidents", "tell", priority), role, spec, findings)
    return plan.IncidentHabits(
        correlate=(*_correlations(written, findings), BY_SYSTEM),
        forgotten=tuple(_forgotten(written, severities, pace)),
        grace=pace.of(written.grace or GRACE),
        tell=tuple((priority, tuple(roles)) for priority, roles in sorted(written.tell.items())),
        security=_security(spec, written, findings),
        checklists=tuple(_checklists(written, severities, pace, findings)),
        hook=written.hook,
        words=words(spec, findings),
        review=plan.ReviewHabits(tuple(sorted(set(written.review.second_person))) if written.review else ()),
    )


def _check_told(path: Path, role: str, spec: Spec, findings: Findings) -> None:
    """Note a role that is told of incidents, and that the desk cannot write to."""
    contact = findings.lookup(path, "a role", role, spec.contacts)
    if contact is None or contact.mail or is_channel(contact.slack or ""):
        return
    ways = {"phone": contact.phone, "slack": contact.slack, "pagerduty_schedule": contact.pagerduty_schedule}
    only = ", ".join(f"{name} {value}" for name, value in ways.items() if value) or "nothing"
    expected = f"a role that can be written to: give contacts.{role} a mail, or a slack channel such as '#{role}'"
    findings.add(path, expected, f"{role!r}, who has {only}")


def _correlations(written: IncidentsSpec, findings: Findings) -> Iterator[plan.Correlation]:
    for index, rule in enumerate(written.correlate):
        for label, pattern in rule.match.items():
            try:
                read(pattern)
            except ValueError as error:
                path = ("incidents", "correlate", index, "match", label)
                findings.add(path, "a regular expression that Alertmanager reads (RE2)", f"{pattern!r}: {error}")
        yield plan.Correlation(tuple(sorted(rule.match.items())), tuple(rule.by))


def _forgotten(
    written: IncidentsSpec, severities: tuple[plan.Severity, ...], pace: Pace
) -> Iterator[tuple[plan.Priority, timedelta]]:
    for severity in severities:
        given = written.forgotten.get(severity.priority)
        if given is not None:
            yield severity.priority, pace.of(given)
        elif severity.page and severity.update is not None:
            yield severity.priority, FORGOTTEN_UPDATES * severity.update


def _security(spec: Spec, written: IncidentsSpec, findings: Findings) -> plan.SecurityHabits:
    habits = written.security
    if habits is None:
        return plan.SecurityHabits()
    for role in habits.visible_to:
        findings.lookup(("incidents", "security", "visible_to"), "a role", role, spec.contacts)
    if habits.declares is not None:
        declared = spec.escalation.declared if spec.escalation else {}
        findings.lookup(("incidents", "security", "declares"), "a declared escalation", habits.declares, declared)
    return plan.SecurityHabits(tuple(habits.visible_to), habits.channel, habits.declares or "")


def _checklists(
    written: IncidentsSpec, severities: tuple[plan.Severity, ...], pace: Pace, findings: Findings
) -> Iterator[plan.Checklist]:
    known: dict[str, None] = dict.fromkeys([*(severity.priority for severity in severities), SECURITY])
    for name, tasks in written.checklists.items():
        findings.lookup(("incidents", "checklists", name), "a severity, or `security`", name, known)
        yield plan.Checklist(name, tuple(plan.Task(task.do, pace.maybe(task.within), task.done_when) for task in tasks))
