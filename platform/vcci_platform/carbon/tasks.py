"""Running a job whose id came in a message, and sending the ids of those whose message was lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Protocol

from vcci_platform.carbon.handlers import Handler
from vcci_platform.carbon.jobs import BATCH, Jobs
from vcci_platform.carbon.work import Job, JobKind, LostLeaseError, Queue, Refusal, RefusedError, retry_delay
from vcci_platform.telemetry import logs

__all__ = ["Post", "Runner", "Sweeper"]

log = logs.get(__name__)

SWEEP_EVERY = timedelta(seconds=60)


class Post(Protocol):
    """Carries ids of jobs to workers. It may lose them: the job table is the truth, and the sweeper sends again."""

    def send(self, job_id: str, queue: Queue, *, delay: timedelta | None = None) -> bool:
        """Send an id, after a delay of at least a second if one is given; return whether the broker took it."""
        ...


class Runner:
    """Does one job at a time for a worker thread."""

    def __init__(self, jobs: Jobs, handlers: Mapping[JobKind, Handler], post: Post) -> None:
        self._jobs = jobs
        self._handlers = handlers
        self._post = post

    def run(self, job_id: str, message_id: str, *, redelivered: bool = False) -> None:
        """Do the job of this id, if there is anything left to do for this message.

        `redelivered` means that the broker took the message back from a worker whose connection broke.
        """
        job = self._jobs.claim(job_id, message_id, redelivered=redelivered)
        if job is None:
            log.info("job_message_ignored", job_id=job_id)
            return
        with logs.about(job_id=job.id, kind=job.kind.value, queue=job.queue, attempt=job.attempt):
            log.info("job_started")
            try:
                following = self._handlers[job.kind](job)
            except RefusedError as error:
                self._refuse(job, error.refusal)
            except LostLeaseError:
                log.warning("job_lost_to_another_attempt")
            except Exception:
                log.exception("job_attempt_failed")
                self._again(job)
            else:
                log.info("job_succeeded")
                for each in following:
                    self._post.send(each.id, each.queue)

    def _refuse(self, job: Job, refusal: Refusal) -> None:
        try:
            self._jobs.reject(job, refusal)
        except LostLeaseError:
            log.warning("job_lost_to_another_attempt")
        else:
            log.info("job_rejected", code=refusal.code)

    def _again(self, job: Job) -> None:
        """Put the job back. When even that fails, its lease ends by itself and the sweeper finds it."""
        refusal = Refusal(
            "internal-error",
            f"Attempt {job.attempt} of {job.attempts_allowed} failed; the log of job {job.id} tells why.",
        )
        try:
            if self._jobs.stumble(job, refusal):
                self._post.send(job.id, job.queue, delay=retry_delay(job.attempt))
        except LostLeaseError:
            log.warning("job_lost_to_another_attempt")


class Sweeper:
    """Sends the ids of silent jobs again: at start, and every minute."""

    def __init__(self, jobs: Jobs, post: Post, *, every: timedelta = SWEEP_EVERY) -> None:
        self._jobs = jobs
        self._post = post
        self._beat = Repeat("sweeper", every, self.sweep)

    def sweep(self) -> int:
        """Send the id of every job that is due, and return how many there were."""
        sent = 0
        while True:
            due = self._jobs.due()
            for job_id, queue in due:
                self._post.send(job_id, queue)
            sent += len(due)
            if len(due) < BATCH:
                break
        if sent:
            log.info("jobs_sent_again", count=sent)
        return sent

    def start(self) -> None:
        """Sweep now and from now on, in a thread."""
        self._beat.start()

    def stop(self) -> None:
        """End the thread."""
        self._beat.stop()


class Repeat:
    """Calls a function at once and then at an interval, in a thread; a failure is logged and the next call comes."""

    def __init__(self, name: str, every: timedelta, call: Callable[[], object]) -> None:
        self._name = name
        self._every = every.total_seconds()
        self._call = call
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after the call that is under way."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while True:
            try:
                self._call()
            except Exception:  # the next round may succeed: the database comes back
                log.exception("round_failed", loop=self._name)
            if self._ended.wait(self._every):
                return
