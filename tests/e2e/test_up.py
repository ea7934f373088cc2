"""`vcci up` as a newcomer runs it: addresses that answer, results, a clean end, and the same tenant again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from support import web
from support.ports import free_port
from support.processes import eventually, wait_until

UP_SECONDS = 240
"""A newcomer is promised 90; a machine that is busy with other tests takes longer."""

END_SECONDS = 60
COMMAND_SECONDS = 120
PORTS = ("VCCI_API_PORT", "VCCI_DESK_PORT", "VCCI_SANDBOX_PORT", "VCCI_SANDBOX_TLS_PORT", "VCCI_RUNBOOKS_PORT")

pytestmark = pytest.mark.timeout(900)


class Up:
    """A running `vcci up`."""

    def __init__(self, home: Path, said: Path, process: subprocess.Popen[bytes]) -> None:
        self.home = home
        self.process = process
        self._said = said

    @property
    def said(self) -> str:
        return self._said.read_text()

    @property
    def state(self) -> dict:
        return json.loads((self.home / "up.json").read_text())

    @property
    def addresses(self) -> dict[str, str]:
        return self.state["addresses"]

    @property
    def key(self) -> str:
        return (self.home / "demo-api-key").read_text().strip()

    def client(self) -> httpx.Client:
        """A browser that has signed in."""
        service = self.addresses["API docs"].removesuffix("/docs")
        client = httpx.Client(follow_redirects=True, timeout=web.ANSWER_SECONDS, trust_env=False)
        client.post(f"{service}/sign-in", data={"key": self.key}, headers={"Origin": service})
        return client

    def ask(self, path: str) -> dict:
        service = self.addresses["API docs"].removesuffix("/docs")
        answer = web.get(service + path, headers={"Authorization": f"Bearer {self.key}"})
        assert answer.is_success, answer.text
        return answer.json()

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.process.wait(END_SECONDS)


@contextmanager
def up(folder: Path, *arguments: str, ports: dict[str, str] | None = None) -> Generator[Up]:
    """Run `vcci up` in this folder until its addresses are there."""
    said = folder / f"said-{time.monotonic_ns()}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VCCI")}
    chosen = ports if ports is not None else {name: str(free_port()) for name in PORTS}
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "vcci_platform.cli", "up", *arguments],
            cwd=folder,
            env={**kept, **chosen, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Up(folder / ".vcci", said, process)
    try:
        wait_until(
            lambda: "Ready after" in running.said or process.poll() is not None,
            within=UP_SECONDS,
            what=f"vcci up was not ready:\n{running.said}\n",
        )
        assert process.poll() is None, running.said
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        print(running.said)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def journey(tmp_path_factory) -> dict:
    """One life of the platform, told once: what was printed and seen while it ran, and what was left afterwards."""
    folder = tmp_path_factory.mktemp("newcomer")
    told: dict = {}
    with up(folder) as first:
        told["said"] = first.said
        told["addresses"] = first.addresses
        with closing(first.client()) as client:
            told["answers"] = {name: client.get(url) for name, url in first.addresses.items()}
        told["uploads"] = first.ask("/v1/uploads")["items"]
        told["sectors"] = first.ask(f"/v1/uploads/{told['uploads'][0]['id']}/results?by=sector")
        told["tenant"] = first.ask("/v1/tenant")
        told["key_mode"] = (first.home / "demo-api-key").stat().st_mode & 0o777
        told["key"] = first.key
        told["second"] = subprocess.run(
            [sys.executable, "-m", "vcci_platform.cli", "up"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        told["pids"] = [first.process.pid, *first.state["children"].values()]
        told["code"] = first.end()
        told["left"] = [pid for pid in told["pids"] if alive(pid)]
        told["state_left"] = (first.home / "up.json").exists()
        told["said_at_the_end"] = first.said
    with up(folder) as again:
        told["tenant_again"] = again.ask("/v1/tenant")
        told["uploads_again"] = again.ask("/v1/uploads")["items"]
        told["key_again"] = again.key
        told["term_pids"] = list(again.state["children"].values())
        told["term_code"] = again.end(signal.SIGTERM)
        told["term_left"] = [pid for pid in told["term_pids"] if alive(pid)]
    return told


def test_every_address_that_is_printed_answers(journey):
    refused = {name: answer.status_code for name, answer in journey["answers"].items() if answer.status_code != 200}

    assert refused == {}
    assert not [name for name, url in journey["addresses"].items() if url not in journey["said"]]
    expected = {"console", "API docs", "results", "SLO status", "incidents", "sandbox", "runbooks"}
    assert expected | {"service metrics", "desk metrics"} <= set(journey["addresses"])


def test_the_addresses_are_what_they_are_called(journey):
    answers = journey["answers"]

    assert "http_requests_total" in answers["service metrics"].text
    assert "vcci_desk_cycles_total" in answers["desk metrics"].text
    assert "nobody is woken" in answers["sandbox"].text.lower()
    assert "swagger" in answers["API docs"].text.lower()
    assert "purchases.csv" in answers["results"].text


def test_the_time_it_took_is_measured_and_printed(journey):
    measured = re.search(r"Ready after ([\d.]+) s", journey["said"])

    assert measured is not None
    assert 0 < float(measured[1]) < UP_SECONDS


def test_the_sample_has_real_results_and_every_gap_has_a_reason(journey):
    [upload] = journey["uploads"]
    totals = upload["totals"]

    assert totals["kg_co2e"] > 1_000_000
    assert totals["lines"] + totals["rows_with_gaps"] == upload["rows_total"]
    assert journey["sectors"]["items"][0]["kg_co2e"] > 0
    assert f"{totals['kg_co2e'] / 1000:,.0f} t CO2e" in journey["said"]
    assert f"{totals['rows_with_gaps']:,} rows were not calculated" in journey["said"]


def test_it_says_that_nobody_will_be_woken_and_what_is_not_judged(journey):
    assert "Nobody will be woken" in journey["said"]
    assert re.search(r"\d+ need Prometheus and exporters and are not judged here", journey["said"])


def test_the_key_is_kept_for_its_owner_alone_and_not_printed_into_a_file(journey):
    assert journey["key_mode"] == 0o600
    assert journey["key"] not in journey["said"]
    assert "demo-api-key" in journey["said"]


def test_a_second_one_in_the_same_folder_is_told_where_the_first_one_is(journey):
    second = journey["second"]

    assert second.returncode == 1
    assert "runs already" in second.stderr
    assert journey["addresses"]["console"] in second.stderr


def test_ctrl_c_ends_everything_and_leaves_nothing(journey):
    assert journey["code"] == 0
    assert journey["left"] == []
    assert not journey["state_left"]
    assert "Everything has ended." in journey["said_at_the_end"]
    assert "Traceback" not in journey["said_at_the_end"]


def test_sigterm_ends_everything_too(journey):
    assert journey["term_code"] == 0
    assert journey["term_left"] == []


def test_the_second_start_finds_tenant_key_and_results_again(journey):
    assert journey["tenant_again"]["id"] == journey["tenant"]["id"]
    assert journey["key_again"] == journey["key"]
    assert [upload["id"] for upload in journey["uploads_again"]] == [upload["id"] for upload in journey["uploads"]]


def test_a_port_that_was_asked_for_and_is_taken_is_told_in_one_sentence(tmp_path):
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = str(listener.getsockname()[1])

        done = subprocess.run(
            [sys.executable, "-m", "vcci_platform.cli", "up"],
            cwd=tmp_path,
            env={**os.environ, "VCCI_DESK_PORT": taken},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    assert done.returncode == 1
    assert f"VCCI_DESK_PORT={taken}" in done.stderr
    assert "Traceback" not in done.stderr


def test_faster_clocks_are_refused_while_real_people_can_be_woken(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "vcci_platform.cli", "up", "--time-scale", "30"],
        cwd=tmp_path,
        env={**os.environ, "PAGERDUTY_ROUTING_KEY": "k" * 32},
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )

    assert done.returncode == 2
    assert "PAGERDUTY_ROUTING_KEY" in done.stderr
    assert "k" * 32 not in done.stderr


@pytest.mark.needs("prometheus", "alertmanager", "exporters")
def test_with_prometheus_the_real_ones_scrape_probe_and_beat(tmp_path):
    with up(tmp_path, "--prometheus", "--no-sample") as running:
        prometheus = running.addresses["Prometheus"].rstrip("/")
        desk = running.addresses["SLO status"].removesuffix("/slos")

        def healthy() -> bool:
            targets = web.get(f"{prometheus}/api/v1/targets").json()["data"]["activeTargets"]
            return {target["labels"]["job"] for target in targets if target["health"] == "up"} >= {
                "vcci-api",
                "vcci-desk",
                "probe-api",
                "probe-desk",
            }

        def probed() -> bool:
            found = web.get(f"{prometheus}/api/v1/query", params={"query": "probe_success"}).json()
            return [one["value"][1] for one in found["data"]["result"]] == ["1", "1"]

        def beats() -> bool:
            heartbeats = web.get(f"{desk}/v1/desk").json()["heartbeats"]
            return any(beat["source"] == "alertmanager" and not beat["missing"] for beat in heartbeats)

        def judged() -> None:
            rules = web.get(f"{prometheus}/api/v1/rules").json()["data"]["groups"]
            broken = [rule["name"] for group in rules for rule in group["rules"] if rule["health"] == "err"]
            alerts = web.get(f"{desk}/v1/alerts").json()

            assert broken == []
            assert alerts["evaluated_by"] == "Prometheus"

        wait_until(healthy, what="a target is not up")
        wait_until(probed, what="a probe from outside does not succeed")
        wait_until(beats, what="the Watchdog does not reach the desk through Alertmanager")
        eventually(judged)
        assert "DatabaseDown" in running.said
        assert running.end() == 0
