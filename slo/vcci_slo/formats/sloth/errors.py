"""The error of the Sloth-compatible mode.

SloError
└── SlothError    what Sloth refuses, in Sloth's own words
"""

from __future__ import annotations

from vcci_slo.errors import SloError

__all__ = ["SlothError"]


class SlothError(SloError):
    """Sloth refuses this input; the text is Sloth's, with what it was doing in front of what was wrong."""

    def during(self, doing: str) -> SlothError:
        """Return the error as the step above it reports it.

        >>> str(SlothError("at least one SLO is required").during("invalid SLO group"))
        'invalid SLO group: at least one SLO is required'
        """
        return SlothError(f"{doing}: {self}")
