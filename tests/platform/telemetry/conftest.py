"""A log that a test can read, and that leaves no trace in other tests."""

import io
import json
import logging

import pytest
import structlog

from vcci_platform.telemetry import logs
from vcci_platform.telemetry.redaction import process_redactor


@pytest.fixture
def log_lines():
    """A function that returns the lines logged so far, as objects; all of them, or those of one source."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.QUIET}
    known = process_redactor._secrets
    form = structlog.get_config()
    stream = io.BytesIO()
    logs.configure("DEBUG", service="vcci-api", stream=stream)

    def lines(source=None):
        found = [json.loads(line) for line in stream.getvalue().splitlines()]
        return [line for line in found if source is None or line.get("source") == source]

    yield lines
    structlog.configure(**form)
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    process_redactor._secrets = known
