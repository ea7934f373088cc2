"""What a newcomer would do first, against a service that answers as told."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from support.ports import free_port
from vcci_platform.supervisor.newcomer import Newcomer, SampleFailed

UPLOAD = {
    "id": "upl_11",
    "filename": "purchases.csv",
    "status": "importing",
    "progress": 0.25,
    "rows_total": 12,
    "settled_at": None,
    "totals": None,
    "refusal": None,
}


@pytest.fixture
def service():
    """A function that starts a service which gives these bodies, one after the other, and then the last one."""
    servers: list[HTTPServer] = []

    def start(*bodies: str, status: int = 200) -> str:
        left = list(bodies)

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = (left.pop(0) if len(left) > 1 else left[0]).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Answers)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def newcomer():
    made: list[Newcomer] = []

    def make(base: str) -> Newcomer:
        made.append(Newcomer(base, "vcci_key"))
        return made[-1]

    yield make
    for one in made:
        one.close()


def as_json(**changes) -> str:
    return json.dumps({**UPLOAD, **changes})


def test_progress_is_what_the_service_says_until_it_is_done(service, newcomer):
    done = {"progress": 1.0, "settled_at": "2026-01-02T00:00:00Z", "totals": {"kg_co2e": 11.0}}
    base = service(as_json(), as_json(progress=0.75), as_json(**done))
    seen: list[float] = []

    upload = newcomer(base).follow("upl_11", lambda now: seen.append(now["progress"]), within=120)

    assert seen == [0.25, 0.75, 1.0]
    assert upload["totals"] == {"kg_co2e": 11.0}


def test_a_sample_that_was_refused_says_why(service, newcomer):
    refused = {"status": "rejected", "settled_at": "2026-01-02T00:00:00Z", "refusal": {"detail": "no column amount"}}

    with pytest.raises(SampleFailed, match="the sample was rejected: no column amount"):
        newcomer(service(as_json(**refused))).follow("upl_11", lambda _: None, within=120)


def test_a_sample_that_takes_too_long_says_how_far_it_came(service, newcomer):
    with pytest.raises(SampleFailed, match=r"was not calculated within 0\.1 s: 25% done"):
        newcomer(service(as_json())).follow("upl_11", lambda _: None, within=0.1)


def test_the_problem_that_the_service_tells_is_told_on(service, newcomer):
    with pytest.raises(SampleFailed, match="/v1/uploads/upl_11: 429 This key may ask 12 times a minute"):
        newcomer(service('{"detail": "This key may ask 12 times a minute"}', status=429)).follow(
            "upl_11", lambda _: None, within=120
        )


def test_a_service_that_went_away_is_told_in_one_sentence(newcomer):
    base = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(SampleFailed, match=f"the service at {base} does not answer any more: ConnectError"):
        newcomer(base).follow("upl_11", lambda _: None, within=120)
