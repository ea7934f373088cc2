"""Whom a severity reaches, in the words of `vcci why`: schedules of PagerDuty, or the members whom the spec names."""

from __future__ import annotations

import pytest

from vcci_platform.live.people import heard
from vcci_slo.testing import a_plan

SCHEDULE = {"pagerduty_schedule": "$PD_PRIMARY"}
MEMBERS = {"members": ["ada@shop.example", "grace@shop.example"]}


@pytest.mark.parametrize(
    ("primary", "secondary", "expected"),
    [
        (SCHEDULE, {"pagerduty_schedule": "$PD_SECOND"}, "for crew (schedule $PD_PRIMARY, then $PD_SECOND)"),
        (
            {"members": ["boss@shop.example"]},
            MEMBERS,
            "for crew (boss@shop.example, then ada@shop.example and grace@shop.example)",
        ),
    ],
)
def test_a_rota_is_named_by_its_schedules_or_its_members(primary, secondary, expected):
    rota = {"shift": "1w", "starts": "2026-01-05", "primary": primary, "secondary": secondary}

    assert expected in heard(a_plan(on_call={"crew": rota}), "P0", "crew").sentence
