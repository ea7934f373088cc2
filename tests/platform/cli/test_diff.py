"""`vcci diff`: files and revisions, as text, JSON and Markdown."""

import json
import subprocess

import pytest
from typer.testing import CliRunner

from vcci_platform.cli.diff import NoSuchSpec, app
from vcci_slo.testing import a_spec

STRICTER = {"errors": {"good": "api.requests", "objective": "99.95%"}}


@pytest.fixture
def specs(tmp_path):
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(a_spec())
    new.write_text(a_spec(slos=STRICTER, components__api__signals__requests__bad='status=~"5..|429"'))
    return str(old), str(new)


def diff(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_the_same_spec_under_two_names_is_no_change(specs, tmp_path):
    copy = tmp_path / "copy.yaml"
    copy.write_text(a_spec())

    done = diff(specs[0], str(copy), "--exit-code")

    assert done.exit_code == 0
    assert done.output.startswith("Nothing changes from ")


def test_the_first_line_says_how_much_changes_and_what_breaks(specs):
    first, *lines = diff(*specs).output.splitlines()

    assert first.startswith("Changes in 1 promise, 1 signal and 1 dashboard; ")
    assert "recorded history breaks for errors, for up to 29 days 23 hours" in first
    assert any(line.startswith("  errors: windows hold old counts: 2h for 1 hour, 6h for 5 hours") for line in lines)
    assert any("fast fires above 0.72% of failures instead of 1.44%" in line for line in lines)
    assert any(line.startswith("  slo:errors: ") and "ErrorsBudgetBurn" in line for line in lines)
    assert any(".md changed in " in line for line in lines)


def test_a_difference_ends_with_1_only_when_asked(specs):
    assert diff(*specs).exit_code == 0
    assert diff(*specs, "--exit-code").exit_code == 1


def test_json_holds_everything(specs):
    found = json.loads(diff(*specs, "--json").output)

    assert found["broken"][0]["windows"][0] == [7200.0, 3600.0]
    assert {change["kind"] for change in found["changes"]} >= {"promise", "signal", "dashboard"}
    assert {rule["group"] for rule in found["rules"]} >= {"slo:errors"}


def test_markdown_shows_promql_as_it_is(specs):
    said = diff(*specs, "--markdown").output

    assert said.startswith("**Changes in 1 promise, 1 signal and ")
    assert "### Promises" in said
    assert r'bad: status=\~"5..\|429" instead of status=\~"5.."' in said


def test_what_has_no_number_is_named_in_the_first_line(tmp_path, specs):
    """It was "1 other thing change", which made the reader look for it."""
    other = tmp_path / "links.yaml"
    other.write_text(a_spec(links={"grafana": "https://grafana.example.com"}))

    first = diff(specs[0], str(other)).output.splitlines()[0]

    assert first.startswith("Changes in links")


def test_a_promise_that_goes_says_who_is_no_longer_woken(specs, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(a_spec(slos={"fresh": {"holds": "api.oldest", "below": "5m", "objective": "99%"}}))

    done = diff(specs[0], str(other))

    assert "who is woken changes for fresh, errors" in done.output
    assert "errors: recorded no longer" in done.output


@pytest.fixture
def repository(tmp_path, monkeypatch):
    def git(*arguments):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments], cwd=tmp_path, check=True)

    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    (tmp_path / "specs").mkdir()
    spec = tmp_path / "specs/vcci.yaml"
    spec.write_text(a_spec(slos=None) + "include: {slos: slos.yaml}\n")
    (tmp_path / "specs/slos.yaml").write_text("errors: {good: api.requests, objective: 99.9%}\n")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    (tmp_path / "specs/slos.yaml").write_text("errors: {good: api.requests, objective: 99.95%}\n")
    return tmp_path


def test_a_revision_is_read_with_the_files_beside_it(repository):
    done = diff("HEAD:specs/vcci.yaml", "specs/vcci.yaml")

    assert done.exit_code == 0, done.exception
    assert "errors asks for 99.95% instead of 99.9%" in done.output


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("HEAD:specs/none.yaml", "does not exist in 'HEAD'"),
        ("nowhere:specs/vcci.yaml", "nowhere"),
        ("missing.yaml", "expected a spec at missing.yaml"),
        ("--help:x", "--help"),
    ],
)
def test_what_is_nowhere_is_told_in_a_sentence(repository, name, reason):
    done = CliRunner().invoke(app, ["--", name, "specs/vcci.yaml"])

    assert isinstance(done.exception, NoSuchSpec)
    assert reason in str(done.exception)
    assert done.exception.exit_code == 2
