"""The rules of a job's life, as values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vcci_platform.carbon.work import Claimable, Job, JobKind, JobStatus, claimable, retry_delay, silence

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def job(status: JobStatus, *, attempt: int = 1, lease: timedelta = timedelta(0)) -> Job:
    return Job(
        id="job_11",
        tenant_id="ten_12",
        kind=JobKind.IMPORT_PURCHASES,
        queue="data_import",
        subject_id="upl_13",
        status=status,
        attempt=attempt,
        attempts_allowed=3,
        lease_until=NOW + lease,
        stage="",
        done=0,
        total=None,
        refusal=None,
        next_job_id=None,
        created_at=NOW,
        started_at=None,
        finished_at=None,
    )


def test_a_queued_job_starts():
    assert claimable(job(JobStatus.QUEUED), NOW) is Claimable.START


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.REJECTED, JobStatus.FAILED])
def test_a_job_that_has_ended_is_left_alone_even_when_its_message_comes_back(status):
    assert claimable(job(status), NOW, orphaned=True) is Claimable.LEAVE


def test_a_job_whose_lease_runs_is_left_to_its_worker():
    assert claimable(job(JobStatus.RUNNING, lease=timedelta(seconds=1)), NOW) is Claimable.LEAVE


def test_a_job_whose_lease_has_ended_is_taken_over():
    assert claimable(job(JobStatus.RUNNING), NOW) is Claimable.TAKE_OVER


def test_a_job_whose_worker_is_known_to_be_gone_is_taken_over_at_once():
    held = job(JobStatus.RUNNING, lease=timedelta(seconds=100))

    assert claimable(held, NOW, orphaned=True) is Claimable.TAKE_OVER


def test_a_job_that_ended_its_worker_in_every_attempt_is_given_up():
    assert claimable(job(JobStatus.RUNNING, attempt=3), NOW) is Claimable.GIVE_UP


def test_retries_wait_longer_each_time_and_never_below_a_second():
    assert [retry_delay(attempt).total_seconds() for attempt in (1, 2, 3)] == [2, 4, 8]


def test_a_long_queue_is_not_flooded_with_duplicates():
    assert [silence(sent).total_seconds() for sent in (0, 1, 2, 3, 7, 50)] == [60, 60, 120, 240, 3600, 3600]
