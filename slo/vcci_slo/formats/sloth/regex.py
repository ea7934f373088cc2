"""Regular expressions as Go reads them: its classes, its end of text, its complaints."""

from __future__ import annotations

import re

from vcci_slo.formats.sloth.errors import SlothError

__all__ = ["compiled"]

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_CLASS = re.compile(rf"\[:({'|'.join(_CLASSES)}):\]")
_END = re.compile(r"(?<!\\)((?:\\\\)*)\\z")


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern. Raises SlothError, in Go's words, for what is none.

    >>> bool(compiled("^[[:alpha:]]+$").search("shop"))
    True
    """
    ours = _END.sub(r"\1\\Z", _CLASS.sub(lambda match: _CLASSES[match[1]], pattern))
    try:
        return re.compile(ours)
    except re.error as error:
        raise SlothError(f"error parsing regexp: {_complaint(error, pattern, ours)}") from None


def _complaint(error: re.error, pattern: str, ours: str) -> str:
    at = error.pos or 0
    known = {
        "missing ), unterminated subpattern": f"missing closing ): `{pattern}`",
        "unbalanced parenthesis": f"unexpected ): `{pattern}`",
        "unterminated character set": f"missing closing ]: `{ours[at:]}`",
        "nothing to repeat": f"missing argument to repetition operator: `{ours[at : at + 1]}`",
    }
    return known.get(error.msg, str(error))
