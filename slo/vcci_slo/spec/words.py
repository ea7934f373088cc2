"""The words of an incident: on the status page, in mails and in the chat, and sentences that people have ready."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from vcci_slo.spec.section import Name, Section

__all__ = ["WordsSpec"]

Text = Annotated[str, StringConstraints(max_length=25_000, strip_whitespace=True)]
"""Words with gaps such as {what}. That they are not empty is found with the rest of what is wrong in them."""


class PublicWordsSpec(Section):
    """What customers read: {what} is touched, when it {began}, and its {impact} on what they do. Nothing else."""

    title: Text | None = None
    investigating: Text | None = None
    identified: Text | None = None
    monitoring: Text | None = None
    resolved: Text | None = None


class MailWordsSpec(Section):
    """A mail to those who are told; beside the public gaps {severity}, {title}, {state}, {news} and {text}."""

    subject: Text | None = None
    text: Text | None = None


class ChatWordsSpec(Section):
    """The first line of each message in the chat; beside the public gaps {severity}, {title} and {state}."""

    headline: Text | None = None


class WordsSpec(Section):
    """Own words in place of the usual ones. `ready` are named sentences that a person may send as they are."""

    public: PublicWordsSpec = Field(default_factory=PublicWordsSpec)
    mail: MailWordsSpec = Field(default_factory=MailWordsSpec)
    chat: ChatWordsSpec = Field(default_factory=ChatWordsSpec)
    ready: dict[Name, Text] = Field(default_factory=dict)
