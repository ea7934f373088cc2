"""PagerDuty's clock and the desk's, from one spec: with the desk dead nobody is asked later, or left out."""

from __future__ import annotations

from datetime import timedelta
from itertools import accumulate
from pathlib import Path

from hypothesis import event, given
from hypothesis import strategies as st

from vcci_alerts.pagerduty import Policy, wanted
from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.specs import REPOSITORY_SPEC
from vcci_platform.specs import plan_of as plan_at
from vcci_slo import SpecError
from vcci_slo.plan import Plan
from vcci_slo.testing import a_plan

LEVELS = {str(number): [f"role{number}"] for number in range(1, 5)}
CONTACTS = {f"role{number}": {"mail": f"role{number}@shop.example"} for number in range(1, 5)}
MINUTES = st.integers(1, 8).map(lambda tens: tens * 10)
STEPS = st.dictionaries(st.sampled_from([2, 3, 4]), MINUTES, max_size=3).map(
    lambda found: {f"{minutes}m": level for level, minutes in found.items()}
)


def reached(policy: Policy) -> dict[int, timedelta]:
    """Return when PagerDuty rings each level in its first round, by adding up its delays."""
    starts = accumulate((rule.minutes for rule in policy.rules[:-1]), initial=0)
    return {rule.level: timedelta(minutes=start) for rule, start in zip(policy.rules, starts, strict=True)}


def plan_of(alone: dict[str, int], desk: dict[str, int]) -> Plan | None:
    """Return the plan, None where the spec is refused."""
    declared = {"anything": 2, "worse": 3, "worst": 4}  # so that no level is out of reach
    tables = {"unacknowledged": {"P0": alone}, "unresolved": {"P0": desk}}
    try:
        return a_plan(contacts=CONTACTS, escalation={"levels": LEVELS, "declared": declared, **tables})
    except SpecError:
        return None


@given(STEPS, STEPS)
def test_what_is_accepted_agrees_and_what_disagrees_is_refused(alone: dict[str, int], desk: dict[str, int]):
    plan = plan_of(alone, desk)

    event("accepted" if plan else "refused")
    if plan is None:
        by_level = {level: int(text[:-1]) for text, level in alone.items()}
        asked = {level: int(text[:-1]) for text, level in desk.items()}
        rising = all(
            list(table) == sorted(table) and len(set(table.values())) == len(table)
            for table in (dict(sorted(found.items(), key=lambda pair: pair[1])) for found in (by_level, asked))
        )
        covered = all(level in by_level and by_level[level] <= at for level, at in asked.items())
        assert not (rising and covered)
        return
    policies = wanted(plan)
    assert policies is not None
    pagerduty = reached(next(policy for policy in policies.policies if policy.key == "P0"))
    for after, level in IncidentPolicy.from_plan(plan).escalation[Priority.P0]:
        assert pagerduty[level] <= after


def test_the_shipped_spec_agrees():
    """The lint has passed it; here the compiled policies themselves are looked at."""
    plan = plan_at(Path(__file__).parents[2] / REPOSITORY_SPEC)
    policies = wanted(plan)
    assert policies is not None
    rules = IncidentPolicy.from_plan(plan)

    for policy in policies.policies:
        if plan.severity(policy.key).page:
            for after, level in rules.escalation[Priority(policy.key)]:
                assert reached(policy)[level] <= after
