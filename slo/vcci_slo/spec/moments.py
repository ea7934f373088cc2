"""Points in time as people write them: a day, a time on the wall, or a moment with its zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from vcci_slo.spec.units import refuse

__all__ = ["Moment"]

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?", re.ASCII)


@dataclass(frozen=True)
class Moment:
    """`value` is naive while only the clocks on the wall are named."""

    text: str
    value: datetime

    @classmethod
    def parse(cls, value: Any) -> Moment:
        """Return the moment that a text such as `2026-11-28 02:00` says; a day alone is its midnight."""
        try:
            if isinstance(value, str) and _MOMENT.fullmatch(value):
                return cls(value, datetime.fromisoformat(value))
        except ValueError:  # the 30th of February
            pass
        raise refuse("a moment such as 2026-11-28, 2026-11-28 02:00 or 2026-11-28T02:00:00Z", value)

    def at(self, zone: str) -> datetime:
        """Return the moment in UTC, where the clocks show `zone` unless it says another.

        A time that the clocks skip is meant by the offset before; one that they show twice is the first of the two
        (RFC 5545, section 3.3.5).
        """
        local = self.value if self.value.tzinfo else self.value.replace(tzinfo=ZoneInfo(zone))
        return local.astimezone(UTC)
