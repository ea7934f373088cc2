"""The keeper with tiny children: they come up, crash, come back, and end; nothing outlives the one who started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from support.ports import free_port
from support.processes import wait_until
from vcci_platform.supervisor.child import ChildSpec
from vcci_platform.supervisor.keeper import ChildFailed, Crash, Keeper
from vcci_platform.supervisor.policy import Backoff

QUICK = Backoff(first_seconds=0.05, most_seconds=0.2)

SERVER = """
import http.server, sys
class Ok(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ok).serve_forever()
"""
SLEEPER = "import time; time.sleep(600)"


def child(name: str, program: str, *arguments: str, **more) -> ChildSpec:
    command = (sys.executable, "-I", "-S", "-c", textwrap.dedent(program), *arguments)
    return ChildSpec(name, command, dict(os.environ), **more)


def server(name: str = "server") -> ChildSpec:
    port = free_port()
    return child(name, SERVER, str(port), ready=f"http://127.0.0.1:{port}/", ready_seconds=120)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def logs(tmp_path) -> Path:
    return tmp_path / "logs"


def test_a_child_is_up_once_it_answers_and_gone_after_the_end(logs):
    with Keeper(logs) as keeper:
        keeper.start([server()])
        keeper.wait()
        [pid] = keeper.pids().values()
        assert alive(pid)

    assert not alive(pid)
    assert keeper.pids() == {}


def test_a_child_that_ends_before_it_is_up_is_told_with_the_end_of_its_log(logs):
    broken = child("desk", "print('eleven'); print('twelve'); raise SystemExit(13)", ready="http://127.0.0.1:9/")

    with Keeper(logs, backoff=QUICK) as keeper:
        keeper.start([broken])
        with pytest.raises(ChildFailed) as failed:
            keeper.wait()

    assert str(failed.value) == (
        f"desk ended with exit code 13 before it was ready. Its log {logs / 'desk.log'} ends with:\neleven\ntwelve"
    )


def test_a_child_that_never_answers_is_told_after_its_time(logs):
    deaf = child("service", SLEEPER, ready=f"http://127.0.0.1:{free_port()}/", ready_seconds=0.3)

    with Keeper(logs) as keeper:
        keeper.start([deaf])
        with pytest.raises(ChildFailed, match=r"service did not answer at .* within 0\.3 s"):
            keeper.wait()


def test_a_program_that_is_not_there_is_told(logs):
    nothing = ChildSpec("prometheus", (str(logs / "no-such-program"),), dict(os.environ), ready="http://127.0.0.1:9/")

    with Keeper(logs, backoff=QUICK) as keeper:
        keeper.start([nothing])
        with pytest.raises(ChildFailed, match="no-such-program: No such file or directory"):
            keeper.wait()


def test_a_crashed_child_comes_back_after_longer_and_longer_waits(logs):
    crashes: list[Crash] = []
    with Keeper(logs, on_crash=crashes.append, backoff=QUICK) as keeper:
        keeper.start([server()])
        keeper.wait()
        for count in (1, 2, 3):
            wait_until(lambda: "server" in keeper.pids(), what="the server did not come back")
            os.kill(keeper.pids()["server"], signal.SIGKILL)
            wait_until(lambda count=count: len(crashes) == count, what="the crash was not told")

    assert [crash.again_in_seconds for crash in crashes] == [0.05, 0.1, 0.2]
    assert {(crash.name, crash.exit_code) for crash in crashes} == {("server", -signal.SIGKILL)}


def test_the_others_run_on_while_one_crashes(logs):
    with Keeper(logs, backoff=QUICK) as keeper:
        keeper.start([server("first"), server("second")])
        keeper.wait()
        before = keeper.pids()

        os.kill(before["first"], signal.SIGKILL)

        wait_until(lambda: keeper.pids().get("first", before["first"]) != before["first"], what="it did not return")
        assert keeper.pids()["second"] == before["second"]


def test_the_last_stage_ends_first(logs, tmp_path):
    ends = tmp_path / "ends"
    says = """
        import signal, sys, time
        def end(*_):
            open(sys.argv[1], "a").write(sys.argv[2] + " "); raise SystemExit
        signal.signal(signal.SIGTERM, end)
        open(sys.argv[3], "w").close()
        time.sleep(600)
    """
    with Keeper(logs) as keeper:
        for name in ("service", "desk"):
            begun = tmp_path / f"{name} has begun"
            keeper.start([child(name, says, str(ends), name, str(begun))])
            wait_until(begun.exists, what=f"{name} did not begin")

    assert ends.read_text().split() == ["desk", "service"]


def test_a_child_that_does_not_want_to_end_is_killed_in_bounded_time(logs, tmp_path):
    begun = tmp_path / "begun"
    stubborn = """
        import signal, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open(sys.argv[1], "w").close()
        time.sleep(600)
    """
    keeper = Keeper(logs)
    keeper.start([child("stubborn", stubborn, str(begun))])
    wait_until(begun.exists, what="it did not begin")
    [pid] = keeper.pids().values()

    keeper.stop()

    assert not alive(pid)


def test_who_is_in_a_hurry_kills_at_once(logs, tmp_path, monkeypatch):
    """The patience of others would last longer than the test may."""
    for patience in ("WAVE_SECONDS", "END_SECONDS"):
        monkeypatch.setattr(f"vcci_platform.supervisor.keeper.{patience}", 3600)
    begun = tmp_path / "begun"
    stubborn = """
        import signal, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open(sys.argv[1], "w").close()
        time.sleep(600)
    """
    keeper = Keeper(logs)
    keeper.start([child("stubborn", stubborn, str(begun))])
    wait_until(begun.exists, what="it did not begin")

    [pid] = keeper.pids().values()

    keeper.hurry()
    keeper.stop()

    assert not alive(pid)


def test_children_do_not_hear_the_ctrl_c_of_the_terminal(logs):
    with Keeper(logs) as keeper:
        keeper.start([server()])
        keeper.wait()
        [pid] = keeper.pids().values()

        assert os.getpgid(pid) != os.getpgid(0)
        assert os.getsid(pid) == pid


def test_each_run_begins_with_an_empty_log_and_keeps_the_ones_before(logs):
    for number in (11, 12, 13, 14, 15):
        with Keeper(logs, backoff=Backoff(first_seconds=60)) as keeper:
            keeper.start([child("desk", f"print({number})")])
            wait_until(lambda: keeper.log_of("desk").exists(), what="no log was written")
            wait_until(lambda: bool(keeper.log_of("desk").read_text()), what="the log stayed empty")

    assert [(path.name, path.read_text()) for path in sorted(logs.iterdir())] == [
        ("desk.log", "15\n"),
        ("desk.log.1", "14\n"),
        ("desk.log.2", "13\n"),
        ("desk.log.3", "12\n"),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_killed_supervisor_leaves_no_orphan(logs, tmp_path):
    """`kill -9` gives nobody a chance to tidy up, so the kernel does it."""
    script = """
        import sys, time
        from pathlib import Path
        from vcci_platform.supervisor.child import ChildSpec
        from vcci_platform.supervisor.keeper import Keeper
        keeper = Keeper(Path(sys.argv[1]))
        sleeper = (sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)")
        keeper.start([ChildSpec("first", sleeper), ChildSpec("second", sleeper)])
        while len(keeper.pids()) < 2:
            time.sleep(0.05)
        print(*keeper.pids().values(), flush=True)
        time.sleep(600)
    """
    supervisor = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(logs)], stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    children = [int(pid) for pid in supervisor.stdout.readline().split()]
    assert len(children) == 2
    assert all(alive(pid) for pid in children)

    supervisor.kill()
    supervisor.wait(60)
    supervisor.stdout.close()

    wait_until(lambda: not any(alive(pid) for pid in children), what="a child outlived its supervisor")


def test_whoever_writes_down_process_ids_hears_of_each_start(logs):
    started: list[int] = []
    with Keeper(logs, backoff=QUICK) as keeper:
        keeper.on_start = lambda: started.append(len(keeper.pids()))
        keeper.start([server()])
        keeper.wait()
        os.kill(keeper.pids()["server"], signal.SIGKILL)
        wait_until(lambda: len(started) == 2, what="the second start was not told")

    assert started == [1, 1]
