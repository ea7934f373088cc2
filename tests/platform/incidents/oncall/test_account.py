"""An empty account gets what the spec says, once."""

from __future__ import annotations

from support.spec_in_pagerduty import account_with, carry_out, look, said, spec


def test_an_empty_account_gets_everything_in_an_order_that_works():
    account, given = account_with()

    applied = carry_out(account, spec(), given)

    assert said(applied.done) == [
        "create schedule shop crew.primary",
        "create policy shop P0",
        "create policy shop P1",
        "create policy shop P2",
        "create policy shop level 2",
        "create policy shop level 3",
        "create service Shop",
        "create integration shop desk and Alertmanager",
        "create routing Shop",
        "create subscription https://desk.shop.example/v1/hooks/pagerduty",
    ]
    policy = account.one("escalation_policies", "shop P0")
    users = {user["email"]: user["id"] for user in account.things["users"].values()}
    schedule = account.one("schedules", "shop crew.primary")
    assert [
        (rule["escalation_delay_in_minutes"], [target["id"] for target in rule["targets"]])
        for rule in policy["escalation_rules"]
    ] == [
        (5, [schedule["id"]]),
        (10, [given["$PD_SECONDARY"], users["boss@shop.example"]]),
        (30, [users["owner@shop.example"]]),
    ]
    assert schedule["schedule_layers"][0]["rotation_virtual_start"] == "2026-03-09T09:00:00+00:00"
    service = account.one("services", "Shop")
    assert (service["acknowledgement_timeout"], service["auto_resolve_timeout"]) == (None, None)
    assert service["escalation_policy"]["id"] == policy["id"]
    assert "[vcci:shop:service:main]" in service["description"]


def test_a_second_time_there_is_nothing_to_do():
    account, given = account_with()
    carry_out(account, spec(), given)
    account.writes.clear()

    again = look(account, spec(), given)
    carry_out(account, spec(), given)

    assert (again.changes, again.obstacles, account.writes) == ((), (), [])


def test_what_pagerduty_tells_once_is_handed_over_and_hidden():
    account, given = account_with()

    secrets = carry_out(account, spec(), given).secrets

    assert secrets["PAGERDUTY_WEBHOOK_SECRETS"].get_secret_value().startswith("secret-of-PWEB")
    assert secrets["PAGERDUTY_ROUTING_KEY"].get_secret_value().startswith("key0")
    assert "secret-of" not in repr(secrets)
    assert carry_out(account, spec(), given).secrets == {}


def test_each_severity_follows_its_own_policy():
    account, given = account_with()
    carry_out(account, spec(), given)

    (routing,) = account.routing.values()

    ids = {policy["name"]: policy["id"] for policy in account.things["escalation_policies"].values()}
    assert routing["active"] is True
    assert [
        (rule["conditions"][0]["expression"], rule["actions"]["escalation_policy"], rule["actions"]["priority"])
        for rule in routing["sets"][0]["rules"]
    ] == [
        ("event.severity matches 'critical'", ids["shop P0"], "PPRIOP0"),
        ("event.severity matches 'error'", ids["shop P1"], "PPRIOP1"),
        ("event.severity matches 'warning'", ids["shop P2"], "PPRIOP2"),
    ]


def test_an_account_without_event_rules_follows_the_most_urgent_policy_and_says_so():
    account, given = account_with(orchestration=False)

    applied = carry_out(account, spec(), given)
    again = look(account, spec(), given)

    assert applied.notes == ("the account has no event orchestration: every page follows the policy of the service",)
    assert again.changes == ()
    assert again.notes == (
        "the account has no event orchestration: every page follows the policy shop P0, the most urgent one",
    )
