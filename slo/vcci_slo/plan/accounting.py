"""What is taken out of an account for a stated reason, and what a spent budget leads to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

__all__ = ["Allows", "BudgetPolicy", "Correction", "CorrectionKind", "PolicyState"]

CorrectionKind = Literal["change", "incident", "other"]
Allows = Literal["everything", "fixes", "nothing"]


@dataclass(frozen=True)
class Correction:
    """Time that does not count for some promises: neither good nor bad, shown apart, and never without an end.

    It begins at `start`, in UTC. Without `repeats` it lasts until `until`; with it, each of its occurrences `lasts`
    some time, by the clocks of `zone`, except those that begin at a moment of `skipped`. It changes accounts only:
    no alert is silenced by it.
    """

    name: str
    kind: CorrectionKind
    slos: tuple[str, ...]
    start: datetime
    until: datetime
    zone: str
    who: str
    why: str
    repeats: str = ""
    lasts: timedelta = timedelta(0)
    skipped: tuple[datetime, ...] = ()
    reference: str = ""
    source: Literal["spec", "desk"] = "spec"


@dataclass(frozen=True)
class PolicyState:
    """A part of the budget that is left, and what follows from it: in words, and for pipelines.

    It holds above a share of the budget; the last state of a policy has no such share, since it holds for the rest.
    """

    name: str
    above: float | None
    means: str
    allows: Allows


@dataclass(frozen=True)
class BudgetPolicy:
    """What a team has agreed to do as its budget goes, from the best state to the worst."""

    name: str
    owner: str
    about: str
    states: tuple[PolicyState, ...]

    def state(self, remaining: float) -> PolicyState:
        """Return the state at an unspent share of the budget; a share exactly at a limit is below it."""
        return next(state for state in self.states if state.above is None or remaining > state.above)
