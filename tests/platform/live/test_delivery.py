"""Where alerts go, by two configurations; what is silenced; what surrounds the rules."""

import copy
from datetime import UTC, datetime, timedelta

import pytest

from vcci_alerts import rules
from vcci_platform.live.alertmanager import Silence
from vcci_platform.live.delivery import delivery_drift, silence_drift
from vcci_platform.live.drift import wanted_delivery
from vcci_platform.live.prometheus import Target
from vcci_platform.live.surroundings import clock_drift, retention_drift, target_drift
from vcci_slo.promql.matchers import Matcher
from vcci_slo.testing import a_plan

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLAN = a_plan(components__api__scrape={"targets": ["shop:80"]})
WANTED = wanted_delivery(PLAN)
RULES = [rule for group in rules.rule_files(PLAN).values() for rule in group.alerts]


def drift(change):
    live = copy.deepcopy(dict(WANTED))
    change(live)
    return delivery_drift(WANTED, live, RULES)


def test_the_same_configuration_is_no_drift():
    assert drift(lambda live: None) == ()


def test_a_route_that_is_written_otherwise_is_no_drift():
    def change(live):
        priority = next(route for route in live["route"]["routes"] if route["receiver"] == "P0")
        priority["match"] = {"priority": "P0"}
        del priority["matchers"]
        live["route"]["routes"].append({"matchers": ['team="other"'], "receiver": "P3"})

    assert drift(change) == ()


def test_a_route_to_another_receiver_is_told_for_the_alerts_that_take_it():
    def change(live):
        next(route for route in live["route"]["routes"] if route["receiver"] == "P0")["receiver"] = "P3"

    (found,) = drift(change)

    assert (found.what, found.subject) == ("route", "ApiProbeDown (P0)")
    assert (found.expected, found.found) == ("P0", "P3")


def test_another_pace_is_told_with_the_pace():
    def change(live):
        next(route for route in live["route"]["routes"] if route["receiver"] == "P0")["group_wait"] = "5m"

    (found,) = drift(change)

    assert "wait 10s" in found.expected
    assert "wait 5m" in found.found


def test_a_receiver_that_lost_its_pager_is_told():
    def change(live):
        del next(one for one in live["receivers"] if one["name"] == "P0")["pagerduty_configs"]

    (found,) = drift(change)

    assert (found.what, found.subject, found.words) == ("receiver", "P0", "does not tell pagerduty")


def test_a_secret_and_an_address_are_the_places_own():
    def change(live):
        for receiver in live["receivers"]:
            for hook in receiver.get("webhook_configs", ()):
                hook["url"] = "<secret>"
                hook["http_config"] = {"follow_redirects": True}
            for pager in receiver.get("pagerduty_configs", ()):
                del pager["routing_key_file"]
                pager["routing_key"] = "<secret>"
                pager["details"]["firing"] = "added by Alertmanager"

    assert drift(change) == ()


def test_a_receiver_that_is_gone_and_one_that_resolves_pages_are_told():
    def change(live):
        live["receivers"] = [one for one in live["receivers"] if one["name"] != "P3"]
        next(one for one in live["receivers"] if one["name"] == "P1")["pagerduty_configs"][0]["send_resolved"] = True

    found = drift(change)

    assert {(one.subject, one.words) for one in found} == {
        ("P3", "is not there"),
        ("P1", "has another `send_resolved` for pagerduty"),
    }


def test_an_inhibition_that_is_gone_and_one_too_many_are_told():
    def change(live):
        live["inhibit_rules"] = [
            *live["inhibit_rules"][1:],
            {"source_matchers": ['alertname="Maintenance"'], "target_matchers": ['team="crew"'], "equal": []},
        ]

    gone, extra = drift(change)

    assert gone.subject == 'priority="P0" holds back priority=~"P1|P2|P3" of the same system'
    assert extra.words.startswith(
        "is not the spec's, and can hold back ApiProbeDown (P0), ErrorsBudgetBurn (fast P1), "
    )


def test_other_hours_are_told():
    def change(live):
        live["time_intervals"][0]["time_intervals"][0]["times"] = [{"start_time": "10:00", "end_time": "11:00"}]

    (found,) = drift(change)

    assert found.words == "has other hours"


