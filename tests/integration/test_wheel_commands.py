"""The wheel works alone: in an empty folder it makes a spec, generates from it, and runs the whole platform."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress

import httpx
import pytest

from support import web
from support.ports import free_port
from support.processes import wait_until
from support.wheel import clean_environment

# A newcomer is promised 90; other tests have the machine busy at the same time.
UP_SECONDS = 240


def test_a_starter_spec_is_a_dozen_lines_and_valid(installation, empty):
    installation.vcci("init", cwd=empty)

    [spec] = empty.glob("**/*.yaml")
    lines = [line for line in spec.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(lines) <= 15
    installation.vcci("spec", "validate", str(spec), cwd=empty)


@pytest.mark.parametrize("template", [(), ("--template", "vcci")], ids=["starter", "vcci"])
def test_a_new_spec_generates_artifacts_that_are_then_up_to_date(installation, empty, template):
    installation.vcci("init", *template, cwd=empty)
    installation.vcci("spec", "validate", cwd=empty)

    installation.vcci("generate", cwd=empty)

    written = [path for path in empty.rglob("*") if path.is_file() and "generated" in path.parts]
    assert {path.suffix for path in written} >= {".yml", ".json", ".md"}
    installation.vcci("generate", "--check", cwd=empty)


def test_a_stale_artifact_is_named(installation, empty):
    installation.vcci("init", cwd=empty)
    installation.vcci("generate", cwd=empty)
    touched = next(path for path in sorted(empty.rglob("*.md")) if "generated" in path.parts)
    touched.write_text("changed by hand\n")

    said = installation.vcci("generate", "--check", cwd=empty, code=1)

    assert touched.name in said


@pytest.mark.timeout(UP_SECONDS + 120)
def test_up_prints_addresses_that_answer_and_ends_cleanly(installation, empty):
    ports = {
        name: str(free_port())
        for name in (
            "VCCI_API_PORT",
            "VCCI_DESK_PORT",
            "VCCI_SANDBOX_PORT",
            "VCCI_SANDBOX_TLS_PORT",
            "VCCI_RUNBOOKS_PORT",
        )
    }
    said = empty / "said"

    with said.open("wb") as output:
        process = subprocess.Popen(
            [installation.program("vcci"), "up"],
            cwd=empty,
            env=clean_environment(empty, **ports),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(
            lambda: process.poll() is not None or is_up(ports, said.read_text()),
            within=UP_SECONDS,
            what="vcci up neither ended nor printed addresses that answer",
        )
        ended_early = process.poll()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal: to everything it started
        code = process.wait(60)
        print(said.read_text())

    assert ended_early is None
    assert code in {0, 130}
    assert "Traceback" not in said.read_text()
    assert not [port for port in ports.values() if answers(port)]


def is_up(ports: dict[str, str], said: str) -> bool:
    """Whether every address that people open is printed, and answers."""
    opened = [port for name, port in ports.items() if "TLS" not in name]
    return all(port in said for port in opened) and all(answers(port) for port in opened)


def answers(port: str) -> bool:
    try:
        return web.get(f"http://127.0.0.1:{port}/").status_code < 500
    except httpx.TransportError:
        return False
