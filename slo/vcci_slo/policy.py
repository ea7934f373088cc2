"""The gate: whether what is left of an error budget lets a change through, or whether nobody can tell. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vcci_slo.budget import Budget
from vcci_slo.plan import BudgetPolicy, PolicyState

__all__ = ["CERTAIN", "Answer", "Decision", "Terms", "decide"]

Answer = Literal["pass", "refused", "unknown"]

CERTAIN = 0.5
"""The share of the window that must have been observed before a gate vouches for it."""


@dataclass(frozen=True)
class Terms:
    """What a pipeline asks: for which kind of change, how much must be left, and what it explicitly puts up with."""

    change: Literal["feature", "fix"] = "feature"
    at_least: float | None = None
    accept_self_reported: bool = False
    known: float = CERTAIN


@dataclass(frozen=True)
class Decision:
    """What the gate says, the state of the policy if it is known, and why, in sentences."""

    answer: Answer
    state: PolicyState | None
    reasons: tuple[str, ...]


def decide(
    policy: BudgetPolicy, account: Budget, terms: Terms, *, self_reported: bool, counted: float = 1.0
) -> Decision:
    """Return whether a change may pass. Bad news is believed from anybody; good news only from a witness.

    `counted` is the share of the window that corrections left. What was not observed could have been anything, so a
    window that is mostly unknown, or mostly taken out, is certified by nobody.
    """
    if account.known < terms.known:
        return Decision("unknown", None, (f"less than {terms.known:.0%} of the window was observed",))
    if counted < CERTAIN:
        return Decision("unknown", None, (f"corrections leave less than {CERTAIN:.0%} of the window",))
    left = account.remaining
    state = policy.state(left)
    refusals = _refusals(state, left, terms)
    if refusals:
        return Decision("refused", state, refusals)
    if self_reported and not terms.accept_self_reported:
        text = "the figures are self-reported, seen by nobody else; accept that explicitly or ask Prometheus"
        return Decision("unknown", state, (text,))
    witness = " (self-reported, and accepted as such)" if self_reported else ""
    return Decision("pass", state, (f"{left:.1%} of the budget is left: {state.name}{witness}",))


def _refusals(state: PolicyState, left: float, terms: Terms) -> tuple[str, ...]:
    found: list[str] = []
    if state.allows == "nothing" or (state.allows == "fixes" and terms.change != "fix"):
        let = "no change may pass" if state.allows == "nothing" else "only fixes may pass"
        found.append(f"{left:.1%} of the budget is left, which is {state.name}: {let}. {state.means}")
    if terms.at_least is not None and left < terms.at_least:
        found.append(f"{left:.1%} of the budget is left, at least {terms.at_least:.0%} was asked for")
    return tuple(found)
