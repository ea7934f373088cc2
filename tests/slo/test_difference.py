"""What changes between two plans, in words."""

from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.difference import Change, difference
from vcci_slo.testing import a_plan

PLAN = a_plan()


def words(kind="promise", **sections):
    return [change.words for change in difference(PLAN, a_plan(**sections)) if change.kind == kind]


def test_a_plan_does_not_differ_from_itself():
    assert difference(PLAN, a_plan()) == ()


def test_a_stricter_objective_is_told_in_minutes_and_in_every_threshold():
    found = words(slos={"errors": {"good": "api.requests", "objective": "99.95%"}})

    assert found[0] == (
        "asks for 99.95% instead of 99.9%: 21 minutes 36 seconds of total failure in 30d, not 43 minutes 12 seconds"
    )
    assert "fast fires above 0.72% of failures instead of 1.44%" in found


def test_another_window_is_told():
    found = words(slos={"errors": {"good": "api.requests", "objective": "99.9%", "window": "28d"}})

    assert found[0] == "is kept over 28d instead of 30d"


def test_a_tier_that_wakes_nobody_any_more_is_told_and_marked():
    plan = a_plan(
        burn_policies={"calm": {"fast": "P2", "slow": "P1", "steady": "P2", "creep": "P3"}}, slos__errors__policy="calm"
    )

    found = [change for change in difference(PLAN, plan) if "fast" in change.words]

    assert found == [
        Change("promise", "errors", "changed", "fast is P2 instead of P1 and wakes nobody any more", wakes=True)
    ]


def test_a_tier_that_goes_is_told():
    plan = a_plan(burn_policies={"calm": {"fast": "P1", "slow": "P1"}}, slos__errors__policy="calm")

    assert {"loses the tier steady (P2)", "loses the tier creep (P3)"} <= {
        change.words for change in difference(PLAN, plan)
    }
    assert "gets the tier creep: P3 above 0.1% in 3d and 6h" in {change.words for change in difference(plan, PLAN)}


def test_a_promise_that_comes_and_one_that_goes_are_told():
    plan = a_plan(slos={"fresh": {"holds": "api.oldest", "below": "5m", "objective": "99%"}})

    found = {(change.name, change.action): change for change in difference(PLAN, plan) if change.kind == "promise"}

    assert found["fresh", "added"].words.startswith(
        "is new: the oldest is under 5m for 99% of the time, over 30d; it speaks as"
    )
    assert found["errors", "removed"].words == (
        "is promised no longer: 99.9% of the requests succeed; ErrorsBudgetBurn and ErrorsNoData go"
    )
    assert found["errors", "removed"].wakes


def test_a_promise_that_is_only_renamed_is_the_same():
    (found,) = [
        change
        for change in difference(PLAN, a_plan(slos={"failures": {"good": "api.requests", "objective": "99.9%"}}))
        if change.kind == "promise"
    ]

    assert (found.name, found.words) == ("failures", "was called errors")


def test_a_signal_that_counts_otherwise_is_told_at_the_signal_and_at_its_promises():
    changed = {"components__api__signals__requests__bad": 'status=~"5..|429"'}

    assert words("signal", **changed) == ['bad: status=~"5..|429" instead of status=~"5.."']
    assert words("promise", **changed) == ["counts other bad events: since api.requests changes"]


def test_a_promise_on_another_signal_shows_both_expressions():
    found = words(slos={"errors": {"holds": "api.oldest", "below": "5m", "objective": "99.9%"}})

    assert any(text.startswith("counts other valid events: ") and " instead of sum(increase(" in text for text in found)


def declared(**changes):
    alert = {"measure": "api.oldest", "above": {"P2": "5m"}, "for": "2m", "summary": "{value}", "because": "x"}
    return {"alerts": {"Old": alert | changes}}


def test_an_alert_that_comes_is_told_with_its_limits():
    found = words("alert", **declared())

    assert found == ["is new: P2 above 5m; {value}"]


def test_another_limit_and_another_wait_are_told():
    before, after = a_plan(**declared()), a_plan(**declared(above={"P2": "10m", "P3": "1m"}, **{"for": "5m"}))

    found = {change.words for change in difference(before, after) if change.kind == "alert"}

    assert {
        "is P2 above 10m instead of above 5m",
        "is P2 after 5 minutes instead of 2 minutes",
        "is P3 above 1m, a limit that it did not have",
    } <= found


def test_another_measure_is_told_by_its_expressions():
    over = {"bad_ratio": "api.requests", "over": "5m"}
    before = a_plan(**declared(measure=over, above={"P2": "5%"}))
    after = a_plan(**declared(measure=over | {"over": "10m"}, above={"P2": "5%"}))

    (found,) = [change.words for change in difference(before, after) if change.kind == "alert"]

    assert found.startswith("looks at sum(rate(")
    assert "[10m]" in found.partition(" instead of ")[0]


def test_a_component_and_its_probe_are_told():
    found = words("component", components__api__probe__url="https://shop.example/other")

    assert "probe url: https://shop.example/other instead of https://shop.example/health" in found


def test_links_and_contacts_are_people():
    found = words("people", links={"grafana": "https://graf.example"})

    assert "grafana: https://graf.example instead of nothing" in found


def test_a_panel_whose_limits_move_is_named_once():
    before, after = a_plan(**declared()), a_plan(**declared(above={"P2": "10m"}))

    panels = [change.words for change in difference(before, after) if change.kind == "dashboard"]

    assert panels
    assert all("changes the panel " in text and "limits P2 value" in text for text in panels)


def test_a_dashboard_that_comes_is_counted():
    board = {"mine": {"title": "Mine", "purpose": "Look?", "rows": {"All": ["api.oldest"]}}}

    found = words("dashboard", dashboards=board)

    assert "is new: Mine, 1 panel" in found


def test_the_pace_of_prometheus_is_told():
    found = words("monitoring", monitoring={"scrape": "30s", "evaluate": "30s"})

    assert "is 30 seconds instead of 15 seconds" in found


@given(st.sampled_from(["99%", "99.5%", "99.9%", "99.95%"]), st.sampled_from(["99%", "99.5%", "99.9%", "99.95%"]))
def test_a_difference_there_is_a_difference_back(one, other):
    plans = [a_plan(slos={"errors": {"good": "api.requests", "objective": objective}}) for objective in (one, other)]

    there, back = difference(plans[0], plans[1]), difference(plans[1], plans[0])

    assert bool(there) == bool(back) == (one != other)
    assert {change.name for change in there} == {change.name for change in back}
