"""The errors of questions over HTTP. None of them holds a user, a password, a token or the value of a header.

AskingError
├── WrongAddress   what was given is no address
├── WrongAccess    a token, header, user or certificate cannot be used as it was given
├── Unreachable    nothing answers there
├── TooMuch        an answer is longer, or takes longer, than was allowed
├── NotAllowed     what answers wants to know who asks
├── Refused        it understood, and says no: too dear, or not known there
└── OddAnswer      what answers is something else: a proxy's page, another program
"""

from __future__ import annotations

from vcci_platform.errors import PlatformError

__all__ = [
    "AskingError",
    "NotAllowed",
    "OddAnswer",
    "Refused",
    "TooMuch",
    "Unreachable",
    "WrongAccess",
    "WrongAddress",
]


class AskingError(PlatformError):
    """There is no answer. That is 2, so that a pipeline does not take it for a difference, which is 1."""

    exit_code = 2


class WrongAddress(AskingError):
    """What was given is no address of a program."""


class WrongAccess(AskingError):
    """A token, header, user or certificate cannot be used as it was given."""


class Unreachable(AskingError):
    """Nothing answers where a program was expected."""

    def __init__(self, program: str, url: str, reason: str) -> None:
        self.program = program
        self.url = url
        super().__init__(f"{program} at {url} does not answer: {reason}")


class TooMuch(AskingError):
    """An answer is longer, or all of them take longer, than was allowed."""

    def __init__(self, program: str, url: str, how: str) -> None:
        self.program = program
        self.url = url
        super().__init__(f"{program} at {url} {how}")


class NotAllowed(AskingError):
    """It answered that it wants to know who asks, or that this one may not."""

    def __init__(self, program: str, url: str, status: int, *, introduced: bool) -> None:
        self.program = program
        self.url = url
        self.status = status
        name = program.upper()
        hint = f": give --token, --user or --header, or set {name}_TOKEN, or {name}_USER and {name}_PASSWORD"
        how = "did not accept how we introduce ourselves" if introduced else "wants to know who asks"
        super().__init__(f"{program} at {url} {how} ({status}){'' if introduced or ' ' in name else hint}")


class Refused(AskingError):
    """It understood the question, and said no."""

    def __init__(self, program: str, url: str, status: int, reason: str) -> None:
        self.program = program
        self.url = url
        self.status = status
        super().__init__(f"{program} at {url} refused: {status} {reason}".rstrip())


class OddAnswer(AskingError):
    """It answered with something that the program would not say."""

    def __init__(self, program: str, url: str, how: str) -> None:
        self.program = program
        self.url = url
        super().__init__(f"{url} does not answer as {program} does: {how}")
