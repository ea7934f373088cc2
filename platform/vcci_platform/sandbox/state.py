"""Everything the sandbox knows: the three vendors, their limits, the faults that are set, the calls that came in."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from vcci_platform.clock import Clock, SystemClock
from vcci_platform.sandbox import pagerduty, slack, statuspage
from vcci_platform.sandbox.constants import DEFAULT_COMPONENTS
from vcci_platform.sandbox.faults import Faults, Target
from vcci_platform.sandbox.journal import Journal, Line
from vcci_platform.sandbox.limits import Bucket, RollingWindow
from vcci_platform.sandbox.pagerduty.forms import ChangeForm, EventForm
from vcci_platform.sandbox.pagerduty.model import PagerDuty, Receipt
from vcci_platform.sandbox.slack.forms import MessageForm
from vcci_platform.sandbox.slack.model import Message, Slack
from vcci_platform.sandbox.statuspage.forms import NewIncident, PatchedComponent, PatchedIncident
from vcci_platform.sandbox.statuspage.model import Component, Incident, Statuspage

__all__ = ["Call", "Sandbox"]

KEPT_CALLS: Final = 1000
_MINUTE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a stand-in: what was asked, what was answered (None: nothing), what became of it."""

    at: datetime
    target: Target
    method: str
    path: str
    status: int | None
    note: str = ""
    fault: str = ""


class Sandbox:
    """The state behind both listeners. Every change goes through a method here, which writes it to the journal."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        components: Sequence[str] = DEFAULT_COMPONENTS,
        journal: Path | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.component_names = tuple(components)
        self.faults = Faults()
        self.pagerduty_window = RollingWindow(limit=pagerduty.CALLS_A_MINUTE, window=_MINUTE)
        self.statuspage_window = RollingWindow(limit=statuspage.CALLS_A_MINUTE, window=_MINUTE)
        self.slack_bucket = Bucket(capacity=slack.BURST, every=timedelta(seconds=1))
        self._journal = Journal(journal)
        self._forget()
        for line in self._journal.lines():
            self._replay(line)

    def _forget(self) -> None:
        self.started_at = self.clock.now()
        self.pagerduty = PagerDuty()
        self.statuspage = Statuspage(self.component_names, self.started_at)
        self.slack = Slack()
        self.calls: deque[Call] = deque(maxlen=KEPT_CALLS)

    def clear(self) -> None:
        """Forget everything that was received, the faults and the limits."""
        self._journal.clear()
        self._forget()
        self.faults.clear()
        self.pagerduty_window.clear()
        self.statuspage_window.clear()
        self.slack_bucket.clear()

    def take_event(self, form: EventForm) -> Receipt:
        """Carry out a PagerDuty event."""
        receipt = self.pagerduty.take(form, now := self.clock.now())
        self._keep(now, "pagerduty.event", form)
        return receipt

    def note_change(self, form: ChangeForm) -> None:
        """Keep a PagerDuty change event."""
        self.pagerduty.note_change(form, now := self.clock.now())
        self._keep(now, "pagerduty.change", form)

    def create_incident(self, form: NewIncident) -> Incident:
        """Open an incident on the status page."""
        incident = self.statuspage.create(form, now := self.clock.now())
        self._keep(now, "statuspage.create", form)
        return incident

    def patch_incident(self, incident: Incident, form: PatchedIncident) -> Incident:
        """Change an incident on the status page."""
        patched = self.statuspage.patch(incident, form, now := self.clock.now())
        self._keep(now, "statuspage.patch", form, id=incident.id)
        return patched

    def patch_component(self, identifier: str, form: PatchedComponent) -> Component:
        """Change a component of the status page."""
        component = self.statuspage.patch_component(identifier, form, now := self.clock.now())
        self._keep(now, "statuspage.component", form, id=identifier)
        return component

    def post_message(self, form: MessageForm, channel: str) -> Message:
        """Post a Slack message."""
        message = self.slack.post(form, channel, now := self.clock.now())
        self._keep(now, "slack.post", form, channel=channel)
        return message

    def _keep(self, now: datetime, kind: str, form: BaseModel, **also: str) -> None:
        data = {"form": form.model_dump(mode="json", by_alias=True, exclude_unset=True), **also}
        self._journal.append(Line(now, kind, data))

    def _replay(self, line: Line) -> None:
        """Carry out a line of the journal again. What no longer fits, such as a component that went, is left out."""
        try:
            form: dict[str, Any] = line.data["form"]
            match line.kind:
                case "pagerduty.event":
                    self.pagerduty.take(EventForm.model_validate(form), line.at)
                case "pagerduty.change":
                    self.pagerduty.note_change(ChangeForm.model_validate(form), line.at)
                case "statuspage.create":
                    self.statuspage.create(NewIncident.model_validate(form), line.at)
                case "statuspage.patch":
                    incident = self.statuspage.incident(line.data["id"])
                    if incident is not None:
                        self.statuspage.patch(incident, PatchedIncident.model_validate(form), line.at)
                case "statuspage.component":
                    self.statuspage.patch_component(line.data["id"], PatchedComponent.model_validate(form), line.at)
                case "slack.post":
                    self.slack.post(MessageForm.model_validate(form), line.data["channel"], line.at)
                case _:
                    return
        except (ValueError, LookupError):
            return
