"""What the gate says: it passes, it refuses, or it cannot tell."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.budget import Budget
from vcci_slo.policy import Terms, decide
from vcci_slo.testing import a_plan

POLICY = a_plan().budget_policies[0]
DAYS = timedelta(days=30)


def account(left, known=1.0):
    """Return an account of a 99 % promise with a share of its budget left."""
    return Budget(0.01, 1000 * (1 - left), 100_000, DAYS, known)


@pytest.mark.parametrize(
    ("left", "state"),
    [(1.0, "healthy"), (0.51, "healthy"), (0.5, "watch"), (0.01, "watch"), (0, "frozen"), (-1, "frozen")],
)
def test_a_share_exactly_at_a_limit_is_below_it(left, state):
    assert POLICY.state(left).name == state


@pytest.mark.parametrize(
    ("left", "terms", "answer"),
    [
        (0.8, Terms(), "pass"),
        (0.2, Terms(), "pass"),
        (0.2, Terms(at_least=0.25), "refused"),
        (0.25, Terms(at_least=0.25), "pass"),
        (-0.1, Terms(), "refused"),
        (-0.1, Terms(change="fix"), "pass"),
        (-0.1, Terms(change="fix", at_least=0.0), "refused"),
    ],
)
def test_the_policy_and_what_was_asked_for_decide(left, terms, answer):
    assert decide(POLICY, account(left), terms, self_reported=False).answer == answer


def test_a_refusal_says_the_consequence_in_the_words_of_the_policy():
    found = decide(POLICY, account(-0.5), Terms(), self_reported=False)

    assert found.state is not None
    (reason,) = found.reasons
    assert reason.startswith(
        "-50.0% of the budget is left, which is frozen: only fixes may pass. The promise is broken."
    )


@pytest.mark.parametrize("known", [0.0, 0.1, 0.49])
def test_what_was_hardly_observed_is_certified_by_nobody(known):
    found = decide(POLICY, account(1.0, known), Terms(), self_reported=False)

    assert (found.answer, found.state) == ("unknown", None)
    assert "of the window was observed" in found.reasons[0]


def test_less_observation_can_be_accepted_explicitly():
    assert decide(POLICY, account(1.0, 0.2), Terms(known=0.1), self_reported=False).answer == "pass"


def test_what_is_mostly_taken_out_is_certified_by_nobody():
    assert decide(POLICY, account(1.0), Terms(), self_reported=False, counted=0.4).answer == "unknown"


def test_good_news_about_oneself_needs_a_witness_or_an_explicit_word():
    alone = decide(POLICY, account(0.9), Terms(), self_reported=True)
    accepted = decide(POLICY, account(0.9), Terms(accept_self_reported=True), self_reported=True)

    assert (alone.answer, accepted.answer) == ("unknown", "pass")
    assert "self-reported" in alone.reasons[0]
    assert "accepted as such" in accepted.reasons[0]


def test_bad_news_about_oneself_is_believed():
    assert decide(POLICY, account(-0.1), Terms(), self_reported=True).answer == "refused"


@given(st.floats(-5, 1), st.floats(-5, 1), st.sampled_from(["feature", "fix"]))
def test_more_budget_never_closes_the_gate(one, other, change):
    less, more = sorted((one, other))

    lower, higher = (
        decide(POLICY, account(left), Terms(change=change, at_least=0.0), self_reported=False).answer
        for left in (less, more)
    )

    assert not (lower == "pass" and higher == "refused")
