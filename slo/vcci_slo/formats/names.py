"""Names of other formats made into ours, and ours made into theirs: valid, unique, and found again."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["LONGEST", "Names", "dns_label", "made", "original", "sloth_name"]

LONGEST = 60
LONGEST_DNS = 63
_STRANGE = re.compile(r"[^A-Za-z0-9_-]+")
_SLOTH = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.]*[A-Za-z0-9]", re.ASCII)
_STRANGE_SLOTH = re.compile(r"[^A-Za-z0-9_.-]+", re.ASCII)
_STRANGE_DNS = re.compile(r"[^a-z0-9]+")


def made(text: str, otherwise: str = "promise") -> str:
    """Return a valid name that is as near to a text as can be.

    >>> made("my.service/v2"), made("1st"), made("ünïcode")
    ('my-service-v2', 'n-1st', 'n-code')
    """
    name = _STRANGE.sub("-", text).strip("-_")
    if not name:
        return otherwise
    if not name[0].isalpha():
        name = f"n-{name}"
    return name[:LONGEST].rstrip("-_")


def original(name: str, title: str | None, prefix: str = "") -> str:
    """Return the name that a promise had before it was made valid: its title, where that leads to the same name."""
    if title and (made(title) == name or (prefix and made(f"{prefix}-{title}") == name)):
        return title
    return name


def sloth_name(text: str) -> str:
    """Return a name that Sloth takes: two characters at least, a letter or digit at both ends.

    >>> sloth_name("a"), sloth_name("requests.ok-")
    ('a0', 'requests.ok')
    """
    name = _STRANGE_SLOTH.sub("-", text).strip("-_.")
    if len(name) == 1:
        name += "0"
    return name if _SLOTH.fullmatch(name) else "slo"


def dns_label(text: str) -> str:
    """Return a name that OpenSLO takes.

    >>> dns_label("API_Latency.p99")
    'api-latency-p99'
    """
    return _STRANGE_DNS.sub("-", text.lower()).strip("-")[:LONGEST_DNS].rstrip("-") or "slo"


class Names:
    """Names that are given once: those that differ only in case or in the marks between words are the same."""

    def __init__(self, taken: Iterable[str] = (), *, longest: int = LONGEST) -> None:
        self._taken = {_folded(name) for name in taken}
        self._longest = longest

    def take(self, *wishes: str) -> str:
        """Return the first wish that is free, or the last one with a number."""
        for wish in wishes:
            if _folded(wish) not in self._taken:
                self._taken.add(_folded(wish))
                return wish
        for number in range(2, 1_000_000):
            tail = f"-{number}"
            name = f"{wishes[-1][: self._longest - len(tail)].rstrip('-_')}{tail}"
            if _folded(name) not in self._taken:
                self._taken.add(_folded(name))
                return name
        raise AssertionError("a million names are taken")


def _folded(name: str) -> str:
    return re.sub(r"[-_.]", "", name.lower())
