"""What is said in an incident, and to whom: texts with gaps that the desk fills in."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ChatWords", "MailWords", "PublicWords", "Words"]


@dataclass(frozen=True)
class PublicWords:
    """The name of an incident on the status page, and a sentence for each of its states there."""

    title: str = "Problem with {what}"
    investigating: str = "We are investigating a problem with {what}."
    identified: str = "We know the cause of the problem with {what} and are working on it."
    monitoring: str = "{what} should work normally again. We are watching it before we call it solved."
    resolved: str = "The problem with {what} is solved."

    def of(self, status: str) -> str:
        """Return the sentence of a state; raises AttributeError for one that the page does not have."""
        return str(getattr(self, status))


@dataclass(frozen=True)
class MailWords:
    """A mail to those who are told of an incident. The facts follow its text."""

    subject: str = "[{severity}] {title}: {news}"
    text: str = "{text}"


@dataclass(frozen=True)
class ChatWords:
    """The first line of a message in the chat. What happened and the facts follow it."""

    headline: str = "[{severity}] {title}"


@dataclass(frozen=True)
class Words:
    """Everything that the spec says itself; `ready` are named sentences that a person may send."""

    public: PublicWords = field(default_factory=PublicWords)
    mail: MailWords = field(default_factory=MailWords)
    chat: ChatWords = field(default_factory=ChatWords)
    ready: tuple[tuple[str, str], ...] = ()
