"""Whom an incident is told to: a role that the desk cannot write to is refused where it is named."""

from __future__ import annotations

import pytest

from vcci_slo import SpecError
from vcci_slo.testing import a_plan


@pytest.mark.parametrize("contact", [{"mail": "help@example.com"}, {"slack": "#help", "phone": "+1"}])
def test_a_role_with_a_mail_or_a_channel_is_told(contact: dict[str, str]) -> None:
    plan = a_plan(contacts={"support": contact}, incidents={"tell": {"P0": "support"}})

    assert plan.incidents.tell == (("P0", ("support",)),)


@pytest.mark.parametrize(
    ("contact", "found"),
    [
        ({"phone": "+1-555-0102"}, "phone +1-555-0102"),
        ({"slack": "@support"}, "slack @support"),
        ({"slack": "#", "pagerduty_schedule": "$ROTA"}, "slack #, pagerduty_schedule $ROTA"),
    ],
)
def test_a_role_that_nobody_can_write_to_is_refused_with_what_would_help(contact: dict[str, str], found: str) -> None:
    """The shipped spec named customer support, who has no mail: only the director was told."""
    with pytest.raises(SpecError) as caught:
        a_plan(contacts={"support": contact}, incidents={"tell": {"P0": ["support"]}})

    (problem,) = caught.value.problems
    assert problem.path == "incidents.tell.P0"
    assert "give contacts.support a mail, or a slack channel such as '#support'" in problem.expected
    assert problem.found == f"'support', who has {found}"


def test_a_role_that_does_not_exist_is_refused_as_ever() -> None:
    with pytest.raises(SpecError, match="did you mean support"):
        a_plan(contacts={"support": {"mail": "help@example.com"}}, incidents={"tell": {"P0": ["suport"]}})
