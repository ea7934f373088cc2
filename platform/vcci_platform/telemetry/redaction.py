"""What must never be read in a log line, a span or an error: found by the name of its key, its shape, or its value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings

__all__ = ["REDACTED", "Redactor", "is_sensitive", "process_redactor", "secrets_of"]

REDACTED = "[redacted]"
SHORTEST_SECRET_CHARACTERS = 8
"""Shorter values are words of the language too: taking them out would tear holes into every sentence."""

_SENSITIVE_KEY = re.compile(
    r"(?i)(passw(or)?d|passphrase|secret|pepper|credential|authorization|cookie|api[_-]?key|routing[_-]?key|private[_-]?key"
    r"|webhook[_-]?url|heartbeat[_-]?url|dsn|(^|[_-])token$|bearer)"
)
# Each shape has words of which one is sought first, in lower case: that is many times faster than the expression, and
# nearly always says no.
_SHAPES: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    # An API key of this service; names of metrics and modules have no capital and no digit in them.
    (("vcci_",), re.compile(r"vcci_(?=[a-z_-]*[A-Z0-9])[A-Za-z0-9_-]{16,}"), REDACTED),
    (
        ("earer ", "asic ", "auth "),
        re.compile(r"\b((?i:bearer|basic|oauth))\s+(?=[a-z._~+/-]*[A-Z0-9=])[A-Za-z0-9._~+/=-]{6,}"),
        rf"\1 {REDACTED}",
    ),
    (("://",), re.compile(r"(://[^\s/:@\"'\\]*:)[^\s/\"'\\]+(?=@)"), rf"\1{REDACTED}"),
    (("/services/",), re.compile(r"(/services/)[A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9]+"), rf"\1{REDACTED}"),
    (
        ("passw", "secret", "token", "key"),
        re.compile(
            r"(?i)\b((?:[a-z0-9]+[_-])*(?:password|passwd|secret|token|api[_-]?key|routing[_-]?key)[\"']?\s*[=:]\s*[\"']?)"
            r"[^\s\"'\\&,;}\])]{6,}"
        ),
        rf"\1{REDACTED}",
    ),
)


@lru_cache(maxsize=1024)
def is_sensitive(key: str) -> bool:
    """Return whether what stands under this key is a secret.

    >>> is_sensitive("routing_key"), is_sensitive("Authorization"), is_sensitive("queue")
    (True, True, False)
    """
    return _SENSITIVE_KEY.search(key) is not None


class Redactor:
    """Takes secrets out of text: those it was told, and whatever looks like one.

    >>> Redactor(["correct-horse-battery"]).text("PUT amqp://desk:hunter2@mq/ with correct-horse-battery")
    'PUT amqp://desk:[redacted]@mq/ with [redacted]'
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: tuple[str, ...] = ()
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Learn secrets whose shape tells nothing: routing keys, peppers, passwords."""
        known = {*self._secrets}
        for secret in secrets:
            if len(secret) >= SHORTEST_SECRET_CHARACTERS:
                known |= {secret, json.dumps(secret, ensure_ascii=False)[1:-1]}  # as it stands inside of JSON, too
        self._secrets = tuple(sorted(known, key=lambda secret: (-len(secret), secret)))

    def text(self, text: str) -> str:
        """Return the text without its secrets."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, REDACTED)
        small = text.lower()
        for words, shape, put in _SHAPES:
            for word in words:
                if word in small:
                    text = shape.sub(put, text)
                    break
        return text


process_redactor = Redactor()
"""The redactor of this process. What makes or reads a secret at run time tells it: `process_redactor.add(token)`."""


def secrets_of(settings: BaseSettings) -> list[str]:
    """Return the values among the settings that nobody may read, the passwords inside of addresses too."""
    found: list[str] = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        hidden = isinstance(value, SecretStr)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(text, str) or not text:
            continue
        if hidden and name.endswith("_headers"):
            found += _values_of_headers(text)
            continue
        if hidden and name.endswith("_secrets"):
            found += [each for secret in text.split(",") if (each := secret.strip())]
            continue
        if "://" not in text:
            found += [text] if hidden else []
            continue
        address = urlsplit(text)
        if address.password:
            found += [address.password, unquote(address.password)]
        if hidden and address.scheme in {"http", "https"}:
            found += [text, address.path]  # a webhook: whoever has the address may post
    return found


def _values_of_headers(text: str) -> list[str]:
    """Return each header's value, and the credentials in it without their scheme: any of them alone opens the door.

    >>> _values_of_headers("Authorization: Basic dXNlcjpwYXNz\\nX-Key: horse-battery")
    ['Basic dXNlcjpwYXNz', 'dXNlcjpwYXNz', 'horse-battery']
    """
    found: list[str] = []
    for line in text.splitlines():
        value = line.partition(":")[2].strip()
        _, _, credentials = value.partition(" ")
        found += [each for each in (value, credentials.strip()) if each]
    return found
