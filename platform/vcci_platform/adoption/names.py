"""Names that a spec takes, from names that Prometheus has: any text."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["Names", "is_plain", "slug"]

LONGEST = 40
"""A spec's names have at most 60 characters, and some are put together from two."""

RESERVED = frozenset({"index", "probe"})
_PLAIN = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def slug(text: str, fallback: str = "thing") -> str:
    """Return a name in lower case with hyphens.

    >>> slug("kube-system/Kubelet"), slug("9lives"), slug("größe"), slug("!!", "job")
    ('kube-system-kubelet', 'x9lives', 'grosse', 'job')
    """
    folded = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", folded.lower()).strip("-")
    if not name:
        return fallback
    return (name if name[0].isalpha() else f"x{name}")[:LONGEST].strip("-")


class Names:
    """Gives each thing a name of its own."""

    def __init__(self, taken: frozenset[str] = RESERVED) -> None:
        self._taken = set(taken)

    def give(self, text: str, fallback: str = "thing") -> str:
        """Return the name of a thing, with a number behind it where another has that name."""
        wanted = slug(text, fallback)
        number, name = 2, wanted
        while name in self._taken:
            name = f"{wanted}-{number}"
            number += 1
        self._taken.add(name)
        return name


def is_plain(name: str) -> bool:
    """Return whether a metric's or label's name needs no quotes, as all names before Prometheus 3.

    >>> is_plain("http_requests_total"), is_plain("http.requests")
    (True, False)
    """
    return _PLAIN.fullmatch(name) is not None
