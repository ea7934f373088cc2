"""What Slack does with a message: it cuts a long text, keeps it, and gives it a time that is its name."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vcci_platform.sandbox.slack.forms import TEXT_CHARACTERS, MessageForm

__all__ = ["HOOK_CHANNEL", "Message", "Slack"]

KEPT_MESSAGES: Final = 1000
HOOK_CHANNEL: Final = "#incidents"  # the channel that the webhook was made for


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the channel shows it. `ts` names it within its channel; `cut` tells that text was lost."""

    ts: str
    at: datetime
    channel: str
    text: str
    cut: bool = False
    username: str | None = None
    thread_ts: str | None = None
    blocks: tuple[dict[str, Any], ...] = ()
    attachments: tuple[dict[str, Any], ...] = ()


class Slack:
    """A workspace: messages in the order they came."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque(maxlen=KEPT_MESSAGES)
        self.posted = 0

    @property
    def messages(self) -> tuple[Message, ...]:
        """Every message that is kept, the newest first."""
        return tuple(reversed(self._messages))

    def post(self, form: MessageForm, channel: str, now: datetime) -> Message:
        """Keep a message and return it."""
        self.posted += 1
        shown = form.shown
        message = Message(
            ts=f"{int(now.timestamp())}.{self.posted:06d}",
            at=now,
            channel=channel,
            text=shown[:TEXT_CHARACTERS],
            cut=len(shown) > TEXT_CHARACTERS,
            username=form.username,
            thread_ts=form.thread_ts,
            blocks=form.blocks,
            attachments=form.attachments,
        )
        self._messages.append(message)
        return message
