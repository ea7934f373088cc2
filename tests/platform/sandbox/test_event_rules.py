"""Event rules of a service: which priority, policy and severity an incident gets, and what is refused or warned of."""

from __future__ import annotations

import pytest

from vcci_platform.sandbox import PAGERDUTY_API_KEY, Sandbox
from vcci_platform.sandbox.pagerduty.conditions import UnknownCondition, condition

RULES = "/event_orchestrations/services/PSERVCE"
EVENT = {
    "severity": "critical",
    "source": "desk-11",
    "summary": "Nobody's in",
    "custom_details": {"system": "vcci", "burn": 14},
}


def a_rule(expression="", **actions):
    return {"conditions": [{"expression": expression}] if expression else [], "actions": actions}


@pytest.fixture
def write(rest):
    def put(*rules, catch_all=None, more=(), **also):
        sets = [{"id": "start", "rules": list(rules)}, *more]
        path = {"type": "service", "sets": sets, "catch_all": {"actions": catch_all or {}}, **also}
        return rest.put(RULES, json={"orchestration_path": path})

    return put


@pytest.fixture
def opened(rest, enqueue):
    """Send an event of a severity and return the incident that it opens, None if it opens none."""

    def send(severity="critical", **payload):
        before = {each["id"] for each in rest.get("/incidents").json()["incidents"]}
        payload = {"summary": "eleven", "source": "host-12", "severity": severity, **payload}
        enqueue("trigger", f"key-{len(before)}", payload=payload)
        found = [each for each in rest.get("/incidents").json()["incidents"] if each["id"] not in before]
        return found[0] if found else None

    return send


@pytest.mark.parametrize(
    ("expression", "meant"),
    [
        ("event.severity matches 'critical'", True),
        ("event.severity matches 'crit'", False),
        ("event.source matches part 'desk'", True),
        ("event.source matches regex 'desk-[0-9]+$'", True),
        ("event.summary matches 'Nobody\\'s in'", True),
        ("event.component exists", False),
        ("event.component does not exist", True),
        ("event.custom_details.system matches 'vcci'", True),
        ("event.custom_details.burn matches '14'", True),
        ("event.severity does not match 'critical'", False),
        ("event.component does not match part 'x'", True),
        ("not event.severity matches 'critical' or event.source matches part 'desk'", True),
        ("event.severity matches 'info' and event.source exists or event.summary exists", True),
        ("event.severity matches 'info' and (event.source exists or event.summary exists)", False),
    ],
)
def test_a_condition_means_what_it_says(expression, meant):
    assert condition(expression)(EVENT) is meant


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("severity matches 'critical'", "expected a field such as event.severity, found 'severity'"),
        ("event.severity is 'critical'", "expected matches or exists, found 'is'"),
        ("event.severity matches critical", "expected a quoted text, found 'critical'"),
        ("event.severity matches", "expected a quoted text, found the end"),
        ("event.source matches regex '('", "expected a regular expression"),
        ("(event.severity exists", "expected a closing parenthesis, found None"),
        ("event.severity exists event", "expected and, or, or the end, found 'event'"),
        ("now in Mon 09:00", "expected a field, an operator or a quoted text, found ':00'"),
    ],
)
def test_words_that_are_no_condition_are_refused(expression, why):
    with pytest.raises(UnknownCondition, match=r".*") as refused:
        condition(expression)

    assert why in str(refused.value)


def test_the_first_rule_that_is_meant_chooses_priority_and_policy(write, rest, opened):
    rule = {"escalation_delay_in_minutes": 15, "targets": [{"id": "PUSER05", "type": "user_reference"}]}
    officer = {"escalation_policy": {"name": "Officer", "escalation_rules": [rule]}}
    policy = rest.post("/escalation_policies", json=officer).json()["escalation_policy"]["id"]
    write(
        a_rule("event.severity matches 'critical'", escalation_policy=policy, priority="PPRIO00"),
        a_rule("event.source matches 'host-12'", priority="PPRIO02"),
    )

    worst, other, rest_of_them = opened("critical"), opened("warning"), opened("warning", source="host-13")

    assert (worst["priority"]["name"], worst["escalation_policy"]["summary"]) == ("P0", "Officer")
    assert [each["assignee"]["summary"] for each in worst["assignments"]] == ["Emil Officer"]
    assert (other["priority"]["name"], other["escalation_policy"]["summary"]) == ("P2", "vcci on-call")
    assert "priority" not in rest_of_them


def test_rules_lead_from_set_to_set_and_the_rest_is_caught(write, opened, enqueue, rest):
    more = [{"id": "loud", "rules": [a_rule("event.source matches 'host-12'", severity="critical")]}]
    write(
        a_rule("event.severity matches 'error'", priority="PPRIO01", route_to="loud"),
        a_rule("event.severity matches 'info'", event_action="resolve"),
        catch_all={"suppress": True},
        more=more,
    )

    raised, suppressed, ended = opened("error"), opened("warning"), opened("info")
    enqueue("trigger", "key-0", payload={"summary": "over", "source": "host-12", "severity": "info"})

    assert (raised["priority"]["name"], raised["urgency"]) == ("P1", "high")
    assert (suppressed, ended) == (None, None)
    assert rest.get(f"/incidents/{raised['id']}").json()["incident"]["status"] == "resolved"