def test_days_that_follow_each_other_may_be_joined():
    def change(live):
        live["time_intervals"][0]["time_intervals"][0]["weekdays"] = ["monday:friday"]

    assert drift(change) == ()


def test_a_configuration_that_cannot_be_read_is_a_finding():
    (found,) = drift(lambda live: live.update(route=None))

    assert "cannot be compared" in found.words


def silence(*matchers, starts=NOW, comment="upgrade", by="ann"):
    return Silence("id-11", matchers, starts, NOW + timedelta(hours=2), by, comment, "active")


def test_a_silence_says_what_it_hides_who_made_it_and_until_when():
    (found,) = silence_drift([silence(Matcher("alertname", "=", "ApiProbeDown"))], RULES, NOW)

    assert found.words == "hides ApiProbeDown (P0) until 2026-03-02 11:00 UTC; made by ann: upgrade"


def test_a_silence_of_one_series_hides_some_of_an_alert():
    found = silence_drift(
        [silence(Matcher("team", "=", "crew"), Matcher("pod", "=", "a-1"), by="", comment="")], RULES, NOW
    )

    assert "hides some of ApiProbeDown (P0), ErrorsBudgetBurn (fast P1), " in found[0].words
    assert "made by nobody: no reason given" in found[0].words


def test_a_silence_that_is_still_to_come_is_told():
    (found,) = silence_drift(
        [silence(Matcher("alertname", "=~", "Api.*"), starts=NOW + timedelta(hours=1))], RULES, NOW
    )

    assert "from 2026-03-02 10:00 UTC until" in found.words


@pytest.mark.parametrize("matcher", [Matcher("alertname", "=", "Theirs"), Matcher("pod", "=", "a-1")])
def test_a_silence_of_something_else_is_none_of_ours(matcher):
    assert silence_drift([silence(matcher)], RULES, NOW) == ()


def target(**labels):
    return Target(labels, labels.pop("health", "up"), labels.pop("error", ""), "http://shop:80/metrics")


def test_what_is_scraped_and_probed_from_outside_is_no_drift():
    assert target_drift(PLAN, [target(job="shop-api"), target(job="probe-api")]) == ()


def test_a_component_that_nobody_scrapes_or_probes_is_told():
    scrape, probe = target_drift(PLAN, [target(job="other")])

    assert scrape.words == 'is not scraped: no target has job="shop-api"'
    assert (probe.subject, probe.words) == ("probe-api", "is not probed from outside")


def test_a_target_that_is_down_says_why():
    down = target(job="shop-api", instance="shop:80", health="down", error="connection refused")

    (found,) = target_drift(PLAN, [down, target(job="probe-api")])

    assert found.words == "cannot be scraped at shop:80: connection refused"


def test_slower_clocks_than_the_plans_are_told():
    slow, unsaid = clock_drift(PLAN, "global: {scrape_interval: 30s}")

    assert (slow.expected, slow.found) == ("15s", "30s")
    assert (unsaid.subject, unsaid.found) == ("evaluation_interval", "1m")
    assert clock_drift(PLAN, "global: {scrape_interval: 10s, evaluation_interval: 15s}") == ()
    assert clock_drift(PLAN, "{") == ()


@pytest.mark.parametrize(
    ("has", "size", "told"),
    [
        ("0s", "0B", "15d"),
        ("20d", "0B", "20d"),
        ("40d", "0B", ""),
        ("1y", "0B", ""),
        ("8w", "0B", ""),
        ("0s", "100GB", ""),
        ("", "", ""),
    ],
)
def test_a_prometheus_that_forgets_too_soon_is_told(has, size, told):
    found = retention_drift(PLAN, {"storage.tsdb.retention.time": has, "storage.tsdb.retention.size": size})

    assert [(one.expected, one.found) for one in found] == ([("35d", told)] if told else [])


def test_several_alerts_that_go_elsewhere_are_told_in_the_plural():
    def change(live):
        for route in live["route"]["routes"]:
            route["group_wait"] = "11m"

    (found, *_) = (one for one in drift(change) if " and " in one.subject or ", " in one.subject)

    assert found.words == "are sent otherwise than the spec says"
