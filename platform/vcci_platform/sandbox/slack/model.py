"""A Slack workspace: channels, messages with their times and threads, and what changes them."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from vcci_platform.sandbox.slack.forms import TEXT_CHARACTERS, MessageForm

__all__ = ["HOOK_CHANNEL", "Channel", "Message", "Slack", "SlackRefusal"]

KEPT_MESSAGES: Final = 1000
HOOK_CHANNEL: Final = "#incidents"  # the channel that the webhook was made for
FIRST_CHANNELS: Final = ("incidents", "general")
FOUNDED: Final = datetime(2026, 1, 1, tzinfo=UTC)  # when those were made, whenever the sandbox starts
NAME_CHARACTERS: Final = 80
TOPIC_CHARACTERS: Final = 250


class SlackRefusal(Exception):
    """Slack answers `ok: false` with this word."""

    def __init__(self, word: str, note: str = "") -> None:
        super().__init__(f"{word} {note}".strip())
        self.word = word
        self.note = note


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of the workspace."""

    id: str
    name: str
    created_at: datetime
    topic: str = ""
    archived: bool = False


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
    metadata: dict[str, Any] | None = None
    channel_id: str | None = None  # None: it came by the webhook, and no token can change it
    edited_at: datetime | None = None
    edits: int = 0


class Slack:
    """A workspace: messages in the order they came, and the channels they are in."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque(maxlen=KEPT_MESSAGES)
        self.channels: dict[str, Channel] = {}
        self.posted = 0
        for name in FIRST_CHANNELS:
            self.create_channel(name, FOUNDED)

    @property
    def messages(self) -> tuple[Message, ...]:
        """Every message that is kept, the newest first."""
        return tuple(reversed(self._messages))

    def channel(self, wanted: str) -> Channel:
        """Return the channel with this id or name, or refuse."""
        name = wanted.removeprefix("#")
        found = self.channels.get(wanted) or next((each for each in self.channels.values() if each.name == name), None)
        if found is None:
            raise SlackRefusal("channel_not_found", wanted)
        return found

    def create_channel(self, name: str, now: datetime) -> Channel:
        """Make a public channel; its name is taken once, archived or not."""
        if not name:
            raise SlackRefusal("invalid_name_required")
        if len(name) > NAME_CHARACTERS:
            raise SlackRefusal("invalid_name_maxlength", f"at most {NAME_CHARACTERS} characters")
        if not re.fullmatch(r"[a-z0-9_-]+", name):
            raise SlackRefusal("invalid_name_specials", "lower case letters, digits, - and _ only")
        if any(each.name == name for each in self.channels.values()):
            raise SlackRefusal("name_taken", name)
        made = Channel(f"C{len(self.channels) + 1:010d}", name, now)
        self.channels[made.id] = made
        return made

    def set_topic(self, wanted: str, topic: str) -> Channel:
        """Write above a channel what it is about."""
        if len(topic) > TOPIC_CHARACTERS:
            raise SlackRefusal("too_long", f"at most {TOPIC_CHARACTERS} characters")
        return self._change(self._writable(wanted), topic=topic)

    def archive(self, wanted: str) -> Channel:
        """Close a channel; nothing can be posted to it afterwards."""
        channel = self.channel(wanted)
        if channel.archived:
            raise SlackRefusal("already_archived")
        return self._change(channel, archived=True)

    def post(self, form: MessageForm, channel: str, now: datetime, *, by_hook: bool = True) -> Message:
        """Keep a message and return it; by the webhook into whatever it names, by the API into a known channel."""
        known = None if by_hook else self._writable(channel)
        self.posted += 1
        shown = form.shown
        message = Message(
            ts=f"{int(now.timestamp())}.{self.posted:06d}",
            at=now,
            channel=f"#{known.name}" if known else channel,
            text=shown[:TEXT_CHARACTERS],
            cut=len(shown) > TEXT_CHARACTERS,
            username=form.username,
            thread_ts=form.thread_ts,
            blocks=form.blocks,
            attachments=form.attachments,
            metadata=form.metadata,
            channel_id=known.id if known else None,
        )
        self._messages.append(message)
        return message

    def update(self, form: MessageForm, channel: str, ts: str, now: datetime) -> Message:
        """Replace what a message says; only one that came by the API can be changed, and under its channel's id alone.

        https://docs.slack.dev/reference/methods/chat.update
        """
        if channel not in self.channels:
            raise SlackRefusal("channel_not_found", f"expected a channel's id, found {channel}")
        known = self._writable(channel)
        for index, message in enumerate(self._messages):
            if message.ts == ts and message.channel in {f"#{known.name}", known.id}:
                if message.channel_id is None:
                    raise SlackRefusal("cant_update_message", "it came by the incoming webhook")
                changed = replace(
                    message,
                    text=form.shown[:TEXT_CHARACTERS],
                    cut=len(form.shown) > TEXT_CHARACTERS,
                    blocks=form.blocks,
                    attachments=form.attachments,
                    metadata=form.metadata or message.metadata,
                    edited_at=now,
                    edits=message.edits + 1,
                )
                self._messages[index] = changed
                return changed
        raise SlackRefusal("message_not_found", ts)

    def _writable(self, wanted: str) -> Channel:
        channel = self.channel(wanted)
        if channel.archived:
            raise SlackRefusal("is_archived", channel.name)
        return channel

    def _change(self, channel: Channel, **fields: Any) -> Channel:
        self.channels[channel.id] = replace(channel, **fields)
        return self.channels[channel.id]
