"""A missing component: a failure where nothing may be missing, a named omission elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture
def run_without_programs(tmp_path):
    """Run two tests that need Chromium, and one that needs nothing, on a machine with no programs at all."""
    (tmp_path / "test_pages.py").write_text(
        "import pytest\n"
        "@pytest.mark.needs('chromium')\ndef test_one(): pass\n"
        "@pytest.mark.needs('chromium')\ndef test_two(): pass\n"
        "def test_three(): pass\n"
    )

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name not in {"CI", "VCCI_REQUIRE_ALL"}}
        options = ["-p", "conftest", "-p", "no:cacheprovider", "-c", str(TESTS.parent / "pyproject.toml")]
        return subprocess.run(
            [sys.executable, "-m", "pytest", *options, str(tmp_path)],
            cwd=tmp_path,
            env={**kept, "PATH": str(tmp_path), "PYTHONPATH": str(TESTS), **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_elsewhere_the_summary_names_what_was_left_out_and_why(run_without_programs):
    done = run_without_programs()

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 tests left out: needs chromium: not installed: chromium (`make machine` installs it)" in done.stdout
    assert "1 passed, 2 skipped" in done.stdout


@pytest.mark.parametrize("environment", [{"CI": "true"}, {"VCCI_REQUIRE_ALL": "1"}])
def test_where_nothing_may_be_missing_the_run_fails(run_without_programs, environment):
    done = run_without_programs(**environment)

    assert done.returncode == 1
    assert "needs chromium, and nothing may be missing in this run: not installed: chromium" in done.stdout
    assert "1 passed, 2 errors" in done.stdout
