"""The job table: each job has one result, whoever vanishes, and whoever comes back from the dead."""

from __future__ import annotations

import threading

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import select, update

from vcci_platform.carbon.jobs import Jobs
from vcci_platform.carbon.tasks import Runner, Sweeper
from vcci_platform.carbon.work import Job, JobKind, JobStatus, LostLeaseError, Refusal, RefusedError
from vcci_platform.clock import SystemClock
from vcci_platform.storage import migrate
from vcci_platform.storage.database import connect
from vcci_platform.telemetry.metrics import ServiceMetrics
from vcci_platform.tenancy import Tenancy, tables
from vcci_platform.testing import ManualClock


class Letterbox:
    """A post that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, float | None]] = []

    def send(self, job_id, queue, *, delay=None):
        self.sent.append((job_id, queue, delay.total_seconds() if delay else None))
        return True


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def database(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'a.db'}" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    database = connect(url)
    migrate.upgrade(database, "service")
    yield database
    database.close()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def metrics():
    return ServiceMetrics(CollectorRegistry())


@pytest.fixture
def told():
    """What the end of a job without success told its subject."""
    return []


@pytest.fixture
def jobs(database, clock, metrics, told):
    return Jobs(database, clock, metrics, on_end=lambda _, job, refusal: told.append((job.id, job.status, refusal)))


@pytest.fixture
def tenant(database):
    return Tenancy(database, b"a pepper of the tests", SystemClock()).create_tenant("Acme").id


@pytest.fixture
def queue_job(database, jobs, tenant):
    def queue(subject: str = "upl_11") -> Job:
        with database.write() as connection:
            return jobs.add(
                connection,
                tenant_id=tenant,
                kind=JobKind.IMPORT_PURCHASES,
                queue="data_import",
                subject_id=subject,
            )

    return queue


def counted(metrics, name, **labels):
    return metrics.registry.get_sample_value(f"vcci_{name}_total", {"queue": "data_import", **labels})


def test_a_job_is_claimed_by_one_worker_however_many_try(jobs, queue_job):
    job = queue_job()
    gate = threading.Barrier(6)
    claims: list[Job | None] = []

    def claim(number: int) -> None:
        gate.wait()
        claims.append(jobs.claim(job.id, f"message-{number}"))

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [claim.attempt for claim in claims if claim] == [1]


def test_the_same_work_is_queued_once(jobs, queue_job):
    assert queue_job().id == queue_job().id


def test_a_finished_job_is_not_done_again(jobs, queue_job, metrics):
    job = jobs.claim(queue_job().id, "m")
    with jobs.finishing(job, done=12, total=12):
        pass

    assert jobs.claim(job.id, "m") is None
    assert jobs.claim(job.id, "m", redelivered=True) is None
    assert counted(metrics, "jobs_finished", outcome="succeeded") == 1


def test_the_results_of_a_job_that_fails_while_finishing_are_not_kept(jobs, queue_job, database, tenant):
    job = jobs.claim(queue_job().id, "m")

    def finish():
        with jobs.finishing(job, done=1, total=1) as connection:
            connection.execute(update(tables.tenant).values(name="changed"))
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="disk"):
        finish()

    assert jobs.get(job.id, tenant).status is JobStatus.RUNNING
    with database.read() as connection:
        assert connection.execute(select(tables.tenant.c.name)).scalar_one() == "Acme"


def test_a_worker_that_comes_back_from_the_dead_writes_nothing(jobs, queue_job, clock, metrics, tenant):
    """Its lease ended, another took over; now the first one wakes up in the middle of its work."""
    first = jobs.claim(queue_job().id, "m-1")
    clock.advance(seconds=121)
    second = jobs.claim(first.id, "m-2")

    with pytest.raises(LostLeaseError):
        jobs.progress(first, "storing", 11, 12)
    with pytest.raises(LostLeaseError), jobs.finishing(first, done=12, total=12):
        pass
    with jobs.finishing(second, done=12, total=12):
        pass

    assert second.attempt == 2
    assert jobs.get(first.id, tenant).status is JobStatus.SUCCEEDED
    assert counted(metrics, "jobs_finished", outcome="succeeded") == 1
    assert counted(metrics, "job_attempts", outcome="lost") == 1


def test_progress_renews_the_lease(jobs, queue_job, clock):
    job = jobs.claim(queue_job().id, "m-1")
    for done in range(5):
        clock.advance(seconds=100)
        jobs.progress(job, "storing", done, 12)

    assert jobs.claim(job.id, "m-2") is None


def test_a_message_that_comes_back_takes_over_at_once_but_a_duplicate_does_not(jobs, queue_job):
    job = jobs.claim(queue_job().id, "m-1")

    assert jobs.claim(job.id, "m-2", redelivered=True) is None
    assert jobs.claim(job.id, "m-1", redelivered=False) is None
    assert jobs.claim(job.id, "m-1", redelivered=True).attempt == 2


def test_a_job_that_ends_its_worker_each_time_is_given_up_and_tells_why(jobs, queue_job, clock, told, metrics, tenant):
    job = queue_job()
    for _ in range(3):
        assert jobs.claim(job.id, "m") is not None
        clock.advance(seconds=121)

    assert jobs.claim(job.id, "m") is None
    assert jobs.get(job.id, tenant).status is JobStatus.FAILED
    assert [(job_id, status, refusal.code) for job_id, status, refusal in told] == [(job.id, "failed", "worker-lost")]
    assert counted(metrics, "job_attempts", outcome="lost") == 3
    assert counted(metrics, "jobs_finished", outcome="failed") == 1


def test_another_tenant_does_not_see_a_job(jobs, queue_job):
    assert jobs.get(queue_job().id, "ten_other") is None


def test_what_waits_is_counted_with_the_age_of_the_oldest(jobs, queue_job, clock):
    queue_job("upl_11")
    began = clock.now()
    clock.advance(minutes=7)
    queue_job("upl_12")

    waiting = jobs.waiting()

    assert (waiting["data_import"].count, waiting["data_import"].oldest) == (2, began)
    assert (waiting["emissions"].count, waiting["emissions"].oldest) == (0, None)


def test_a_lost_message_is_sent_again_after_a_minute_and_then_ever_more_seldom(jobs, queue_job, clock):
    job = queue_job()
    post = Letterbox()
    sweeper = Sweeper(jobs, post)
    sent_at = []
    for minute in range(31):
        if sweeper.sweep():
            sent_at.append(minute)
        clock.advance(minutes=1)

    assert sent_at == [1, 3, 7, 15]
    assert post.sent == [(job.id, "data_import", None)] * 4


def test_a_job_whose_worker_vanished_is_sent_again_when_its_lease_ends(jobs, queue_job, clock):
    job = jobs.claim(queue_job().id, "m")
    post = Letterbox()
    sweeper = Sweeper(jobs, post)
    clock.advance(seconds=119)
    early = sweeper.sweep()
    clock.advance(seconds=1)

    assert (early, sweeper.sweep(), sweeper.sweep()) == (0, 1, 0)
    assert post.sent == [(job.id, "data_import", None)]


def test_after_a_restart_every_open_job_is_sent_at_once(jobs, queue_job, clock):
    running = jobs.claim(queue_job("upl_11").id, "m")
    waiting = queue_job("upl_12")
    done = jobs.claim(queue_job("upl_13").id, "m")
    with jobs.finishing(done, done=0, total=0):
        pass
    post = Letterbox()

    jobs.forget_messages()
    Sweeper(jobs, post).sweep()

    assert sorted(sent[0] for sent in post.sent) == sorted([running.id, waiting.id])
    assert jobs.claim(running.id, "m-2").attempt == 2


def test_more_jobs_than_one_batch_are_all_sent(jobs, queue_job, clock):
    for number in range(501):
        queue_job(f"upl_{number}")
    clock.advance(minutes=2)
    post = Letterbox()

    assert Sweeper(jobs, post).sweep() == 501
    assert len({sent[0] for sent in post.sent}) == 501


# -- the runner ------------------------------------------------------------------------------------------------------


def runner(jobs, post, handler):
    return Runner(jobs, {JobKind.IMPORT_PURCHASES: handler}, post)


def test_a_surprise_is_tried_again_and_given_up_after_the_third_time(jobs, queue_job, metrics, told, tenant):
    post = Letterbox()
    job = queue_job()
    tried = []

    def stumble(job):
        tried.append(job.attempt)
        raise ZeroDivisionError

    run = runner(jobs, post, stumble).run
    for number in range(5):
        run(job.id, f"m-{number}")

    assert tried == [1, 2, 3]
    assert [sent[2] for sent in post.sent] == [2, 4]
    shown = jobs.get(job.id, tenant)
    assert (shown.status, shown.refusal["code"]) == (JobStatus.FAILED, "internal-error")
    assert counted(metrics, "job_attempts", outcome="retried") == 2
    assert counted(metrics, "job_attempts", outcome="failed") == 1
    assert counted(metrics, "jobs_finished", outcome="failed") == 1
    assert len(told) == 1


def test_wrong_input_is_rejected_at_once_and_is_no_failure(jobs, queue_job, metrics, told, tenant):
    def refuse(job):
        raise RefusedError("not-csv", "This is a picture.", [{"row": 11}])

    job = queue_job()
    runner(jobs, Letterbox(), refuse).run(job.id, "m")

    shown = jobs.get(job.id, tenant)
    assert shown.status is JobStatus.REJECTED
    assert shown.refusal == {"code": "not-csv", "detail": "This is a picture.", "errors": [{"row": 11}]}
    assert told == [(job.id, "rejected", Refusal("not-csv", "This is a picture.", ({"row": 11},)))]
    assert counted(metrics, "jobs_finished", outcome="rejected") == 1
    assert counted(metrics, "jobs_finished", outcome="failed") == 0


def test_what_follows_a_job_is_sent_on(jobs, queue_job):
    post = Letterbox()
    following = queue_job("upl_12")

    def succeed(job):
        with jobs.finishing(job, done=0, total=0):
            return (following,)

    runner(jobs, post, succeed).run(queue_job("upl_11").id, "m")

    assert post.sent == [(following.id, "data_import", None)]


def test_a_message_about_no_job_is_ignored(jobs, tenant):
    runner(jobs, Letterbox(), lambda job: pytest.fail("nothing to do")).run("job_unknown", "m")
