"""The home folder: one platform at a time, what runs where, files for their owner alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from vcci_platform.supervisor.household import AlreadyRunning, keep_private, occupied, read_state, write_state

STATE = {
    "pid": 11,
    "started_at": "2026-01-02T03:04:05+00:00",
    "addresses": {"console": "http://127.0.0.1:12/", "runbooks": "http://127.0.0.1:13/"},
}


def test_a_second_platform_is_told_where_the_first_one_answers(tmp_path):
    with occupied(tmp_path):
        write_state(tmp_path, STATE)

        with pytest.raises(AlreadyRunning) as refused, occupied(tmp_path):
            pass

    assert "runs already, as process 11 since 2026-01-02T03:04:05+00:00" in str(refused.value)
    assert "http://127.0.0.1:12/" in str(refused.value)
    assert "http://127.0.0.1:13/" in str(refused.value)


def test_a_second_platform_is_refused_before_the_first_one_has_addresses(tmp_path):
    with occupied(tmp_path), pytest.raises(AlreadyRunning, match="starts or stops"), occupied(tmp_path):
        pass


def test_the_refused_one_leaves_the_state_of_the_other(tmp_path):
    with occupied(tmp_path):
        write_state(tmp_path, STATE)
        with pytest.raises(AlreadyRunning), occupied(tmp_path):
            pass

        assert read_state(tmp_path) == STATE

    assert read_state(tmp_path) is None


def test_nothing_is_said_to_run_after_an_end_that_was_asked_for(tmp_path):
    def interrupted() -> None:
        with occupied(tmp_path):
            write_state(tmp_path, STATE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert read_state(tmp_path) is None


def test_a_killed_platform_does_not_hold_its_home(tmp_path):
    """The lock is the kernel's: a state file that was left behind holds nobody up."""
    script = (
        "import os, sys; from pathlib import Path\n"
        "from vcci_platform.supervisor.household import occupied, write_state\n"
        "with occupied(Path(sys.argv[1])):\n"
        "    write_state(Path(sys.argv[1]), {'pid': 11, 'started_at': '', 'addresses': {}})\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=30)
    assert read_state(tmp_path) is not None

    with occupied(tmp_path):
        assert read_state(tmp_path) is None


def test_a_state_that_is_half_written_by_hand_is_no_state(tmp_path):
    (tmp_path / "up.json").write_text("{")

    assert read_state(tmp_path) is None


def test_what_is_private_is_for_its_owner_alone_even_under_a_generous_umask(tmp_path):
    before = os.umask(0)
    try:
        keep_private(tmp_path / "key", "eleven")
        keep_private(tmp_path / "key", "twelve")
    finally:
        os.umask(before)

    assert (tmp_path / "key").read_text() == "twelve"
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
