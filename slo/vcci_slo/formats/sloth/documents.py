"""Which documents a file holds, and which of Sloth's three inputs each of them is. Both are decided on the raw text."""

from __future__ import annotations

import re
from enum import StrEnum

__all__ = ["Kind", "kind_of", "split_documents"]

_SPACE = (
    " \t\n\v\f\r\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
    "\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What Go's unicode.IsSpace holds for white; Python's `strip` also takes the separators U+001C to U+001F."""

_COMMENT = re.compile(r"^#.*$", re.MULTILINE)
_SEPARATOR = re.compile(r"^---", re.MULTILINE)


class Kind(StrEnum):
    """An input that Sloth reads. The value is what the label `sloth_spec` says."""

    PROMETHEUS = "prometheus/v1"
    KUBERNETES = "sloth.slok.dev/v1"
    OPENSLO = "openslo/v1alpha"


_MARKS = {
    Kind.PROMETHEUS: (r"^version: +['\"]?prometheus/v1['\"]?\r?\n? *$",),
    Kind.KUBERNETES: (
        r"^kind: +['\"]?PrometheusServiceLevel['\"]? *$",
        r"^apiVersion: +['\"]?sloth.slok.dev\/v1['\"]? *$",
    ),
    Kind.OPENSLO: (r"^kind: +['\"]?SLO['\"]? *$", r"^apiVersion: +['\"]?openslo\/v1alpha['\"]? *$"),
}
_SNIFFERS = {kind: tuple(re.compile(mark, re.MULTILINE) for mark in marks) for kind, marks in _MARKS.items()}


def kind_of(text: str) -> Kind | None:
    """Return what a document says it is at the start of its lines, or None for anything else.

    >>> kind_of('version: "prometheus/v1"').value
    'prometheus/v1'
    >>> kind_of("{version: prometheus/v1}") is None
    True
    """
    return next((kind for kind, marks in _SNIFFERS.items() if all(mark.search(text) for mark in marks)), None)


def split_documents(text: str) -> tuple[str, ...]:
    """Return the documents of a file as Sloth cuts them, without the empty ones.

    A line that starts with `#` goes, even inside a block of text, and `---` at the start of a line always cuts. The
    space around a document goes too, so a block of text at its end loses its last line break.
    """
    bare = _COMMENT.sub("", text.strip(_SPACE))
    return tuple(document for part in _SEPARATOR.split(bare) if (document := part.strip(_SPACE)))
