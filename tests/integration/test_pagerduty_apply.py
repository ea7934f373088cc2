"""`vcci pagerduty` against the sandbox over TLS: an account is made what the spec says, whatever people do to it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from vcci_platform import sandbox
from vcci_platform.cli import pagerduty
from vcci_platform.cli.sandbox import furnisher_of
from vcci_platform.sandbox import PAGERDUTY_API_KEY
from vcci_platform.sandbox.faults import Fault
from vcci_platform.settings import Settings
from vcci_slo.testing import a_spec

SPEC: dict[str, Any] = {
    "metadata__title": "Shop",
    "links__desk": "http://127.0.0.1:9",
    "calendar": {"timezone": "America/New_York"},
    "contacts": {"manager": {"mail": "cleo@sandbox.test"}, "director": {"mail": "dora@sandbox.test"}},
    "on_call": {
        "crew": {
            "shift": "1w",
            "starts": "2026-01-05",
            "primary": {"pagerduty_schedule": "$PD_PRIMARY"},
            "secondary": {"members": ["ben@sandbox.test", "ada@sandbox.test"]},
        }
    },
    "escalation": {
        "levels": {"1": ["crew.primary"], "2": ["crew.secondary", "manager"], "3": ["director"]},
        "unacknowledged": {"P0": {"5m": 2, "15m": 3}, "P1": {"15m": 2}},
    },
}
MEMBER = {"user": {"id": "PUSER05", "type": "user_reference"}}
LAYER = {
    "start": "2026-11-02T09:00:00-05:00",
    "rotation_virtual_start": "2026-11-02T09:00:00-05:00",
    "rotation_turn_length_seconds": 86_400,
    "users": [MEMBER],
}
RULE = {"escalation_delay_in_minutes": 25, "targets": [MEMBER["user"]]}


class Account:
    """The account as a person changes it by hand, through the same API."""

    def __init__(self, state: sandbox.Sandbox, url: str, authority: Path) -> None:
        self.state = state
        headers = {
            "Authorization": f"Token token={PAGERDUTY_API_KEY}",
            "Accept": "application/vnd.pagerduty+json;version=2",
            "From": "ada@sandbox.test",
        }
        self.http = httpx.Client(
            base_url=url, headers=headers, verify=ssl.create_default_context(cafile=str(authority))
        )

    def id(self, many: str, name: str = "shop") -> str:
        found = self.http.get(f"/{many}").json()[many]
        return next(each["id"] for each in found if name in str((each.get("name"), each.get("description"))))

    def put(self, path: str, **body: Any) -> None:
        answer = self.http.put(path, json=body)
        assert answer.status_code == 200, answer.text

    def rules(self, change: Callable[[dict[str, Any]], None]) -> None:
        path = f"/event_orchestrations/services/{self.id('services', 'Shop')}"
        body = self.http.get(path).json()
        change(body["orchestration_path"])
        self.put(path, **body)

    def switch_rules(self, *, active: bool) -> None:
        self.put(f"/event_orchestrations/services/{self.id('services', 'Shop')}/active", active=active)

    def service(self, **fields: Any) -> None:
        self.put(f"/services/{self.id('services', 'Shop')}", service=fields)

    def policy(self, **fields: Any) -> None:
        self.put(f"/escalation_policies/{self.id('escalation_policies', 'shop P0')}", escalation_policy=fields)

    def schedule(self, **fields: Any) -> None:
        whole = {"time_zone": "America/New_York", **fields}
        self.put(f"/schedules/{self.id('schedules')}", schedule=whole)

    def subscription(self, **fields: Any) -> None:
        self.put(f"/webhook_subscriptions/{self.id('webhook_subscriptions')}", webhook_subscription=fields)

    def opens(self, key: str, severity: str) -> dict[str, Any]:
        """Page the service under the key that `apply` was told, and return the incident."""
        payload = {"summary": "eleven", "source": "desk", "severity": severity}
        event = {"routing_key": key, "event_action": "trigger", "dedup_key": f"key-{severity}", "payload": payload}
        assert self.http.post("/v2/enqueue", json=event).status_code == 202
        query = {"incident_key": f"key-{severity}"}
        (found,) = self.http.get("/incidents", params=query).json()["incidents"]
        return dict(found)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    settings = Settings(home=tmp_path / "home", sandbox_port=0, sandbox_tls_port=0)
    with sandbox.running(settings) as (addresses, state):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("VCCI_HOME", str(settings.home))
        monkeypatch.setenv("VCCI_SANDBOX_TLS_PORT", str(addresses.tls_port))
        monkeypatch.setenv("PD_PRIMARY", "PSCHED1")
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.delenv("PAGERDUTY_ROUTING_KEY", raising=False)
        found = Account(state, addresses.pagerduty, addresses.certificate_authority)
        yield found
        found.http.close()


@pytest.fixture
def vcci(tmp_path: Path) -> Callable[..., Result]:
    def run(*arguments: str, **changes: Any) -> Result:
        (tmp_path / "vcci.yaml").write_text(a_spec(**SPEC | changes), encoding="utf-8")
        return CliRunner().invoke(pagerduty.app, [*arguments, "--sandbox"])

    return run


Drift = tuple[Callable[[Account], object], str]
"""What a person does by hand, and the words of the plan that tell of it."""

ONE: tuple[Drift, ...] = (
    (
        lambda account: account.policy(name="shop P0 tuned", num_loops=2, escalation_rules=[RULE]),
        "name: shop P0 instead of shop P0 tuned",
    ),
    (
        lambda account: account.schedule(
            schedule_layers=[{**LAYER, "id": f"{account.id('schedules')}1"}], time_zone="Europe/Berlin"
        ),
        "time zone: America/New_York instead of Europe/Berlin",
    ),
    (
        lambda account: account.service(acknowledgement_timeout=1800, auto_resolve_timeout=14_400, status="disabled"),
        "enabled: yes instead of no",
    ),
    (lambda account: account.switch_rules(active=False), "active: yes instead of no"),
    (
        lambda account: account.rules(
            lambda path: path["sets"][0]["rules"][0]["actions"].update(escalation_policy="PPOLICY")
        ),
        "policy vcci on-call (PPOLICY), priority P0",
    ),
    (lambda account: account.subscription(events=["incident.triggered"]), "+ incident.acknowledged"),
)
TWO: tuple[Drift, ...] = (
    (
        lambda account: account.policy(
            escalation_rules=[{**RULE, "escalation_rule_assignment_strategy": "round_robin"}]
        ),
        "for 25 minutes, only one of them in turn",
    ),
    (
        lambda account: account.schedule(schedule_layers=[LAYER]),
        "turns: Ben Secondary (PUSER02), Ada Primary (PUSER01)",
    ),
    (
        lambda account: account.service(
            escalation_policy={"id": "PPOLICY", "type": "escalation_policy_reference"},
            incident_urgency_rule={"type": "constant", "urgency": "low"},
        ),
        "urgency: severity_based instead of low",
    ),
    (
        lambda account: account.rules(lambda path: path["sets"][0]["rules"][1]["actions"].update(suppress=True)),
        "suppress True",
    ),
    (lambda account: account.rules(lambda path: path["sets"][0]["rules"][0].update(disabled=True)), ", disabled"),
    (
        lambda account: account.rules(lambda path: path["catch_all"]["actions"].update(suppress=True)),
        "- everything else: suppress True",
    ),
    (lambda account: account.subscription(active=False), "active: yes instead of no"),
)
THREE: tuple[Drift, ...] = (
    (
        lambda account: account.rules(lambda path: path.update(sets=[{"id": "start", "rules": []}])),
        "+ event rules of Shop",
    ),
    (
        lambda account: account.http.delete(f"/webhook_subscriptions/{account.id('webhook_subscriptions')}"),
        "+ webhook subscription",
    ),
)


def test_an_account_is_made_what_the_spec_says_and_then_there_is_nothing_to_do(
    account: Account, vcci: Callable[..., Result]
) -> None:
    steps = [vcci(*words) for words in (["plan"], ["apply", "--yes"], ["plan"], ["apply", "--yes"])]

    assert [step.exit_code for step in steps] == [1, 0, 0, 0], [step.output for step in steps]
    made = re.search(r"^(\d+) to create\.$", steps[0].output, re.MULTILINE)
    assert made is not None, steps[0].output
    assert f"Done: {made[1]} created." in steps[1].output
    assert steps[2].output == steps[3].output == "Nothing to do.\n"


@pytest.mark.parametrize("drifts", [ONE, TWO, THREE], ids=["one", "two", "three"])
def test_what_people_change_by_hand_is_shown_and_mended(
    account: Account, vcci: Callable[..., Result], drifts: tuple[Drift, ...]
) -> None:
    vcci("apply", "--yes")

    for drift, _ in drifts:
        drift(account)
    planned, applied, again = vcci("plan"), vcci("apply", "--yes"), vcci("plan")

    assert planned.exit_code == 1
    assert [words for _, words in drifts if words not in planned.output] == [], planned.output
    assert (applied.exit_code, again.output) == (0, "Nothing to do.\n"), applied.output


def test_a_thing_that_lost_its_mark_is_in_the_way_until_it_is_taken_over(
    account: Account, vcci: Callable[..., Result]
) -> None:
    vcci("apply", "--yes")
    account.policy(description="ours now")

    planned, refused, taken = vcci("plan"), vcci("apply", "--yes"), vcci("apply", "--yes", "--adopt")

    assert "In the way: escalation policy shop P0: one of this name exists" in planned.output
    assert (planned.exit_code, refused.exit_code, taken.exit_code) == (1, 1, 0)
    assert vcci("plan").output == "Nothing to do.\n"


def test_a_page_follows_the_policy_and_priority_of_its_severity(
    account: Account, vcci: Callable[..., Result], tmp_path: Path
) -> None:
    assert vcci("apply", "--yes").exit_code == 0
    kept = (tmp_path / "home" / "pagerduty.env").read_text(encoding="utf-8")
    key = dict(line.split("=", 1) for line in kept.splitlines())["PAGERDUTY_ROUTING_KEY"]

    found = [account.opens(key, severity) for severity in ("critical", "error", "warning", "info")]

    assert [
        (each["escalation_policy"]["summary"], each.get("priority", {}).get("name"), each["urgency"]) for each in found
    ] == [("shop P0", "P0", "high"), ("shop P1", "P1", "high"), ("shop P2", "P2", "low"), ("shop P0", None, "low")]


def test_what_is_in_the_spec_no_more_is_deleted_and_nothing_else(account: Account, vcci: Callable[..., Result]) -> None:
    vcci("apply", "--yes")
    fewer = {**SPEC["on_call"]["crew"], "secondary": {"pagerduty_schedule": "$PD_PRIMARY"}}

    planned = vcci("plan", on_call={"crew": fewer})
    applied = vcci("apply", "--yes", on_call={"crew": fewer})

    assert "- schedule shop crew.secondary" in planned.output
    assert applied.exit_code == 0, applied.output
    assert vcci("plan", on_call={"crew": fewer}).output == "Nothing to do.\n"
    assert len(account.http.get("/schedules").json()["schedules"]) == 2


def test_an_account_whose_plan_does_less_says_so(account: Account, vcci: Callable[..., Result]) -> None:
    account.state.limit_plan(["escalation_policy"])
    warned = vcci("apply", "--yes")
    account.state.faults.set(Fault(target="pagerduty", kind="orchestration", status=402, count=1))
    without = vcci("plan")

    assert warned.exit_code == 0
    assert "Note: PagerDuty warns: This rule uses Escalation Policy, which is an action not available" in warned.output
    assert "every page follows the policy of the service, the most urgent one" in warned.output
    assert "the account has no event orchestration: every page follows the policy shop P0" in without.output


def test_right_after_the_platform_has_started_there_is_nothing_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A declared breach was paged anew and mailed until somebody had run `apply`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    settings = Settings(home=tmp_path / "home", sandbox_port=0, sandbox_tls_port=0)
    monkeypatch.setenv("VCCI_HOME", str(settings.home))
    state = sandbox.Sandbox(furnish=furnisher_of(settings))
    with sandbox.running(settings, sandbox=state) as (addresses, _):
        monkeypatch.setenv("VCCI_SANDBOX_TLS_PORT", str(addresses.tls_port))
        planned = CliRunner().invoke(pagerduty.app, ["plan", "--sandbox"])

    assert (planned.exit_code, planned.output) == (0, "Nothing to do.\n")


def test_what_changes_while_the_question_stands_is_not_written_over(
    account: Account, vcci: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    vcci("apply", "--yes")
    account.policy(num_loops=2)

    def somebody_else_is_faster(*_said: object, **_how: object) -> bool:
        account.policy(num_loops=3)
        return True

    monkeypatch.setattr("typer.confirm", somebody_else_is_faster)
    refused = vcci("apply")

    assert isinstance(refused.exception, pagerduty.ChangedMeanwhile), refused.output
    assert refused.exception.exit_code == 1
    assert "rounds: 9 instead of 3" in vcci("plan").output
