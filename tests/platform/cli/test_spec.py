"""`vcci spec validate`: what a reader and what a renderer refuses, each at its place."""

import pytest
from typer.testing import CliRunner

from vcci_platform.cli.spec import app
from vcci_slo.testing import a_spec


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
        ({"components__api__signals__requests__bad": 'status=~"(?=5).."'}, "errors:", "PromQL"),
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
