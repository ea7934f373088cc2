"""`vcci slo gate` and `vcci slo account` against a desk that listens: what they print, and what they end with."""

import json
import threading

import pytest
import uvicorn
from fastapi import FastAPI
from typer.testing import CliRunner

from support.ports import free_port
from support.processes import wait_until
from vcci_platform import problems
from vcci_platform.cli.slo import app as slo
from vcci_platform.reliability import routes
from vcci_platform.reliability.account_routes import router
from vcci_slo.spec.accounting import CorrectionSpec


@pytest.fixture
def run(desk, monkeypatch):
    """Return what runs a command of `vcci slo` while the desk answers."""
    app = FastAPI()
    problems.install(app)
    app.include_router(routes.router(desk.reliability))
    app.include_router(router(desk.reliability))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started, what="the desk does not listen")
    monkeypatch.setenv("VCCI_DESK_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("COLUMNS", "300")
    yield lambda *arguments: CliRunner().invoke(slo, arguments)
    server.should_exit = True
    thread.join()


def test_a_desk_that_is_young_or_reports_on_itself_cannot_tell(desk, run):
    desk.minutes(30, ok=100)

    young, alone, accepted = (
        run("gate", "errors", *more) for more in ((), ("--known", "0%"), ("--known", "0%", "--accept-self-reported"))
    )

    assert (young.exit_code, alone.exit_code, accepted.exit_code) == (2, 2, 0)
    assert "unknown, errors: less than 50% of the window was observed" in young.output
    assert "unknown, errors: the figures are self-reported" in alone.output
    assert "pass: 1 of 1 promise lets it through" in accepted.output
    assert "self-reported and accepted as such" in accepted.output


def test_a_spent_budget_ends_with_one_and_says_what_follows(desk, run):
    desk.minutes(30, ok=90, failed=10)
    trusting = ("--known", "0%", "--accept-self-reported")

    refused, fix, low = (
        run("gate", "errors", *more, *trusting) for more in ((), ("--fix",), ("--fix", "--at-least", "10%"))
    )

    assert (refused.exit_code, fix.exit_code, low.exit_code) == (1, 0, 1)
    assert "Nothing but fixes is released" in refused.output
    assert "at least 10% was asked for" in low.output


def test_one_refusal_is_a_refusal_of_the_whole_and_json_says_all(desk, run):
    desk.minutes(30, ok=90, failed=10)

    done = run("gate", "--component", "api", "--known", "0%", "--accept-self-reported", "--json")

    body = json.loads(done.stdout)
    assert (done.exit_code, body["answer"]) == (1, "refused")
    assert {item["name"]: item["answer"] for item in body["items"]} == {
        "errors": "refused",
        "there": "pass",
        "fresh": "pass",
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("error",), "Did you mean errors?"),
        (("--team", "nobody"), "No promise is of the team 'nobody': expected one of "),
        (("--at-least", "10"), "expected a percentage such as 10%"),
    ],
)
def test_what_nobody_knows_cannot_be_told(run, arguments, says):
    done = run("gate", *arguments)

    assert done.exit_code == 2
    assert says in " ".join(done.output.split())


def test_a_desk_that_is_away_cannot_tell(monkeypatch):
    monkeypatch.setenv("VCCI_DESK_URL", f"http://127.0.0.1:{free_port()}")

    done = CliRunner().invoke(slo, ["gate", "--json"])

    assert done.exit_code == 2
    assert json.loads(done.stdout)["answer"] == "unknown"
    assert "nobody can tell: expected the desk at" in done.stderr


def test_many_promises_with_one_reason_are_told_once_and_no_name_is_cut(desk, run, monkeypatch):
    """Thirteen lines of the same sentence, each on two lines of a terminal, hid which promise it was about."""
    monkeypatch.setenv("COLUMNS", "80")
    desk.minutes(30, ok=100)

    done = run("gate")

    lines = done.output.splitlines()
    assert done.exit_code == 2
    assert lines[0].startswith("unknown: nobody can vouch for ")
    assert sum("less than 50% of the window" in line for line in lines) == 1
    assert all(any(line.startswith(slo.name) for line in lines) for slo in desk.reliability.plan.slos)


def test_a_young_promise_is_kept_so_far_and_its_gate_is_unknown(desk, run):
    """One command said kept where the other could not tell."""
    desk.minutes(30, ok=100)

    status, gate = run("status", "errors"), run("gate", "errors", "--accept-self-reported")

    assert "kept so far" in status.output
    assert "`vcci slo gate` is unknown" in status.output
    assert gate.exit_code == 2
    assert gate.output.startswith("unknown: ")


@pytest.mark.parametrize("arguments", [("status", "error"), ("account", "error"), ("gate", "error")])
def test_a_name_that_nobody_knows_is_asked_wrongly(run, arguments):
    done = run(*arguments)

    told = done.output if done.exit_code == 2 else str(done.exception)
    assert "Did you mean errors?" in told
    assert getattr(done.exception, "exit_code", None) == 2 or done.exit_code == 2


def test_an_account_says_where_the_budget_went(desk, run):
    desk.minutes(10, ok=100)
    desk.shop.restart()
    desk.shop.version = "2"
    desk.minutes(10, ok=99, failed=1)

    done = run("account", "errors", "--over", "20m")

    lines = [line.split() for line in done.output.splitlines()]
    assert done.exit_code == 0, done.output
    assert ["spent", "40", "0.1013", "506%"] in lines
    assert any(line[:4] == ["494%", "of", "the", "budget"] for line in lines), done.output
    assert "vcci-api 2" in done.output
    assert "self-reported" in done.output


def test_a_status_says_what_corrections_take_out(desk, run):
    desk.minutes(20, ok=99, failed=1)
    desk.reliability.book.add(
        CorrectionSpec.model_validate(
            {
                "slos": "errors",
                "from": "2026-03-02T09:05:00Z",
                "until": "2026-03-02T09:15:00Z",
                "who": "ada",
                "why": "a drill",
            }
        ),
        desk.clock.now(),
    )

    done = run("status")

    assert done.exit_code == 0, done.output
    assert "errors: corrections take 10 minutes out" in done.output
