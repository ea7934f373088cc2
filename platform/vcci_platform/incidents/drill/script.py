"""The script of a drill: what people do, when, and in which order. Made from the deadlines, or read from YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import yaml

from vcci_platform.errors import PlatformError
from vcci_platform.incidents.model import Action, Priority
from vcci_platform.incidents.rules import IncidentPolicy, SeverityPolicy
from vcci_slo.promql.durations import parse_duration

__all__ = ["SYSTEM_OF_DRILLS", "Act", "Script", "Step", "WrongScript", "default_script", "read_script"]

SYSTEM_OF_DRILLS = "game-day"
"""A drill is an incident of a system of its own, so that it never joins one that is real."""

IN_TIME = 0.8
"""People of the usual script use this share of every deadline: the report shows what is left."""

USUAL_WORK = timedelta(minutes=45)
"""How long the usual script works on a fault before it is watched: long enough for a P0 to reach its second level."""

MINUTE = timedelta(minutes=1)


class Act(StrEnum):
    """What a person of a script does."""

    ACKNOWLEDGE = "acknowledge"
    INVESTIGATE = "investigate"
    IDENTIFY = "identify"
    MITIGATE = "mitigate"
    MONITOR = "monitor"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    REVIEW = "review"
    UPDATE = "update"
    NOTE = "note"
    COMMAND = "command"
    PUBLISH = "publish"
    HOLD = "hold"
    ESCALATE = "escalate"

    @property
    def action(self) -> Action | None:
        """The move of the incident that it is; None for what leaves the state as it is."""
        return Action(self.value) if self.value in set(Action) else None


NEEDS_WORDS = frozenset({Act.UPDATE, Act.NOTE, Act.HOLD, Act.ESCALATE})


class WrongScript(PlatformError):
    """A script that cannot be played; the text names the place, what was expected and what was found."""

    exit_code = 2


@dataclass(frozen=True)
class Step:
    """`after` counts from the beginning of the drill. `say` is the text or the reason; `lasts` how long to hold."""

    after: timedelta
    act: Act
    by: str
    say: str = ""
    level: int = 0
    lasts: timedelta = timedelta(0)


@dataclass(frozen=True)
class Script:
    """A drill: what breaks, how badly, and what people do about it, in the order of time."""

    priority: Priority
    title: str
    steps: tuple[Step, ...]
    component: str = ""

    @property
    def ends(self) -> timedelta:
        """When the last person has done something."""
        return max((step.after for step in self.steps), default=timedelta(0))


def default_script(priority: Priority, policy: IncidentPolicy, component: str = "") -> Script:
    """Return people who do what the severity asks, each time with a fifth of the deadline to spare.

    They watch after three quarters of an hour; the desk resolves by itself, and the review is written in time.
    """
    rules = policy[priority]
    scaled = 1 / policy.time_scale
    acknowledged = _part(rules.acknowledge, 5 * MINUTE * scaled)
    looked = max(acknowledged, min(_part(rules.assess, 10 * MINUTE * scaled), _part(rules.respond, timedelta.max)))
    watched = max(USUAL_WORK * scaled, 2 * looked)
    fixed = looked + (watched - looked) / 2
    steps = [
        Step(acknowledged, Act.ACKNOWLEDGE, "ada"),
        Step(acknowledged, Act.COMMAND, "ada"),
        Step(looked, Act.INVESTIGATE, "ada", say="the impact is known"),
        Step(looked + (fixed - looked) / 2, Act.IDENTIFY, "ada", say="the cause is known"),
        Step(fixed, Act.MITIGATE, "ada", say="the change is rolled back"),
        Step(watched, Act.MONITOR, "ada", say="the error rate is back to normal"),
        *_updates(rules, watched + policy.monitor_for),
    ]
    if rules.status_page in {"at-once", "users-above"} and policy.approve.get(priority) == "commander":
        steps.append(Step(looked, Act.PUBLISH, "ada", say="users are affected"))
    if rules.review is not None:
        steps.append(Step(watched + policy.monitor_for + rules.review * IN_TIME, Act.REVIEW, "grace"))
    return Script(priority, f"Game day: {rules.means or 'a fault'}", _in_order(steps), component)


def _part(deadline: timedelta | None, otherwise: timedelta) -> timedelta:
    return deadline * IN_TIME if deadline else otherwise


def _updates(rules: SeverityPolicy, until: timedelta) -> Iterator[Step]:
    if rules.update is None:
        return
    every = rules.update * IN_TIME
    after = every
    while after < until:
        yield Step(after, Act.UPDATE, "grace", say="Work goes on; the next update follows in time.")
        after += every


def _in_order(steps: list[Step]) -> tuple[Step, ...]:
    return tuple(sorted(steps, key=lambda step: step.after))


# --- from YAML ---


def read_script(text: str, file: str, priority: Priority, policy: IncidentPolicy) -> Script:
    """Return the script that YAML says, or raise `WrongScript` with the place of the first mistake.

    title: Half of the requests fail
    component: api
    steps:
      - {after: 2m, do: acknowledge, by: ada}
      - {after: 9m, do: update, by: grace, say: We know what it is.}
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise WrongScript(f"{file}: expected YAML, found {' '.join(str(error).split())}") from None
    document = _map(document, file, {"title", "component", "steps"})
    listed = document.get("steps")
    if not isinstance(listed, list) or not listed:
        raise WrongScript(f"{file}: steps: expected a list of steps, found {listed!r}")
    steps = [_step(item, f"{file}: steps[{number}]", policy) for number, item in enumerate(listed)]
    title = str(document.get("title") or f"Game day: {policy[priority].means or 'a fault'}")
    return Script(priority, title, _in_order(steps), str(document.get("component") or ""))


def _step(item: Any, place: str, policy: IncidentPolicy) -> Step:
    said = _map(item, place, {"after", "do", "by", "say", "level", "for"})
    try:
        act = Act(str(said.get("do")))
    except ValueError:
        known = ", ".join(Act)
        raise WrongScript(f"{place}.do: expected one of {known}, found {said.get('do')!r}") from None
    words = str(said.get("say") or "")
    if act in NEEDS_WORDS and not words:
        raise WrongScript(f"{place}.say: expected the words of {act}, found nothing")
    level = said.get("level", 0)
    if act is Act.ESCALATE and level not in policy.levels:
        levels = ", ".join(str(known) for known in sorted(policy.levels)) or "none"
        raise WrongScript(f"{place}.level: expected one of the levels {levels}, found {level!r}")
    lasts = _duration(said, "for", place) if act is Act.HOLD else timedelta(0)
    after = _duration(said, "after", place) / policy.time_scale  # in a demonstration people are faster too
    return Step(after, act, str(said.get("by") or "ada"), words, level, lasts / policy.time_scale)


def _map(value: Any, place: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise WrongScript(f"{place}: expected a map, found {value!r}")
    if unknown := sorted(str(key) for key in value if key not in known):
        raise WrongScript(f"{place}.{unknown[0]}: expected one of {', '.join(sorted(known))}")
    return value


def _duration(said: Mapping[str, Any], name: str, place: str) -> timedelta:
    try:
        return parse_duration(str(said.get(name, "")))
    except ValueError as error:
        raise WrongScript(f"{place}.{name}: {error}") from None
