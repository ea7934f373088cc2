"""What is in the way, what only a person can mend, and an account that refuses or is away."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from support.spec_in_pagerduty import NOW, PEOPLE, account_with, carry_out, look, said, spec
from vcci_platform.incidents.oncall.account import CannotAsk, read_account
from vcci_platform.incidents.oncall.applying import NotApplied, apply
from vcci_platform.incidents.oncall.difference import difference, known_ids


def test_people_and_schedules_that_the_account_does_not_have_stand_in_the_way():
    account, _ = account_with("ada@shop.example", "grace@shop.example", "boss@shop.example")

    unset = look(account, spec(), {})
    wrong = look(account, spec(), {"$PD_SECONDARY": "PNOWHERE"})

    assert unset.obstacles == (
        "user owner@shop.example: expected somebody of this address in the account, found nobody",
        "$PD_SECONDARY: expected the id of a schedule in the environment, found nothing",
    )
    assert wrong.obstacles[1] == "$PD_SECONDARY: expected the id of a schedule of the account, found 'PNOWHERE'"


def test_with_an_obstacle_nothing_is_done():
    account, _ = account_with()
    connection = account.connection()
    known = read_account(connection, spec(), {}, "", NOW)

    with pytest.raises(ValueError, match="without obstacles"):
        apply(connection, spec(), known, difference(spec(), known, {}), {}, NOW)
    assert account.writes == []


def test_priorities_are_made_by_people():
    account, given = account_with(priorities=("P1", "P0"))

    assert look(account, spec(), given).notes == (
        "priorities P2, P3 are not in the account: an administrator adds them in its settings",
        "priorities stand in the order P1, P0: P0 must be the most severe",
    )


def test_an_account_without_priorities_is_no_obstacle():
    account, given = account_with()
    account.refuse["GET /priorities"] = httpx2.Response(
        402, json={"error": {"message": "Account does not have the ability"}}
    )

    carry_out(account, spec(), given)

    assert look(account, spec(), given).notes == ("the account has no priorities: incidents show none",)


def test_a_gap_in_a_schedule_of_people_is_told():
    account, given = account_with()
    account.coverage = 97.5

    assert look(account, spec(), given).notes == (
        "schedule $PD_SECONDARY: nobody is on call for 2.5 % of the next 14 days",
    )


def test_a_routing_key_of_another_service_is_told():
    account, given = account_with()
    key = carry_out(account, spec(), given).secrets["PAGERDUTY_ROUTING_KEY"].get_secret_value()

    right = read_account(account.connection(), spec(), given, key, NOW)
    wrong = read_account(account.connection(), spec(), given, "x" * 32, NOW)

    assert difference(spec(), right, given).notes == ()
    assert difference(spec(), wrong, given).notes == (
        "PAGERDUTY_ROUTING_KEY does not open the service Shop: pages go to another one",
    )


def test_a_refusal_stops_where_it_is_and_the_next_time_goes_on_from_there():
    account, given = account_with()
    account.refuse["POST /services"] = httpx2.Response(
        400, json={"error": {"message": "Name is not allowed", "code": 2001}}
    )

    with pytest.raises(NotApplied, match=r"create service Shop: expected PagerDuty to take it, found 400: Name is not"):
        carry_out(account, spec(), given)
    account.refuse.clear()
    rest = carry_out(account, spec(), given)

    assert said(rest.done)[0] == "create service Shop"
    assert len(account.things["escalation_policies"]) == 5
    assert look(account, spec(), given).changes == ()


def test_a_secret_is_kept_before_anything_later_can_fail():
    """PagerDuty never tells it again."""
    account, given = account_with()
    account.add("escalation_policies", {"name": "Old", "description": "[vcci:shop:policy:P9]", "escalation_rules": []})
    (old,) = account.things["escalation_policies"]
    account.refuse[f"DELETE /escalation_policies/{old}"] = httpx2.Response(500, json={"error": {"message": "Oops"}})
    connection = account.connection()
    known = read_account(connection, spec(), given, "", NOW)
    found, kept = difference(spec(), known, given), dict[str, Any]()

    with pytest.raises(NotApplied, match=r"delete policy Old.*it may have been made all the same"):
        apply(connection, spec(), known, found, known_ids(spec(), known, given), NOW, keep=kept.update)

    assert set(kept) == {"PAGERDUTY_ROUTING_KEY", "PAGERDUTY_WEBHOOK_SECRETS"}


def test_two_things_with_one_marker_are_an_obstacle():
    account, given = account_with()
    carry_out(account, spec(), given)
    account.add("escalation_policies", account.one("escalation_policies", "shop P0") | {"name": "Copy"})

    (obstacle,) = look(account, spec(), given).obstacles

    found = obstacle.removeprefix("escalation policy shop P0: expected one with [vcci:shop:policy:P0], found ")
    assert [each.partition(" (PESC")[0] for each in found.split(", ")] == ["shop P0", "Copy"]


def test_a_silent_pagerduty_is_no_difference():
    account, given = account_with()
    account.refuse["GET /services"] = httpx2.Response(429, headers={"ratelimit-reset": "17"})

    with pytest.raises(CannotAsk, match="ask again in 17 s"):
        look(account, spec(), given)


def test_an_account_of_many_pages_is_read_whole():
    account, given = account_with()
    for number in range(230):
        account.add("users", {"name": f"Other {number}", "email": f"other-{number}@shop.example"})
        account.add("escalation_policies", {"name": f"Other {number}", "escalation_rules": []})
    carry_out(account, spec(), given)
    account.writes.clear()

    again = look(account, spec(), given)

    assert (again.changes, again.obstacles, account.writes) == ((), (), [])


def test_of_two_schedules_of_one_name_none_is_taken_over():
    """PagerDuty takes a name of a schedule twice; the first one that it listed was taken over."""
    account, given = account_with()
    made = [
        account.add("schedules", {"name": "shop crew.primary", "time_zone": "UTC", "schedule_layers": []})
        for _ in range(2)
    ]

    (obstacle,) = look(account, spec(), given, adopt=True).obstacles

    assert obstacle.startswith(f"schedule shop crew.primary: several of this name exist ({', '.join(made)})")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "is PAGERDUTY_API_TOKEN a key of this account, and PAGERDUTY_API_URL of its region"),
        (403, "PAGERDUTY_API_TOKEN lacks the right to it"),
    ],
)
def test_a_token_that_is_wrong_or_weak_is_told_with_what_to_look_at(status, words):
    account, given = account_with()
    account.refuse["GET /users"] = httpx2.Response(status, json={"error": {"message": "No"}})

    with pytest.raises(CannotAsk, match=words) as told:
        look(account, spec(), given)

    assert told.value.exit_code == 2


def test_a_token_that_may_only_read_changes_nothing_and_says_why():
    account, given = account_with()
    account.refuse["POST /schedules"] = httpx2.Response(403, json={"error": {"message": "Access Denied"}})

    with pytest.raises(
        NotApplied, match=r"403: Access Denied; PAGERDUTY_API_TOKEN lacks the right.*0 changes were made"
    ):
        carry_out(account, spec(), given)

    assert account.writes == []


def test_a_rate_that_is_used_up_in_the_middle_is_told_and_the_next_apply_finishes():
    account, given = account_with()
    account.refuse["POST /services"] = httpx2.Response(429, headers={"ratelimit-reset": "17"})

    with pytest.raises(NotApplied, match=r"create service Shop: .*; ask again in 17 s\. 6 changes were made before"):
        carry_out(account, spec(), given)
    account.refuse.clear()
    rest = carry_out(account, spec(), given)

    assert said(rest.done)[0] == "create service Shop"
    assert look(account, spec(), given).changes == ()


def test_a_team_that_was_renamed_gets_schedules_of_its_own_and_the_old_ones_go_last():
    account, given = account_with()
    carry_out(account, spec(), given)
    levels = {"1": ["watch.primary"], "2": ["watch.secondary", "boss"], "3": ["owner"]}
    renamed = spec(on_call={"watch": PEOPLE["on_call"]["crew"]}, escalation=PEOPLE["escalation"] | {"levels": levels})

    done = said(carry_out(account, renamed, given).done)

    assert (done[0], done[-1]) == ("create schedule shop watch.primary", "delete schedule shop crew.primary")
    assert look(account, renamed, given).changes == ()


def test_a_policy_that_another_service_follows_stays_and_everything_else_is_done():
    account, given = account_with()
    carry_out(account, spec(), given)
    kept = account.one("escalation_policies", "shop level 3")["id"]
    other = {"name": "Billing", "escalation_policy": {"id": kept, "type": "escalation_policy_reference"}}
    account.add("services", other)
    fewer = spec(
        escalation={
            "levels": {"1": ["crew.primary"], "2": ["crew.secondary", "boss"]},
            "unacknowledged": {"P0": {"5m": 2}, "P1": {"15m": 2}},
        }
    )

    with pytest.raises(NotApplied, match=r"delete policy shop level 3: .*is used by Billing\. 1 changes were made"):
        carry_out(account, fewer, given)

    assert said(look(account, fewer, given).changes) == ["delete policy shop level 3"]


def test_who_left_the_account_stands_in_the_way_by_their_address():
    account, given = account_with()
    carry_out(account, spec(), given)
    gone = next(each for each, user in account.things["users"].items() if user["email"] == "grace@shop.example")
    del account.things["users"][gone]

    found = look(account, spec(), given)

    assert found.obstacles == (
        "user grace@shop.example: expected somebody of this address in the account, found nobody",
    )


def test_a_sender_who_is_nobody_is_told_before_anything_is_done_in_that_name():
    account, given = account_with()
    connection = account.connection()
    connection.sender = "nobody@shop.example"

    known = read_account(connection, spec(), given, "", NOW)

    (note,) = (one for one in difference(spec(), known, given).notes if "PAGERDUTY_FROM" in one)
    assert note.startswith("PAGERDUTY_FROM: nobody in the account has the address nobody@shop.example")


def test_what_was_deleted_between_plan_and_apply_stops_the_apply_and_the_next_one_mends_it():
    account, given = account_with()
    carry_out(account, spec(), given)
    policy = account.one("escalation_policies", "shop P1")
    policy["num_loops"] = 2
    connection = account.connection()
    known = read_account(connection, spec(), given, "", NOW)
    found = difference(spec(), known, given)
    del account.things["escalation_policies"][policy["id"]]

    with pytest.raises(NotApplied, match=r"update policy shop P1: .*404"):
        apply(connection, spec(), known, found, known_ids(spec(), known, given), NOW)
    carry_out(account, spec(), given)

    assert look(account, spec(), given).changes == ()
