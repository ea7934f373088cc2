"""What Slack accepts: messages by the incoming webhook and by the Web API, changes of them, channels."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from vcci_platform.sandbox.forms import ClosedForm, Filled
from vcci_platform.sandbox.slack.blocks import shown_blocks

__all__ = [
    "TEXT_CHARACTERS",
    "ArchiveForm",
    "ChannelForm",
    "ListForm",
    "MessageForm",
    "PostForm",
    "TopicForm",
    "UpdateForm",
]

# https://docs.slack.dev/changelog/2018-truncating-really-long-messages
TEXT_CHARACTERS: Final = 40_000


class MessageForm(ClosedForm):
    """A message: Slack wants text, blocks or attachments; the text is what a phone shows."""

    text: str = ""
    blocks: tuple[dict[str, Any], ...] = Field((), strict=False)
    attachments: tuple[dict[str, Any], ...] = Field((), strict=False)
    channel: str | None = None
    username: str | None = None
    icon_emoji: str | None = None
    icon_url: str | None = None
    link_names: bool | None = None
    mrkdwn: bool | None = None
    parse: str | None = None
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None
    thread_ts: str | None = None
    reply_broadcast: bool | None = None
    metadata: dict[str, Any] | None = None

    @property
    def shown(self) -> str:
        """The text a person reads: the message's, or what its attachments say."""
        if self.text.strip():
            return self.text
        parts = [attachment.get("fallback") or attachment.get("text") or "" for attachment in self.attachments]
        parts += [piece.text for piece in shown_blocks(self.blocks)]
        return "\n".join(str(part) for part in parts if part)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.text.strip() or self.blocks or self.attachments)


class PostForm(MessageForm):
    """A message by `chat.postMessage`, which names its channel."""

    channel: Filled  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleVariableOverride] - narrower, frozen


class UpdateForm(PostForm):
    """What `chat.update` makes of the message that `ts` names."""

    ts: Filled


class ChannelForm(ClosedForm):
    """A new channel."""

    name: str = ""
    is_private: bool = False


class TopicForm(ClosedForm):
    """What a channel is about."""

    channel: str = ""
    topic: str = ""


class ArchiveForm(ClosedForm):
    """The channel to close."""

    channel: str = ""


class ListForm(ClosedForm):
    """Which channels to list."""

    limit: int = Field(100, ge=1, le=1000)
    cursor: str = ""
    exclude_archived: bool = False
    types: str = "public_channel"
