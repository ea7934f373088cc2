"""Carrying out a line of the journal again: for the status page, Slack and mail, whose state depends on no clock."""

from __future__ import annotations

from typing import Any

from vcci_platform.sandbox.journal import Line
from vcci_platform.sandbox.mail.model import Letter, Mailbox
from vcci_platform.sandbox.slack.forms import MessageForm
from vcci_platform.sandbox.slack.model import Slack
from vcci_platform.sandbox.statuspage.forms import (
    NewIncident,
    PatchedComponent,
    PatchedIncident,
    PatchedUpdate,
    PostmortemForm,
    PublishForm,
)
from vcci_platform.sandbox.statuspage.model import Incident, Statuspage

__all__ = ["replay_mail", "replay_slack", "replay_statuspage"]


def replay_statuspage(page: Statuspage, line: Line) -> None:
    """Carry out a call to Statuspage again; what no longer fits is an error of lookup or value."""
    form: dict[str, Any] = line.data["form"]
    match line.kind.removeprefix("statuspage."):
        case "create":
            page.create(NewIncident.model_validate(form), line.at)
        case "patch":
            page.patch(_incident(page, line), PatchedIncident.model_validate(form), line.at)
        case "component":
            page.patch_component(line.data["id"], PatchedComponent.model_validate(form), line.at)
        case "update":
            page.patch_update(_incident(page, line), line.data["update"], PatchedUpdate.model_validate(form), line.at)
        case "draft":
            page.draft(_incident(page, line), PostmortemForm.model_validate(form).postmortem.body_draft, line.at)
        case "publish":
            page.publish(_incident(page, line), PublishForm.model_validate(form).postmortem, line.at)
        case "revert":
            page.revert(_incident(page, line))
        case _:
            return


def replay_slack(slack: Slack, line: Line) -> None:
    """Carry out a call to Slack again; what no longer fits is a refusal."""
    data: dict[str, Any] = line.data
    form: dict[str, Any] = data["form"]
    match line.kind.removeprefix("slack."):
        case "post":
            slack.post(MessageForm.model_validate(form), data["channel"], line.at)
        case "say":
            slack.post(MessageForm.model_validate(form), data["channel"], line.at, by_hook=False)
        case "update":
            words = {name: value for name, value in form.items() if name != "ts"}
            slack.update(MessageForm.model_validate(words), data["channel"], data["ts"], line.at)
        case "channel":
            slack.create_channel(form["name"], line.at)
        case "topic":
            slack.set_topic(form["channel"], form["topic"])
        case "archive":
            slack.archive(form["channel"])
        case _:
            return


def replay_mail(mailbox: Mailbox, line: Line) -> None:
    """Take a letter again."""
    data: dict[str, Any] = line.data
    recipients = tuple(data["recipients"])
    mailbox.take(Letter(line.at, data["sender"], recipients, data["subject"], data["text"], data["message_id"]))


def _incident(page: Statuspage, line: Line) -> Incident:
    incident = page.incident(line.data["id"])
    if incident is None:
        raise LookupError(line.data["id"])
    return incident
