"""Attempts at jobs, as Celery tells of them: by queue and outcome, each timed, nothing else counted."""

import time

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.exceptions import Ignore, Reject

from vcci_platform.telemetry.celery import JobAttempts, queue_of
from vcci_platform.telemetry.metrics import ATTEMPT_OUTCOMES, QUEUES, ServiceMetrics


class Ticks:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Work:
    """A Celery application with a task that ends as it is told, and what is counted of it."""

    def __init__(self, broker="memory://"):
        self.metrics, self.clock = ServiceMetrics(), Ticks()
        self.app = Celery("attempts", broker=broker)
        self.app.conf.update(worker_hijack_root_logger=False, broker_transport_options={"polling_interval": 0.02})
        self.attempts = JobAttempts(self.app, self.metrics, self.clock)

        @self.app.task(name="attempt", bind=True, shared=False, max_retries=1)
        def attempt(task, how):
            self.clock.now += 13
            if how == "fail":
                raise ArithmeticError("it failed")
            if how == "retry":
                raise task.retry(countdown=0.01)
            if how == "reject":
                raise Reject("not ours", requeue=False)
            if how == "ignore":
                raise Ignore
            return how

        self.task = attempt

    def run(self, how, queue="reports"):
        try:
            self.task.apply((how,), routing_key=queue)
        except (Reject, Ignore):  # in a worker Celery takes these; called at once, they come through
            return

    def counted(self):
        values = (
            ((queue, outcome), self.metrics.registry.get_sample_value(
                "vcci_job_attempts_total", {"queue": queue, "outcome": outcome}
            ))
            for queue in QUEUES for outcome in ATTEMPT_OUTCOMES
        )  # fmt: skip
        return {labels: value for labels, value in values if value}


@pytest.fixture
def work():
    present = Work()
    present.attempts.connect()
    yield present
    present.attempts.disconnect()


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        ("done", "succeeded"),
        ("rejected", "rejected"),
        ("failed", "failed"),
        ("retried", "retried"),
        ("fail", "failed"),
    ],
)
def test_an_attempt_counts_by_how_it_ended(work, how, outcome):
    work.run(how)

    assert work.counted() == {("reports", outcome): 1}


def test_an_attempt_is_timed(work):
    work.run("done", "supplier_engagement")

    labels = {"queue": "supplier_engagement"}
    assert work.metrics.registry.get_sample_value("vcci_job_duration_seconds_sum", labels) == 13
    assert work.metrics.registry.get_sample_value("vcci_job_duration_seconds_count", labels) == 1


def test_a_task_that_found_nothing_to_do_is_no_attempt(work):
    work.run("ignore")

    assert work.counted() == {}


def test_a_task_outside_of_the_four_queues_is_no_job(work):
    work.run("done", "celery")

    assert work.counted() == {}


def test_tasks_of_another_application_are_not_ours(work):
    other = Work()

    other.run("done")

    assert work.counted() == other.counted() == {}


def test_after_disconnecting_nothing_is_counted(work):
    work.attempts.disconnect()

    work.run("done")

    assert work.counted() == {}


def test_what_the_sweeper_finds_lost_is_counted(work):
    work.attempts.lost("data_import")

    assert work.counted() == {("data_import", "lost"): 1}


@pytest.mark.parametrize(
    ("info", "queue"),
    [
        ({"routing_key": "emissions"}, "emissions"),
        ({"routing_key": "emissions.category_1"}, "emissions"),
        ({"routing_key": "emissions_of_others"}, None),
        ({"routing_key": None}, None),
        (None, None),
    ],
)
def test_the_queue_is_read_from_the_routing_key(info, queue):
    class Request:
        delivery_info = info

    assert queue_of(Request) == queue


@pytest.mark.needs("rabbitmq")
@pytest.mark.usefixtures("log_lines")
def test_a_worker_on_rabbitmq_tells_the_same(rabbitmq_url):
    work = Work(rabbitmq_url)
    work.app.conf.task_default_queue = "emissions"
    work.attempts.connect()
    expected = {
        ("emissions", "succeeded"): 1,
        ("emissions", "failed"): 2,  # one at once, one after its retry
        ("emissions", "retried"): 1,
        ("emissions", "rejected"): 2,  # one says so, one is refused to the broker
    }

    with start_worker(work.app, pool="solo", perform_ping_check=False, shutdown_timeout=20):
        for how in ("done", "fail", "retry", "rejected", "reject", "ignore"):
            work.task.delay(how)
        deadline = time.monotonic() + 20
        while work.counted() != expected and time.monotonic() < deadline:
            time.sleep(0.02)
    work.attempts.disconnect()
    work.app.close()

    assert work.counted() == expected
