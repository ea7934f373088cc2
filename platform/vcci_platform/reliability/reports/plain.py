"""Names and texts of other people in one line: what breaks lines or turns the direction of writing is a space."""

from __future__ import annotations

import unicodedata

__all__ = ["one_line"]

_TURNS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)))
_BREAKS = frozenset({"Cc", "Zl", "Zp", "Cs"})
_NO_XML = frozenset({"\ufffe", "\uffff"})


def one_line(text: str) -> str:
    r"""Return a text without what could start a line or hide what it says.

    >>> one_line("two\nlines\x00 and\u202eback")
    'two lines and back'
    """
    kept = (
        " " if char in _TURNS or char in _NO_XML or unicodedata.category(char) in _BREAKS else char for char in text
    )
    return " ".join("".join(kept).split())
