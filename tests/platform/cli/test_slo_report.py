"""`vcci slo report`: from the desk, or from a Prometheus alone; to a file, or to the terminal."""

from __future__ import annotations

import json

import httpx
import pytest
import typer
from typer.testing import CliRunner

from support.reported import october
from vcci_platform.cli import places, slo_report
from vcci_platform.reliability.reports import render
from vcci_slo.testing import a_spec


@pytest.fixture
def asked(monkeypatch):
    """A desk that answers with an invented October, and remembers what it was asked."""
    found = []

    def get(url, *, params, headers, timeout):
        assert headers == {"Authorization": "Bearer qLmZ11"}
        request = httpx.Request("GET", url, params=params)
        found.append(request.url)
        return httpx.Response(200, content=render(october(), request.url.params["format"]), request=request)

    monkeypatch.setattr(httpx, "get", get)
    monkeypatch.setenv("VCCI_DESK_URL", "http://desk.test")
    monkeypatch.setenv("VCCI_DESK_TOKEN", "qLmZ11")
    return found


def run(*arguments):
    app = typer.Typer()
    slo_report.register(app)
    return CliRunner().invoke(app, list(arguments))


def test_it_asks_the_desk_for_what_was_asked_of_it(asked):
    done = run("errors", "fresh", "--month", "2026-10", "--component", "api", "--team", "crew", "--format", "json")

    assert done.exit_code == 0, done.output
    url = asked[0]
    assert url.path == "/v1/reports/slo"
    assert url.params.get_list("slo") == ["errors", "fresh"]
    assert {key: url.params[key] for key in ("month", "component", "team", "format")} == {
        "month": "2026-10", "component": "api", "team": "crew", "format": "json",
    }  # fmt: skip
    assert json.loads(done.stdout)["period"]["name"] == "2026-10"


def test_it_prints_markdown_unless_told_otherwise(asked):
    assert run("--quarter", "2026-Q3").stdout.startswith("# Service level report")
    assert asked[0].params["quarter"] == "2026-Q3"


@pytest.mark.parametrize("form", ["md", "html", "pdf", "json", "csv"])
def test_a_file_has_the_format_of_its_name(asked, tmp_path, form):
    out = tmp_path / f"october.{form}"

    done = run("--from", "2026-10-01", "--to", "2026-10-31", "--out", str(out))

    assert done.exit_code == 0, done.output
    assert (asked[0].params["from"], asked[0].params["to"]) == ("2026-10-01", "2026-10-31")
    assert out.read_bytes() == render(october(), form)
    assert done.stdout == ""


def test_a_pdf_is_not_thrown_at_a_terminal(asked, monkeypatch):
    monkeypatch.setattr("vcci_platform.cli.slo_report._is_terminal", lambda: True)

    done = run("--format", "pdf")

    assert isinstance(done.exception, slo_report.NeedsFile)
    assert (done.exception.exit_code, asked) == (2, [])


@pytest.mark.parametrize(("status", "exit_code"), [(404, 2), (422, 2), (503, 2)])
def test_a_refusal_of_the_desk_is_told_in_its_sentence(monkeypatch, status, exit_code):
    def get(url, **_):
        return httpx.Response(status, json={"detail": "expected a month such as 2026-10, got x"})

    monkeypatch.setattr(httpx, "get", get)

    done = run("--month", "x")

    assert str(done.exception) == "expected a month such as 2026-10, got x"
    assert done.exception.exit_code == exit_code


def test_a_desk_that_does_not_run_is_told_with_the_way_around_it(monkeypatch):
    def get(url, **_):
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(httpx, "get", get)

    assert "--prometheus asks a Prometheus instead" in str(run().exception)


def test_a_prometheus_alone_is_enough(monkeypatch, tmp_path):
    """With its spec beside it, and no desk: nobody remembers incidents then, and the report says so."""
    spec = tmp_path / "shop.yaml"
    spec.write_text(a_spec(), encoding="utf-8")

    def answer(request):
        params = request.url.params
        value = "24000" if "errors" not in params["query"] and "5.." not in params["query"] else "12"
        if request.url.path.endswith("query"):
            result = [{"metric": {}, "value": [0, value]}]
        else:
            first, last, step = (float(params[name]) for name in ("start", "end", "step"))
            count = round((last - first) / step) + 1
            result = [{"metric": {}, "values": [[first + step * number, value] for number in range(count)]}]
        return httpx.Response(200, json={"data": {"result": result}})

    transport = httpx.MockTransport(answer)
    monkeypatch.setattr(places, "client_for", lambda access: httpx.Client(transport=transport))

    done = run("--prometheus", "http://prometheus.test", "--spec", str(spec), "--month", "2026-02", "--format", "json")

    assert done.exit_code == 0, done.exception
    found = json.loads(done.stdout)
    assert (found["source"], found["self_reported"], found["not_remembered"]) == (
        "Prometheus",
        False,
        "incidents and releases",
    )
    assert found["promises"][0]["account"]["bad"] == 12 * 28


def test_a_name_whose_format_nobody_knows_is_refused_with_the_list(asked, tmp_path):
    """Markdown was written into it without a word."""
    out = tmp_path / "october.xyz"

    done = run("--out", str(out))

    assert isinstance(done.exception, slo_report.UnknownForm)
    assert "expected a name that ends in one of .md, .html, .pdf, .json, .csv" in str(done.exception)
    assert done.exception.exit_code == 2
    assert (out.exists(), asked) == (False, [])
    assert run("--out", str(out), "--format", "csv").exit_code == 0
    assert asked[0].params["format"] == "csv"


def test_json_is_asked_for_as_everywhere_else(asked):
    assert run("--json").exit_code == 0
    assert asked[0].params["format"] == "json"
    assert isinstance(run("--json", "--format", "csv").exception, slo_report.UnknownForm)
