"""What people or the spec change is brought together again, and nothing of other people's is touched."""

from __future__ import annotations

import pytest

from support.spec_in_pagerduty import NOW, PEOPLE, account_with, carry_out, look, said, spec


@pytest.mark.parametrize(
    ("collection", "name", "edit", "expected"),
    [
        ("services", "Shop", {"acknowledgement_timeout": 1800}, [("acknowledgement_timeout", "1800", "off")]),
        ("services", "Shop", {"auto_resolve_timeout": 14400}, [("auto_resolve_timeout", "14400", "off")]),
        ("escalation_policies", "shop P0", {"num_loops": 0}, [("rounds", "0", "9")]),
        ("escalation_policies", "shop P0", {"name": "Renamed"}, [("name", "Renamed", "shop P0")]),
        ("schedules", "shop crew.primary", {"time_zone": "Europe/Berlin"}, [("time_zone", "Europe/Berlin", "UTC")]),
    ],
)
def test_what_people_change_by_hand_is_shown_and_put_back(collection, name, edit, expected):
    account, given = account_with()
    carry_out(account, spec(), given)
    account.one(collection, name).update(edit)

    found = look(account, spec(), given)
    carry_out(account, spec(), given)

    (change,) = found.changes
    assert change.action == "update"
    assert [(field.name, field.was, field.becomes) for field in change.fields] == expected
    assert look(account, spec(), given).changes == ()


def test_a_change_of_the_spec_changes_what_follows_from_it():
    account, given = account_with()
    carry_out(account, spec(), given)
    steps = PEOPLE["escalation"] | {"unacknowledged": {"P0": {"7m": 2, "15m": 3}, "P1": {"15m": 2}}}

    (change,) = look(account, spec(escalation=steps), given).changes

    (field,) = change.fields
    assert (change.action, change.name, field.name) == ("update", "shop P0", "rules")
    assert "for 7 minutes" in field.becomes
    assert "user Boss (PUSE003)" in field.becomes


def test_members_in_another_order_keep_the_layer_and_change_its_turns():
    account, given = account_with()
    carry_out(account, spec(), given)
    layer_id = account.one("schedules", "shop crew.primary")["schedule_layers"][0]["id"]
    line = {"members": ["grace@shop.example", "ada@shop.example"]}
    turned = spec(on_call={"crew": PEOPLE["on_call"]["crew"] | {"primary": line}})

    carry_out(account, turned, given)

    (layer,) = account.one("schedules", "shop crew.primary")["schedule_layers"]
    assert layer["id"] == layer_id
    assert [each["user"]["id"] for each in layer["users"]] == ["PUSE002", "PUSE001"]
    assert look(account, turned, given).changes == ()


def test_a_layer_that_somebody_added_is_ended_and_stays_in_the_history():
    account, given = account_with()
    carry_out(account, spec(), given)
    schedule = account.one("schedules", "shop crew.primary")
    schedule["schedule_layers"].append(schedule["schedule_layers"][0] | {"id": "PEXTRA1"})

    carry_out(account, spec(), given)

    kept = account.one("schedules", "shop crew.primary")["schedule_layers"]
    assert [(layer["id"], layer.get("end")) for layer in kept] == [(kept[0]["id"], None), ("PEXTRA1", NOW.isoformat())]
    assert look(account, spec(), given).changes == ()


def test_what_the_spec_no_longer_has_goes_and_what_others_made_stays():
    account, given = account_with()
    carry_out(account, spec(), given)
    account.add(
        "escalation_policies", {"name": "Theirs", "description": "[vcci:other:policy:P0]", "escalation_rules": []}
    )
    rota = {"crew": PEOPLE["on_call"]["crew"] | {"primary": {"pagerduty_schedule": "$PD_SECONDARY"}}}
    fewer = spec(on_call=rota, links__desk=None)

    applied = carry_out(account, fewer, given)

    assert said(applied.done)[-2:] == [
        "delete subscription https://desk.shop.example/v1/hooks/pagerduty",
        "delete schedule shop crew.primary",
    ]
    assert account.one("escalation_policies", "Theirs")
    assert [thing["name"] for thing in account.things["schedules"].values()] == ["Secondary"]
    assert look(account, fewer, given).changes == ()


def test_a_thing_of_the_same_name_is_not_touched_unless_it_is_taken_over():
    account, given = account_with()
    theirs = account.add("escalation_policies", {"name": "shop P0", "description": "ours!", "escalation_rules": []})

    refused = look(account, spec(), given)
    carry_out(account, spec(), given, adopt=True)

    assert refused.obstacles == (
        (
            f"escalation policy shop P0: one of this name exists ({theirs}) that vcci did not make; "
            "rename it, or take it over with --adopt"
        ),
    )
    assert "[vcci:shop:policy:P0]" in account.things["escalation_policies"][theirs]["description"]
    assert look(account, spec(), given).changes == ()


def test_event_rules_of_others_are_left_alone():
    account, given = account_with()
    carry_out(account, spec(), given)
    (routing,) = account.routing.values()
    routing["sets"][0]["rules"] = [{"label": "by hand", "conditions": [], "actions": {}}]

    found = look(account, spec(), given)

    assert found.changes == ()
    assert found.notes == (
        "event rules that vcci did not make say whom a page of the service asks (by hand): none is changed",
    )


def test_a_subscription_that_pagerduty_gave_up_is_switched_on_again():
    account, given = account_with()
    carry_out(account, spec(), given)
    (subscription,) = account.things["webhook_subscriptions"].values()
    subscription["delivery_method"]["temporarily_disabled"] = True

    applied = carry_out(account, spec(), given)

    assert said(applied.done) == ["update subscription https://desk.shop.example/v1/hooks/pagerduty"]
    assert subscription["delivery_method"]["temporarily_disabled"] is False


def test_a_desk_that_has_moved_gets_a_subscription_of_its_own_with_a_new_secret():
    account, given = account_with()
    carry_out(account, spec(), given)

    applied = carry_out(account, spec(links__desk="https://desk2.shop.example"), given)

    assert said(applied.done) == ["replace subscription https://desk2.shop.example/v1/hooks/pagerduty"]
    assert "PAGERDUTY_WEBHOOK_SECRETS" in applied.secrets
    assert len(account.things["webhook_subscriptions"]) == 1
