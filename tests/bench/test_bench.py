"""`make bench` runs every benchmark and prints what each returns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent


@pytest.fixture
def bench(tmp_path):
    (tmp_path / "bench_apples.py").write_text('"""Apples per second."""\ndef run():\n    yield "11 apples/s"\n')
    (tmp_path / "bench_pears.py").write_text('"""Pears per second."""\ndef run():\n    return ["12 pears/s"]\n')

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(BENCH), "--folder", str(tmp_path), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    run.folder = tmp_path
    return run


def test_every_benchmark_is_run_and_printed(bench):
    done = bench()

    assert done.returncode == 0
    assert "bench_apples: Apples per second.\n  11 apples/s" in done.stdout
    assert "bench_pears: Pears per second.\n  12 pears/s" in done.stdout


def test_a_word_chooses(bench):
    done = bench("pears")

    assert "12 pears/s" in done.stdout
    assert "apples" not in done.stdout


def test_a_failing_benchmark_is_told_and_the_others_run(bench):
    (bench.folder / "bench_broken.py").write_text('"""Broken."""\ndef run():\n    raise OSError("no disk")\n')

    done = bench()

    assert done.returncode == 1
    assert "failed: OSError: no disk" in done.stdout
    assert "12 pears/s" in done.stdout


def test_nothing_to_run_is_an_error(bench):
    assert bench("quinces").returncode == 1
