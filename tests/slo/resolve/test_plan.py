"""The plan: names, defaults and windows; and the problems that only appear between sections."""

from datetime import timedelta

import pytest

from vcci_slo import SpecError
from vcci_slo.plan import EventsIndicator, LatencyIndicator, LimitIndicator, ProbeIndicator
from vcci_slo.promql.matchers import Matcher
from vcci_slo.resolve.findings import kebab
from vcci_slo.testing import a_plan, a_spec

QUEUES = {
    "kind": "celery",
    "selector": 'job="w"',
    "queues": ["mail", "big_files"],
    "signals": {
        "jobs": {"events": "jobs_total", "bad": 'outcome="failed"', "each": {"queue": "worker.queues"}},
        "age": {
            "value": "max by (queue) (age_seconds{SELECTOR})",
            "unit": "seconds",
            "each": {"queue": "worker.queues"},
        },
    },
}


def problems(**sections) -> list[str]:
    with pytest.raises(SpecError) as caught:
        a_plan(**sections)
    return [str(problem) for problem in caught.value.problems]


def test_a_promise_has_its_tiers_names_and_places():
    slo = a_plan(links={"runbooks": "https://r.example", "grafana": "https://g.example/"}).slo("errors")

    assert (slo.objective, slo.budget, slo.window) == (0.999, 0.001, timedelta(days=30))
    assert [(tier.name, tier.priority, tier.threshold) for tier in slo.tiers] == [
        ("fast", "P1", 0.0144),
        ("slow", "P1", 0.006),
        ("steady", "P2", 0.003),
        ("creep", "P3", 0.001),
    ]
    assert slo.tiers[0].exhausts_in == timedelta(hours=50)
    assert (slo.burn_alert, slo.no_data_alert) == ("ErrorsBudgetBurn", "ErrorsNoData")
    assert slo.runbook_url == "https://r.example/errors"
    assert slo.dashboard_url == "https://g.example/d/slo-tracking?var-slo=errors"


def test_one_declaration_gives_a_promise_for_each_queue():
    plan = a_plan(
        components__worker=QUEUES,
        slos={"jobs": {"good": "worker.jobs", "objective": {"default": "99.5%", "mail": "99%"}}},
    )

    assert [(slo.name, slo.percent, slo.labels) for slo in plan.slos] == [
        ("jobs-mail", "99%", (("queue", "mail"),)),
        ("jobs-big-files", "99.5%", (("queue", "big_files"),)),
    ]
    assert plan.slos[1].indicator == EventsIndicator(plan.signal("worker.jobs"), (Matcher("queue", "=", "big_files"),))


def test_one_declaration_gives_a_promise_for_each_latency():
    plan = a_plan(slos={"latency": {"fast": "api.requests", "within": {"95%": "500ms", "99%": "1s"}}})

    assert [slo.name for slo in plan.slos] == ["latency-p95", "latency-p99"]
    assert plan.slos[0].indicator == LatencyIndicator(plan.signal("api.requests"), 0.5, ())


def test_a_component_with_a_probe_can_promise_to_be_there():
    plan = a_plan(slos={"there": {"good": "api.probe", "objective": "99.9%"}}, metadata__selector='env="live"')

    assert plan.slos[0].indicator == ProbeIndicator(
        "api", (Matcher("job", "=", "probe-api"), Matcher("env", "=", "live"))
    )


def test_a_quantile_is_split_by_its_labels_and_not_by_the_buckets_it_is_reckoned_from():
    def quantile(by: str) -> dict[str, str]:
        value = f"histogram_quantile(0.95, sum by ({by}) (rate(age_seconds_bucket{{SELECTOR}}[1h])))"
        return {"value": value, "unit": "seconds"}

    signals = {"age": quantile("queue, le"), "all": quantile("le")}
    plan = a_plan(components={"worker": {**QUEUES, "signals": signals}}, slos={})

    assert [plan.signal(f"worker.{name}").by for name in signals] == [("queue",), ()]