def test_rules_do_nothing_until_they_are_active_and_disabled_ones_never(write, rest, opened):
    write(a_rule(priority="PPRIO03") | {"disabled": True}, a_rule(priority="PPRIO02"))
    rest.put(f"{RULES}/active", json={"active": False})
    before = opened()
    rest.put(f"{RULES}/active", json={"active": True})

    assert "priority" not in before
    assert opened()["priority"]["name"] == "P2"
    assert rest.get(f"{RULES}/active").json() == {"active": True}


def test_a_new_service_has_no_rules_and_they_are_off(rest):
    service = {"name": "reports", "escalation_policy": {"id": "PPOLICY", "type": "escalation_policy_reference"}}
    made = rest.post("/services", json={"service": service}).json()["service"]["id"]
    path = f"/event_orchestrations/services/{made}"

    shown, active = rest.get(path).json()["orchestration_path"], rest.get(f"{path}/active").json()
    rest.delete(f"/services/{made}")

    assert (shown["sets"], shown["parent"]["id"], active) == ([{"id": "start", "rules": []}], made, {"active": False})
    assert rest.get(path).status_code == 404


def test_what_is_left_out_is_deleted_and_what_was_read_can_be_written_back(write, rest):
    first = write(a_rule(priority="PPRIO00"), a_rule(priority="PPRIO01")).json()["orchestration_path"]
    second = write(a_rule(priority="PPRIO00") | {"id": first["sets"][0]["rules"][0]["id"], "label": "x"})
    read = rest.get(RULES).json()
    back = rest.put(RULES, json=read).json()

    (rule,) = second.json()["orchestration_path"]["sets"][0]["rules"]
    assert (rule["id"], rule["label"]) == (first["sets"][0]["rules"][0]["id"], "x")
    assert back["orchestration_path"]["sets"] == read["orchestration_path"]["sets"]
    assert back["orchestration_path"]["version"] != read["orchestration_path"]["version"] != first["version"]
    assert "warnings" not in back


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ({"sets": []}, "at least 1 item"),
        ({"sets": [{"id": "first", "rules": []}]}, "the first of which is 'start'"),
        ({"sets": [{"id": "start"}, {"id": "start"}]}, "ids of their own"),
        (
            {"sets": [{"id": "start", "rules": [a_rule(route_to="gone")]}]},
            "route_to in 'start' to lead on, found 'gone'",
        ),
        ({"sets": [{"id": "start", "rules": [a_rule(route_to="start")]}]}, "to lead on, found 'start'"),
        ({"sets": [{"id": "start", "rules": [a_rule(priority="P0")]}]}, "Priority P0 does not exist"),
        ({"sets": [{"id": "start", "rules": [a_rule(suspend=300)]}]}, "suspend' is not a field"),
        ({"sets": [{"id": "start", "rules": [a_rule("now in Mon")]}]}, "expected a field such as event.severity"),
    ],
)
def test_rules_that_make_no_sense_are_refused_and_the_old_ones_stay(rest, path, why):
    before = rest.get(RULES).json()

    refused = rest.put(RULES, json={"orchestration_path": path})

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 2001)
    assert why in str(refused.json()["error"]["errors"])
    assert rest.get(RULES).json() == before


def test_only_services_have_rules_here(rest):
    assert rest.get("/event_orchestrations/services/PNOBODY").status_code == 404
    assert rest.put("/event_orchestrations/services/PNOBODY/active", json={"active": True}).status_code == 404
    assert rest.put(f"{RULES}/active", json={"active": "yes"}).status_code == 400
    assert rest.delete(RULES).status_code == 405
    assert rest.get("/event_orchestrations").status_code == 404


def test_what_the_accounts_plan_lacks_is_taken_with_a_warning_and_not_done(write, rest, opened):
    rest.put("/sandbox/pagerduty/plan", json={"lacks": ["escalation_policy", "suppress"]})

    answer = write(a_rule(priority="PPRIO00", escalation_policy="PPOLICY", suppress=True))

    assert answer.status_code == 200
    assert [each["feature"] for each in answer.json()["warnings"]] == ["escalation_policy", "suppress"]
    assert "not available on your account plan" in answer.json()["warnings"][0]["message"]
    assert opened()["priority"]["name"] == "P0"


def test_rules_and_plan_outlive_a_restart(tmp_path, clock):
    from fastapi.testclient import TestClient

    from vcci_platform.sandbox import create_app

    journal = tmp_path / "journal"
    headers = {
        "Authorization": f"Token token={PAGERDUTY_API_KEY}",
        "Accept": "application/vnd.pagerduty+json;version=2",
    }
    with TestClient(create_app(Sandbox(clock=clock, journal=journal)), base_url="https://s.test") as client:
        client.headers |= headers
        client.put(RULES, json={"orchestration_path": {"sets": [{"id": "start", "rules": [a_rule(suppress=True)]}]}})
        client.put("/sandbox/pagerduty/plan", json={"lacks": ["suppress"]})
        before = client.get(RULES).json()
    again = Sandbox(clock=clock, journal=journal)

    with TestClient(create_app(again), base_url="https://s.test") as client:
        client.headers |= headers
        assert client.get(RULES).json() == before
    assert again.pagerduty.account.rules.lacks == {"suppress"}
