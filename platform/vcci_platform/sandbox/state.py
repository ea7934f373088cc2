"""Everything the sandbox knows: the three vendors, their limits, the faults that are set, the calls that came in."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from vcci_platform.clock import Clock, SystemClock
from vcci_platform.errors import PlatformError
from vcci_platform.sandbox import pagerduty, replay, slack, statuspage
from vcci_platform.sandbox.constants import DEFAULT_COMPONENTS, PAGERDUTY_WEBHOOK_SECRET
from vcci_platform.sandbox.faults import Faults, Target
from vcci_platform.sandbox.forms import sentences
from vcci_platform.sandbox.journal import Journal, Line
from vcci_platform.sandbox.limits import Bucket, RollingWindow
from vcci_platform.sandbox.mail.model import Letter, Mailbox
from vcci_platform.sandbox.pagerduty import timers
from vcci_platform.sandbox.pagerduty.forms import ChangeForm, EventForm
from vcci_platform.sandbox.pagerduty.incident import Receipt
from vcci_platform.sandbox.pagerduty.model import PagerDuty
from vcci_platform.sandbox.pagerduty.orchestration import Feature
from vcci_platform.sandbox.pagerduty.references import Links, Namer, whole_seconds
from vcci_platform.sandbox.pagerduty.refusals import RestRefusal
from vcci_platform.sandbox.pagerduty.rest import table
from vcci_platform.sandbox.pagerduty.rest.call import Answer, Desk
from vcci_platform.sandbox.pagerduty.rest.call import Call as RestCall
from vcci_platform.sandbox.pagerduty.subscription_forms import EVENT_TYPES, SubscriptionForm
from vcci_platform.sandbox.pagerduty.webhook_shapes import event_shape, service_event
from vcci_platform.sandbox.pagerduty.webhooks import HOUSE_ID, Delivery, Subscription, Webhooks
from vcci_platform.sandbox.slack.forms import ArchiveForm, ChannelForm, MessageForm, TopicForm
from vcci_platform.sandbox.slack.model import Channel, Message, Slack, SlackRefusal
from vcci_platform.sandbox.statuspage.forms import (
    NewIncident,
    PatchedComponent,
    PatchedIncident,
    PatchedUpdate,
    PostmortemForm,
    PublishForm,
)
from vcci_platform.sandbox.statuspage.model import Component, Incident, Postmortem, Statuspage, Update

__all__ = ["Call", "Sandbox", "WrongWebhook"]

KEPT_CALLS: Final = 1000
_MINUTE: Final = timedelta(seconds=60)


class WrongWebhook(PlatformError):
    """The sandbox does not send webhooks to this address."""


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
    """The state behind both listeners. Every change goes through a method here, which writes it to the journal.

    `webhook_url` is told everything about PagerDuty's incidents from the start, signed with the known secret. `furnish`
    is given a sandbox that knows nothing yet, and configures its account.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        components: Sequence[str] = DEFAULT_COMPONENTS,
        journal: Path | None = None,
        webhook_url: str | None = None,
        furnish: Callable[[Sandbox], None] | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.component_names = tuple(components)
        self.links = Links()
        self.faults = Faults()
        self.pagerduty_window = RollingWindow(limit=pagerduty.CALLS_A_MINUTE, window=_MINUTE)
        self.rest_window = RollingWindow(limit=pagerduty.REST_CALLS_A_MINUTE, window=_MINUTE)
        self.statuspage_window = RollingWindow(limit=statuspage.CALLS_A_MINUTE, window=_MINUTE)
        self.slack_bucket = Bucket(capacity=slack.BURST, every=timedelta(seconds=1))
        self.slack_windows = {
            method: RollingWindow(limit=calls, window=_MINUTE) for method, calls in slack.CALLS_A_MINUTE.items()
        }
        self._webhook_url = webhook_url
        self._furnish = furnish
        self._journal = Journal(journal)
        self._lock = RLock()
        self._forget()
        lines = tuple(self._journal.lines())
        for line in lines:
            self._replay(line)
        self._wire(new=not lines)

    def _forget(self) -> None:
        self.started_at = self.clock.now()
        self.pagerduty = PagerDuty(self.started_at)
        self.webhooks = Webhooks()
        self._events = 0
        self.statuspage = Statuspage(self.component_names, self.started_at)
        self.slack = Slack()
        self.mailbox = Mailbox()
        self.calls: deque[Call] = deque(maxlen=KEPT_CALLS)

    def clear(self) -> None:
        """Forget everything that was received and configured, the faults and the limits."""
        with self._lock:
            self._journal.clear()
            self._forget()
            self.faults.clear()
            for window in (
                self.pagerduty_window,
                self.rest_window,
                self.statuspage_window,
                *self.slack_windows.values(),
            ):
                window.clear()
            self.slack_bucket.clear()
            self._wire(new=True)

    def advance(self) -> None:
        """Let happen what time brings: escalations, timeouts, automatic resolutions."""
        with self._lock:
            self._pass_time(self.clock.now())

    def take_event(self, form: EventForm) -> Receipt:
        """Carry out a PagerDuty event."""
        with self._lock:
            self._pass_time(now := self.clock.now())
            receipt = self.pagerduty.take(form, now)
            self._publish()
            self._keep(now, "pagerduty.event", form)
            return receipt

    def note_change(self, form: ChangeForm) -> None:
        """Keep a PagerDuty change event."""
        with self._lock:
            self.pagerduty.note_change(form, now := self.clock.now())
            self._keep(now, "pagerduty.change", form)

    def rest(self, call: RestCall) -> Answer:
        """Carry out a call to PagerDuty's REST API, or raise `RestRefusal`."""
        with self._lock:
            call = replace(call, now=self.clock.now())
            self._pass_time(call.now)
            answer = self._answer(call)
            if call.method != "GET":
                data = {"method": call.method, "path": call.path, "body": call.body, "by": call.by}
                self._journal.append(Line(call.now, "pagerduty.rest", data))
            return answer

    def click(self, incident_id: str, status: str) -> Answer:
        """Let the person who has the incident acknowledge, resolve or reopen it, as by a click in PagerDuty."""
        with self._lock:
            self._pass_time(self.clock.now())
            incident = self.pagerduty.incident(incident_id)
            users = self.pagerduty.account.users
            has_it = incident.assignees[0] if incident and incident.assignees else next(iter(users)).id
            body = {"incident": {"type": "incident_reference", "status": status}}
            email = users[has_it].form.email
            return self.rest(RestCall("PUT", f"/incidents/{incident_id}", self.clock.now(), {}, body, email))

    def subscribe(self, url: str) -> Subscription:
        """Tell this address everything about incidents and services, signed with the known secret."""
        with self._lock:
            now = self.clock.now()
            try:
                subscription = self._subscribe(url, now)
            except ValidationError as error:
                raise WrongWebhook(f"webhook {'; '.join(sentences(error))}") from error
            self._journal.append(Line(now, "pagerduty.subscribe", {"url": url}))
            return subscription

    def limit_plan(self, lacks: Sequence[Feature]) -> None:
        """Let the account's plan lack these features of event rules, and no others."""
        with self._lock:
            self.pagerduty.account.rules.lacks = frozenset(lacks)
            self._journal.append(Line(self.clock.now(), "pagerduty.plan", {"lacks": list(lacks)}))

    def settle_webhook(self, delivery_id: str, status: int | None, note: str) -> None:
        """Take the answer to a webhook; None is no answer."""
        with self._lock:
            now = self.clock.now()
            self.webhooks.settle(delivery_id, status, note, now)
            self._journal.append(Line(now, "pagerduty.webhook", {"id": delivery_id, "status": status, "note": note}))

    def lose_webhook(self, delivery_id: str) -> None:
        """Lose a webhook on its way."""
        with self._lock:
            now = self.clock.now()
            self.webhooks.lose(delivery_id, now)
            self._journal.append(Line(now, "pagerduty.lost", {"id": delivery_id}))

    def redeliver(self, delivery_id: str) -> Delivery | None:
        """Send a webhook once more under the same id."""
        with self._lock:
            return self.webhooks.redeliver(delivery_id, self.clock.now())

    def change_secrets(self, subscription_id: str, *, retire: bool) -> Subscription:
        """Give a subscription one more secret, or keep only its newest."""
        with self._lock:
            action = "retire" if retire else "rotate"
            changed = getattr(self.webhooks, action)(subscription_id)
            self._journal.append(Line(self.clock.now(), f"pagerduty.{action}", {"id": subscription_id}))
            return self.webhooks.subscription(changed.id)

    def create_incident(self, form: NewIncident) -> Incident:
        """Open an incident on the status page."""
        with self._lock:
            incident = self.statuspage.create(form, now := self.clock.now())
            self._keep(now, "statuspage.create", form)
            return incident

    def patch_incident(self, incident: Incident, form: PatchedIncident) -> Incident:
        """Change an incident on the status page."""
        with self._lock:
            patched = self.statuspage.patch(incident, form, now := self.clock.now())
            self._keep(now, "statuspage.patch", form, id=incident.id)
            return patched

    def patch_component(self, identifier: str, form: PatchedComponent) -> Component:
        """Change a component of the status page."""
        with self._lock:
            component = self.statuspage.patch_component(identifier, form, now := self.clock.now())
            self._keep(now, "statuspage.component", form, id=identifier)
            return component

    def patch_update(self, incident: Incident, update_id: str, form: PatchedUpdate) -> Update:
        """Put an update on the status page right."""
        with self._lock:
            update = self.statuspage.patch_update(incident, update_id, form, now := self.clock.now())
            self._keep(now, "statuspage.update", form, id=incident.id, update=update_id)
            return update

    def draft_postmortem(self, incident: Incident, form: PostmortemForm) -> Postmortem:
        """Draft the review of an incident on the status page."""
        with self._lock:
            postmortem = self.statuspage.draft(incident, form.postmortem.body_draft, now := self.clock.now())
            self._keep(now, "statuspage.draft", form, id=incident.id)
            return postmortem

    def publish_postmortem(self, incident: Incident, form: PublishForm) -> Postmortem:
        """Publish the review of an incident on the status page."""
        with self._lock:
            postmortem = self.statuspage.publish(incident, form.postmortem, now := self.clock.now())
            self._keep(now, "statuspage.publish", form, id=incident.id)
            return postmortem

    def revert_postmortem(self, incident: Incident) -> Postmortem:
        """Hide the review of an incident on the status page."""
        with self._lock:
            postmortem = self.statuspage.revert(incident)
            self._keep(self.clock.now(), "statuspage.revert", None, id=incident.id)
            return postmortem

    def post_message(self, form: MessageForm, channel: str, *, by_hook: bool = True) -> Message:
        """Post a Slack message, by the webhook or by the Web API."""
        with self._lock:
            message = self.slack.post(form, channel, now := self.clock.now(), by_hook=by_hook)
            self._keep(now, "slack.post" if by_hook else "slack.say", form, channel=channel)
            return message

    def update_message(self, form: MessageForm, channel: str, ts: str) -> Message:
        """Replace what a Slack message says."""
        with self._lock:
            message = self.slack.update(form, channel, ts, now := self.clock.now())
            self._keep(now, "slack.update", form, channel=channel, ts=ts)
            return message

    def create_channel(self, form: ChannelForm) -> Channel:
        """Make a Slack channel."""
        with self._lock:
            channel = self.slack.create_channel(form.name, now := self.clock.now())
            self._keep(now, "slack.channel", form)
            return channel

    def set_topic(self, form: TopicForm) -> Channel:
        """Write above a Slack channel what it is about."""
        with self._lock:
            channel = self.slack.set_topic(form.channel, form.topic)
            self._keep(self.clock.now(), "slack.topic", form)
            return channel

    def archive_channel(self, form: ArchiveForm) -> Channel:
        """Close a Slack channel."""
        with self._lock:
            channel = self.slack.archive(form.channel)
            self._keep(self.clock.now(), "slack.archive", form)
            return channel

    def take_letter(self, letter: Letter) -> None:
        """Keep a letter that somebody mailed."""
        with self._lock:
            self.mailbox.take(letter)
            self._journal.append(Line(letter.at, "mail.letter", asdict(letter) | {"at": letter.at.isoformat()}))

    def _pass_time(self, now: datetime) -> None:
        timers.advance(self.pagerduty, now)
        self._publish()

    def _publish(self) -> None:
        """Queue what has happened to incidents for everyone who asked for it."""
        namer = Namer(self.pagerduty.account, self.links)
        for happening in self.pagerduty.happenings:
            self._events += 1
            event = event_shape(happening, self._events, namer)
            incident = happening.incident
            self.webhooks.publish(event, lane=incident.id, service_id=incident.service_id, now=happening.at)
        self.pagerduty.happenings.clear()

    def _answer(self, call: RestCall) -> Answer:
        namer = Namer(self.pagerduty.account, self.links)
        answer = table.answer(call, Desk(self.pagerduty, self.webhooks, namer))
        self._publish()
        root, _, identifier = call.path.strip("/").partition("/")
        words = {"POST": "created", "PUT": "updated", "DELETE": "deleted"}
        if root == "services" and call.method in words and "/" not in identifier:
            self._events += 1
            service_id = identifier or answer.body["service"]["id"]
            event_type = f"service.{words[call.method]}"
            event = service_event(event_type, service_id, self._events, whole_seconds(call.now), namer)
            self.webhooks.publish(event, lane=service_id, service_id=service_id, now=call.now)
        return answer

    def _wire(self, *, new: bool) -> None:
        """Furnish a new account, and subscribe the address that was given at the start unless it is there already."""
        if new and self._furnish is not None:
            self._furnish(self)
        known = self.webhooks.subscriptions.get(HOUSE_ID)
        if self._webhook_url and (known is None or known.url != self._webhook_url):
            self.subscribe(self._webhook_url)

    def _subscribe(self, url: str, now: datetime) -> Subscription:
        form = {
            "delivery_method": {"type": "http_delivery_method", "url": url},
            "description": "there from the start",
            "events": list(EVENT_TYPES),
            "filter": {"type": "account_reference"},
        }
        return self.webhooks.subscribe(
            SubscriptionForm.model_validate(form), now, house_secret=PAGERDUTY_WEBHOOK_SECRET
        )

    def _keep(self, now: datetime, kind: str, form: BaseModel | None, **also: str) -> None:
        shown = form.model_dump(mode="json", by_alias=True, exclude_unset=True) if form else {}
        data = {"form": shown, **also}
        self._journal.append(Line(now, kind, data))

    def _replay(self, line: Line) -> None:
        """Carry out a line of the journal again. What no longer fits, such as a component that went, is left out."""
        try:
            if line.kind.startswith("pagerduty."):
                self._pass_time(line.at)
                self._replay_pagerduty(line.kind.removeprefix("pagerduty."), line)
                self._publish()
            elif line.kind == "mail.letter":
                replay.replay_mail(self.mailbox, line)
            elif line.kind.startswith("statuspage."):
                replay.replay_statuspage(self.statuspage, line)
            else:
                replay.replay_slack(self.slack, line)
        except (ValueError, LookupError, RestRefusal, SlackRefusal):
            return

    def _replay_pagerduty(self, kind: str, line: Line) -> None:
        data: dict[str, Any] = line.data
        match kind:
            case "event":
                self.pagerduty.take(EventForm.model_validate(data["form"]), line.at)
            case "change":
                self.pagerduty.note_change(ChangeForm.model_validate(data["form"]), line.at)
            case "rest":
                self._answer(RestCall(data["method"], data["path"], line.at, {}, data["body"], data["by"]))
            case "subscribe":
                self._subscribe(data["url"], line.at)
            case "webhook":
                self.webhooks.settle(data["id"], data["status"], data["note"], line.at)
            case "lost":
                self.webhooks.lose(data["id"], line.at)
            case "plan":
                self.pagerduty.account.rules.lacks = frozenset(data["lacks"])
            case "rotate" | "retire":
                getattr(self.webhooks, kind)(data["id"])
            case _:
                return
