"""Cookies of the console: what names a key, for how long, and that nobody else can make one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from vcci_platform.console.session import Sessions

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def test_a_cookie_names_a_key_until_it_runs_out_and_nobody_else_can_make_one():
    sessions = Sessions(b"a pepper of sixteen bytes")
    cookie = sessions.cookie("key_11", MONDAY)

    assert sessions.key_id(cookie, MONDAY + timedelta(hours=11)) == "key_11"
    assert sessions.key_id(cookie, MONDAY + timedelta(hours=13)) is None
    for forged in ("", "..", cookie.replace("key_11", "key_12"), cookie[:-1], "key_11.99999999999.", "é.1.2"):
        assert sessions.key_id(forged, MONDAY) is None
    assert Sessions(b"another pepper altogether").key_id(cookie, MONDAY) is None
