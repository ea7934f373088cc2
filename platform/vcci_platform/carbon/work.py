"""Jobs as values, and the rules of their life: what may be claimed, when to try again, when to give up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, get_args

__all__ = [
    "ATTEMPTS_ALLOWED",
    "ENDED",
    "LEASE",
    "QUEUES",
    "Claimable",
    "Job",
    "JobKind",
    "JobStatus",
    "LostLeaseError",
    "Queue",
    "Refusal",
    "RefusedError",
    "claimable",
    "retry_delay",
    "silence",
]

Queue = Literal["emissions", "reports", "supplier_engagement", "data_import"]
QUEUES: tuple[Queue, ...] = get_args(Queue)

ATTEMPTS_ALLOWED = 3
LEASE = timedelta(seconds=120)
"""How long a worker may be silent. Every step of progress renews it, so it bounds one step and not the whole job."""

RESEND_AFTER = timedelta(seconds=60)
RESEND_AT_MOST = timedelta(hours=1)
FIRST_RETRY = timedelta(seconds=2)


class JobKind(StrEnum):
    """What a job does."""

    IMPORT_PURCHASES = "import_purchases"
    CALCULATE_PURCHASES = "calculate_purchases"


class JobStatus(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    """The input was wrong; trying again would not help and nobody is woken."""
    FAILED = "failed"
    """The service could not do it in the attempts that are allowed."""


ENDED = frozenset({JobStatus.SUCCEEDED, JobStatus.REJECTED, JobStatus.FAILED})


@dataclass(frozen=True)
class Refusal:
    """Why a job did not succeed: a stable code, a sentence, and the places in the input."""

    code: str
    detail: str
    errors: tuple[Mapping[str, Any], ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it as it is stored and shown."""
        return {"code": self.code, "detail": self.detail, "errors": [dict(error) for error in self.errors]}


class RefusedError(Exception):
    """The input of a job is wrong; a handler raises it and the job ends as rejected."""

    def __init__(self, code: str, detail: str, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(detail)
        self.refusal = Refusal(code, detail, tuple(errors))


class LostLeaseError(Exception):
    """Another attempt has taken the job over, or it has ended; what this one did is thrown away."""


@dataclass(frozen=True)
class Job:
    """One piece of work, as the table has it."""

    id: str
    tenant_id: str
    kind: JobKind
    queue: Queue
    subject_id: str
    status: JobStatus
    attempt: int
    attempts_allowed: int
    lease_until: datetime | None
    stage: str
    done: int
    total: int | None
    refusal: dict[str, Any] | None
    next_job_id: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ENDED


class Claimable(StrEnum):
    """What a worker that was handed a job's id may do with it."""

    START = "start"
    TAKE_OVER = "take_over"
    """Its worker vanished: the attempt is lost, a new one begins."""
    GIVE_UP = "give_up"
    """Its worker vanished in the last attempt that was allowed."""
    LEAVE = "leave"
    """It has ended, or another worker is at it: this message is a duplicate."""


def claimable(job: Job, now: datetime, *, orphaned: bool = False) -> Claimable:
    """Return what may be done with `job`; `orphaned` says that its worker is known to be gone."""
    if job.status is JobStatus.QUEUED:
        return Claimable.START
    if job.status is not JobStatus.RUNNING:
        return Claimable.LEAVE
    if not orphaned and job.lease_until is not None and job.lease_until > now:
        return Claimable.LEAVE
    return Claimable.TAKE_OVER if job.attempt < job.attempts_allowed else Claimable.GIVE_UP


def retry_delay(attempt: int) -> timedelta:
    """Return how long to wait after this attempt failed: 2 s, 4 s, 8 s …; never below 1 s, which Celery cannot do."""
    return FIRST_RETRY * float(2 ** (attempt - 1))


def silence(enqueued: int) -> timedelta:
    """Return how long a sent message may stay without effect before it is sent again.

    It doubles each time, so that a long queue is not flooded with duplicates of what merely waits its turn.
    """
    return min(RESEND_AT_MOST, RESEND_AFTER * float(2 ** min(max(0, enqueued - 1), 10)))