def test_a_value_of_one_queue_is_chosen_inside_its_selector():
    plan = a_plan(components__worker=QUEUES, slos={"wait": {"holds": "worker.age", "below": "5m", "objective": "99%"}})

    indicator = plan.slo("wait-mail").indicator
    assert isinstance(indicator, LimitIndicator)
    assert (indicator.limit, indicator.side, indicator.only) == (300.0, "below", (Matcher("queue", "=", "mail"),))


def test_the_common_selector_is_joined_unless_a_component_says_otherwise():
    plan = a_plan(metadata__selector='env="live",job="none"')

    assert plan.component("api").selector == (Matcher("job", "=", "shop-api"), Matcher("env", "=", "live"))


def test_a_probe_that_fails_is_an_alert_that_outlasts_the_burn_it_causes():
    plan = a_plan()

    limit = plan.alert("ApiProbeDown").limits[0]
    slow = plan.slo("errors").tiers[1]
    assert (limit.priority, limit.lasts) == ("P0", timedelta(minutes=2))
    assert limit.keep_firing_for > slow.short + slow.keep_firing_for


def test_a_lower_page_of_a_probe_stays_until_who_was_away_has_heard_of_it():
    """Otherwise the desk, back after an outage of its own, never learns of the page that only it can end."""
    plan = a_plan(components__api__probe__fails_for={"P1": "2m", "P2": "1m"})

    holds = {limit.priority: limit.keep_firing_for for limit in plan.alert("ApiProbeDown").limits}
    assert holds == {"P1": timedelta(minutes=5), "P2": timedelta(0)}


def test_a_lower_page_waits_until_a_p0_could_have_spoken():
    plan = a_plan()

    assert plan.page_wait > max(limit.lasts for alert in plan.alerts for limit in alert.limits)


def test_windows_and_timers_shrink_by_the_scale_and_measures_do_not():
    plan = a_plan(
        time_scale=60,
        slos={"latency": {"fast": "api.requests", "within": {"95%": "500ms"}}},
        alerts={"Old": {"measure": "api.oldest", "above": {"P2": "90m"}, "for": "10m", "summary": "s"}},
    )

    fast = plan.slos[0].tiers[0]
    assert (fast.short, fast.long, plan.slos[0].window) == (
        timedelta(seconds=5),
        timedelta(minutes=1),
        timedelta(hours=12),
    )
    assert (fast.factor, plan.slos[0].window_name) == (14.4, "30d")
    assert plan.slos[0].indicator.within_seconds == 0.5
    assert (plan.alert("Old").limits[0].value, plan.alert("Old").limits[0].lasts) == (5400, timedelta(seconds=10))
    assert plan.severity("P0").acknowledge == timedelta(seconds=5)


def test_the_order_of_the_spec_changes_no_name():
    slos = {
        "errors": {"good": "api.requests", "objective": "99.9%"},
        "there": {"good": "api.probe", "objective": "99%"},
    }

    forward, backward = a_plan(slos=slos), a_plan(slos=dict(reversed(slos.items())))

    assert set(forward.slos) == set(backward.slos)


def test_a_spec_without_dashboards_gets_one_that_answers_whether_anything_is_broken():
    (board,) = a_plan().dashboards

    assert board.uid == "slo-tracking"
    assert [panel.view for panel in board.rows[0].panels] == ["budget", "state-alerts", "state-components"]


