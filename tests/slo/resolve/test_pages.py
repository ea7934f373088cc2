"""Which dashboards there are: a person reads a page, so each has an end, and everything is on one of them."""

from __future__ import annotations

from vcci_slo.testing import a_plan

SIGNALS = {"requests": {"events": "http_requests_total", "bad": 'status=~"5.."'}}
HTTP = {"kind": "http", "signals": SIGNALS}
PROBED = {"kind": "http", "probe": {"url": "https://p.example/", "fails_for": {"P0": "2m"}}}
GRAFANA = {"grafana": "https://g.example"}


def component(name):
    return {**HTTP, "selector": f'job="{name}"'}


def promises(count, of):
    return {f"p{n}": {"good": f"{of[n % len(of)]}.requests", "objective": "99%"} for n in range(count)}


def shown(board, view):
    return [panel for row in board.rows for panel in row.panels if panel.view == view]


def test_as_many_promises_as_a_page_holds_stay_on_one_page():
    (board,) = a_plan(slos=promises(40, ["api"])).dashboards

    assert (board.uid, board.component) == ("slo-tracking", "")
    assert [panel.worst for view in ("budget", "burn", "objective") for panel in shown(board, view)] == [None] * 3


def test_more_are_on_the_pages_of_their_components_and_the_first_page_shows_the_worst():
    plan = a_plan(
        links=GRAFANA,
        components={"api": component("api"), "web": component("web")},
        slos=promises(41, ["api", "web"]),
    )

    whole, api, web = plan.dashboards

    assert [(panel.worst, len(panel.slos)) for panel in shown(whole, "objective")] == [(20, 41)]
    assert [row.title for row in whole.rows] == ["Is it broken now?", "Promises"]
    assert [(board.uid, board.component) for board in (api, web)] == [
        ("component-api", "api"),
        ("component-web", "web"),
    ]
    assert {slo.name for slo in plan.slos_of("web")} == set(shown(web, "burn")[0].slos)
    assert shown(web, "burn")[0].worst is None
    assert [panel.signal.ref for panel in shown(web, "rate")] == ["web.requests"]
    assert plan.slo("p1").dashboard_url == "https://g.example/d/component-web?var-slo=p1"


def test_a_component_with_more_promises_than_a_page_holds_has_several():
    plan = a_plan(links=GRAFANA, slos=promises(95, ["api"]))

    own = plan.dashboards[1:]

    assert [board.uid for board in own] == ["component-api", "component2-api", "component3-api"]
    assert [board.title for board in own] == ["API", "API, page 2", "API, page 3"]
    assert [len(shown(board, "objective")[0].slos) for board in own] == [40, 40, 15]
    assert plan.slo("p94").dashboard_url == "https://g.example/d/component3-api?var-slo=p94"


def test_pages_that_the_spec_writes_stay_and_signals_are_drawn_where_it_says():
    plan = a_plan(
        slos=promises(41, ["api"]),
        dashboards={"board": {"rows": {"All": [{"objective": "slos"}, {"rate": "api.requests"}]}}},
    )

    board, api, continued = plan.dashboards

    assert shown(board, "objective")[0].worst == 20
    assert [panel.view for row in api.rows for panel in row.panels] == [
        *("state-alerts", "state-components"),
        *("objective", "budget", "burn"),
    ]
    assert [panel.view for row in continued.rows for panel in row.panels] == ["objective", "budget", "burn"]


def test_the_probe_of_each_of_many_components_is_judged_on_its_own_page():
    names = [f"c{n}" for n in range(17)]
    plan = a_plan(links=GRAFANA, components=dict.fromkeys(names, PROBED), slos=None)

    whole = plan.dashboards[0]

    assert [(panel.worst, panel.alerts) for panel in shown(whole, "state-components")] == [(20, ())]
    assert [board.component for board in plan.dashboards[1:]] == names
    for alert in plan.alerts:
        assert alert.dashboard_url == f"https://g.example/d/component-{alert.component}?viewPanel=2"


def test_many_signals_are_cut_into_pages_and_none_is_lost():
    values = {f"v{n}": {"value": "max(v{SELECTOR})", "unit": "count"} for n in range(70)}
    plan = a_plan(components__api__signals={**SIGNALS, **values})

    drawn = [panel.signal.ref for board in plan.dashboards for panel in shown(board, "value")]

    assert [board.uid for board in plan.dashboards] == [
        *("slo-tracking", "component-api", "component2-api", "component3-api"),
    ]
    assert drawn == [f"api.v{n}" for n in range(70)]


def test_a_name_that_is_too_long_for_grafana_or_taken_gets_a_mark():
    long = "a-component-whose-name-goes-on-and-on-and-on"
    plan = a_plan(
        components={long: component("x"), f"{long}-too": component("y"), "api": component("api")},
        slos=promises(41, [long, f"{long}-too", "api"]),
        dashboards={"component-api": {"rows": {"All": [{"objective": "slos"}]}}},
    )

    uids = [board.uid for board in plan.dashboards]

    assert len(set(uids)) == len(uids) == 4
    assert all(len(uid) <= 40 for uid in uids)


def test_components_of_one_title_have_pages_of_different_titles():
    plan = a_plan(
        components={"a": {**component("a"), "title": "Shop"}, "b": {**component("b"), "title": "Shop"}},
        slos=promises(41, ["a", "b"]),
    )

    assert [board.title for board in plan.dashboards[1:]] == ["Shop", "Shop (b)"]


def test_components_of_one_title_keep_their_signals_on_the_one_page():
    plan = a_plan(
        components={"a": {**component("a"), "title": "Shop"}, "b": {**component("b"), "title": "Shop"}},
        slos=promises(2, ["a", "b"]),
    )

    (board,) = plan.dashboards

    assert [panel.signal.ref for panel in shown(board, "rate")] == ["a.requests", "b.requests"]
