"""`vcci slo backtest` and `vcci slo suggest` with a spec and a file: no desk, no server."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from vcci_platform.cli.root import explain
from vcci_platform.cli.slo import app
from vcci_platform.reliability.corrections import CorrectionBook
from vcci_platform.reliability.store import Increment, IncrementStore
from vcci_platform.specs import plan_of
from vcci_platform.storage import migrate
from vcci_platform.storage.database import connect
from vcci_slo.spec.accounting import CorrectionSpec
from vcci_slo.testing import a_spec

START = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a spec and ten days of history, an hour of which was bad."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "vcci.yaml").write_text(a_spec())
    rows = ["time,bad,total"]
    for minute in range(1, 10 * 1440 + 1):
        bad = 120 if 7200 < minute <= 7260 else 0
        rows.append(f"{(START + timedelta(minutes=minute)).isoformat()},{bad},6000")
    (tmp_path / "history.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def said(*arguments: str):
    """What the command prints, or the sentence and exit code with which it ends."""
    done = CliRunner().invoke(app, list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        explained = explain(done.exception)
        if explained is None:
            raise done.exception
        return explained
    return done.stdout, done.exit_code


def test_it_says_what_would_have_paged(folder):
    output, code = said("backtest", "--file", "history.csv")

    assert code == 0
    assert "99.9% of the requests succeed" in output
    assert re.search(r"2026-03-07 00:43:30 +03-07 01:\d\d +fast +P1 page +43m30s +3%", output)
    assert "shorter than the window of 30d" in output


def test_candidates_stand_beside_each_other(folder):
    (folder / "other.yaml").write_text(a_spec(slos__errors={"good": "api.requests", "objective": "99%"}))
    options = ["--objective", "99.5%", "--window", "7d", "--policy", "background", "--against", "other.yaml"]

    output, code = said("backtest", "-f", "history.csv", "--json", *options)

    report = json.loads(output)
    assert code == 0
    assert [(found["title"], found["slo"]["objective"], found["slo"]["window"]) for found in report["outcomes"]] == [
        ("as it stands", "99.9%", "30d"),
        ("objective 99.5%", "99.5%", "30d"),
        ("window 7d", "99.9%", "7d"),
        ("policy background", "99.9%", "30d"),
        ("other.yaml", "99%", "30d"),
    ]
    assert [found["counts"]["pages"] for found in report["outcomes"]] == [1, 0, 1, 1, 0]
    assert report["outcomes"][0]["calls"][0]["delay_seconds"] == 43.5 * 60


def test_a_page_with_charts_needs_nothing_else(folder):
    said("backtest", "-f", "history.csv", "--objective", "99.5%", "--html", "page.html")

    page = (folder / "page.html").read_text()
    assert page.count("<svg") == 2
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert "Backtest of errors" in page


def test_rows_that_were_not_used_are_named(folder):
    with (folder / "history.csv").open("a") as file:
        file.write("tomorrow,1,2\n")

    done = CliRunner().invoke(app, ["backtest", "-f", "history.csv"])

    assert "history.csv:14402: expected a time in ISO 8601" in done.stderr
    assert done.exit_code == 0


def test_what_the_desk_recorded_is_the_history_unless_another_is_named(folder, monkeypatch):
    monkeypatch.setenv("VCCI_HOME", str(folder))
    database = connect(f"sqlite:///{folder / 'desk.db'}")
    migrate.upgrade(database, "desk")
    moments = [START + timedelta(minutes=minute) for minute in range(2000)]
    kept = [
        Increment("errors", at, at + timedelta(minutes=1), 500.0 if index in range(1500, 1520) else 0.0, 1000.0)
        for index, at in enumerate(moments)
    ]
    IncrementStore(database).keep(kept, {})
    database.close()

    output, code = said("backtest", "errors", "--json", "--last", "1d")

    report = json.loads(output)
    assert code == 0
    assert report["source"] == "the desk's recorder, self-reported"
    assert report["outcomes"][0]["counts"]["pages"] == 1
    assert report["start"] == (START + timedelta(minutes=2000 - 1440)).isoformat()


def test_suggestions_are_printed_and_refusals_explained(folder):
    output, code = said("suggest", "-f", "history.csv")

    assert code == 0
    assert re.search(r"7d +99\.9% +kept", output)
    assert "not 30d: it needs a history of 30 days, so 20 days more" in output
    assert "Suggested: 99.95% over 7d" in output


def test_a_suggestion_is_data_too(folder):
    output, _ = said("suggest", "-f", "history.csv", "--json")

    suggestion = json.loads(output)
    assert suggestion["best"]["objective"] == "99.95%"
    assert {option["window"] for option in suggestion["options"]} == {"7d"}


def test_hours_in_a_file_wake_nobody_by_being_hours_and_say_what_they_cannot_show(folder):
    """Twelve days without a fault were once 288 pages, "0 in vain"."""
    rows = [f"{(START + timedelta(hours=hour)).isoformat()},0,60000" for hour in range(1, 12 * 24 + 1)]
    (folder / "hourly.csv").write_text("\n".join(["time,bad,total", *rows]) + "\n")

    judged, suggested = (said(command, "-f", "hourly.csv", "--json")[0] for command in ("backtest", "suggest"))

    counts = json.loads(judged)["outcomes"][0]["counts"]
    assert (counts["pages"], counts["silences"]) == (0, 0)
    assert {option["counts"]["pages"] for option in json.loads(suggested)["options"]} == {0}
    for command in ("backtest", "suggest"):
        assert "cannot show whether ErrorsNoData" in said(command, "-f", "hourly.csv")[0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["backtest"], "--file with a CSV or OpenMetrics file, --prometheus"),
        (["backtest", "erors", "-f", "history.csv"], "found erors; did you mean errors?"),
        (["backtest", "-f", "none.csv"], "expected a file with a history at none.csv"),
        (["backtest", "-f", "vcci.yaml"], "expected samples of http_requests_total"),
        (["backtest", "-f", "history.csv", "--objective", "5"], "errors cannot have objective 5"),
        (["backtest", "-f", "history.csv", "--prometheus", "http://x"], "either --file or --prometheus"),
        (["backtest", "-f", "history.csv", "--every", "soon"], "--every: expected a duration"),
        (["backtest", "-f", "history.csv", "--every", "0s"], "--every: expected a duration"),
        (["backtest", "-f", "history.csv", "--every", "100ms"], "at most 2,000,000 evaluations"),
        (["backtest", "-f", "history.csv", "--until", "soon"], "--until: expected a time"),
        (["backtest", "-f", "history.csv", "--until", "2020-01-01", "--last", "1d"], "found none of it"),
        (["backtest", "-f", "history.csv", "--negligible", "1"], "--negligible: expected a percentage"),
        (["suggest", "-f", "history.csv", "--last", "2d"], "5 days more would be needed"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(folder, arguments, sentence):
    text, code = said(*arguments)

    assert code == 2
    assert sentence in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--step", "5m"), "--step: expected it with --prometheus"),
        (("--group", "pod=a"), "--group: expected an OpenMetrics file; a table has one account"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(folder, options, words):
    sentence, code = said("backtest", "--file", "history.csv", *options)

    assert code == 2
    assert words in sentence


def test_corrections_of_the_spec_and_of_the_desk_are_left_out_and_named(folder, monkeypatch):
    """The bad hour is taken out by the spec, the hour after it by somebody who told the desk."""
    bad = START + timedelta(days=5)
    declared = {
        "upgrade": {
            "slos": "errors",
            "from": f"{bad:%Y-%m-%d %H:%M}",
            "until": f"{bad + timedelta(hours=1):%Y-%m-%d %H:%M}",
            "who": "Ann",
            "why": "The database moved",
        }
    }
    (folder / "vcci.yaml").write_text(a_spec(corrections=declared))
    plan = plan_of(folder / "vcci.yaml")
    database = connect(f"sqlite:///{folder / 'desk.db'}")
    migrate.upgrade(database, "desk")
    told = CorrectionSpec.model_validate(
        declared["upgrade"]
        | {"from": f"{bad + timedelta(hours=1):%Y-%m-%d %H:%M}", "until": f"{bad + timedelta(hours=2):%Y-%m-%d %H:%M}"}
    )
    book = CorrectionBook(plan, database)
    book.add(told, START)
    increments = [
        Increment(
            "errors", at, at + timedelta(minutes=1), 120.0 if bad <= at < bad + timedelta(hours=1) else 0.0, 6000.0
        )
        for at in (START + timedelta(minutes=number) for number in range(6 * 1440))
    ]
    IncrementStore(database).keep(increments, {})
    database.close()
    monkeypatch.setenv("INCIDENT_DATABASE_URL", f"sqlite:///{folder / 'desk.db'}")

    of_desk, of_file = (json.loads(said("backtest", "--json", *options)[0]) for options in ((), ("-f", "history.csv")))

    assert [one["name"] == "upgrade" for one in of_desk["corrections"]] == [True, False]
    assert [one["name"] for one in of_file["corrections"]] == ["upgrade"]
    assert "upgrade (change, by Ann: The database moved) takes 1 hour out of the budget" in of_desk["notes"][0]
    for found in (of_desk, of_file):
        assert found["outcomes"][0]["bad"] == 0
        assert found["outcomes"][0]["counts"]["pages"] == 1
    assert of_desk["outcomes"][0]["total"] == of_desk["outcomes"][0]["observed_seconds"] / 60 * 6000 - 2 * 60 * 6000
