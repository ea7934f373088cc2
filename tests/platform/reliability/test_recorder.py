"""The recorder: restarts, resets and gaps are handled, and shown."""

import pytest


def test_events_are_counted_from_the_first_look_on(desk):
    desk.shop.ok = 1000
    desk.minutes(0.25)

    desk.minutes(1, ok=10, failed=2)

    counted = desk.traffic("errors", 1)
    assert (counted.bad, counted.total, counted.known) == (8, 48, 1)


def test_a_restart_of_the_service_loses_only_what_nobody_saw(desk):
    desk.minutes(1, ok=10)
    desk.shop.restart()

    desk.minutes(1, ok=10, failed=1)

    assert desk.traffic("errors", 2).bad == 4
    assert [change.kind for change in desk.reliability.store.changes()] == ["restarted"]


def test_a_restart_of_the_desk_loses_no_event(desk):
    desk.minutes(1, ok=10)
    desk.shop.ok += 500
    desk.start()

    desk.minutes(1, ok=10)

    assert desk.traffic("errors", 10).total == 30 + 500 + 40


def test_a_gap_is_unknown_time_with_all_its_events(desk):
    desk.minutes(10, ok=1)
    desk.clock.advance(minutes=9)
    desk.shop.ok += 900

    desk.minutes(1, ok=1)

    counted = desk.traffic("errors", 20)
    assert counted.total == pytest.approx(39 + 900 + 4, abs=1)
    assert counted.known == pytest.approx(12 / 20, abs=0.05)


def test_a_service_that_does_not_answer_is_unknown_and_its_probe_fails(desk):
    desk.minutes(2, ok=1)
    desk.shop.ready = desk.shop.scrapable = False

    desk.minutes(5)

    assert desk.traffic("errors", 5).known == 0
    counted = desk.traffic("there", 5)
    assert (counted.bad, counted.total, counted.known) == (20, 20, 1)


def test_no_traffic_is_known_and_spends_nothing(desk):
    desk.minutes(5)

    counted = desk.traffic("errors", 4)
    assert (counted.total, counted.known) == (0, 1)


def test_a_value_above_its_limit_is_bad_time(desk):
    desk.minutes(1)
    desk.shop.age = 1801

    desk.minutes(1)

    counted = desk.traffic("fresh", 2)
    assert (counted.bad, counted.total) == (4, 8)


def test_a_new_version_is_a_change(desk):
    desk.minutes(1)
    desk.shop.version = "2"

    desk.minutes(1)

    assert [change.text for change in desk.reliability.store.changes()] == ["vcci-api: version 1 became 2"]


def test_an_answer_that_is_no_exposition_is_told_and_nothing_is_made_up(desk, monkeypatch):
    desk.minutes(1, ok=1)
    monkeypatch.setattr(desk.shop, "exposition", lambda: "<html>a proxy's page</html>")

    seen = desk.reliability.watch.recorder.round()

    assert "not an exposition" in seen.problems["vcci-api"]
