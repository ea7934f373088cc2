"""A session with a mail server as a state machine: a line goes in, an answer comes out, and at its end a letter."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from typing import Final

__all__ = ["LETTER_BYTES", "Letter", "Mailbox", "Session", "read_letter"]

LETTER_BYTES: Final = 1024 * 1024
KEPT_LETTERS: Final = 200

_ANSWERS: Final = {
    "EHLO": f"250-vcci sandbox\r\n250-8BITMIME\r\n250 SIZE {LETTER_BYTES}",
    "HELO": "250 vcci sandbox",
    "NOOP": "250 here",
    "QUIT": "221 nobody was woken",
    "RSET": "250 forgotten",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as its reader sees it. `message_id` is the same when it is sent a second time."""

    at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    message_id: str = ""


class Mailbox:
    """Every letter that is kept, in the order they came."""

    def __init__(self) -> None:
        self._letters: deque[Letter] = deque(maxlen=KEPT_LETTERS)
        self.received = 0

    @property
    def letters(self) -> tuple[Letter, ...]:
        """The letters, the newest first."""
        return tuple(reversed(self._letters))

    def take(self, letter: Letter) -> None:
        """Keep a letter."""
        self.received += 1
        self._letters.append(letter)


def read_letter(raw: bytes, sender: str, recipients: tuple[str, ...], at: datetime) -> Letter:
    """Return the letter in these bytes; one without a plain text part is shown as it came."""
    message = message_from_bytes(raw, policy=policy.default)
    body = message.get_body(("plain", "html"))
    text = body.get_content() if body is not None else raw.decode(errors="replace")
    return Letter(
        at, sender, recipients, str(message.get("Subject", "")), str(text), str(message.get("Message-ID", ""))
    )


class Session:
    """What one client has said so far (RFC 5321, the commands that every client needs).

    >>> session = Session()
    >>> [session.say(line)[:3] for line in (b"DATA", b"HELO x", b"MAIL FROM:<a@b.test>", b"RCPT TO:<c@d.test>")]
    ['503', '250', '250', '250']
    """

    def __init__(self) -> None:
        self.greeted = False
        self.wants_data = False
        self.over = False
        self._sender: str | None = None
        self._recipients: list[str] = []

    @property
    def envelope(self) -> tuple[str, tuple[str, ...]]:
        """Who sends, and to whom."""
        return self._sender or "", tuple(self._recipients)

    def say(self, line: bytes) -> str:
        """Return the answer to one command."""
        word, _, rest = line.decode(errors="replace").strip().partition(" ")
        command = word.upper()
        if command in {"MAIL", "RCPT", "DATA"}:
            return self._transact(command, rest)
        self.greeted = self.greeted or command in {"EHLO", "HELO"}
        self.over = command == "QUIT"
        if command == "RSET":
            self.reset()
        return _ANSWERS.get(command, "502 this stand-in does not know the command")

    def reset(self) -> None:
        """Forget the letter that was begun."""
        self._sender, self._recipients, self.wants_data = None, [], False

    def _transact(self, word: str, rest: str) -> str:
        if not self.greeted:
            return "503 say EHLO first"
        if word == "DATA":
            if not self._recipients:
                return "503 say MAIL and RCPT first"
            self.wants_data = True
            return "354 end with a line that has only a dot"
        address = _address(rest, "FROM:" if word == "MAIL" else "TO:")
        if address is None:
            return f"501 expected {'FROM' if word == 'MAIL' else 'TO'}:<address>"
        if word == "MAIL":
            self.reset()
            self._sender = address
        elif self._sender is None:
            return "503 say MAIL first"
        else:
            self._recipients.append(address)
        return "250 noted"


def _address(rest: str, prefix: str) -> str | None:
    if not rest.upper().startswith(prefix):
        return None
    given, _, after = rest[len(prefix) :].strip().partition(">")
    return given.removeprefix("<") if given.startswith("<") and (after == "" or after.startswith(" ")) else None
