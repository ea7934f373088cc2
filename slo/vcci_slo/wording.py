"""Texts with gaps, such as `Problem with {what}`: which gaps there are, and the text once they are filled. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["INSIDE", "LETTER", "PUBLIC", "fill", "gaps", "is_closed"]

PUBLIC = ("what", "began", "impact")
"""What may be told to customers: public names of components, when it began, and what they see of it."""

INSIDE = (*PUBLIC, "severity", "title", "state")
"""What people at work may read as well."""

LETTER = (*INSIDE, "news", "text")
"""What a mail knows besides: what happened in a few words, and what the desk or a person says of it."""

_GAP = re.compile(r"\{([^{}]*)\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its gaps filled, once: whatever a value holds comes out as it is.

    >>> fill("{what} since {began}", {"what": "{began}", "began": "14:05 UTC"})
    '{began} since 14:05 UTC'
    """
    return _GAP.sub(lambda gap: values.get(gap[1], gap[0]), text)


def gaps(text: str) -> tuple[str, ...]:
    """Return the names of the gaps, in their order.

    >>> gaps("{what} since {began}")
    ('what', 'began')
    """
    return tuple(gap[1] for gap in _GAP.finditer(text))


def is_closed(text: str) -> bool:
    """Return whether every brace belongs to a gap.

    >>> is_closed("{what}"), is_closed("{what")
    (True, False)
    """
    rest = _GAP.sub("", text)
    return "{" not in rest and "}" not in rest
