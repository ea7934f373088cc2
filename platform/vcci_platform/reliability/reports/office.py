"""Reports on demand: one at a time, within a time, so that making them never holds up what pages people."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from vcci_platform.clock import Clock
from vcci_platform.errors import PlatformError
from vcci_platform.reliability.reports.gather import Wanted, gather
from vcci_platform.reliability.reports.model import Report
from vcci_platform.reliability.reports.periods import Period
from vcci_platform.reliability.reports.ports import Chronicle
from vcci_platform.reliability.reports.render import render
from vcci_platform.reliability.sources import Source
from vcci_slo import Plan

__all__ = ["Busy", "Clerk", "TooSlow"]

SECONDS = 60.0


class Busy(PlatformError):
    """Another report is being made."""


class TooSlow(PlatformError):
    """The counts did not come in time."""


@dataclass
class Clerk:
    """Makes reports of one platform, one at a time."""

    plan: Plan
    source: Source
    clock: Clock
    chronicle: Chronicle | None = None
    seconds: float = SECONDS
    monotonic: Callable[[], float] = time.monotonic
    _desk: threading.Lock = field(default_factory=threading.Lock)

    def make(self, period: Period, wanted: Wanted, form: str) -> tuple[Report, bytes]:
        """Return a report and its bytes in one of the formats.

        Raises Busy at once while another is being made, TooSlow when the counts do not come in time, and what
        `gather` and `render` raise.
        """
        if not self._desk.acquire(blocking=False):
            raise Busy("another report is being made; please ask again in a moment")
        try:
            end = self.monotonic() + self.seconds

            def still() -> None:
                if self.monotonic() > end:
                    raise TooSlow(
                        f"{self.source.name} did not give the counts within {self.seconds:g} s; "
                        "ask for fewer days or promises"
                    )

            report = gather(
                self.plan, self.source, period, wanted, now=self.clock.now(), chronicle=self.chronicle, still=still
            )
            return report, render(report, form)
        finally:
            self._desk.release()
