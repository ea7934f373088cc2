"""The running sandbox: real sockets, real TLS, PagerDuty's own client, and its ends, clean and not."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pagerduty
import pytest

from vcci_platform.sandbox import ROUTING_KEY, PortTaken, running
from vcci_platform.sandbox.server import Addresses
from vcci_platform.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", sandbox_port=0, sandbox_tls_port=0)


@pytest.fixture
def addresses(settings: Settings) -> Iterator[Addresses]:
    with running(settings) as (addresses, _sandbox):
        yield addresses


def pager(addresses: Addresses) -> pagerduty.EventsApiV2Client:
    """PagerDuty's own client, told where to go and whom to trust, and to try once."""
    trust = ssl.create_default_context(cafile=str(addresses.certificate_authority))
    client = pagerduty.EventsApiV2Client(ROUTING_KEY, base_url=addresses.pagerduty, verify=trust)
    client.max_network_attempts = 0
    client.max_http_attempts = 0
    client.retry = {429: 0}
    return client


def received(addresses: Addresses) -> dict:
    return httpx.get(f"{addresses.page}/sandbox/state").json()["pagerduty"]


def test_pagerdutys_own_client_works_over_tls(addresses):
    with pager(addresses) as client:
        links = [{"href": "https://runbooks.test/12", "text": "Runbook"}]
        key = client.trigger("eleven", "host-13", dedup_key="key-14", severity="warning", links=links)
        client.acknowledge("key-14")
        client.resolve("key-14")
        client.resolve("key-nobody")
        client.send_change_event({"summary": "deployed"})

    assert key == "key-14"
    (incident,) = received(addresses)["incidents"]
    assert (incident["summary"], incident["status"], incident["links"]) == ("eleven", "resolved", links)
    assert [entry["outcome"] for entry in incident["log"]] == ["opened", "acknowledged", "resolved"]
    assert [dropped["dedup_key"] for dropped in received(addresses)["dropped"]] == ["key-nobody"]


def test_pagerdutys_own_client_is_refused_in_the_vendors_form(addresses):
    with pager(addresses) as client, pytest.raises(pagerduty.HttpError) as refused:
        client.trigger("eleven", "host-13", severity="P0")

    assert refused.value.response.status_code == 400
    assert refused.value.response.json()["status"] == "invalid event"


def test_a_client_that_does_not_trust_the_sandbox_sends_nothing(addresses):
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.post(f"{addresses.pagerduty}/v2/enqueue", json={})

    assert received(addresses)["incidents"] == []


@pytest.mark.parametrize(("drop", "arrived"), [("after", 1), ("before", 0)])
def test_a_dropped_connection_ends_without_an_answer_over_tls(addresses, drop, arrived):
    httpx.put(f"{addresses.page}/sandbox/faults", json={"target": "pagerduty", "drop": drop})

    with pager(addresses) as client:
        with pytest.raises(pagerduty.Error):
            client.trigger("eleven", "host-13", dedup_key="key-14")
        assert len(received(addresses)["incidents"]) == arrived
        client.trigger("eleven", "host-13", dedup_key="key-14")

    (incident,) = received(addresses)["incidents"]
    assert incident["notifications"] == 1


def test_a_dropped_connection_ends_without_an_answer_in_the_clear(addresses):
    httpx.put(f"{addresses.page}/sandbox/faults", json={"target": "slack", "drop": True})

    with pytest.raises(httpx.TransportError):
        httpx.post(addresses.slack_webhook, json={"text": "eleven"})

    messages = httpx.get(f"{addresses.page}/sandbox/state").json()["slack"]["messages"]
    assert [message["text"] for message in messages] == ["eleven"]


def test_a_caller_that_gave_up_on_a_hanging_call_finds_it_carried_out(addresses):
    httpx.put(f"{addresses.page}/sandbox/faults", json={"target": "slack", "hang_seconds": 0.4})

    with pytest.raises(httpx.ReadTimeout):
        httpx.post(addresses.slack_webhook, json={"text": "eleven"}, timeout=0.1)

    eventually(lambda: httpx.get(f"{addresses.page}/sandbox/state").json()["slack"]["posted"] == 1)


def test_a_restart_on_the_same_home_forgets_nothing_and_is_still_trusted(settings):
    with running(settings) as (addresses, _sandbox), pager(addresses) as client:
        client.trigger("eleven", "host-13", dedup_key="key-14")
        trusted = addresses.certificate_authority.read_bytes()

    with running(settings) as (addresses, _sandbox), pager(addresses) as client:
        assert addresses.certificate_authority.read_bytes() == trusted
        client.trigger("again", "host-13", dedup_key="key-14")
        (incident,) = received(addresses)["incidents"]

    assert [entry["outcome"] for entry in incident["log"]] == ["opened", "folded-in"]


def test_a_port_that_is_taken_is_told_in_one_sentence(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings.sandbox_port = taken.getsockname()[1]

        with pytest.raises(PortTaken, match="set VCCI_SANDBOX_PORT to a free port"), running(settings):
            pass


def start(home: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start `vcci sandbox` as a person would, and return it with the address of its page."""
    environment = os.environ | {"VCCI_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", "from vcci_platform.cli import main; main()", "sandbox", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--tls-port", "0", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "what it received" in line:
            return process, line.split()[-1].rstrip("/")
    raise AssertionError(f"the sandbox did not start: {lines}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_both_listeners_cleanly_even_while_a_call_hangs(tmp_path, number):
    process, page = start(tmp_path)
    try:
        httpx.put(f"{page}/sandbox/faults", json={"target": "slack", "hang_seconds": 60})
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{page}/services/T000/B000/sandbox", json={"text": "x"}, timeout=0.1)

        process.send_signal(number)

        assert process.wait(timeout=20) == 0
        assert "Traceback" not in process.stdout.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_kill_9_of_the_sandbox_loses_no_truth(tmp_path):
    process, page = start(tmp_path, "--component", "Public API")
    httpx.post(f"{page}/services/T000/B000/sandbox", json={"text": "eleven"})
    process.kill()
    process.wait()
    process.stdout.close()

    process, page = start(tmp_path, "--component", "Public API")
    try:
        state = httpx.get(f"{page}/sandbox/state").json()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()

    assert [message["text"] for message in state["slack"]["messages"]] == ["eleven"]
    assert [component["id"] for component in state["statuspage"]["components"]] == ["public-api"]


def eventually(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until it is true."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)