def test_a_panel_draws_the_limits_of_the_alert_that_compares_the_same_number():
    plan = a_plan(
        links={"grafana": "https://g.example"},
        alerts={
            "ManyErrors": {
                "measure": {"bad_ratio": "api.requests", "over": "5m"},
                "above": {"P1": "1%"},
                "summary": "s",
            }
        },
        dashboards={"main": {"rows": {"R": [{"rate": "api.requests"}, {"bad_ratio": "api.requests"}]}}},
    )

    rate, ratio = plan.dashboards[0].rows[0].panels
    assert (rate.limits, ratio.limits, ratio.alerts) == ((), plan.alert("ManyErrors").limits, ("ManyErrors",))
    assert plan.alert("ManyErrors").dashboard_url == "https://g.example/d/main?viewPanel=2"


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        (
            {"slos__errors__good": "api.request"},
            "a signal of api (oldest, requests), found 'request'; did you mean requests?",
        ),
        ({"slos__errors__good": "apo.requests"}, "a component (api), found 'apo'; did you mean api?"),
        ({"slos__errors__policy": "user-faced"}, "did you mean user-facing?"),
        ({"slos__errors__objective": "90%"}, "an objective above 93.06% for the burn tier fast to be reachable"),
        ({"slos__errors__objective": "100%"}, "above 0% and below 100%"),
        (
            {"slos": {"slow": {"fast": "api.requests", "within": {"99%": "700ms"}}}},
            "a bucket of http_request_duration_seconds",
        ),
        (
            {"slos": {"old": {"holds": "api.oldest", "below": "5%", "objective": "99%"}}},
            "a limit in seconds, found '5%'",
        ),
        (
            {"components__api__needs": ["db"]},
            "components.api.needs[0]: expected the name of a component (api), found 'db'",
        ),
        ({"components__api__selector": "job=shop"}, "expected matchers such as"),
        ({"escalation": {"levels": {"1": ["boss"]}}}, "a role or a line of a rota"),
        ({"escalation": {"levels": {"1": []}}}, "at least one role, found nobody"),
        (
            {"contacts": {"boss": {}}, "escalation": {"levels": {"1": ["boss"]}, "unresolved": {"P0": {"30m": 2}}}},
            "a level that exists (1), found 2",
        ),
        (
            {
                "severities__P0": {
                    "means": "m",
                    "notify": "bell",
                    "respond": "1m",
                    "labels": {"alertmanager": "info", "pagerduty": "info"},
                }
            },
            "a notification",
        ),
        (
            {"alerts": {"Old": {"measure": "api.oldest", "above": {"P2": "1%"}, "summary": "s"}}},
            "a limit in seconds, found '1%'",
        ),
        ({"alerts": {"Old": {"measure": "api.oldest", "above": {"P1": "1h"}, "summary": "s"}}}, "pages_because"),
        (
            {"alerts": {"Old": {"measure": "api.requests", "above": {"P2": 1}, "summary": "s"}}},
            "bad_ratio, or a quantile",
        ),
        (
            {
                "alerts": {
                    "E": {
                        "measure": {"bad_ratio": "api.requests", "over": "5m"},
                        "above": {"P1": "5%", "P0": "1%"},
                        "summary": "s",
                    }
                }
            },
            "stricter the higher the severity",
        ),
        ({"dashboards": {"m": {"rows": {"R": ["api.olest"]}}}}, "did you mean api.oldest?"),
        ({"dashboards": {"m": {"rows": {"R": [{"rate": "api.oldest"}]}}}}, "value of a value"),
        ({"dashboards": {"m" * 41: {"rows": {}}}}, "a uid of at most 40 characters"),
        (
            {
                "alerts": {
                    "Errors": {"measure": "api.oldest", "above": {"P2": "1h"}, "summary": "s", "runbook": "errors"}
                }
            },
            "runbook of its own",
        ),
        ({"teams": {"crew": {"on_call": "nobody"}}}, "a rota"),
        (
            {"status_page": {"provider": "statuspage", "components": {"A": ["apx"]}, "shows": {}, "approve": {}}},
            "did you mean api?",
        ),
    ],
)
def test_what_leads_nowhere_is_said_with_its_place(sections, expected):
    found = problems(**sections)

    assert any(expected in problem for problem in found), found
    assert all(problem.startswith("spec.yaml:") for problem in found)


def test_all_references_that_lead_nowhere_are_told_at_once():
    assert (
        len(problems(slos__errors__good="api.x", components__api__needs=["y"], teams={"crew": {"on_call": "z"}})) == 3
    )


