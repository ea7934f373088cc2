"""The recorder: restarts, resets and gaps are handled, and shown."""

import httpx
import pytest

from vcci_platform.reliability.recorder import Recorder, ScrapeTarget
from vcci_platform.testing import ManualClock
from vcci_slo.testing import a_plan


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


def test_a_clock_that_is_set_back_leaves_no_hole_and_no_negative_time(desk):
    """Entries of negative length were kept: the next question divided by zero, and silence was not noticed."""
    desk.minutes(10, ok=1)
    desk.clock.advance(minutes=-8)

    desk.minutes(1, ok=10, failed=10)

    counted = desk.traffic("errors", 1)
    assert (counted.bad, counted.known) == (40, pytest.approx(1))
    assert counted.total == pytest.approx(80 + 4, abs=1)


def test_silence_is_noticed_after_a_clock_was_set_back(desk):
    desk.minutes(1, ok=1)
    desk.clock.advance(minutes=60)
    desk.minutes(1, ok=1)
    desk.clock.advance(minutes=-60)
    desk.minutes(1, ok=1)
    desk.shop.scrapable = False

    desk.minutes(11)

    assert ("ErrorsNoData", "firing") in desk.news()


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "-1000000"])
def test_a_counter_that_shows_nonsense_for_a_moment_spoils_nothing(desk, monkeypatch, value):
    """One NaN made every later sum of its account NaN, and a budget of NaN was called kept."""
    desk.minutes(1, ok=10, failed=1)
    sane = desk.shop.exposition
    monkeypatch.setattr(desk.shop, "exposition", lambda: sane().replace('status="500"} 4', f'status="500"}} {value}'))
    desk.minutes(0.25)
    monkeypatch.setattr(desk.shop, "exposition", sane)

    desk.minutes(1, ok=10)

    counted = desk.traffic("errors", 3)
    assert 3 <= counted.bad <= 3 + 4
    assert counted.bad <= counted.total < 200
    assert desk.reliability.status(desk.reliability.plan.slo("errors")).window.known > 0


def recorder_of(handler, monotonic):
    """Return a recorder of one target, whose clock for waiting is the test's."""
    client = httpx.Client(transport=httpx.MockTransport(handler))
    scrapes = [ScrapeTarget("api", "http://shop/metrics", ())]
    return Recorder(a_plan(), _Nothing(), client, ManualClock(), scrapes=scrapes, probes=[], monotonic=monotonic)


class _Nothing:
    """A store that forgets."""

    def looks(self):
        return {}

    def keep(self, *_):
        return None


def test_a_target_that_drips_does_not_hold_up_the_round():
    """Each piece came within the client's limit, so a hung service could keep the evaluator waiting for ever."""
    seconds = iter(range(10_000))

    def drips(_request):
        return httpx.Response(200, content=(b"# drop\n" for _ in range(9_000)))

    seen = recorder_of(drips, lambda: float(next(seconds))).round()

    assert "did not end within 5 s" in seen.problems["api"]


def test_an_exposition_without_end_is_refused_before_it_fills_the_memory():
    def explodes(_request):
        return httpx.Response(200, content=(b"a" * 2**20 for _ in range(10_000)))

    seen = recorder_of(explodes, lambda: 0.0).round()

    assert "more than 16 MiB" in seen.problems["api"]


def test_a_redirect_leads_to_the_metrics_of_somebody_else():
    def redirects(request):
        return httpx.Response(302, headers={"Location": "http://elsewhere/metrics"}, text="up 1\n")

    seen = recorder_of(redirects, lambda: 0.0).round()

    assert "302" in seen.problems["api"]
