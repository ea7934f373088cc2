"""Rotas and escalation: PagerDuty's clock and the desk's agree, and whoever is named can be reached."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from vcci_slo import SpecError
from vcci_slo.testing import a_plan

CONTACTS = {"boss": {"mail": "boss@shop.example"}, "owner": {"mail": "owner@shop.example"}, "mute": {"slack": "#mute"}}
LINE = {"pagerduty_schedule": "$PD_PRIMARY"}
OTHER = {"pagerduty_schedule": "$PD_SECONDARY"}
ROTA = {"shift": "1w", "primary": LINE, "secondary": OTHER}
LEVELS = {"1": ["crew.primary"], "2": ["crew.secondary", "boss"], "3": ["owner"]}
ALONE = {"P0": {"5m": 2, "15m": 3}, "P1": {"15m": 2}}
DESK = {"P0": {"30m": 2, "1h": 3}, "P1": {"2h": 2}}


def sections(*, rota=ROTA, contacts=CONTACTS, **escalation):
    written = {"levels": LEVELS, "unacknowledged": ALONE, "unresolved": DESK} | escalation
    return {"contacts": contacts, "on_call": {"crew": rota}, "escalation": written}


def problems(**said) -> list[str]:
    with pytest.raises(SpecError) as caught:
        a_plan(**sections(**said))
    return [str(problem) for problem in caught.value.problems]


def test_two_clocks_that_agree_are_one_escalation():
    found = a_plan(**sections()).escalation

    assert found.steps("P0", "unacknowledged") == ((timedelta(minutes=5), 2), (timedelta(minutes=15), 3))
    assert found.steps("P1", "unresolved") == ((timedelta(hours=2), 2),)


def test_a_scaled_clock_is_judged_by_its_real_times():
    found = a_plan(time_scale=60, **sections()).escalation

    assert found.steps("P0", "unacknowledged") == ((timedelta(seconds=5), 2), (timedelta(seconds=15), 3))


@pytest.mark.parametrize(
    ("said", "place", "expected"),
    [
        (
            {"unacknowledged": {"P0": {"5m": 2}, "P1": {"15m": 2}}},
            "escalation.unresolved.P0.1h",
            "expected PagerDuty to ask level 3 too, by unacknowledged.P0, while the desk is down",
        ),
        (
            {"unacknowledged": {"P0": {"45m": 2, "50m": 3}, "P1": {"15m": 2}}},
            "escalation.unresolved.P0.30m",
            "expected PagerDuty to ask level 2 no later than the desk, at 30m, found it does at 45m",
        ),
        (
            {"unacknowledged": {"P0": {"5m": 3, "15m": 2}, "P1": {"15m": 2}}},
            "escalation.unacknowledged.P0.15m",
            "expected a later step to lead above level 3, which is asked at 5m, found level 2 at 15m",
        ),
        (
            {"unacknowledged": {"P0": {"5m": 2, "300s": 3}, "P1": {"15m": 2}}},
            "escalation.unacknowledged.P0.300s",
            "which is asked at 5m, found level 3 at 300s",
        ),
        ({"unresolved": {"P0": {"30m": 1}}}, "escalation.unresolved.P0.30m", "a level above 1, which is rung at once"),
        (
            {"unacknowledged": {"P0": {"90s": 2, "15m": 3}, "P1": {"15m": 2}}},
            "escalation.unacknowledged.P0.90s",
            "whole minutes, PagerDuty's smallest step, found 90s",
        ),
        (
            {"unacknowledged": ALONE | {"P3": {"1h": 2}}},
            "escalation.unacknowledged.P3",
            "a severity that PagerDuty hears of",
        ),
        (
            {"unacknowledged": ALONE | {"P2": {"1h": 2}}},
            "escalation.unacknowledged.P2",
            "a severity that is told at any hour, since PagerDuty's steps know none, found P2, only in business",
        ),
        (
            {"levels": LEVELS | {"4": ["mute"]}},
            "escalation.levels.4",
            "a step or a declaration that leads here, found level 4, which nothing reaches",
        ),
        (
            {"levels": LEVELS | {"3": ["boss"]}},
            "escalation.levels.3",
            "somebody whom no lower level has asked, found boss",
        ),
        ({"levels": {"2": ["boss"], "3": ["owner"]}}, "escalation.levels", "a level 1, who is rung first"),
        (
            {"levels": LEVELS | {"3": ["mute"]}},
            "contacts.mute",
            "a way for PagerDuty to reach mute: its mail, or pagerduty_schedule, found neither, though level 3",
        ),
        (
            {"contacts": CONTACTS | {"ghost": {}}},
            "contacts.ghost",
            "mail, phone, slack or pagerduty_schedule, found no way",
        ),
        ({"rota": ROTA | {"shift": "5h"}}, "on_call.crew.shift", "whole days, or hours that divide a day, found 5h"),
        (
            {"rota": ROTA | {"shift": "12h", "starts": "2026-01-05", "primary": {"members": ["boss"]}}},
            "on_call.crew.shift",
            "whole days where members are named, found 12h",
        ),
        ({"rota": ROTA | {"shift": "2w"}}, "on_call.crew.shift", "starts, since a week does not tell"),
        (
            {"rota": ROTA | {"starts": "2026-01-06"}},
            "on_call.crew.starts",
            "a day of the handoff, Mon, found 2026-01-06, a Tue",
        ),
        ({"rota": ROTA | {"starts": "2026-02-30"}}, "on_call.crew.starts", "a day such as 2026-01-05"),
        ({"rota": ROTA | {"primary": {}}}, "on_call.crew.primary", "pagerduty_schedule, or members"),
        ({"rota": ROTA | {"primary": {"members": []}}}, "on_call.crew.primary", "found 'nobody'"),
        (
            {"rota": ROTA | {"primary": LINE | {"members": ["boss"]}}},
            "on_call.crew.primary",
            "either pagerduty_schedule or members, found 'both'",
        ),
        (
            {"rota": ROTA | {"primary": {"members": ["boss"]}}},
            "on_call.crew",
            "starts, the day on which the first member takes over",
        ),
        (
            {"rota": ROTA | {"starts": "2026-01-05", "primary": {"members": ["bos"]}}},
            "on_call.crew.primary.members[0]",
            "a contact, or a mail address",
        ),
        (
            {"rota": ROTA | {"starts": "2026-01-05", "primary": {"members": ["mute"]}}},
            "on_call.crew.primary.members[0]",
            "a contact with a mail",
        ),
        (
            {
                "rota": ROTA
                | {
                    "starts": "2026-01-05",
                    "primary": {"members": ["boss", "owner"]},
                    "secondary": {"members": ["owner", "owner", "boss"]},
                }
            },
            "on_call.crew.secondary",
            "another person than the primary in every turn, found owner in both lines in turn 2",
        ),
    ],
)
def test_clocks_and_people_that_do_not_fit_are_refused_with_their_place(said, place, expected):
    found = problems(**said)

    assert any(f" {place}: " in problem and expected in problem for problem in found), found
    assert all(problem.startswith("spec.yaml:") and ":0:" not in problem for problem in found)


def test_a_role_with_a_schedule_of_its_own_needs_no_mail():
    contacts = CONTACTS | {"owner": {"pagerduty_schedule": "$PD_OWNERS"}}

    assert a_plan(**sections(contacts=contacts)).contacts[1].pagerduty_schedule == "$PD_OWNERS"


def test_members_in_order_need_no_schedule():
    rota = {
        "shift": "1w",
        "starts": "2026-01-05",
        "primary": {"members": ["boss", "ada@shop.example"]},
        "secondary": {"members": ["ada@shop.example", "boss"]},
    }

    (found,) = a_plan(**sections(rota=rota)).on_call

    assert (found.members("primary"), found.schedule("primary")) == (("boss", "ada@shop.example"), "")
    assert found.starts == date(2026, 1, 5)


def test_the_desk_may_ask_alone_where_nobody_is_rung():
    """P2 waits for working hours: PagerDuty's first minutes say nothing about it."""
    desk = DESK | {"P2": {"1d": 2}}

    assert a_plan(**sections(unresolved=desk)).escalation.steps("P2", "unresolved") == ((timedelta(days=1), 2),)
