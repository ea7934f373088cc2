"""The accounts' part of the plan: what does not count, and what a spent budget leads to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal

from vcci_slo import plan
from vcci_slo.corrections import problems
from vcci_slo.resolve.findings import Findings
from vcci_slo.spec.accounting import BudgetPolicySpec, CorrectionSpec
from vcci_slo.spec.document import Spec
from vcci_slo.spec.source import Path

__all__ = ["STANDARD", "budget_policies", "budget_policy", "correction_of", "corrections"]

STANDARD = "standard"
"""The error budget policy of a promise that names none."""

_STRICTNESS = ("everything", "fixes", "nothing")


def corrections(
    spec: Spec, components: tuple[plan.Component, ...], slos: tuple[plan.Slo, ...], findings: Findings
) -> tuple[plan.Correction, ...]:
    """Return every correction, with the promises that it concerns by their whole names."""
    found: list[plan.Correction] = []
    known = {component.name: component for component in components}
    names = {name: name for slo in slos for name in (slo.declared, slo.name)}
    for name, written in spec.corrections.items():
        path: Path = ("corrections", name)
        for index, component in enumerate(written.components):
            findings.lookup(_listed((*path, "components"), written.components, index), "a component", component, known)
        for index, slo in enumerate(written.slos):
            findings.lookup(_listed((*path, "slos"), written.slos, index), "a promise", slo, names)
        correction, wrong = correction_of(name, written, slos, spec.calendar.timezone)
        for key, expected, meant in wrong:
            findings.add((*path, key) if key else path, expected, meant)
        if correction is not None:
            found.append(correction)
    return tuple(found)


def _listed(path: Path, written: list[str], index: int) -> Path:
    return (*path, index) if len(written) > 1 else path


def correction_of(
    name: str,
    written: CorrectionSpec,
    slos: Iterable[plan.Slo],
    timezone: str,
    source: Literal["spec", "desk"] = "spec",
) -> tuple[plan.Correction | None, list[tuple[str, str, str]]]:
    """Return a correction, or None and what is wrong with it: (key, expected, found).

    `timezone` is that of the calendar, whose clocks are meant where no other zone is named. A promise is concerned by
    its name, by the name that declares it with others, or by its component.
    """
    zone = written.zone or timezone
    try:
        start, until = written.start.at(zone), written.until.at(zone)
        skipped = tuple(moment.at(zone) for moment in written.skipped)
    except OverflowError:  # the first or the last day of all, in a zone that is not there any more
        return None, [("", "moments between the years 1 and 9999", f"{written.start.text} and {written.until.text}")]
    correction = plan.Correction(
        name=name,
        kind=written.kind,
        slos=tuple(
            slo.name
            for slo in slos
            if slo.name in written.slos or slo.declared in written.slos or slo.component in written.components
        ),
        start=start,
        until=until,
        zone=zone,
        who=written.who,
        why=written.why,
        repeats=written.repeats or "",
        lasts=written.lasts or timedelta(0),
        skipped=skipped,
        reference=written.reference or "",
        source=source,
    )
    wrong = problems(correction)
    return None if wrong else correction, wrong


def budget_policies(spec: Spec, findings: Findings) -> tuple[plan.BudgetPolicy, ...]:
    """Return every error budget policy. Its limits fall, and what it allows never grows as the budget goes."""
    found: list[plan.BudgetPolicy] = []
    for name, written in spec.budget_policies.items():
        if written.owner is not None:
            findings.lookup(("budget_policies", name, "owner"), "a team", written.owner, spec.teams)
        _check_states(name, written, findings)
        states = tuple(
            plan.PolicyState(state, limits.above.ratio if limits.above else None, limits.means, limits.allows)
            for state, limits in written.states.items()
        )
        found.append(plan.BudgetPolicy(name, written.owner or spec.metadata.owner, written.about or "", states))
    return tuple(found)


def _check_states(name: str, written: BudgetPolicySpec, findings: Findings) -> None:
    path: Path = ("budget_policies", name, "states")
    states = list(written.states.items())
    for place, (state, limits) in enumerate(states):
        last = place == len(states) - 1
        if last and limits.above is not None:
            findings.add((*path, state, "above"), "the last state without a share: it is the rest", limits.above.text)
        if not last and limits.above is None:
            findings.add((*path, state), "above, the share of the budget over which it holds", "no such key")
        if place == 0:
            continue
        better, before = states[place - 1]
        if limits.above and before.above and limits.above.ratio >= before.above.ratio:
            expected = f"a share under that of {better}, {before.above.text}"
            findings.add((*path, state, "above"), expected, limits.above.text)
        if _STRICTNESS.index(limits.allows) < _STRICTNESS.index(before.allows):
            expected = f"no more than {better} allows, which is {before.allows}"
            findings.add((*path, state, "allows"), expected, limits.allows)


def budget_policy(written: str | None, spec: Spec, path: Path, findings: Findings) -> str:
    """Return the name of the error budget policy that a promise has."""
    name = written or STANDARD
    findings.lookup((*path, "budget_policy"), "an error budget policy", name, spec.budget_policies)
    return name
