"""Brings the counts of this process into the store, in the background; what cannot be kept now is kept later."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from vcci_platform.clock import Clock
from vcci_platform.storage.ids import new_id
from vcci_platform.telemetry import logs
from vcci_platform.telemetry.metrics import ServiceMetrics
from vcci_platform.tenancy.affected.store import TroubleStore
from vcci_platform.tenancy.affected.tally import Tally

__all__ = ["KEEP_EVERY", "KEPT", "Bookkeeper"]

KEEP_EVERY: Final = timedelta(seconds=2)
"""How often is looked whether there is something to keep: within a minute once, and at once while something fails."""

KEPT: Final = timedelta(days=35)
"""An incident is reviewed within days; after that only what the review says is left."""

THIN_OUT_EVERY = timedelta(hours=1)

log = logs.get(__name__)


@dataclass
class Bookkeeper:
    """Keeps the counts of one process."""

    tally: Tally
    store: TroubleStore
    metrics: ServiceMetrics
    clock: Clock
    process: str = field(default_factory=lambda: new_id("prc"))
    _thinned_at: datetime | None = None
    _away: bool = False
    _writing: threading.Lock = field(default_factory=threading.Lock)
    """An older count must never be written over a newer one."""

    def round(self) -> None:
        """Keep what is due. A store that is away is told once, and asked again the next time."""
        try:
            self.keep()
            self._thin_out()
        except SQLAlchemyError as error:
            if not self._away:
                log.warning("tenant_counts_wait", error=type(error).__name__)
            self._away = True
        else:
            self._away = False

    def keep(self, *, everything: bool = False) -> None:
        """Keep what is due, or everything. Raises what the store raises."""
        with self._writing:
            counts = self.tally.due(everything=everything)
            self.metrics.tenant_counts.labels("lost").inc(self.tally.lost())
            self.store.keep(self.process, counts)
            self.tally.kept(counts)
        self.metrics.tenant_counts.labels("kept").inc(len(counts))

    def _thin_out(self) -> None:
        now = self.clock.now()
        if self._thinned_at is None or now - self._thinned_at >= THIN_OUT_EVERY:
            self.store.thin_out(now - KEPT)
            self._thinned_at = now
