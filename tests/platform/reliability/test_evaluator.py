"""The evaluator: the plan's thresholds, judged over what the recorder counted."""

import httpx

from vcci_platform.reliability.assemble import Addresses, with_recorder


def test_what_needs_an_exporter_or_another_process_is_said_not_to_be_evaluated(desk):
    missing = {item.alert: item.reason for item in desk.reliability.not_evaluated}

    assert missing == {"DatabaseDown": "db needs an exporter and Prometheus"}


def test_an_outage_fires_the_burn_and_then_the_impact(desk):
    desk.minutes(30, ok=100)

    desk.minutes(4, ok=50, failed=50)

    news = desk.news()
    assert ("ErrorsBudgetBurn/fast", "firing") in news
    assert ("ManyErrors/P1", "firing") in news
    assert ("ManyErrors/P0", "firing") in news
    assert news.index(("ErrorsBudgetBurn/fast", "firing")) < news.index(("ManyErrors/P0", "firing"))


def test_half_the_budgets_pace_wakes_nobody(desk):
    desk.minutes(60, ok=2000, failed=1)

    assert desk.news() == []


def test_one_failure_of_a_quiet_night_wakes_nobody(desk):
    desk.minutes(30)

    desk.minutes(0.25, failed=1)
    desk.minutes(10)

    assert desk.news() == []


def test_an_error_ratio_within_a_tenth_below_the_limit_is_silent_and_above_it_is_not(desk):
    desk.minutes(10, ok=10_000)

    desk.minutes(10, ok=9_530, failed=470)

    assert ("ManyErrors/P0", "firing") not in desk.news()
    desk.minutes(10, ok=9_450, failed=550)
    assert ("ManyErrors/P0", "firing") in desk.news()


def test_a_failing_probe_rings_after_its_wait(desk):
    desk.minutes(10)
    desk.shop.ready = False

    desk.minutes(2)
    assert ("ApiProbeDown/P0", "firing") not in desk.news()

    desk.minutes(0.5)
    assert ("ApiProbeDown/P0", "firing") in desk.news()


def test_a_service_that_is_still_starting_wakes_nobody(desk):
    """One probe that fails is all of what a new desk has seen: 100 %, but no evidence."""
    desk.shop.ready = False
    desk.minutes(0.5)
    desk.shop.ready = True

    desk.minutes(30, ok=10)

    assert desk.news() == []


def test_silence_becomes_an_alert_of_its_own_and_clears_nothing(desk):
    desk.minutes(10, ok=100)
    desk.minutes(4, ok=50, failed=50)
    desk.shop.scrapable = False

    desk.minutes(15)

    news = desk.news()
    assert ("ErrorsNoData", "firing") in news
    assert ("ManyErrors/P0", "over") not in news


def test_recovery_ends_what_fired(desk):
    desk.minutes(10, ok=100)
    desk.minutes(4, ok=50, failed=50)

    desk.minutes(90, ok=100)

    assert ("ManyErrors/P1", "over") in desk.news()
    assert ("ManyErrors/P0", "over") in desk.news()
    assert desk.reliability.watch.evaluator.active() == ()


def test_a_tier_is_silent_until_the_promise_was_measured_for_as_long_as_the_rules_ask(desk):
    """Half of its long window: 30 minutes for the fast tier, 3 hours for the slow one, 12 for the steady one."""
    desk.minutes(20, ok=100)
    desk.minutes(8, ok=50, failed=50)
    young = [key for key, _ in desk.news() if key.startswith("ErrorsBudgetBurn")]

    desk.minutes(8, ok=50, failed=50)

    assert young == []
    assert [key for key, _ in desk.news() if key.startswith("ErrorsBudgetBurn")] == ["ErrorsBudgetBurn/fast"]
    status = desk.reliability.status(desk.reliability.plan.slo("errors"))
    assert [found.tier.name for found in status.burns if found.fires] == ["fast"]


def test_a_service_that_comes_back_after_a_long_pause_is_not_new(desk):
    desk.minutes(40, ok=100)
    desk.shop.scrapable = False
    desk.minutes(110)
    desk.shop.scrapable = True

    desk.minutes(4, ok=50, failed=50)

    assert ("ErrorsBudgetBurn/fast", "firing") in desk.news()
    status = desk.reliability.status(desk.reliability.plan.slo("errors"))
    assert "fast" in [found.tier.name for found in status.burns if found.fires]


def test_the_p0_outlasts_the_lower_pages_of_the_same_fault(desk):
    desk.minutes(200, ok=100)
    desk.minutes(4, ok=50, failed=50)

    desk.minutes(90, ok=100)

    over = [key for key, state in desk.news() if state == "over"]
    assert over.index("ErrorsBudgetBurn/slow") < over.index("ManyErrors/P0")


def test_slow_requests_fire_by_their_share_beyond_the_bucket(desk):
    desk.minutes(10, fast=96, slow=4)
    assert desk.news() == []

    desk.minutes(10, fast=90, slow=10)

    assert ("SlowRequests/P1", "firing") in desk.news()


def test_a_share_of_time_is_judged_for_each_group(desk):
    desk.minutes(5)
    desk.shop.circuits["mail"] = 1

    desk.minutes(3)

    assert desk.news() == [("CircuitOpen/P2/circuit=mail", "firing")]
    assert desk.told[0].condition.summary.startswith("mail was open ")


def test_a_restarted_desk_remembers_what_fires_and_says_nothing_twice(desk):
    desk.minutes(10, ok=100)
    desk.minutes(4, ok=50, failed=50)
    said = len(desk.told)
    desk.start()

    desk.minutes(0.5, ok=50, failed=50)

    assert len(desk.told) == said
    assert "ManyErrors/P0" in {found.condition.key for found in desk.reliability.watch.evaluator.active()}


def test_what_the_desk_did_not_take_is_said_again(desk):
    desk.minutes(10, ok=100)
    addresses = Addresses({"vcci-api": "http://shop:80"}, self_job="vcci-desk")
    refusals = []

    def refuse(findings):
        refusals.extend(findings)
        raise OSError("the disk is full")

    plan = desk.reliability.plan
    client = httpx.Client(transport=httpx.MockTransport(desk.shop.handle))
    stubborn = with_recorder(plan, desk.database, desk.clock, addresses, refuse, client)
    desk.shop.ready = False
    for _ in range(10):
        desk.clock.advance(seconds=15)
        try:
            stubborn.watch.round()
        except OSError:
            break
    stubborn.close()
    desk.start()

    desk.minutes(0.25)

    first, again = refusals[0].verdict, desk.told[0].verdict
    assert (again.key, again.since, again.fired_at, again.summary) == (
        first.key,
        first.since,
        first.fired_at,
        first.summary,
    )
