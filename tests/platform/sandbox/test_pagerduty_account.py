"""PagerDuty's account by REST: what a plan-and-apply command reads, makes and changes, and who is on call then."""

from __future__ import annotations

import pytest

PEOPLE = ("users", "user", {"type": "user", "name": "Fay", "email": "fay@sandbox.test"})
MEMBER = {"user": {"id": "PUSER03", "type": "user_reference"}}
LAYER = {
    "start": "2026-03-02T09:00:00-05:00",
    "rotation_virtual_start": "2026-03-02T09:00:00-05:00",
    "rotation_turn_length_seconds": 604_800,
    "users": [MEMBER],
}
ROTA = ("schedules", "schedule", {"name": "Nights", "time_zone": "America/New_York", "schedule_layers": [LAYER]})
RULE = {"escalation_delay_in_minutes": 15, "targets": [{"id": "PSCHED1", "type": "schedule_reference"}]}
POLICY = ("escalation_policies", "escalation_policy", {"name": "Nights", "escalation_rules": [RULE]})
SERVICE = (
    "services",
    "service",
    {"name": "reports", "escalation_policy": {"id": "PPOLICY", "type": "escalation_policy_reference"}},
)
THINGS = (PEOPLE, ROTA, POLICY, SERVICE)


def make(rest, many, one, form):
    answer = rest.post(f"/{many}", json={one: form})
    assert answer.status_code == 201, answer.json()
    return answer.json()[one]


@pytest.mark.parametrize(("many", "one", "form"), THINGS)
def test_a_thing_is_made_read_changed_and_deleted(rest, many, one, form):
    made = make(rest, many, one, form)
    read = rest.get(f"/{many}/{made['id']}").json()[one]
    changed = rest.put(f"/{many}/{made['id']}", json={one: {**form, "description": "thirteen"}})
    gone = rest.delete(f"/{many}/{made['id']}")

    assert read["id"] == made["id"]
    assert (changed.status_code, changed.json()[one]["description"]) == (200, "thirteen")
    assert gone.status_code == 204
    assert rest.get(f"/{many}/{made['id']}").status_code == 404


@pytest.mark.parametrize(("many", "one", "form"), THINGS)
def test_what_was_read_can_be_written_back_unchanged(rest, many, one, form):
    made = make(rest, many, one, form)
    read = rest.get(f"/{many}/{made['id']}").json()[one]

    written = rest.put(f"/{many}/{made['id']}", json={one: read})

    assert written.status_code == 200, written.json()
    assert rest.get(f"/{many}/{made['id']}").json()[one] == read


@pytest.mark.parametrize(("many", "one", "form"), THINGS)
def test_a_name_is_taken_once(rest, many, one, form):
    make(rest, many, one, form)

    assert "has already been taken" in str(rest.post(f"/{many}", json={one: form}).json())


def test_lists_come_in_pages(rest):
    for number in range(11, 16):
        make(rest, "users", "user", PEOPLE[2] | {"name": f"Z{number}", "email": f"z{number}@sandbox.test"})

    page = rest.get("/users", params={"limit": 2, "offset": 6, "total": "true"}).json()
    last = rest.get("/users", params={"limit": 2, "offset": 10}).json()

    assert [user["name"] for user in page["users"]] == ["Z11", "Z12"]
    assert (page["limit"], page["offset"], page["more"], page["total"]) == (2, 6, True, 11)
    assert (len(last["users"]), last["more"], last["total"]) == (1, False, None)
    assert rest.get("/users", params={"query": "z13"}).json()["users"][0]["name"] == "Z13"
    assert rest.get("/users", params={"limit": "many"}).status_code == 400
    assert rest.get("/users", params={"limit": 100, "offset": 9_950}).status_code == 400


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/users/PUSER01", "Primary on-call"),
        ("/schedules/PSCHED1", "vcci on-call"),
        ("/escalation_policies/PPOLICY", "used by vcci"),
    ],
)
def test_what_is_used_is_not_deleted(rest, path, why):
    answer = rest.delete(path)

    assert answer.status_code == 400
    assert why in answer.json()["error"]["errors"][0]


def test_a_service_with_an_open_incident_is_not_deleted(rest, enqueue):
    enqueue("trigger", "key-11")

    assert "resolve it first" in rest.delete("/services/PSERVCE").json()["error"]["errors"][0]


