"""`vcci slo explain`: from the spec alone, in words and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vcci_platform.cli.slo import app
from vcci_platform.errors import PlatformError
from vcci_slo.testing import a_spec


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "vcci.yaml"
    path.write_text(a_spec())
    return path


def test_a_promise_is_explained_on_one_screen(spec: Path):
    done = CliRunner().invoke(app, ["explain", "errors", "--spec", str(spec)], env={"COLUMNS": "100"})

    assert done.exit_code == 0
    table = [line for line in done.output.splitlines() if line.startswith("P")]
    assert [line.split()[:2] for line in table] == [["P1", "fast"], ["P1", "slow"], ["P2", "steady"], ["P3", "creep"]]
    assert "1.44%, 14.4\N{MULTIPLICATION SIGN}" in table[0]
    assert "52s" in table[0]
    assert "Of a million, 1000 may be bad; everything may fail for 43 minutes 12 seconds in 30 days." in done.output


def test_a_program_reads_the_same(spec: Path):
    done = CliRunner().invoke(app, ["explain", "--json", "--spec", str(spec)])

    (found,) = json.loads(done.output)
    assert found["slo"]["name"] == "errors"
    assert [told["outage"]["after"] for told in found["tiers"]] == ["52s", "2m10s", "4m20s", "4m20s"]


def test_an_unknown_promise_is_told_with_the_nearest(spec: Path):
    done = CliRunner().invoke(app, ["explain", "error", "--spec", str(spec)])

    assert isinstance(done.exception, PlatformError)
    assert "did you mean errors?" in str(done.exception)
