"""The durable job table: claim, progress, end, revive. It is the truth; a message only carries a job's id.

Every change of a running job is fenced by its attempt: a worker that was believed dead and comes back finds that the
job is no longer its own, and writes nothing. So a job never has two results.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from vcci_platform.carbon import tables
from vcci_platform.carbon.work import (
    ATTEMPTS_ALLOWED,
    LEASE,
    QUEUES,
    RESEND_AFTER,
    Claimable,
    Job,
    JobKind,
    JobStatus,
    LostLeaseError,
    Queue,
    Refusal,
    claimable,
    retry_delay,
    silence,
)
from vcci_platform.clock import Clock
from vcci_platform.storage.database import Database
from vcci_platform.storage.ids import new_id
from vcci_platform.telemetry.metrics import ServiceMetrics

__all__ = ["Jobs", "OnEnd", "Waiting"]

OnEnd = Callable[[Connection, Job, Refusal], None]
"""Called in the transaction that ends a job without success, so that its subject tells why."""

WORKER_LOST = Refusal(
    "worker-lost", "The worker ended abruptly in every attempt; the input may ask for more memory than a worker has."
)
BATCH = 500

_job = tables.job
_COLUMNS = tuple(Job.__dataclass_fields__)


@dataclass(frozen=True)
class Waiting:
    """The jobs of one queue that no worker has taken yet."""

    count: int
    oldest: datetime | None


class Jobs:
    """The jobs of one service database."""

    def __init__(self, database: Database, clock: Clock, metrics: ServiceMetrics, on_end: OnEnd) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._on_end = on_end

    # -- making and reading ------------------------------------------------------------------------------------------

    def add(self, connection: Connection, *, tenant_id: str, kind: JobKind, queue: Queue, subject_id: str) -> Job:
        """Queue a job inside the transaction of its cause; the same kind for the same subject is one job."""
        now = self._clock.now()
        row: dict[str, Any] = {
            "id": new_id("job"),
            "tenant_id": tenant_id,
            "kind": kind,
            "queue": queue,
            "subject_id": subject_id,
            "dedup_key": f"{kind}:{subject_id}",
            "status": JobStatus.QUEUED,
            "attempt": 0,
            "attempts_allowed": ATTEMPTS_ALLOWED,
            # Its maker sends the first message right after the commit; the sweeper only if that did not happen.
            "enqueue_after": now + RESEND_AFTER,
            "enqueued": 1,
            "stage": "waiting",
            "done": 0,
            "created_at": now,
            "waiting_since": now,
        }
        dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
        connection.execute(dialect.insert(_job).values(**row).on_conflict_do_nothing(index_elements=["dedup_key"]))
        return _read(connection.execute(select(_job).where(_job.c.dedup_key == row["dedup_key"])).one())

    def get(self, job_id: str, tenant_id: str) -> Job | None:
        """Return a tenant's job."""
        query = select(_job).where(_job.c.id == job_id, _job.c.tenant_id == tenant_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _read(row)

    def about(self, connection: Connection, subject_ids: list[str]) -> dict[str, list[Job]]:
        """Return the jobs of each subject, in the order in which they were made."""
        found: dict[str, list[Job]] = {subject: [] for subject in subject_ids}
        for row in connection.execute(
            select(_job).where(_job.c.subject_id.in_(subject_ids)).order_by(_job.c.created_at, _job.c.id)
        ):
            found[row.subject_id].append(_read(row))
        return found

    def waiting(self) -> Mapping[Queue, Waiting]:
        """Return how many jobs of each queue wait, and since when the oldest does."""
        query = (
            select(_job.c.queue, func.count(), func.min(_job.c.waiting_since).label("oldest"))
            .where(_job.c.status == JobStatus.QUEUED)
            .group_by(_job.c.queue)
        )
        with self._database.read() as connection:
            rows = {row[0]: Waiting(count=row[1], oldest=row[2]) for row in connection.execute(query)}
        return {queue: rows.get(queue, Waiting(count=0, oldest=None)) for queue in QUEUES}

    def given_up(self, since: datetime, until: datetime) -> Mapping[str, int]:
        """Return how many jobs of each tenant failed for good in a span."""
        ended = _job.c.finished_at
        query = (
            select(_job.c.tenant_id, func.count())
            .where(_job.c.status == JobStatus.FAILED, ended >= since, ended < until)
            .group_by(_job.c.tenant_id)
        )
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    # -- the life of a job -------------------------------------------------------------------------------------------

    def claim(self, job_id: str, message_id: str, *, redelivered: bool = False) -> Job | None:
        """Return the job as this worker's own, or None when there is nothing to do for this message.

        `redelivered` says that the broker took this very message back from a worker whose connection broke; if the
        running attempt began with it, its worker is gone and its lease need not be waited for.
        """
        now = self._clock.now()
        with self._database.write() as connection:
            row = connection.execute(select(_job).where(_job.c.id == job_id).with_for_update()).one_or_none()
            if row is None:
                return None
            job = _read(row)
            orphaned = redelivered and row.message_id == message_id
            decision = claimable(job, now, orphaned=orphaned)
            if decision is Claimable.GIVE_UP:
                self._end(connection, job, JobStatus.FAILED, WORKER_LOST)
            elif decision is not Claimable.LEAVE:
                taken = {
                    "status": JobStatus.RUNNING,
                    "attempt": job.attempt + 1,
                    "message_id": message_id,
                    "lease_until": now + LEASE,
                    "enqueue_after": now,
                    "enqueued": 0,
                    "started_at": now,
                    "stage": "starting",
                    "done": 0,
                    "total": None,
                }
                connection.execute(update(_job).where(_job.c.id == job.id).values(**taken))
                job = replace(job, **_shown(taken))
        if decision in {Claimable.TAKE_OVER, Claimable.GIVE_UP}:
            self._metrics.job_attempts.labels(job.queue, "lost").inc()
        if decision is Claimable.GIVE_UP:
            self._metrics.jobs_finished.labels(job.queue, "failed").inc()
        return job if decision in {Claimable.START, Claimable.TAKE_OVER} else None

    @contextmanager
    def fenced(self, job: Job, **changes: Any) -> Generator[Connection]:
        """Yield a transaction that only the holder of this attempt gets; it renews the lease and writes `changes`."""
        held = and_(_job.c.id == job.id, _job.c.attempt == job.attempt, _job.c.status == JobStatus.RUNNING)
        with self._database.write() as connection:
            renewed = {"lease_until": self._clock.now() + LEASE, **changes}
            if connection.execute(update(_job).where(held).values(**renewed)).rowcount != 1:
                raise LostLeaseError(job.id)
            yield connection

    def progress(self, job: Job, stage: str, done: int = 0, total: int | None = None) -> None:
        """Tell how far the job has come."""
        with self.fenced(job, stage=stage, done=done, total=total):
            pass

    @contextmanager
    def finishing(self, job: Job, *, done: int, total: int | None) -> Generator[Connection]:
        """Yield the transaction in which the job's results are written and the job succeeds: both, or neither."""
        ended = {"status": JobStatus.SUCCEEDED, "stage": "done", "finished_at": self._clock.now(), "refusal": None}
        with self.fenced(job, **ended, done=done, total=total) as connection:
            yield connection
        self._count(job, "succeeded", finished="succeeded")

    def link(self, connection: Connection, job: Job, following: Job) -> None:
        """Remember which job goes on where this one ends."""
        connection.execute(update(_job).where(_job.c.id == job.id).values(next_job_id=following.id))

    def reject(self, job: Job, refusal: Refusal) -> None:
        """End the job because its input is wrong."""
        with self.fenced(job) as connection:
            self._end(connection, job, JobStatus.REJECTED, refusal)
        self._count(job, "rejected", finished="rejected")

    def stumble(self, job: Job, refusal: Refusal) -> bool:
        """Put the job back after a surprise, or give it up after the last attempt; return whether to send it again."""
        if job.attempt >= job.attempts_allowed:
            with self.fenced(job) as connection:
                self._end(connection, job, JobStatus.FAILED, refusal)
            self._count(job, "failed", finished="failed")
            return False
        now = self._clock.now()
        again = now + retry_delay(job.attempt)
        with self.fenced(
            job,
            status=JobStatus.QUEUED,
            waiting_since=now,
            enqueue_after=again + RESEND_AFTER,
            enqueued=1,
            stage="waiting for another attempt",
            refusal=refusal.document(),
        ):
            pass
        self._count(job, "retried")
        return True

    # -- revival -----------------------------------------------------------------------------------------------------

    def due(self) -> list[tuple[str, Queue]]:
        """Return ids and queues of at most `BATCH` jobs whose message seems lost, and note that they are sent again.

        Two sweepers at once share them: rows that one has locked, the other skips.
        """
        now = self._clock.now()
        silent = and_(
            _job.c.enqueue_after <= now,
            or_(
                _job.c.status == JobStatus.QUEUED,
                and_(_job.c.status == JobStatus.RUNNING, _job.c.lease_until <= now),
            ),
        )
        query = (
            select(_job.c.id, _job.c.queue, _job.c.enqueued)
            .where(silent)
            .order_by(_job.c.waiting_since)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        with self._database.write() as connection:
            rows = connection.execute(query).all()
            for row in rows:
                sent = row.enqueued + 1
                connection.execute(
                    update(_job).where(_job.c.id == row.id).values(enqueued=sent, enqueue_after=now + silence(sent))
                )
        return [(row.id, row.queue) for row in rows]

    def forget_messages(self) -> int:
        """Make every open job due at once, and return how many there are.

        For the start of the embedded mode: its broker lives in this process, so no message and no worker is left.
        """
        now = self._clock.now()
        is_open = _job.c.status.in_([JobStatus.QUEUED, JobStatus.RUNNING])
        with self._database.write() as connection:
            return connection.execute(
                update(_job).where(is_open).values(enqueue_after=now, enqueued=0, lease_until=now)
            ).rowcount

    # -- within ------------------------------------------------------------------------------------------------------

    def _end(self, connection: Connection, job: Job, status: JobStatus, refusal: Refusal) -> None:
        now = self._clock.now()
        connection.execute(
            update(_job)
            .where(_job.c.id == job.id)
            .values(status=status, finished_at=now, refusal=refusal.document(), stage="ended")
        )
        self._on_end(connection, replace(job, status=status, finished_at=now), refusal)

    def _count(self, job: Job, attempt: str, *, finished: str | None = None) -> None:
        self._metrics.job_attempts.labels(job.queue, attempt).inc()
        if job.started_at is not None:
            seconds = (self._clock.now() - job.started_at).total_seconds()
            self._metrics.job_duration.labels(job.queue).observe(max(0.0, seconds))
        if finished is not None:
            self._metrics.jobs_finished.labels(job.queue, finished).inc()


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the values that a `Job` shows."""
    return {name: value for name, value in values.items() if name in _COLUMNS}


def _read(row: Row[Any]) -> Job:
    values: dict[str, Any] = {name: getattr(row, name) for name in _COLUMNS}
    values.update(kind=JobKind(row.kind), status=JobStatus(row.status))
    return Job(**values)
