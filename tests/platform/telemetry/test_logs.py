"""The log: one form for our lines and those of libraries, joined to traces, and never with a secret in it."""

import json
import logging
import subprocess
import sys
import threading
from datetime import UTC, datetime
from logging.config import dictConfig

import pytest
from opentelemetry.sdk.trace import TracerProvider
from uvicorn.config import LOGGING_CONFIG

from vcci_platform.telemetry import logs


def test_a_line_tells_what_when_where_and_how_grave(log_lines):
    logs.get("vcci_platform.incidents").warning("incident_opened", incident_id="inc_11", priority="P1")

    (line,) = log_lines()
    moment = datetime.fromisoformat(line.pop("timestamp"))
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert line == {
        "event": "incident_opened", "level": "warning", "service": "vcci-api",
        "source": "vcci_platform.incidents", "incident_id": "inc_11", "priority": "P1",
    }  # fmt: skip


def test_a_line_within_a_span_leads_to_its_trace(log_lines):
    with TracerProvider().get_tracer("test").start_as_current_span("work") as span:
        logs.get("x").info("work_done")

    (line,) = log_lines()
    assert line["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert line["span_id"] == f"{span.get_span_context().span_id:016x}"


def test_facts_about_a_request_are_on_its_lines_and_on_no_others(log_lines):
    log = logs.get("x")

    with logs.about(request_id="req_11"):
        logs.note(tenant_id="ten_12")
        log.info("first")
        with logs.about(job_id="job_13"):
            log.info("second")
    logs.note(tenant_id="ten_99")
    log.info("third")

    facts = [{key: line.get(key) for key in ("request_id", "tenant_id", "job_id")} for line in log_lines()]
    assert facts == [
        {"request_id": "req_11", "tenant_id": "ten_12", "job_id": None},
        {"request_id": "req_11", "tenant_id": "ten_12", "job_id": "job_13"},
        {"request_id": None, "tenant_id": None, "job_id": None},
    ]


def test_facts_of_one_thread_stay_with_it(log_lines):
    def work(number):
        with logs.about(number=number):
            together.wait(5)
            logs.get("x").info("done", expected=number)

    together = threading.Barrier(4)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lines = log_lines()
    assert len(lines) == 4
    assert all(line["number"] == line["expected"] for line in lines)


@pytest.mark.parametrize("name", ["uvicorn.error", "celery.worker", "sqlalchemy.pool", "alembic.runtime.migration"])
def test_lines_of_libraries_come_out_in_the_same_form(log_lines, name):
    logging.getLogger(name).warning("lost %s after %d tries", "the thread", 13)

    (line,) = log_lines(name)
    assert (line["event"], line["level"], line["service"]) == ("lost the thread after 13 tries", "warning", "vcci-api")


def test_an_exception_of_a_library_keeps_its_traceback(log_lines):
    try:
        int("thirteen")
    except ValueError:
        logging.getLogger("celery.worker").exception("it failed")

    (line,) = log_lines("celery.worker")
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: invalid literal for int() with base 10: 'thirteen'")


def test_handlers_that_uvicorn_made_do_not_write_a_line_twice(log_lines, capfd):
    dictConfig({**LOGGING_CONFIG, "disable_existing_loggers": False})
    logs.configure("INFO", service="vcci-api")

    logging.getLogger("uvicorn.error").info("Application startup complete.")

    assert capfd.readouterr().err.count("Application startup complete.") == 1


def test_lines_below_the_level_are_left_out(log_lines, capfd):
    logs.configure("WARNING")

    logs.get("x").info("quiet_thing_happened")
    logging.getLogger("alembic").info("quiet too")
    logs.get("x").error("loud_thing_happened")

    written = capfd.readouterr().err
    assert "quiet" not in written
    assert "loud_thing_happened" in written


def test_a_command_that_configures_nothing_prints_no_local_variables_and_leaves_standard_output_alone():
    program = """
from vcci_platform.telemetry import logs

def key_of_a_tenant(text):
    raise ValueError("no such key")

log = logs.get("vcci_platform.cli")
log.info("thing_of_no_interest_happened")
try:
    key_of_a_tenant("vc" + "ci_" + "Aa1" * 12)
except ValueError:
    log.exception("key_refused")
"""

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert ran.stdout == ""
    (line,) = map(json.loads, ran.stderr.splitlines())
    assert (line["event"], line["level"], line["service"]) == ("key_refused", "error", "vcci")
    assert line["exception"].endswith("ValueError: no such key")
    assert "Aa1" not in ran.stderr


def test_a_level_that_does_not_exist_is_refused_by_name():
    with pytest.raises(ValueError, match=r"VCCI_LOG_LEVEL: expected DEBUG, INFO.* got 'LOUD'"):
        logs.configure("LOUD")


@pytest.mark.parametrize("value", [2**80, "lone \ud800 surrogate", {1: object()}, {3, 4}, b"\xff"])
def test_nothing_that_is_logged_can_fail_the_one_who_logs(log_lines, value):
    logs.get("x").info("odd_thing_seen", value=value)

    (line,) = log_lines()
    assert line["event"] == "odd_thing_seen"
