"""`vcci spec validate`: what a reader and what a renderer refuses, each at its place."""

import json

import pytest
from typer.testing import CliRunner

from vcci_platform.cli.spec import app
from vcci_slo.testing import a_spec

UNCLOSED = {"errors": "sum(rate(a[WINDOW])", "total": "sum(rate(b[WINDOW]))"}
CALM = {"good": "api.free", "objective": "99%"}


@pytest.mark.parametrize(
    ("sections", "place", "sentence"),
    [
        (
            {"alerts": {"Stale": {"measure": "api.oldest", "above": {"P2": "5m"}, "summary": "{{ end"}}},
            "Stale:",
            "brace",
        ),
        (
            {"alerts": {"index": {"measure": "api.oldest", "above": {"P2": "5m"}, "summary": "x"}}},
            "index:",
            "first page",
        ),
        ({"slos__fast": {"fast": "api.requests", "within": {"99%": "1s"}, "policy": "none"}}, "policy: none", "policy"),
        ({"components__api__signals__free": UNCLOSED, "slos__calm": CALM}, "calm:", "PromQL"),
    ],
)
def test_what_a_renderer_refuses_has_its_line_too(tmp_path, sections, place, sentence):
    """A measure that is no PromQL was refused without a word about where it stands."""
    text = a_spec(**sections)
    spec = tmp_path / "shop.yaml"
    spec.write_text(text, encoding="utf-8")
    line = next(number for number, row in enumerate(text.splitlines(), start=1) if place in row)

    done = CliRunner().invoke(app, ["validate", str(spec)])

    assert done.exit_code == 2
    assert f"{spec.as_posix()}:{line}:" in done.output
    assert sentence in done.output


def test_a_valid_spec_is_counted(tmp_path):
    spec = tmp_path / "shop.yaml"
    spec.write_text(a_spec(), encoding="utf-8")

    done = CliRunner().invoke(app, ["validate", str(spec)])

    assert done.exit_code == 0
    assert "valid: 1 component, 1 promise, 1 alert" in done.output


def test_a_spec_is_named_as_in_other_commands_too(tmp_path):
    """`--spec` was no option of the one command that everybody tries first."""
    paths = [tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml")]
    for path in paths:
        path.write_text(a_spec(), encoding="utf-8")

    done = CliRunner().invoke(app, ["validate", str(paths[0]), "--spec", str(paths[1]), "--spec", str(paths[2])])

    assert done.exit_code == 0, done.output
    assert [line.partition(": ")[0] for line in done.output.splitlines()] == [str(path) for path in paths]


def test_json_tells_what_is_valid_and_what_is_not(tmp_path):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(a_spec(), encoding="utf-8")
    bad.write_text(a_spec(slos={"errors": {"good": "api.requests", "objective": 0.999}}), encoding="utf-8")

    done = CliRunner().invoke(app, ["validate", "--json", str(good), str(bad)])

    found = json.loads(done.stdout)
    assert done.exit_code == 2
    assert [one["valid"] for one in found] == [True, False]
    assert found[0]["counts"] == {"components": 1, "promises": 1, "alerts": 1, "dashboards": 1}
    assert "did you mean 99.9%?" in found[1]["problems"][0]
