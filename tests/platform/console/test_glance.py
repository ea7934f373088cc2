"""When the rota hands over, also around the hour that clocks skip."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vcci_platform.console.glance import next_handoff
from vcci_platform.console.session import Sessions
from vcci_slo.plan import OnCall

ROTA = OnCall("platform", 0, 9 * 60, timedelta(days=7), "$P", "$S")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (MONDAY + timedelta(hours=13, minutes=59), datetime(2026, 3, 2, 14, tzinfo=UTC)),
        (MONDAY + timedelta(hours=14), datetime(2026, 3, 9, 13, tzinfo=UTC)),  # the clocks change on 8 March
        (MONDAY + timedelta(days=6), datetime(2026, 3, 9, 13, tzinfo=UTC)),
    ],
)
def test_the_next_handoff_follows_the_clocks_of_the_calendar(now, expected):
    assert next_handoff(ROTA, "America/New_York", now) == expected


def test_a_cookie_names_a_key_until_it_runs_out_and_nobody_else_can_make_one():
    sessions = Sessions(b"a pepper of sixteen bytes")
    cookie = sessions.cookie("key_11", MONDAY)

    assert sessions.key_id(cookie, MONDAY + timedelta(hours=11)) == "key_11"
    assert sessions.key_id(cookie, MONDAY + timedelta(hours=13)) is None
    for forged in ("", "..", cookie.replace("key_11", "key_12"), cookie[:-1], "key_11.99999999999.", "é.1.2"):
        assert sessions.key_id(forged, MONDAY) is None
    assert Sessions(b"another pepper altogether").key_id(cookie, MONDAY) is None
