"""Why an alert fires, by what a witness sees."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.witness import NOW, Witness, active
from vcci_platform.live.alertmanager import Silence, Treated
from vcci_platform.live.conditions import UnknownAlert
from vcci_platform.live.drift import wanted_delivery
from vcci_platform.live.eyes import Reading
from vcci_platform.live.reasons import why
from vcci_slo.burn import Traffic
from vcci_slo.promql.matchers import Matcher
from vcci_slo.testing import a_plan

PLAN = a_plan(
    alerts={
        "ManyErrors": {
            "measure": {"bad_ratio": "api.requests", "over": "5m"},
            "above": {"P1": "1%", "P0": "5%"},
            "min_bad": 10,
            "for": "2m",
            "summary": "{value} of requests fail",
            "because": "nobody can buy",
        },
        "OldThings": {"measure": "api.oldest", "above": {"P2": "5m"}, "summary": "{value}", "because": "x"},
    },
    contacts={"lead": {"mail": "a@b.c"}, "boss": {"mail": "d@e.f"}},
    escalation={"levels": {"1": ["lead"], "2": ["boss"]}, "unacknowledged": {"P1": {"30m": 2}}},
)


def asked(name, witness, **options):
    return why(PLAN, name, witness, wanted_delivery(PLAN), NOW, **options)


BURNS = {"ratio_rate1h": 0.05, "ratio_rate5m": 0.2, "errors:increase1h": 500.0, "count_over_time": 12.0}
BURNING = active("ErrorsBudgetBurn", slo="errors", tier="fast", priority="P1")


def test_each_half_of_a_burn_stands_against_its_limit():
    (found,) = asked("ErrorsBudgetBurn/fast", Witness(BURNS)).reasons

    assert [(half.words, half.now, half.limit, half.holds) for half in found.halves] == [
        ("error ratio in the last 1h (long window)", "5%", "> 1.44%", True),
        ("error ratio in the last 5m (short window)", "20%", "> 1.44%", True),
        ("bad events in the last 1h", "500", ">= 5", True),
        ("measured already 30 minutes ago", "yes", "", True),
    ]


def test_a_half_below_its_limit_does_not_hold():
    (found,) = asked("ErrorsBudgetBurn/fast", Witness(BURNS | {"ratio_rate5m": 0.0002})).reasons

    assert [half.holds for half in found.halves] == [True, False, True, True]
    assert found.state == "quiet"


def test_no_traffic_is_quiet_and_no_series_is_unknown():
    idle = asked("ErrorsBudgetBurn/fast", Witness({"total:increase": 0.0, "errors:": 0.0})).reasons[0]
    gone = asked("ErrorsBudgetBurn/fast", Witness()).reasons[0]

    assert (idle.state, idle.halves[0].now, idle.halves[0].holds) == ("quiet", "no traffic", False)
    assert (gone.state, gone.halves[0].now, gone.halves[0].holds) == ("unknown", "no data", None)


def test_what_a_witness_cannot_know_is_no_doubt():
    found = asked("OldThings", Witness(knows=False)).reasons[0]

    assert (found.state, found.halves[0].now) == ("quiet", "not told")


def test_what_nobody_judges_is_not_quiet():
    found = asked("OldThings", Witness({"oldest": 5.0}, unjudged="no rule"))

    assert (found.not_judged, found.reasons[0].state) == ("no rule", "unknown")


def test_a_declared_alert_says_its_measure_and_its_evidence():
    reasons = asked("ManyErrors", Witness({"increase(": 40.0, "rate(": 0.03})).reasons

    assert {one.part: [half.words for half in one.halves] for one in reasons}["P0"] == [
        "bad share of requests in the last 5m",
        "bad events in it",
    ]


def test_the_worst_comes_first_and_firing_before_quiet():
    fires = active("ManyErrors", priority="P1")

    found = asked("ManyErrors", Witness({"increase(": 40.0, "rate(": 0.03}, (fires,)))

    assert [(one.part, one.state) for one in found.reasons] == [("P1", "firing"), ("P0", "quiet")]
    assert found.reasons[0].since == NOW - timedelta(minutes=10)


def test_a_firing_burn_clears_when_its_short_window_has_emptied_and_it_was_kept():
    """All failures lie in the newest step: they leave the five minutes last of all."""
    spike = (Traffic(0, 100),) * 59 + (Traffic(5000, 5000),)

    (found,) = asked("ErrorsBudgetBurn/fast", Witness(BURNS, (BURNING,), spike)).reasons

    assert found.clears_in == timedelta(minutes=5) + found.keeps
    assert found.clears_because == "the short window empties"


def test_a_burn_that_has_nearly_left_clears_sooner():
    old = (Traffic(50, 100),) * 6 + (Traffic(0, 100),) * 54

    (found,) = asked("ErrorsBudgetBurn/fast", Witness(BURNS, (BURNING,), old)).reasons

    assert found.clears_in is not None
    assert found.clears_in < timedelta(minutes=1) + found.keeps


def test_without_a_history_the_short_window_is_the_latest_end():
    (found,) = asked("ErrorsBudgetBurn/fast", Witness(BURNS, (BURNING,))).reasons

    assert found.clears_in == timedelta(minutes=5) + found.keeps
    assert found.clears_because == "the short window is empty at the latest"


def test_of_a_promise_kept_apart_every_half_is_of_the_account_that_fires():
    """The worst of each half may be another account: together they would tell of one that is not there."""
    plan = a_plan(slos__errors__by=["endpoint"])
    seen = []

    class Parted(Witness):
        def reading(self, clause, subject, of):
            seen.append(dict(of))
            return Reading(0.5, {"endpoint": "/worst", "slo": "errors", **of}, 2)

    burning = active("ErrorsBudgetBurn", slo="errors", tier="fast", priority="P1", endpoint="/fires")
    fires = why(plan, "ErrorsBudgetBurn/fast", Parted({}, (burning,)), wanted_delivery(plan), NOW)
    asked_of = seen.copy()
    seen.clear()
    quiet = why(plan, "ErrorsBudgetBurn/fast", Parted(), wanted_delivery(plan), NOW)

    assert {half.of for half in fires.reasons[0].halves} == {"endpoint=/fires"}
    assert asked_of == [{"endpoint": "/fires"}] * len(asked_of)
    assert {half.of for half in quiet.reasons[0].halves} == {"endpoint=/worst"}
    assert seen[0] == {}


def test_where_it_goes_and_who_hears_of_it():
    (found,) = asked("ErrorsBudgetBurn/fast", Witness(BURNS, (BURNING,))).reasons

    assert [way.receiver for way in found.ways] == ["P1"]
    assert found.tells == {"P1": ("pagerduty", "webhook")}
    assert found.heard.wakes
    assert found.heard.deadlines[0].startswith("acknowledge within ")
    assert found.heard.escalates == ("unacknowledged after 30 minutes: level 2, boss",)


def test_what_would_hold_it_back_is_told_and_whether_it_fires():
    quiet = asked("ErrorsBudgetBurn/fast", Witness(BURNS)).reasons[0].inhibitors
    firing = (
        asked("ErrorsBudgetBurn/fast", Witness(BURNS, (active("ManyErrors", priority="P0"),))).reasons[0].inhibitors
    )
    lower = asked("ErrorsBudgetBurn/fast", Witness(BURNS, (active("ManyErrors", priority="P1"),))).reasons[0].inhibitors

    assert (quiet[0].alerts, quiet[0].firing) == (("ManyErrors", "ApiProbeDown"), ())
    assert firing[0].firing == ("ManyErrors",)
    assert lower[0].firing == ()


def test_a_faster_tier_holds_back_a_slower_one():
    inhibitors = asked("ErrorsBudgetBurn/slow", Witness(BURNS, (BURNING,))).reasons[0].inhibitors

    assert any(one.firing == ("ErrorsBudgetBurn/fast",) and one.equal == ("slo",) for one in inhibitors)


def test_what_alertmanager_does_with_it_is_told_with_the_silence():
    labels = {**BURNING.labels, "severity": "warning", "long": "1h", "short": "5m"}
    silence = Silence("11", (Matcher("slo", "=", "errors"),), NOW, NOW + timedelta(hours=1), "ann", "upgrade", "active")
    treated = Treated("f", labels, "suppressed", ("11", "12"), ("f",), ("P1",), NOW)

    (found,) = asked(
        "ErrorsBudgetBurn/fast", Witness(BURNS, (BURNING,)), treated=(treated,), silences=(silence,)
    ).reasons

    (treatment,) = found.treatments
    assert treatment.silenced == ("silence 11 of ann until 2026-03-02 10:00 UTC: upgrade", "silence 12")
    assert treatment.inhibited == ("ErrorsBudgetBurn",)


@pytest.mark.parametrize(
    ("name", "alert"),
    [
        ("errors", "ErrorsBudgetBurn"),
        ("ErrorsNoData", "ErrorsNoData"),
        ("errorsbudgetburn", "ErrorsBudgetBurn"),
        ("ManyErrors/P0", "ManyErrors"),
        ("Watchdog", "Watchdog"),
        ("ApiProbeDown", "ApiProbeDown"),
    ],
)
def test_a_name_may_be_that_of_an_alert_or_of_a_promise(name, alert):
    assert asked(name, Witness()).alert == alert


def test_silence_is_one_half_that_is_true_when_the_series_are_gone():
    there = asked("ErrorsNoData", Witness()).reasons[0].halves
    gone = asked("ErrorsNoData", Witness({"absent": 1.0})).reasons[0].halves

    assert [(half.words, half.holds) for half in there] == [("the series of errors are gone", False)]
    assert [half.holds for half in gone] == [True]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("ManyErors", "did you mean ManyErrors?"), ("xyz", "the spec has "), ("erors", "did you mean errors?")],
)
def test_a_name_that_nobody_has_is_met_with_the_nearest(name, hint):
    with pytest.raises(UnknownAlert, match="expected the name of an alert or of a promise") as told:
        asked(name, Witness())

    assert hint in str(told.value)
    assert told.value.exit_code == 2


def test_a_tier_that_it_does_not_have_gives_no_reason():
    assert asked("ErrorsBudgetBurn/never", Witness()).reasons == ()
