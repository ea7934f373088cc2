"""What waits, and for how long: read from the job table just before each scrape and shown as gauges."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from vcci_platform.carbon.jobs import Jobs, Waiting
from vcci_platform.carbon.uploads import Uploads
from vcci_platform.carbon.work import QUEUES, Queue
from vcci_platform.clock import Clock
from vcci_platform.telemetry.health import Reading
from vcci_platform.telemetry.metrics import ServiceMetrics
from vcci_platform.tenancy import Tenancy

__all__ = ["WaitingGauges"]


class WaitingGauges:
    """Keeps the gauges of waiting work true.

    While the database cannot be asked, the last answer stands and its ages keep growing: what waited then still waits,
    and an age that vanished would look like health.
    """

    def __init__(self, jobs: Jobs, uploads: Uploads, tenancy: Tenancy, metrics: ServiceMetrics, clock: Clock) -> None:
        self._jobs = jobs
        self._uploads = uploads
        self._tenancy = tenancy
        self._metrics = metrics
        self._clock = clock
        self._waiting: Mapping[Queue, Waiting] = {queue: Waiting(count=0, oldest=None) for queue in QUEUES}
        self._uncalculated: datetime | None = None

    @property
    def reading(self) -> Reading:
        """How the route of the metrics refreshes them."""
        return Reading("waiting work", self.refresh, self.show)

    def refresh(self) -> None:
        """Ask the database, and set every gauge."""
        self._waiting = self._jobs.waiting()
        self._uncalculated = self._uploads.oldest_uncalculated()
        self._metrics.active_tenants.set(self._tenancy.count())
        self.show()

    def show(self) -> None:
        """Set the gauges by the last answer, with the ages of this moment."""
        for queue, waiting in self._waiting.items():
            self._metrics.jobs_waiting.labels(queue).set(waiting.count)
            self._metrics.oldest_waiting_job_age.labels(queue).set(self._age(waiting.oldest))
        self._metrics.oldest_uncalculated_upload_age.set(self._age(self._uncalculated))

    def _age(self, since: datetime | None) -> float:
        return 0.0 if since is None else max(0.0, (self._clock.now() - since).total_seconds())
