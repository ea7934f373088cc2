"""What Slack accepts as a message, by the incoming webhook and by `chat.postMessage`."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from vcci_platform.sandbox.forms import ClosedForm, Filled

__all__ = ["TEXT_CHARACTERS", "MessageForm", "PostForm"]

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
        parts += [str((block.get("text") or {}).get("text", "")) for block in self.blocks]
        return "\n".join(str(part) for part in parts if part)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.text.strip() or self.blocks or self.attachments)


class PostForm(MessageForm):
    """A message by `chat.postMessage`, which names its channel."""

    channel: Filled  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleVariableOverride] - narrower, frozen
