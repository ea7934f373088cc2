"""The running sandbox: real sockets, real TLS, PagerDuty's own client, and its ends, clean and not."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import httpx
import pagerduty
import pytest

from support import web
from support.processes import PATIENCE_SECONDS, wait_until
from vcci_platform.sandbox import (
    PAGERDUTY_API_KEY,
    PAGERDUTY_FROM,
    PAGERDUTY_WEBHOOK_SECRET,
    ROUTING_KEY,
    PortTaken,
    running,
)
from vcci_platform.sandbox.server import Addresses
from vcci_platform.settings import Settings

IMPATIENT = httpx.Timeout(web.ANSWER_SECONDS, read=0.5)
"""Of a caller that is let in and then waits in vain: it must not give up before."""


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
    return web.get(f"{addresses.page}/sandbox/state").json()["pagerduty"]


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
    web.put(f"{addresses.page}/sandbox/faults", json={"target": "pagerduty", "drop": drop})

    with pager(addresses) as client:
        with pytest.raises(pagerduty.Error):
            client.trigger("eleven", "host-13", dedup_key="key-14")
        assert len(received(addresses)["incidents"]) == arrived
        client.trigger("eleven", "host-13", dedup_key="key-14")

    (incident,) = received(addresses)["incidents"]
    assert incident["notifications"] == 1


def test_a_dropped_connection_ends_without_an_answer_in_the_clear(addresses):
    web.put(f"{addresses.page}/sandbox/faults", json={"target": "slack", "drop": True})

    with pytest.raises(httpx.TransportError):
        web.post(addresses.slack_webhook, json={"text": "eleven"})

    messages = web.get(f"{addresses.page}/sandbox/state").json()["slack"]["messages"]
    assert [message["text"] for message in messages] == ["eleven"]


def test_a_caller_that_gave_up_on_a_hanging_call_finds_it_carried_out(addresses):
    web.put(f"{addresses.page}/sandbox/faults", json={"target": "slack", "hang_seconds": 2})

    with pytest.raises(httpx.ReadTimeout):
        web.post(addresses.slack_webhook, json={"text": "eleven"}, timeout=IMPATIENT)

    wait_until(
        lambda: web.get(f"{addresses.page}/sandbox/state").json()["slack"]["posted"] == 1, what="it was not carried out"
    )


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


def account(addresses: Addresses) -> pagerduty.RestApiV2Client:
    """PagerDuty's own client of the REST API, told where to go, whom to trust and who asks."""
    trust = ssl.create_default_context(cafile=str(addresses.certificate_authority))
    base_url = addresses.pagerduty
    client = pagerduty.RestApiV2Client(PAGERDUTY_API_KEY, default_from=PAGERDUTY_FROM, base_url=base_url, verify=trust)
    client.max_network_attempts = 0
    client.max_http_attempts = 0
    client.retry = {429: 0}
    return client


def test_pagerdutys_own_client_opens_finds_notes_and_resolves_an_incident(addresses):
    wanted = {
        "type": "incident",
        "title": "eleven",
        "incident_key": "key-12",
        "service": {"id": "PSERVCE", "type": "service_reference"},
    }
    with account(addresses) as client:
        incident = client.rpost("/incidents", json=wanted)
        with pytest.raises(pagerduty.HttpError) as taken:
            client.rpost("/incidents", json=wanted)
        found = client.list_all("incidents", params={"incident_key": "key-12", "statuses[]": ["triggered"]})
        client.rpost(f"/incidents/{incident['id']}/notes", json={"content": "thirteen"})
        over = client.rput(f"/incidents/{incident['id']}", json={"type": "incident_reference", "status": "resolved"})
        people = list(client.iter_all("users", page_size=2))
        missing = client.find("users", "nobody@sandbox.test", attribute="email")

    assert taken.value.response.status_code == 400
    assert [each["id"] for each in found] == [incident["id"]]
    assert over["status"] == "resolved"
    assert len(people) == 6
    assert missing is None
    assert [note["content"] for note in received(addresses)["incidents"][0]["notes"]] == ["thirteen"]


class Listener:
    """A receiver of webhooks on a real socket, which answers what it is told to."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.came.append((dict(self.headers), body))
                self.send_response(outer.answers.pop(0) if outer.answers else 202)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/hooks/pagerduty"

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def test_webhooks_arrive_signed_over_their_raw_bytes_and_again_after_a_503(settings):
    with Listener() as listener, running(settings, webhook_url=listener.url) as (addresses, sandbox):
        listener.answers = [503]
        with pager(addresses) as client:
            client.trigger("élève", "host-13", dedup_key="key-14")
            client.resolve("key-14")
        wait_until(lambda: len(listener.came) == 3, what="not all of them came")
        wait_until(
            lambda: all(each.state == "delivered" for each in sandbox.webhooks.deliveries), what="one is not delivered"
        )

    for headers, body in listener.came:
        digest = hmac.new(PAGERDUTY_WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert headers["X-PagerDuty-Signature"] == f"v1={digest}"
    kinds = [json.loads(body)["event"]["event_type"] for _, body in listener.came]
    assert kinds == ["incident.triggered", "incident.triggered", "incident.resolved"]
    assert len({headers["X-Webhook-Id"] for headers, _ in listener.came}) == 2
    assert "élève".encode() in listener.came[0][1]


def test_a_closed_port_refuses_connections_and_opens_again(addresses):
    web.put(f"{addresses.page}/sandbox/faults", json={"target": "pagerduty", "refuse_seconds": 3})

    def refused() -> bool:
        try:
            socket.create_connection(("127.0.0.1", addresses.tls_port)).close()
        except ConnectionRefusedError:
            return True
        return False

    wait_until(refused, what="the port did not close")
    assert web.get(f"{addresses.page}/health/live").status_code == 200

    def taken() -> bool:
        try:
            with pager(addresses) as client:
                return client.trigger("eleven", "host-13", dedup_key="key-14") == "key-14"
        except pagerduty.Error:
            return False

    wait_until(taken, what="the port did not open again")


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
        web.put(f"{page}/sandbox/faults", json={"target": "slack", "hang_seconds": 60})
        with pytest.raises(httpx.ReadTimeout):
            web.post(f"{page}/services/T000/B000/sandbox", json={"text": "x"}, timeout=IMPATIENT)

        process.send_signal(number)

        assert process.wait(PATIENCE_SECONDS) == 0
        assert "Traceback" not in process.stdout.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_kill_9_of_the_sandbox_loses_no_truth(tmp_path):
    process, page = start(tmp_path, "--component", "Public API")
    web.post(f"{page}/services/T000/B000/sandbox", json={"text": "eleven"})
    process.kill()
    process.wait()
    process.stdout.close()

    process, page = start(tmp_path, "--component", "Public API")
    try:
        state = web.get(f"{page}/sandbox/state").json()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()

    assert [message["text"] for message in state["slack"]["messages"]] == ["eleven"]
    assert [component["id"] for component in state["statuspage"]["components"]] == ["public-api"]
