"""Texts that come from outside, as every database can keep them."""

from __future__ import annotations

__all__ = ["kept"]


def kept(text: str, most: int | None = None) -> str:
    """Return text that every database keeps: no zero byte, no half of a character, and no longer than people read.

    >>> kept("a\\0b"), kept("too long to read", 9)
    ('a\\ufffdb', 'too long…')
    """
    clean = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    return clean if most is None or len(clean) <= most else clean[: most - 1] + "…"
