"""Notes for a handoff: everything that is known, and the reason for everything that is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from vcci_platform.incidents.oncall.handoff import Facts, Missing, notes
from vcci_slo.freezes import Freeze
from vcci_slo.windows import Span


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def alert(name: str, starts: str, over: str | None) -> dict[str, Any]:
    return {"name": name, "starts_at": starts, "over_at": over}


def page(moment: str, target: str = "pagerduty", state: str = "delivered") -> dict[str, Any]:
    return {"target": target, "kind": "trigger", "state": state, "created_at": moment, "ended_at": moment}


FAST = {
    "id": "inc_11",
    "priority": "P0",
    "title": "Requests | fail",
    "state": "reviewed",
    "level": 2,
    "detected_at": "2026-11-18T08:00:00Z",
    "acknowledged_at": "2026-11-18T08:04:00Z",
    "resolved_at": "2026-11-18T09:30:00Z",
    "alerts": [alert("APIHighErrorRate", "2026-11-18T08:00:00Z", "2026-11-18T09:00:00Z")],
    "effects": [page("2026-11-18T08:00:01Z"), page("2026-11-18T08:30:00Z"), page("2026-11-18T08:31:00Z", state="dead")],
    "timeline": [{"kind": "page_adopted", "occurred_at": "2026-11-18T08:00:10Z"}],
    "next_deadline": None,
}
FLAPPING = {
    **FAST,
    "id": "inc_12",
    "priority": "P1",
    "title": "Queue",
    "state": "resolved",
    "detected_at": "2026-11-20T19:00:00Z",
    "acknowledged_at": None,
    "resolved_at": "2026-11-20T19:10:00Z",
    "alerts": [alert("HighQueueDepth", f"2026-11-20T19:0{n}:00Z", f"2026-11-20T19:0{n}:30Z") for n in (0, 2, 4)],
    "effects": [page("2026-11-20T19:00:01Z")],
    "timeline": [],
}
OPEN = {
    **FAST,
    "id": "inc_13",
    "state": "mitigating",
    "title": "Sign-in *slow*",
    "detected_at": "2026-11-23T13:00:00Z",
    "acknowledged_at": None,
    "resolved_at": None,
    "alerts": [],
    "effects": [],
    "timeline": [],
    "next_deadline": {"kind": "update", "due_at": "2026-11-23T14:30:00Z"},
}
CORRECTION = {
    "slos": ["api-errors"],
    "from": "2026-11-17T01:00:00Z",
    "until": "2026-11-17T02:00:00Z",
    "repeats": "",
    "who": "ada",
    "why": "the move",
    "withdrawn_at": None,
}
ITEM = {
    "text": "Alert on slow sign-in",
    "owner": "ada",
    "due": None,
    "overdue": False,
    "tracker": "",
    "priority": "P1",
    "title": "Sign-in",
}


def turn(day: str, *lines: list[str]) -> dict[str, Any]:
    """A turn from Monday to Monday, whose lines have these people."""
    start = at(f"{day}T14:00Z")
    duties = [
        {"line": line, "who": who, "unknown": "" if who else "503: later"}
        for line, who in zip(("primary", "secondary"), (*lines, [], []), strict=False)
    ]
    return {"start": start.isoformat(), "end": (start + timedelta(days=7)).isoformat(), "duties": duties}


FACTS = Facts(
    title="Shop",
    team="crew",
    zone="America/New_York",
    since=at("2026-11-16T14:00Z"),
    until=at("2026-11-23T14:00Z"),
    open=[OPEN],
    incidents=[OPEN, FLAPPING, FAST],
    promises=[
        {
            "name": "api-errors",
            "state": "kept",
            "objective": "99.9%",
            "window": "30d",
            "budget": {"spent": 0.6, "remaining": 0.4},
        },
        {
            "name": "job-wait",
            "state": "kept",
            "objective": "99%",
            "window": "30d",
            "budget": {"spent": 0.1, "remaining": 0.9},
        },
    ],
    changes=[{"at": "2026-11-18T07:55:00Z", "text": "api 1.2 to 1.3"}, {"at": "2026-11-01T00:00:00Z", "text": "old"}],
    corrections=[
        CORRECTION,
        {**CORRECTION, "why": "gone by", "until": "2026-11-10T00:00:00Z"},
        {**CORRECTION, "why": "a mistake", "withdrawn_at": "2026-11-18T12:00:00Z"},
        {**CORRECTION, "why": "long since", "withdrawn_at": "2026-11-10T12:00:00Z"},
    ],
    actions=[
        {**ITEM, "text": "Tell support", "owner": "", "due": None, "tracker": "SHOP-11"},
        {**ITEM, "due": "2026-12-01"},
        {**ITEM, "text": "Raise the limit", "due": "2026-11-20", "overdue": True},
    ],
    desk={"quarantine": [], "outbox": [{"target": "slack", "waiting": 0, "circuit": "closed"}], "heartbeats": []},
    coming=[{"text": "maintenance window", "start": "2026-11-28T07:00:00Z", "end": "2026-11-28T09:00:00Z"}],
    freezes=[Freeze("black-friday", date(2026, 11, 18), Span(at("2026-11-18T05:00Z"), at("2026-11-19T05:00Z")))],
    rota={
        "now": turn("2026-11-23", ["Ada"], ["Grace"]),
        "turns": [turn("2026-11-23", []), turn("2026-11-30", [], ["Ada"])],
    },
    links={"desk": "https://desk.shop.example"},
)


def section(text: str, title: str) -> str:
    return text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0].strip()


def test_who_has_it_now_and_who_is_next_stand_above_everything():
    assert notes(FACTS).splitlines()[3:5] == [
        "- On call from Mon 23 Nov 09:00: primary Ada; secondary Grace",
        "- Next from Mon 30 Nov 09:00: primary not known (503: later); secondary Ada",
    ]


def test_what_is_open_comes_first_with_its_next_deadline():
    assert section(notes(FACTS), "Open now") == (
        "- **P0** [Sign-in \\*slow\\*](https://desk.shop.example/incidents/inc_13): mitigating, level 2, "
        "since Mon 23 Nov 08:00; next: update due Mon 23 Nov 09:30"
    )


def test_the_incidents_of_the_shift_are_a_table_in_the_order_of_time():
    rows = section(notes(FACTS), "The shift").splitlines()

    assert rows[2] == (
        "| P0 | [Requests \\| fail](https://desk.shop.example/incidents/inc_11) | Wed 18 Nov 03:00 | 4 minutes "
        "| 1 hour 30 minutes | reviewed |"
    )
    assert [row.split(" | ")[3] for row in rows[2:]] == ["4 minutes", "nobody", "nobody"]
    assert rows[4].endswith("| open | mitigating |")


def test_pages_are_counted_by_the_hour_of_the_wall_where_they_arrived():
    """Two delivered at 03:00 and one by Alertmanager; one that never left woke nobody."""
    assert section(notes(FACTS), "Pages by hour").splitlines() == [
        "4 pages, 3 of them between 22:00 and 07:00.",
        "",
        "```text",
        "03:00  ### 3",
        "14:00  # 1",
        "```",
    ]


def test_an_alert_that_fires_again_and_again_or_in_vain_is_named():
    assert section(notes(FACTS), "Noisy alerts") == (
        "- HighQueueDepth: fired 3 times, 3 of them over within 5 minutes before anybody looked"
    )


def test_budgets_that_are_half_gone_are_named_and_the_others_counted():
    overspent = {**FACTS.promises[0], "name": "gone", "state": "exhausted", "budget": {"spent": 3.5, "remaining": -2.5}}
    unseen = {**FACTS.promises[0], "name": "unseen", "state": "unknown", "budget": {"spent": 99, "remaining": -98}}
    text = notes(replace(FACTS, promises=[*FACTS.promises, unseen, overspent]))

    assert section(text, "Budgets").splitlines() == [
        "- gone: exhausted, spent 3.5 times of 99.9% over 30d",
        "- api-errors: kept, 40 % left of 99.9% over 30d",
        "- 1 other promise: kept, with more than half of the budget left",
        "- not known, for want of data: unseen",
    ]


def test_actions_changes_and_plans_stand_at_the_end():
    text = notes(FACTS)

    assert section(text, "Action items").splitlines() == [
        "- Raise the limit, ada, due 2026-11-20 (**overdue**), after P1 Sign-in",
        "- Alert on slow sign-in, ada, due 2026-12-01, after P1 Sign-in",
        "- Tell support, nobody's yet, after P1 Sign-in, SHOP-11",
    ]
    assert section(text, "Changes") == "- Wed 18 Nov 02:55: api 1.2 to 1.3 (**in a freeze**: black-friday)"
    assert section(text, "Corrections").splitlines() == [
        "- api-errors, Mon 16 Nov 20:00 to Mon 16 Nov 21:00: the move, by ada",
        "- api-errors, Mon 16 Nov 20:00 to Mon 16 Nov 21:00: a mistake, by ada; withdrawn Wed 18 Nov 07:00",
    ]
    assert section(text, "Coming up") == "- maintenance window: Sat 28 Nov 02:00 to Sat 28 Nov 04:00"
    assert section(text, "The desk") == "It works, and nothing waits."


def test_what_could_not_be_asked_is_never_taken_for_quiet():
    gone = Missing("expected the desk at http://127.0.0.1:8010, found nobody who listens")
    text = notes(
        replace(
            FACTS,
            open=gone,
            incidents=gone,
            promises=gone,
            changes=gone,
            corrections=gone,
            actions=Missing("403: another reason"),
            desk=gone,
            coming=(),
        )
    )

    assert section(text, "Open now").startswith("Not known: expected the desk")
    assert section(text, "Action items") == "Not known: 403: another reason"
    for title in (
        "The shift",
        "Pages by hour",
        "Noisy alerts",
        "Budgets",
        "Changes",
        "Corrections",
        "The desk",
    ):
        assert section(text, title) == "Not known, for the same reason.", title
    assert "Nobody was woken" not in text


def test_a_quiet_week_says_so():
    text = notes(replace(FACTS, open=[], incidents=[], changes=[], actions=[], promises=[], corrections=[]))

    assert section(text, "Open now") == "Nothing is open."
    assert section(text, "Pages by hour") == "Nobody was woken."
    assert section(text, "Budgets") == "No promise is made."
    assert section(text, "Corrections") == "No time is taken out of accounts."


def test_the_desks_own_troubles_are_handed_over():
    desk = {
        "quarantine": [{}, {}],
        "outbox": [{"target": "pagerduty", "waiting": 3, "circuit": "open", "sandboxed": True}],
        "heartbeats": [{"source": "alertmanager", "missing": True}],
    }

    assert section(notes(replace(FACTS, desk=desk)), "The desk").splitlines() == [
        "- 2 messages that nobody understood wait in quarantine",
        "- 3 messages to pagerduty wait",
        "- the circuit to pagerduty is open",
        "- pagerduty is only the sandbox",
        "- the Watchdog of alertmanager is missing",
    ]
