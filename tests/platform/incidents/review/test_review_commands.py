"""`vcci incident review`, `measures` and `actions` against the desk's own routes; only the network is left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from typer.testing import CliRunner, Result

from vcci_platform.cli import ask
from vcci_platform.cli.incident import app
from vcci_platform.cli.incident_review import NotWritten
from vcci_runbooks_site.content import article

if TYPE_CHECKING:
    from review.conftest import Desk

Run = Callable[..., Result]


@pytest.fixture
def run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("VCCI_DESK_URL", "http://desk.example")
    monkeypatch.setenv("USER", "ada")
    monkeypatch.setenv("COLUMNS", "200")

    def request(method: str, url: str, **content: Any) -> Any:
        content.pop("timeout")
        return desk.http.request(method, url.removeprefix("http://desk.example"), **content)

    monkeypatch.setattr(ask.httpx, "request", request)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def ok(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_a_review_is_shown_edited_imported_published_and_put_onto_the_site(
    desk: Desk, run: Run, tmp_path: Path
) -> None:
    desk.count("api-errors", bad=20)
    incident_id = desk.resolve()
    file = tmp_path / "review.md"
    file.write_text(
        ok(run("review", "show", incident_id))
        .replace("### Root Cause\n", "### Root Cause\n\nThe pool was full.\n")
        .replace("users: ''", "users: about 300")
        .replace(
            "### Action Items\n", "### Action Items\n\n- [ ] Prevent recurrence: cap it {owner: bo; due: 2026-03-03}\n"
        )
    )

    assert ok(run("review", "import", file)) == f"{incident_id}: the review has version 2\n"
    assert ok(run("review", "move", incident_id, "in-review")) == f"{incident_id}: the review is in-review\n"
    told = ok(run("review", "publish", incident_id, "--to", tmp_path, "--by", "bo"))
    page = tmp_path / f"reviews/2026-03-02-{incident_id}.md"
    assert told == f"{incident_id} is reviewed: its review is published\nwrote {page}\n"
    found = article(f"reviews/{page.name}", page.read_text())
    assert found.title.startswith("APIHighErrorRate")
    assert "## Root Cause\n\nThe pool was full." in found.body
    assert "## Incident Summary\n\n- Users: about 300\n" in found.body
    assert "unknown to the desk" not in found.body
    assert "For Customers" not in found.body
    assert ok(run("review", "publish", incident_id, "--to", tmp_path)) == f"wrote {page}\n"


def test_an_edited_review_is_handed_in_with_its_import_and_published_alone_with_a_reason(
    desk: Desk, run: Run, tmp_path: Path
) -> None:
    incident_id = desk.resolve()
    file = tmp_path / "review.md"
    text = ok(run("review", "show", incident_id))
    file.write_text(text.replace("### Root Cause\n", "### Root Cause\n\nThe pool was full.\n"))

    told = ok(run("review", "import", file, "--hand-in"))
    refused = run("review", "publish", incident_id)

    assert told == f"{incident_id}: the review has version 2\n{incident_id}: the review is in-review\n"
    assert "ada alone wrote it, and a P0 asks for a second person" in str(refused.exception)
    assert "is reviewed" in ok(run("review", "publish", incident_id, "--alone", "bo is away"))


def test_an_older_edit_is_refused_and_its_text_kept(
    desk: Desk, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident_id = desk.resolve()
    monkeypatch.chdir(tmp_path)

    def while_another_edits(text: str, extension: str) -> str:
        other = text.replace("### Root Cause\n", "### Root Cause\n\nOf another.\n")
        desk.http.post(f"/v1/incidents/{incident_id}/review", json={"markdown": other, "by": "bo"})
        return text.replace("### Root Cause\n", f"### Root Cause\n\nMine{extension}\n")

    monkeypatch.setattr(click, "edit", while_another_edits)
    result = run("review", "edit", incident_id)

    assert "the review has version 2 by bo, yours is 1" in str(result.exception)
    assert "Mine.md" in (tmp_path / f"review-{incident_id}.md").read_text()
    monkeypatch.setattr(click, "edit", lambda *_, **__: None)
    assert ok(run("review", "edit", incident_id)) == "Nothing was changed.\n"


def test_what_cannot_be_read_is_said_with_its_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "review.md"
    file.write_text("---\nincident: inc_11\nversion: 1\n---\n## Post-Incident Review: Slow\n\n### Causes\n")

    result = run("review", "import", file)

    assert isinstance(result.exception, NotWritten)
    assert str(result.exception).startswith(f"{file}: line 7: expected one of '### Incident Summary'")
    assert "expected a review in" in str(run("review", "import", tmp_path / "none.md").exception)


def test_action_items_are_listed_and_done(desk: Desk, run: Run, tmp_path: Path) -> None:
    incident_id = desk.resolve()
    file = tmp_path / "review.md"
    text = ok(run("review", "show", incident_id))
    file.write_text(text.replace("### Action Items\n", "### Action Items\n\n- [ ] Improve detection: alert on it\n"))
    ok(run("review", "import", file))

    assert "alert on it" in ok(run("actions"))
    assert ok(run("actions", "--state", "overdue")) == "Nothing is to be done.\n"
    assert ok(run("action", incident_id, "1", "--owner", "bo", "--due", "2026-03-09")) == (
        "open: alert on it (bo, due 2026-03-09)\n"
    )
    assert ok(run("action", incident_id, "1", "--done")) == "done: alert on it (bo, due 2026-03-09)\n"
    assert ok(run("actions")) == "Nothing is to be done.\n"
    assert run("action", incident_id, "1").exit_code == 2


def test_measures_are_printed_with_what_they_mean(desk: Desk, run: Run) -> None:
    desk.count("api-errors", bad=20)
    desk.resolve()
    desk.clock.advance(minutes=1)

    told = ok(run("measures"))

    assert "to recover: mean p50 p95" in told
    assert "10m 10m 10m" in told
    assert "What these mean (definitions, version 1):" in told
    assert "by the SLIs and not by alerts" in told
