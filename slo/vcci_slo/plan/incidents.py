"""How the desk runs an incident: what is one, what is to be done, and who hears of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from vcci_slo.plan.organisation import Priority
from vcci_slo.plan.words import Words

__all__ = ["Checklist", "Correlation", "IncidentHabits", "Milestone", "ReviewHabits", "SecurityHabits", "Task"]

Milestone = Literal["acknowledged", "commanded", "assessed", "updated", "published", "escalated", "resolved"]


@dataclass(frozen=True)
class Correlation:
    """Alerts whose labels match every pattern are one incident for each value of the labels in `by`.

    A pattern must match the whole value, as in Prometheus.
    """

    match: tuple[tuple[str, str], ...]
    by: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """One line of a checklist. The desk ticks it off by itself when `done_when` is reached."""

    text: str
    within: timedelta | None = None
    done_when: Milestone | None = None


@dataclass(frozen=True)
class Checklist:
    """What must not be forgotten; its name is a priority, or the kind of incident that it is for."""

    name: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class SecurityHabits:
    """Who sees a security incident (empty: every responder), where it is talked about, and the declared level."""

    visible_to: tuple[str, ...] = ()
    channel: str = ""
    declares: str = ""


@dataclass(frozen=True)
class ReviewHabits:
    """What a review needs: at the severities in `second_person`, somebody else than its only author publishes it."""

    second_person: tuple[Priority, ...] = ()


@dataclass(frozen=True)
class IncidentHabits:
    """How incidents are run.

    `forgotten` is how long an acknowledged page may stay without a sign of work before it rings again; `grace` how
    long an update may be overdue before the next level hears of it; `tell` the roles that get mail at each severity;
    `hook` what Alertmanager introduces itself to the desk with; `words` what is said, and to whom.
    """

    correlate: tuple[Correlation, ...]
    forgotten: tuple[tuple[Priority, timedelta], ...]
    grace: timedelta
    tell: tuple[tuple[Priority, tuple[str, ...]], ...]
    security: SecurityHabits
    checklists: tuple[Checklist, ...]
    hook: Literal["token", "certificate"] = "token"
    words: Words = field(default_factory=Words)
    review: ReviewHabits = ReviewHabits()