def test_a_severity_must_have_the_limit_that_is_said_to_enforce_it():
    alerts = {
        "ManyErrors": {"measure": {"bad_ratio": "api.requests", "over": "5m"}, "above": {"P1": "1%"}, "summary": "s"}
    }
    severity = {
        "means": "m",
        "notify": "page",
        "respond": "1m",
        "labels": {"alertmanager": "critical", "pagerduty": "critical"},
        "enforced_by": ["alerts.ManyErrors"],
    }

    assert (
        "an alert with a limit for P0, found alerts.ManyErrors, which has P1"
        in problems(alerts=alerts, severities={"P0": severity})[0]
    )


def test_a_page_is_called_as_people_read():
    assert kebab("APIHighErrorRate") == "api-high-error-rate"
    assert kebab("HighCPUUsage2") == "high-cpu-usage2"


def test_the_same_text_gives_the_same_plan():
    assert a_plan() == a_plan()
    assert a_spec() == a_spec()


CONDITION = {"measure": "api.oldest", "above": "1h"}
ITEM = {"means": "m", "fails_when": CONDITION}


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"checks": {"daily": {"at": "09:00", "items": {"a": ITEM}}}}, None),
        (
            {
                "checks": {
                    "daily": {"at": "09:00", "items": {"a": {**ITEM, "fails_when": {**CONDITION, "above": "5%"}}}}
                }
            },
            "checks.daily.items.a.fails_when.above: expected a limit in seconds, found '5%'",
        ),
        (
            {"checks": {"weekly": {"at": "09:00", "items": {"a": {"means": "m", "who": "nobody"}}}}},
            "checks.weekly.items.a.who: expected the name of a role",
        ),
        (
            {"security": {"daily": {"a": {**ITEM, "fails_when": {"measure": "api.requests", "above": 1}}}}},
            "a signal that is a value",
        ),
        ({"capacity": {"up": {"more": {"scale": "wrker", "when": "alerts.X"}}}}, "capacity.up.more.scale"),
        ({"capacity": {"up": {"more": {"scale": "api", "when": "alerts.X"}}}}, "capacity.up.more.when"),
        ({"capacity": {"down": {"during": "nights", "when": [CONDITION]}}}, "expected the name of a named time"),
        ({"capacity": {"track": {"t": {"measure": "api.oldest", "ceiling": "4Gi"}}}}, "a limit in seconds"),
        ({"backups": {"db": {"rpo": {"limit": "15m", "measure": "db.age"}}}}, "backups.db.rpo.measure"),
        ({"changes": {"windows": {"w": {"during": "sometimes"}}}}, "changes.windows.w.during"),
        ({"changes": {"windows": {}, "approver": {"P0": "boss"}}}, "changes.approver.P0"),
    ],
)
def test_the_sections_that_plan_the_work_refer_to_what_exists(sections, expected):
    if expected is None:
        a_plan(**sections)
    else:
        assert any(expected in problem for problem in problems(**sections)), problems(**sections)


def test_mistakes_of_form_do_not_hide_references_that_lead_nowhere():
    found = problems(
        slos={
            "errors": {"good": "api.requests", "objective": 0.999},
            "other": {"good": "api.nothing", "objective": "99%"},
        },
        components__api__needs=["db"],
    )

    assert [problem.split(": ")[1] for problem in found] == [
        "components.api.needs[0]",
        "slos.errors.objective",
        "slos.other.good",
    ]


def test_a_reference_to_an_entry_that_is_malformed_is_no_mistake_of_its_own():
    found = problems(components__worker={"kind": "celry"}, components__api__needs=["worker"])

    assert len(found) == 1
    assert "did you mean celery?" in found[0]


def test_a_spec_without_metadata_is_still_told_of_its_other_mistakes():
    found = problems(metadata=None, slos__errors__objective=1)

    assert len(found) == 2


def test_what_rings_a_phone_does_not_wait_for_working_hours():
    notify = {"office": {"pagerduty": "high", "during": "business"}}

    (problem,) = problems(notify=notify)

    assert "notify.office.during: expected pagerduty: low, or nothing, where people are asked in working" in problem
