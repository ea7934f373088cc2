"""Notes for a handoff from a desk that really runs: what it tells is what the notes say."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.desk import desk_and_sandbox
from vcci_platform.cli import oncall


def test_an_incident_of_the_shift_is_in_the_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk_and_sandbox(tmp_path) as desk:
        desk.start()
        desk.report()
        desk.until(lambda: bool(desk.vendor.pages), "nobody was paged")
        desk.until_quiet()
        monkeypatch.setenv("VCCI_DESK_URL", f"http://127.0.0.1:{desk.port}")

        text = CliRunner().invoke(oncall.app, ["handoff"], catch_exceptions=False).output

        incident = desk.incident()
    assert f"- **P0** [Requests fail](https://desk.vcci-platform.com/incidents/{incident['id']})" in text
    assert "\n1 page, " in text
    assert "- pagerduty is only the sandbox" in text
