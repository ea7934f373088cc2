"""What is forked for a test is a process like any other, and nothing of it is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.births import ForkedServer
from support.processes import wait_until

SAYS = """
import os, random, time
print(os.getppid(), os.environ["TOLD"], random.random(), flush=True)
time.sleep(600)
"""
STARTER = f"""
import time
from pathlib import Path
from support import births
births.PRELOADED = ()
log = Path("child.log")
child = births.ForkedServer(exec, {SAYS!r}, log=log, ready=lambda: "11" in child.log, environment={{"TOLD": "11"}})
child.start()
print(child.pid, flush=True)
time.sleep(600)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux tells about processes in /proc")


def born(folder: Path, told: str) -> ForkedServer:
    def ready() -> bool:
        return told in child.log

    child = ForkedServer(exec, SAYS, log=folder / f"{told}.log", ready=ready, environment={"TOLD": told})
    return child


def lives(pid: int) -> bool:
    """Return whether there is such a process; one that has died and was not buried yet does not live."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_each_child_is_a_process_of_its_own_and_its_parent_has_one_thread(tmp_path: Path) -> None:
    with born(tmp_path, "told-11") as one, born(tmp_path, "told-12") as other:
        parent, told, chance = one.log.split()
        other_parent, other_told, other_chance = other.log.split()

        assert (told, other_told) == ("told-11", "told-12")
        assert parent == other_parent
        assert chance != other_chance
        assert len({parent, str(one.pid), str(other.pid), str(os.getpid())}) == 4
        assert len(list(Path(f"/proc/{parent}/task").iterdir())) == 1

        one.crash()
        assert (one.running, other.running) == (False, True)


def test_a_worker_that_is_killed_leaves_no_child_behind(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    )
    with starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert lives(pid)

        starter.send_signal(signal.SIGKILL)
        wait_until(lambda: not lives(pid), what="the child is still there")
