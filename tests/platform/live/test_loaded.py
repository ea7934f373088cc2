"""The rules of the spec against those that are loaded."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vcci_alerts.model import AlertRule, Group, Recording
from vcci_platform.live.finding import Drift
from vcci_platform.live.loaded import group_troubles, rule_drift
from vcci_platform.live.prometheus import LiveGroup, LiveRule

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
RECORDING = Recording("slo:total:increase5m", 'sum(increase(x{job="a"}[5m]))', (("slo", "errors"),))
ALERT = AlertRule(
    "High",
    "x > 0.01",
    timedelta(minutes=2),
    timedelta(minutes=5),
    (("priority", "P1"), ("system", "shop")),
    (("summary", "too high"),),
)
GROUPS = (Group("slo:errors", (RECORDING, ALERT)),)
SHOP = frozenset({"shop"})


def live(rule, **changes):
    """Return a rule as Prometheus would have loaded it, spelled in its own way."""
    if isinstance(rule, Recording):
        found = {
            "kind": "record",
            "name": rule.record,
            "annotations": {},
            "lasts": timedelta(0),
            "keep_firing_for": None,
        }
    else:
        found = {
            "kind": "alert",
            "name": rule.alert,
            "annotations": dict(rule.annotations),
            "lasts": rule.lasts,
            "keep_firing_for": rule.keep_firing_for,
        }
    found |= {"expression": f"\n{rule.expression} ", "labels": dict(rule.labels), "health": "ok", "error": ""}
    return LiveRule(**(found | changes))


def group(*rules, name="slo:errors", **changes):
    found = {
        "file": "/etc/slo.yml",
        "interval": timedelta(seconds=15),
        "took": timedelta(seconds=1),
        "evaluated_at": NOW - timedelta(seconds=20),
    }
    return LiveGroup(name=name, rules=rules, **(found | changes))


def found(*groups):
    return rule_drift(GROUPS, groups, SHOP)


def test_what_is_loaded_as_generated_is_no_drift():
    assert found(group(live(RECORDING), live(ALERT))) == ()


def test_rules_may_be_loaded_in_other_groups():
    assert found(group(live(RECORDING), name="part-1"), group(live(ALERT), name="part-2")) == ()


def test_a_group_that_was_split_to_fit_a_limit_is_there():
    """With `--max-rules` a missing rule was told, and every part once more as something the spec does not give."""
    parts = group(live(RECORDING), name="slo:errors:1"), group(live(ALERT), name="slo:errors:2", file="/etc/slo.2.yml")

    assert found(*parts) == ()
    assert found(parts[0], group(live(ALERT, lasts=timedelta(0)), name="slo:errors:2")) == (
        Drift("rule", "High (P1)", "`for` is not what the spec gives, in /etc/slo.yml", "2m", "0s"),
    )
    assert found(*parts, group(live(ALERT, name="Bobs"), name="slo:errors:3")) == (
        Drift("rule", "Bobs (P1)", "is loaded from /etc/slo.yml, and the spec does not give it"),
    )


def test_a_group_whose_name_ends_with_a_number_is_no_part_of_another():
    numbered = (Group("slo:errors", (RECORDING,)), Group("slo:errors:2", (ALERT,)))

    loaded = [group(live(RECORDING)), group(live(ALERT), name="slo:errors:2")]

    assert rule_drift(numbered, loaded, SHOP) == ()


def test_a_part_that_is_not_loaded_is_told_once():
    """Of a group of six rules a file with four was lost: that the whole group is not loaded is wrong."""
    rules = tuple(replace(RECORDING, record=f"slo:total:increase{number}m") for number in range(5, 10))
    first = group(live(rules[0]), live(ALERT), name="slo:errors:1")

    assert rule_drift([Group("slo:errors", (*rules, ALERT))], [first], SHOP) == (
        Drift("group", "slo:errors", "is loaded in part: 4 of its 6 rules are missing"),
    )


def test_a_group_that_is_not_loaded_is_told_once():
    assert found() == (Drift("group", "slo:errors", "is not loaded: 2 rules, with the alert High"),)


def test_a_rule_that_is_missing_in_a_group_is_named():
    assert found(group(live(RECORDING))) == (
        Drift("rule", "High (P1)", "is not loaded; it belongs to the group slo:errors"),
    )


@pytest.mark.parametrize(
    ("changes", "words", "expected", "has"),
    [
        ({"expression": "x > 0.05"}, "the expression", "… > 0.01", "… > 0.05"),
        ({"lasts": timedelta(minutes=10)}, "`for`", "2m", "10m"),
        ({"keep_firing_for": timedelta(0)}, "`keep_firing_for`", "5m", "0s"),
        ({"labels": {"priority": "P3", "system": "shop"}}, "the label `priority`", "P1", "P3"),
        ({"labels": {"system": "shop"}}, "the label `priority`", "P1", "absent"),
        ({"annotations": {"summary": "too high", "note": "ask Bob"}}, "the annotation `note`", "absent", "ask Bob"),
    ],
)
def test_a_rule_that_was_edited_by_hand_is_named_with_what_differs(changes, words, expected, has):
    (drift,) = found(group(live(RECORDING), live(ALERT, **changes)))

    assert drift.subject == "High (P1)"
    assert drift.words == f"{words} is not what the spec gives, in /etc/slo.yml"
    assert (drift.expected.endswith(expected.removeprefix("…")), drift.found.endswith(has.removeprefix("…"))) == (
        True,
        True,
    )


def test_a_prometheus_that_does_not_tell_how_long_an_alert_is_kept_is_not_blamed():
    assert found(group(live(RECORDING), live(ALERT, keep_firing_for=None))) == ()


def test_a_rule_that_is_loaded_twice_is_told():
    (drift,) = found(group(live(RECORDING), live(ALERT)), group(live(ALERT), name="copy", file="/etc/copy.yml"))

    assert drift == Drift("rule", "High (P1)", "is loaded 2 times, in /etc/copy.yml and /etc/slo.yml")


def test_a_rule_in_a_group_of_ours_that_the_spec_does_not_give_is_told():
    (drift,) = found(group(live(RECORDING), live(ALERT), live(ALERT, name="Bobs")))

    assert drift == Drift("rule", "Bobs (P1)", "is loaded from /etc/slo.yml, and the spec does not give it")


def test_a_promise_that_was_taken_from_the_spec_leaves_a_stale_group():
    old = group(live(ALERT, name="OldBurn"), name="slo:old", file="/etc/old.yml")

    (drift,) = found(group(live(RECORDING), live(ALERT)), old)

    assert drift == Drift("group", "slo:old", "is loaded from /etc/old.yml, and the spec does not give it: 1 rules")


def test_the_groups_of_another_team_are_theirs():
    other = live(ALERT, name="Other", labels={"system": "bank"})

    assert found(group(live(RECORDING), live(ALERT)), group(other, name="slo:other"), group(other, name="bank")) == ()


def test_a_failing_group_says_what_fails():
    broken = group(live(ALERT, health="err", error="found duplicate series"))

    (trouble,) = group_troubles(GROUPS, [broken], NOW)

    assert trouble.words == "fails: High: found duplicate series"


def test_a_part_of_a_split_group_that_fails_is_ours():
    broken = group(live(ALERT, health="err", error="found duplicate series"), name="slo:errors:2")

    (trouble,) = group_troubles(GROUPS, [broken], NOW)

    assert trouble.subject == "slo:errors:2"


def test_a_slow_group_and_one_that_stopped_are_told():
    slow = group(live(ALERT), took=timedelta(seconds=9), evaluated_at=NOW - timedelta(minutes=11))

    first, second = group_troubles(GROUPS, [slow], NOW)

    assert first.words == "takes 9 s of its 15 seconds to evaluate"
    assert second.words == "was last evaluated 11 minutes ago"


def test_a_group_of_somebody_else_may_fail():
    assert group_troubles(GROUPS, [group(live(ALERT, health="err", error="x"), name="theirs")], NOW) == ()