@pytest.mark.parametrize(
    ("many", "one", "form", "says"),
    [
        (*POLICY[:2], POLICY[2] | {"escalation_rules": [RULE | {"targets": []}]}, "escalation_rules.0.targets"),
        (*POLICY[:2], POLICY[2] | {"escalation_rules": [RULE | {"targets": RULE["targets"] * 11}]}, "targets"),
        (
            *POLICY[:2],
            POLICY[2] | {"escalation_rules": [RULE | {"targets": [{"id": "PX", "type": "user_reference"}]}]},
            "user_reference PX does not exist",
        ),
        (*ROTA[:2], ROTA[2] | {"time_zone": "Mars/Olympus"}, "expected a time zone"),
        (*SERVICE[:2], {"name": "x"}, "'escalation_policy' is missing"),
        (*SERVICE[:2], SERVICE[2] | {"auto_resolve_timeout": -1}, "auto_resolve_timeout"),
        (*PEOPLE[:2], PEOPLE[2] | {"email": "nowhere"}, "email"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(rest, many, one, form, says):
    answer = rest.post(f"/{many}", json={one: form})

    assert answer.status_code == 400
    assert says in str(answer.json()["error"]["errors"])


def test_timeouts_of_a_service_act_and_null_switches_them_off(rest, enqueue, clock):
    timeouts = {"acknowledgement_timeout": 600, "auto_resolve_timeout": None}
    service = rest.put("/services/PSERVCE", json={"service": timeouts}).json()["service"]
    enqueue("trigger", "key-11")
    enqueue("acknowledge", "key-11")

    clock.advance(hours=10)
    (incident,) = rest.get("/incidents").json()["incidents"]

    assert (service["acknowledgement_timeout"], service["auto_resolve_timeout"]) == (600, None)
    assert incident["status"] == "triggered"


def test_a_door_of_its_own_lets_events_into_a_service(rest, enqueue):
    service = make(rest, *SERVICE)
    door = {"type": "events_api_v2_inbound_integration", "name": "events"}
    made = rest.post(f"/services/{service['id']}/integrations", json={"integration": door}).json()["integration"]

    taken = enqueue("trigger", "key-11", routing_key=made["integration_key"])
    dropped = enqueue("resolve", "key-11")

    (incident,) = rest.get("/incidents").json()["incidents"]
    assert (taken.status_code, dropped.status_code) == (202, 202)
    assert (incident["service"]["summary"], incident["status"]) == ("reports", "triggered")
    assert len(made["integration_key"]) == 32


def test_oncalls_follow_policies_schedules_and_overrides(rest):
    window = {"since": "2026-03-09T00:00:00Z", "until": "2026-03-10T00:00:00Z"}
    override = {
        "start": "2026-03-09T15:00:00Z",
        "end": "2026-03-09T16:00:00Z",
        "user": {"id": "PUSER03", "type": "user_reference"},
    }
    made = rest.post("/schedules/PSCHED1/overrides", json={"overrides": [override]}).json()

    turns = rest.get("/oncalls", params=window | {"schedule_ids[]": "PSCHED1"}).json()["oncalls"]
    always = [turn for turn in rest.get("/oncalls").json()["oncalls"] if turn["schedule"] is None]

    assert [(turn["user"]["summary"], turn["start"]) for turn in turns] == [
        ("Ada Primary" if turns[0]["user"]["id"] == "PUSER01" else "Ben Secondary", "2026-03-02T14:00:00Z"),
        ("Ben Secondary" if turns[0]["user"]["id"] == "PUSER01" else "Ada Primary", "2026-03-09T13:00:00Z"),
        ("Cleo Manager", "2026-03-09T15:00:00Z"),
        (turns[1]["user"]["summary"], "2026-03-09T16:00:00Z"),
    ]
    assert {(turn["escalation_level"], turn["start"]) for turn in always} == {(2, None), (3, None)}
    assert made[0]["status"] == 201
    removed = rest.delete(f"/schedules/PSCHED1/overrides/{made[0]['override']['id']}")
    assert removed.status_code == 204
    assert len(rest.get("/oncalls", params=window | {"schedule_ids[]": "PSCHED1"}).json()["oncalls"]) == 2


def test_a_schedule_shows_who_is_on_call_in_a_stretch_and_its_coverage(rest):
    made = make(rest, *ROTA)
    window = {"since": "2026-03-01T14:00:00Z", "until": "2026-03-03T14:00:00Z"}

    schedule = rest.get(f"/schedules/{made['id']}", params=window).json()["schedule"]

    assert schedule["final_schedule"]["rendered_coverage_percentage"] == 50.0
    assert [each["start"] for each in schedule["final_schedule"]["rendered_schedule_entries"]] == [
        "2026-03-02T14:00:00Z"
    ]
    assert rest.get(f"/schedules/{made['id']}/users", params=window).json()["users"][0]["id"] == "PUSER03"
    assert rest.get(f"/schedules/{made['id']}", params={"since": "x", "until": "y"}).status_code == 400


def test_priorities_come_from_the_most_severe_down(rest):
    assert [each["name"] for each in rest.get("/priorities").json()["priorities"]] == ["P0", "P1", "P2", "P3"]
    assert "coordinated_responding" in rest.get("/abilities").json()["abilities"]


def test_a_layer_keeps_its_id_and_one_that_is_left_out_ends_and_stays(rest, clock):
    made = make(rest, *ROTA)
    (first,) = made["schedule_layers"]
    anew = LAYER | {"users": [{"user": {"id": "PUSER04", "type": "user_reference"}}]}

    moved = rest.put(f"/schedules/{made['id']}", json={"schedule": {**ROTA[2], "schedule_layers": [anew]}}).json()
    kept = rest.put(
        f"/schedules/{made['id']}", json={"schedule": {**ROTA[2], "schedule_layers": [anew | {"id": first["id"]}]}}
    ).json()
    wrong = rest.put(
        f"/schedules/{made['id']}", json={"schedule": {**ROTA[2], "schedule_layers": [anew | {"id": "PL9"}]}}
    )

    assert [(each["id"], bool(each.get("end"))) for each in moved["schedule"]["schedule_layers"]] == [
        (f"{made['id']}2", False),
        (first["id"], True),
    ]
    assert [(each["id"], bool(each.get("end"))) for each in kept["schedule"]["schedule_layers"]] == [
        (first["id"], False),
        (f"{made['id']}2", True),
    ]
    assert "Schedule layer PL9 does not exist" in wrong.text
