"""The same against the sandbox, which checks each request as PagerDuty does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from support.sandboxed_pagerduty import SandboxTransport
from vcci_platform.cli import pagerduty
from vcci_platform.incidents.oncall import place
from vcci_platform.incidents.vendors.pagerduty_connection import Answered, Connection
from vcci_platform.incidents.vendors.pagerduty_rest import PagerDutyRest
from vcci_platform.sandbox import constants
from vcci_platform.testing import ManualClock
from vcci_slo.load import load_plan
from vcci_slo.oncall import shift_at, whose_turn
from vcci_slo.testing import a_spec

PEOPLE: dict[str, Any] = {
    "metadata__title": "Shop",
    "links__desk": "http://127.0.0.1:8010",
    "calendar": {"timezone": "America/New_York"},
    "contacts": {
        "manager": {"mail": "cleo@sandbox.test"},
        "director": {"mail": "dora@sandbox.test"},
        "cto": {"mail": "emil@sandbox.test"},
    },
    "on_call": {
        "crew": {
            "shift": "1w",
            "starts": "2026-01-05",
            "primary": {"pagerduty_schedule": "$PD_PRIMARY"},
            "secondary": {"members": ["ben@sandbox.test", "ada@sandbox.test"]},
        }
    },
    "escalation": {
        "levels": {"1": ["crew.primary"], "2": ["crew.secondary", "manager"], "3": ["director", "cto"]},
        "unacknowledged": {"P0": {"5m": 2, "15m": 3}, "P1": {"15m": 2}},
    },
}


@pytest.fixture
def vcci(tmp_path, monkeypatch):
    """Run `vcci pagerduty` in an empty folder with a spec, against one sandbox."""
    transport = SandboxTransport()

    def connect(settings, clock, *, sandbox=False):
        assert sandbox
        return Connection(place.SANDBOX_API_TOKEN, clock, sender=place.SANDBOX_FROM, transport=transport)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PD_PRIMARY", "PSCHED1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(pagerduty, "connect", connect)

    def run(*arguments: str, **changes: Any):
        (tmp_path / "vcci.yaml").write_text(a_spec(**PEOPLE | changes), encoding="utf-8")
        return CliRunner().invoke(pagerduty.app, [*arguments, "--sandbox"], catch_exceptions=False)

    return run


def test_the_sandbox_and_its_clients_agree_on_its_token_and_user():
    assert place.SANDBOX_API_TOKEN == constants.PAGERDUTY_API_KEY
    assert place.SANDBOX_FROM == constants.PAGERDUTY_FROM


def test_plan_apply_and_then_nothing(vcci, tmp_path):
    first, done, again, nothing = vcci("plan"), vcci("apply", "--yes"), vcci("plan"), vcci("apply", "--yes")

    assert [result.exit_code for result in (first, done, again, nothing)] == [1, 0, 0, 0], done.output
    assert "+ escalation policy shop P0\n" in first.output
    assert "      + rule 1: schedule Primary on-call (PSCHED1) for 5 minutes\n" in first.output
    second = "rule 2: schedule <new schedule crew.secondary>, user Cleo Manager (PUSER03) for 10 minutes"
    assert f"      + {second}\n" in first.output
    assert "10 to create.\n" in first.output
    assert again.output == "Nothing to do.\n"
    kept = (tmp_path / ".vcci" / "pagerduty.env").read_text(encoding="utf-8")
    assert {line.partition("=")[0] for line in kept.splitlines()} == {
        "PAGERDUTY_ROUTING_KEY",
        "PAGERDUTY_WEBHOOK_SECRETS",
    }
    assert (tmp_path / ".vcci" / "pagerduty.env").stat().st_mode & 0o077 == 0
    for line in kept.splitlines():
        assert line.partition("=")[2] not in done.output


def test_json_says_the_same(vcci):
    planned = json.loads(vcci("plan", "--json").output)
    applied = json.loads(vcci("apply", "--yes", "--json").stdout)

    kinds = [change["kind"] for change in planned["changes"]]
    assert kinds == ["schedule", *["policy"] * 5, "service", "integration", "routing", "subscription"]
    assert applied["done"][0]["name"] == "shop crew.secondary"
    assert "PAGERDUTY_ROUTING_KEY" in applied["secrets"]


def test_nothing_is_changed_without_a_yes(vcci):
    refused = vcci("apply")

    assert refused.exit_code == 1
    assert vcci("plan").exit_code == 1


def test_what_is_in_the_way_is_told_and_nothing_is_done(vcci, monkeypatch):
    monkeypatch.setenv("PD_PRIMARY", "PNOBODY")

    planned, applied = vcci("plan"), vcci("apply", "--yes")

    assert (planned.exit_code, applied.exit_code) == (1, 1)
    assert "Nothing can be changed while" in planned.output
    assert "In the way: $PD_PRIMARY: expected the id of a schedule of the account, found 'PNOBODY'" in planned.output


def test_who_rings_at_a_level_is_what_the_spec_says(vcci):
    """The spec in the words of a person, and the account in those of PagerDuty."""
    vcci("apply", "--yes")
    changed = vcci(
        "plan", escalation=PEOPLE["escalation"] | {"unacknowledged": {"P0": {"5m": 2, "20m": 3}, "P1": {"15m": 2}}}
    )

    assert changed.exit_code == 1
    assert "~ escalation policy shop P0" in changed.output
    assert "for 10 minutes\n      + rule 2" in changed.output
    assert "for 15 minutes" in changed.output
    assert "rule 1" not in changed.output


def test_a_spec_that_names_nobody_is_refused(vcci):
    from vcci_platform.cli.pagerduty import NothingToCompile

    with pytest.raises(NothingToCompile, match=r"expected escalation\.levels with a level 1"):
        vcci("plan", escalation=None)


def test_without_a_token_the_account_is_not_guessed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAGERDUTY_API_TOKEN", raising=False)
    spec = yaml.safe_load(a_spec(**PEOPLE))
    (tmp_path / "vcci.yaml").write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")

    with pytest.raises(place.NoAccount, match="PAGERDUTY_API_TOKEN: expected a key"):
        CliRunner().invoke(pagerduty.app, ["plan"], catch_exceptions=False)


def test_the_schedule_that_is_made_has_the_turns_that_the_spec_computes(vcci, tmp_path):
    """Hour by hour around both changes of clocks of a year, and at each handoff between them."""
    vcci("apply", "--yes")
    plan = load_plan(a_spec(**PEOPLE))
    (rota,) = plan.on_call
    rest = PagerDutyRest(pagerduty.connect(None, ManualClock(), sandbox=True))
    schedules = rest.connection.every("/schedules", "schedules")
    assert isinstance(schedules, Answered)
    made = next(str(one["id"]) for one in schedules.value if one["name"] == "shop crew.secondary")
    people = {"ada@sandbox.test": "Ada Primary", "ben@sandbox.test": "Ben Secondary"}
    year = [
        datetime(2026, 1, 6, 13, 30, tzinfo=UTC) + timedelta(weeks=week, hours=half)
        for week in range(53)
        for half in (0, 143)
    ]
    days = [datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC)]
    hours = [day + timedelta(hours=hour, minutes=30) for day in days for hour in range(64)]

    for moment in (*year, *hours):
        shift = shift_at(rota, plan.calendar.timezone, moment)
        told = rest.oncalls(schedule_ids=[made], since=moment, until=moment + timedelta(seconds=1))
        assert isinstance(told, Answered)
        assert {one.user for one in told.value} == {people[whose_turn(rota, "secondary", shift)]}, moment
