"""A drill in real time on a running desk, which must have nothing but stand-ins to tell of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from vcci_platform.clock import Clock
from vcci_platform.errors import PlatformError
from vcci_platform.incidents.drill.report import DrillReport, report_of
from vcci_platform.incidents.drill.script import SYSTEM_OF_DRILLS, Act, Script, Step
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.views import IncidentDetail

__all__ = ["LiveDrill", "RunningDesk", "UnsafeDrill", "check_harmless"]

DRILL = "the drill"
LOOK_SECONDS = 2.0
PATIENCE = timedelta(minutes=2)
"""How much longer than the watch the desk may take to resolve by itself."""


class UnsafeDrill(PlatformError):
    """A drill on this desk would wake somebody or be read by customers; there is no option that allows it."""

    exit_code = 2


class RunningDesk(Protocol):
    """A desk that answers over HTTP. What it refuses is raised as a `PlatformError` in its own words."""

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the answer to a question; `parameters` are those of its query."""
        ...

    def tell(self, path: str, body: Mapping[str, Any], method: str = "POST") -> Any:
        """Change something, and return the answer."""
        ...


def check_harmless(desk: RunningDesk) -> float:
    """Return the desk's time scale, or raise `UnsafeDrill` if anything that it tells reaches somebody."""
    state = desk.ask("/v1/desk")
    real = [target["target"] for target in state["outbox"] if not target["sandboxed"]]
    if real:
        raise UnsafeDrill(
            f"expected a desk whose vendors are all the sandbox, found real ones: {', '.join(real)}; a drill there "
            "would wake people and tell customers. `vcci page` sends one real test page"
        )
    going_on = desk.ask("/v1/incidents", system=SYSTEM_OF_DRILLS, state="open")["items"]
    if going_on:
        raise UnsafeDrill(f"expected no other drill, found {going_on[0]['id']}: resolve it first")
    return float(state["time_scale"])


@dataclass
class LiveDrill:
    """One drill on one desk. `sleep` waits for seconds; `on_step` is told what is done, as it is done.

    `signed_in` says that a token tells the desk who acts: then one person plays everybody, under their own name, and
    needs the rank for it. To publish and to hold take a commander.
    """

    desk: RunningDesk
    script: Script
    policy: IncidentPolicy
    clock: Clock
    sleep: Callable[[float], None]
    on_step: Callable[[str], None] = lambda _: None
    signed_in: bool = False
    _refused: list[str] = field(default_factory=list[str])
    _own_name: str = ""

    def run(self) -> DrillReport:
        """Play the script, wait until the desk resolves, and return the report. Broken off, it tidies up first.

        The review is left to people: it is due days later, and its reminder comes from the desk.
        """
        script = self.script
        body = {
            "title": script.title,
            "priority": script.priority.value,
            "system": SYSTEM_OF_DRILLS,
            "component": script.component,
        }
        record = IncidentDetail.model_validate(self.desk.tell("/v1/incidents", body | self._by(DRILL)))
        if self.signed_in:
            self._own_name = next(entry.by for entry in record.timeline if entry.kind == "opened")
        try:
            self._play(record)
            record = self._until_over(record)
        except BaseException:
            self._tidy(record.id)
            raise
        self._tidy(record.id)
        record = self._look(record.id)
        refused = tuple(self._refused)
        return report_of(script, record, self.policy, self.clock.now(), played="real time", refused=refused)

    def _play(self, record: IncidentDetail) -> None:
        for step in self.script.steps:
            if step.act is not Act.REVIEW:
                self._wait(record.detected_at + step.after)
                self._do(record.id, step)

    def _do(self, incident_id: str, step: Step) -> None:
        place, who = f"/v1/incidents/{incident_id}", self._name(step.by)
        self.on_step(f"{who}: {step.act}")
        try:
            self._tell(place, step)
        except PlatformError as refused:
            self._refused.append(f"{who} could not {step.act}: {refused}")

    def _name(self, by: str) -> str:
        """Return under which name the desk knows whoever acts."""
        return self._own_name or by

    def _by(self, name: str) -> dict[str, str]:
        """Return who acts, as the desk wants to hear it: nothing with a token, since that tells."""
        return {} if self.signed_in else {"by": name}

    def _tell(self, place: str, step: Step) -> None:
        by = self._by(step.by)
        if (action := step.act.action) is not None:
            self.desk.tell(f"{place}/actions", by | {"action": action.value, "why": step.say})
            return
        match step.act:
            case Act.UPDATE:
                self.desk.tell(f"{place}/updates", by | {"status": step.say})
            case Act.NOTE:
                self.desk.tell(f"{place}/notes", by | {"text": step.say})
            case Act.COMMAND:
                self.desk.tell(f"{place}/roles/commander", by | {"person": self._name(step.by)}, "PUT")
            case Act.PUBLISH:
                self.desk.tell(f"{place}/status-page", by | {"why": step.say})
            case Act.HOLD:
                until = (self.clock.now() + step.lasts).isoformat()
                self.desk.tell(f"{place}/hold", by | {"until": until, "why": step.say})
            case Act.ESCALATE:
                self.desk.tell(f"{place}/escalation", by | {"level": step.level, "why": step.say})
            case _:
                raise AssertionError(f"nobody plays {step.act}")

    def _until_over(self, record: IncidentDetail) -> IncidentDetail:
        """Return the incident once the desk has resolved it, or as it is when it will not any more."""
        record = self._look(record.id)
        if record.monitoring_since is None:
            return record
        ends = record.monitoring_since + self.policy.monitor_for + PATIENCE
        while record.state.is_open and record.monitoring_since is not None and self.clock.now() < ends:
            self.sleep(LOOK_SECONDS)
            record = self._look(record.id)
        return record

    def _tidy(self, incident_id: str) -> None:
        """Leave no open incident behind."""
        if self._look(incident_id).state.is_open:
            resolve = {"action": "resolve", "why": "the drill is over"}
            self.desk.tell(f"/v1/incidents/{incident_id}/actions", resolve | self._by(DRILL))

    def _wait(self, moment: datetime) -> None:
        while (seconds := (moment - self.clock.now()).total_seconds()) > 0:
            self.sleep(min(seconds, LOOK_SECONDS))

    def _look(self, incident_id: str) -> IncidentDetail:
        return IncidentDetail.model_validate(self.desk.ask(f"/v1/incidents/{incident_id}"))
