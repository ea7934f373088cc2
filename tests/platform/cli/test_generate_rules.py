"""`vcci generate --only rules`, cut to the limits of what takes the rules."""

from __future__ import annotations

import pytest
import yaml
from typer.testing import CliRunner

from vcci_platform.cli import generate
from vcci_platform.errors import PlatformError

SPEC = """\
spec: vcci/v1
metadata: {name: shop, owner: crew}
components:
  api:
    kind: http
    selector: job="api"
    signals:
      requests: {events: http_requests_total, bad: 'code=~"5.."'}
slos:
  api-errors: {good: api.requests, objective: 99.9%}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vcci.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(generate.app, ["--only", "rules", *arguments])


def rules_in(folder):
    return sorted(path.name for path in (folder / "generated" / "alerts" / "rules").iterdir())


def test_groups_have_no_more_rules_than_are_allowed(folder):
    done = run("--max-rules", "20")

    assert done.exit_code == 0, done.output
    text = (folder / "generated" / "alerts" / "rules" / "slo-api-errors.yml").read_text()
    groups = yaml.safe_load(text)["groups"]
    assert [group["name"] for group in groups] == ["slo:api-errors:1", "slo:api-errors:2"]
    assert max(len(group["rules"]) for group in groups) == 20


def test_files_are_no_larger_than_is_allowed_and_the_check_knows_the_same_limits(folder):
    done = run("--max-bytes", "6Ki")

    assert done.exit_code == 0, done.output
    assert all(
        (folder / "generated" / "alerts" / "rules" / name).stat().st_size <= 6 * 1024 for name in rules_in(folder)
    )
    assert "slo-api-errors.2.yml" in rules_in(folder)
    assert run("--max-bytes", "6Ki", "--check").exit_code == 0
    assert run("--max-bytes", "7Ki", "--check").exit_code == 1
    assert run("--check").exit_code == 1


def test_rules_that_were_cut_otherwise_before_are_not_left_for_prometheus_to_evaluate_twice(folder):
    run("--max-bytes", "6Ki")
    mine = folder / "generated" / "alerts" / "rules" / "mine.yml"
    mine.write_text("groups: []\n")

    done = run("--one-file")

    assert done.exit_code == 0, done.output
    assert rules_in(folder) == ["all.yml", "mine.yml"]
    assert run("--one-file", "--check").exit_code == 0


def test_objects_are_written_with_their_namespace_and_labels_and_how_to_apply_them(folder):
    done = run("--as", "prometheus-rule", "--namespace", "monitoring", "--label", "release=stack", "--one-file")

    assert done.exit_code == 0, done.output
    place = folder / "generated" / "alerts" / "prometheus-rules"
    (path,) = place.iterdir()
    metadata = yaml.safe_load(path.read_text())["metadata"]
    assert (metadata["name"], metadata["namespace"], metadata["labels"]["release"]) == (
        "shop-all",
        "monitoring",
        "stack",
    )
    assert f"kubectl apply -f '{place.resolve()}'" in done.output
    assert "rule_files" not in done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--max-bytes", "little"], "--max-bytes: expected a size such as 900Ki, found 'little'"),
        (["--max-bytes", "1Ki-2Ki"], "found '1Ki-2Ki'"),
        (["--max-bytes", "0"], "found '0'"),
        (["--max-bytes", "200"], "slo:api-errors: expected files of at most 200 bytes, found the rule slo:sli_total"),
        (["--namespace", "a"], "expected --as prometheus-rule with --namespace and --label"),
        (["--label", "a=b"], "expected --as prometheus-rule with --namespace and --label"),
        (["--as", "prometheus-rule", "--label", "a b"], "--label: expected KEY=VALUE as Kubernetes allows them"),
        (["--as", "prometheus-rule", "--namespace", "A"], "--namespace: expected 1 to 63"),
        (["--only", "tests", "--one-file"], "expected --only rules with --max-rules, --max-bytes, --one-file and --as"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_and_writes_nothing(folder, arguments, told):
    done = run(*arguments)

    assert isinstance(done.exception, PlatformError)
    assert done.exception.exit_code == 2
    assert told in str(done.exception)
    assert not (folder / "generated").exists()
