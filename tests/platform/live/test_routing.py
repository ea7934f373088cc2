"""Alertmanager's configuration, read as it reads it itself."""

from datetime import timedelta

import pytest

from vcci_platform.live.routing import Inhibition, Unreadable, inhibitions, integrations, matchers_of, ways
from vcci_slo.promql.matchers import Matcher

CONFIGURATION = {
    "route": {
        "receiver": "default",
        "group_by": ["alertname"],
        "group_wait": "7s",
        "routes": [
            {"matchers": ['team="a"'], "receiver": "first", "continue": True, "active_time_intervals": ["day"]},
            {
                "matchers": ['team=~"a|b"'],
                "group_by": ["system"],
                "routes": [{"match": {"priority": "P0"}, "receiver": "loud", "group_wait": "0s"}],
            },
            {"match_re": {"team": "a.*"}, "receiver": "never for a"},
        ],
    },
    "receivers": [{"name": "loud", "pagerduty_configs": [{"severity": "critical"}], "webhook_configs": []}],
}


def receivers(**labels):
    return [way.receiver for way in ways(CONFIGURATION, labels)]


def test_the_first_route_that_matches_ends_the_search_unless_it_goes_on():
    assert receivers(team="a") == ["first", "default"]
    assert receivers(team="a", priority="P0") == ["first", "loud"]
    assert receivers(team="abc") == ["never for a"]
    assert receivers(team="z") == ["default"]


def test_a_route_inherits_all_but_its_hours():
    first, second = ways(CONFIGURATION, {"team": "a", "priority": "P0"})

    assert (first.group_by, first.wait, first.active) == (("alertname",), timedelta(seconds=7), ("day",))
    assert (second.group_by, second.wait, second.active) == (("system",), timedelta(0), ())
    assert (second.interval, second.repeat) == (timedelta(minutes=5), timedelta(hours=4))


def test_a_receiver_tells_what_it_has():
    assert integrations(CONFIGURATION, "loud") == {"pagerduty": [{"severity": "critical"}]}
    assert integrations(CONFIGURATION, "nobody") == {}


@pytest.mark.parametrize("text", ['team="a"', "team=a", ' team = "a" ', '{team="a"}', '"team"=a'])
def test_a_matcher_may_be_written_with_and_without_quotes(text):
    assert matchers_of({"matchers": [text]}) == (Matcher("team", "=", "a"),)


@pytest.mark.parametrize("broken", [{"route": None}, {"route": {"receiver": "x", "routes": [{"matchers": ["=,="]}]}}])
def test_what_cannot_be_read_is_refused(broken):
    with pytest.raises(Unreadable):
        ways(broken, {"team": "a"})


def test_an_interval_that_is_none_is_refused():
    with pytest.raises(Unreadable, match="expected a duration"):
        ways({"route": {"receiver": "x", "group_wait": "soon"}}, {})


def test_one_alert_holds_back_another_of_the_same_system():
    (rule,) = inhibitions(
        {
            "inhibit_rules": [
                {"source_matchers": ['priority="P0"'], "target_matchers": ['priority=~"P1|P2"'], "equal": ["system"]}
            ]
        }
    )

    assert rule.holds_back({"priority": "P0", "system": "x"}, {"priority": "P1", "system": "x"})
    assert not rule.holds_back({"priority": "P0", "system": "x"}, {"priority": "P1", "system": "y"})
    assert not rule.holds_back({"priority": "P1", "system": "x"}, {"priority": "P1", "system": "x"})
    assert not rule.holds_back({"priority": "P0", "system": "x"}, {"priority": "P0", "system": "x"})


def test_an_alert_on_both_sides_does_not_hold_back_its_like():
    both = (Matcher("team", "=", "a"),)

    assert not Inhibition(both, both, ()).holds_back({"team": "a"}, {"team": "a"})


def test_a_pattern_that_only_go_understands_selects_nothing():
    assert ways({"route": {"receiver": "x", "routes": [{"match_re": {"a": r"\pL"}, "receiver": "y"}]}}, {"a": "b"})[
        0
    ].receiver == ("x")
