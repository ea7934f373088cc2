"""A new sandbox has what the spec compiles to, as `vcci pagerduty apply` would have made it."""

from __future__ import annotations

from pathlib import Path

from support.sandboxed_pagerduty import SandboxTransport
from vcci_alerts.pagerduty import Wanted, wanted
from vcci_platform.incidents.oncall.account import read_account, variables
from vcci_platform.incidents.oncall.difference import Difference, difference
from vcci_platform.incidents.oncall.place import given_schedules
from vcci_platform.incidents.vendors.pagerduty_connection import Connection
from vcci_platform.sandbox.constants import PAGERDUTY_API_KEY, PAGERDUTY_FROM, ROUTING_KEY
from vcci_platform.sandbox.furnishing import furnisher, reachable
from vcci_platform.sandbox.pagerduty.forms import EventForm
from vcci_platform.sandbox.state import Sandbox
from vcci_platform.shipped import shipped
from vcci_platform.specs import plan_of
from vcci_slo import Plan


def shipped_plan() -> Plan:
    return plan_of(shipped("spec"))


def wish(plan: Plan) -> Wanted:
    found = wanted(plan)
    assert found is not None
    return reachable(found)


def furnished(journal: Path | None = None) -> Sandbox:
    plan = shipped_plan()
    given = given_schedules(variables(wish(plan)), plan, sandbox=True)
    return Sandbox(journal=journal, furnish=furnisher(wish(plan), given))


def looked_at(sandbox: Sandbox) -> Difference:
    plan = shipped_plan()
    given = given_schedules(variables(wish(plan)), plan, sandbox=True)
    connection = Connection(
        PAGERDUTY_API_KEY, sandbox.clock, sender=PAGERDUTY_FROM, transport=SandboxTransport(sandbox)
    )
    account = read_account(connection, wish(plan), given, ROUTING_KEY, sandbox.clock.now())
    return difference(wish(plan), account, given)


def test_a_new_sandbox_has_what_the_spec_compiles_to_and_there_is_nothing_to_do() -> None:
    """Until somebody ran `apply`, a declared breach found no policy of its level, was paged anew and mailed."""
    sandbox = furnished()

    found = looked_at(sandbox)

    assert (found.changes, found.obstacles) == ((), ())
    names = {policy.form.name for policy in sandbox.pagerduty.account.policies}
    assert names >= {"vcci P0", "vcci P1", "vcci level 2", "vcci level 4"}


def test_a_page_under_the_first_key_follows_the_policy_of_its_severity() -> None:
    sandbox = furnished()

    payload = {"summary": "eleven", "source": "desk", "severity": "error"}
    event = {"routing_key": ROUTING_KEY, "event_action": "trigger", "dedup_key": "key-11", "payload": payload}
    sandbox.take_event(EventForm.model_validate(event))

    (incident,) = sandbox.pagerduty.incidents
    assert sandbox.pagerduty.account.policies[incident.policy_id].form.name == "vcci P1"


def test_a_restart_finds_what_was_there_and_what_people_changed_since(tmp_path: Path) -> None:
    first = furnished(tmp_path / "journal")
    before = [policy.id for policy in first.pagerduty.account.policies]

    again = furnished(tmp_path / "journal")

    assert [policy.id for policy in again.pagerduty.account.policies] == before
    assert looked_at(again).changes == ()


def test_who_forgets_everything_gets_an_account_as_new_as_the_first(tmp_path: Path) -> None:
    sandbox = furnished(tmp_path / "journal")

    sandbox.clear()

    assert looked_at(sandbox).changes == ()


def test_what_is_in_the_way_is_told_and_the_account_stays_as_it_was() -> None:
    told: list[str] = []

    sandbox = Sandbox(furnish=furnisher(wish(shipped_plan()), {}, told.append))

    assert [obstacle.partition(":")[0] for obstacle in told] == ["$PD_PRIMARY", "$PD_SECONDARY"]
    assert [policy.form.name for policy in sandbox.pagerduty.account.policies] == ["vcci on-call"]
