"""The base of every expected failure of the platform: a sentence for the person who reads it, never a traceback.

PlatformError
└── each feature's own errors, declared beside the code that raises them
"""

from __future__ import annotations

__all__ = ["PlatformError"]


class PlatformError(Exception):
    """Something expected went wrong; the text says what, where, and what was expected.

    The command line prints the text and ends with `exit_code`: 1 when the answer is no or the work failed, 2 when the
    request was wrong or nobody can tell. The foot of `vcci --help` tells people so.
    """

    exit_code: int = 1
