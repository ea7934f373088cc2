"""The chain of plugins: its order, what each plugin of Sloth does to the rules, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
import yaml

from support.sloth import kubernetes_spec, slo, spec
from vcci_alerts.sloth import SLO_PLUGINS, Group, Options, Rule, generate_all
from vcci_slo.formats.sloth import BUILT_IN, Plugin, SlothError

CORE, CONTRIB = "sloth.dev/core/{}/v1", "sloth.dev/contrib/{}/v1"
ME = '{sloth_id="shop-requests", sloth_service="shop", sloth_slo="requests"}'


def chain(*plugins):
    return {"chain": [{"id": id_, **rest} for id_, rest in plugins]}


def contrib(name, **config):
    return chain((CONTRIB.format(name), {"config": config}))


def generated(text, **options):
    (done,) = generate_all(text, Options(**options))
    return done


def groups(text, **options):
    return {group["name"]: group for group in yaml.safe_load(generated(text, **options).text)["groups"]}


def rules(text, **options):
    found = [rule for group in groups(text, **options).values() for rule in group["rules"]]
    return {rule.get("record", rule.get("alert")): rule for rule in found}


def refusal(text, **options):
    with pytest.raises(SlothError) as refused:
        generated(text, **options)
    return str(refused.value)


@pytest.fixture
def traced():
    """Plugins that note their config and how many rules there are when they run."""

    def trace(config):
        def step(work):
            count = sum(len(group.rules) for group in (work.rules.sli, work.rules.metadata, work.rules.alerts))
            return replace(work, notes=(*work.notes, f"{config}:{count}"))

        return step

    return SimpleNamespace(slo_plugins={**SLO_PLUGINS, "t": trace})


def test_plugins_run_by_priority_around_the_default_ones(traced):
    text = spec(
        slo(plugins=chain(("t", {"config": 13}), ("t", {"config": 14, "priority": -200}))),
        slo_plugins=chain(("t", {"config": 11, "priority": 9999}), ("t", {"config": 12, "priority": -9999})),
    )

    assert generated(text, slo_plugins=traced.slo_plugins).notes == ("12:0", "14:0", "13:17", "11:17")


def test_of_equal_priorities_the_command_line_comes_first_then_the_group_then_the_objective(traced):
    text = spec(slo(plugins=chain(("t", {"config": 13}))), slo_plugins=chain(("t", {"config": 12})))

    done = generated(text, slo_plugins=traced.slo_plugins, plugins=(Plugin("t", 11),))

    assert done.notes == ("11:17", "12:17", "13:17")


def test_a_group_that_overrides_runs_neither_the_default_plugins_nor_those_of_the_command_line(traced):
    override = {"overridePrevious": True} | chain(("t", {"config": 12}), (CORE.format("sli_rules"), {}))
    text = spec(slo(plugins=chain(("t", {"config": 13}))), slo_plugins=override)

    done = generated(text, slo_plugins=traced.slo_plugins, plugins=(Plugin("t", 11),))

    assert done.notes == ("12:0", "13:8")


def test_an_objective_that_overrides_drops_the_groups_plugins_too(traced):
    override = {"overridePrevious": True} | chain((CORE.format("alert_rules"), {}), ("t", {"config": 13}))
    text = spec(slo(plugins=override), slo_plugins=chain(("t", {"config": 12})))

    assert generated(text, slo_plugins=traced.slo_plugins).notes == ("13:2",)


def test_the_default_plugins_can_be_disabled(traced):
    done = generated(
        spec(slo(plugins=chain(("t", {}), (CORE.format("noop"), {}), (CORE.format("alert_rules"), {})))),
        slo_plugins=traced.slo_plugins,
        default_plugins=False,
    )

    assert done.notes == ("None:0",)
    assert list(yaml.safe_load(done.text)["groups"][0]) == ["name", "rules"]


def test_nothing_is_validated_without_the_validating_plugin():
    override = {"overridePrevious": True} | chain((CORE.format("metadata_rules"), {}))

    assert "slo:objective:ratio" in rules(spec(slo(objective=101, plugins=override)))


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (("no/v1", {}), 'could not get SLO plugin "no/v1": plugin "no/v1" not found: resource not found'),
        (("", {}), 'could not get SLO plugin "": plugin "" not found: resource not found'),
        (
            (CORE.format("sli_rules"), {"config": "fast"}),
            ('could create SLO plugin "sloth.dev/core/sli_rules/v1": could not create plugin: '
            "json: cannot unmarshal string into Go value of type plugin.PluginConfig"),
        ),
        (
            (CONTRIB.format("info_labels"), {"config": {"labels": {}}}),
            ('could create SLO plugin "sloth.dev/contrib/info_labels/v1": could not create plugin: '
            "at least one label is required"),
        ),
        (
            (CONTRIB.format("info_labels"), {"config": {"labels": {"a": 1}}}),
            ('could create SLO plugin "sloth.dev/contrib/info_labels/v1": could not create plugin: '
            "json: cannot unmarshal number into Go struct field Config.labels of type string"),
        ),
        (
            (CONTRIB.format("rule_intervals"), {}),
            ('could create SLO plugin "sloth.dev/contrib/rule_intervals/v1": could not create plugin: '
            "at least default interval is required"),
        ),
        (
            (CONTRIB.format("rule_intervals"), {"config": {"interval": {"default": "often"}}}),
            ('could create SLO plugin "sloth.dev/contrib/rule_intervals/v1": could not create plugin: '
            'not a valid duration string: "often"'),
        ),
        (
            (CONTRIB.format("error_budget_exhausted_alert"), {"config": [1]}),
            ('could create SLO plugin "sloth.dev/contrib/error_budget_exhausted_alert/v1": could not create plugin: '
            "invalid plugin config: json: cannot unmarshal array into Go value of type plugin.Config"),
        ),
    ],
)  # fmt: skip
def test_a_plugin_that_cannot_be_made_is_told(plugin, message):
    wrapped = f'could not generate Prometheus SLO rules: could not generate "shop-requests" slo: {message}'

    assert refusal(spec(slo(plugins=chain(plugin)))) == wrapped


def test_debug_notes_its_message_and_changes_nothing():
    debug = chain((CORE.format("debug"), {"config": {"msg": "eleven", "request": True, "result": True}}))

    done = generated(spec(slo(plugins=debug)))

    assert done.notes[0] == "eleven"
    assert "shop-requests" in done.notes[1]
    assert "slo:sli_error:ratio_rate5m" in done.notes[2]
    assert done.text == generated(spec()).text


def test_every_window_is_measured_without_the_optimization():
    override = {"overridePrevious": True} | chain(
        (CORE.format("validate"), {}), (CORE.format("sli_rules"), {"config": {"disableOptimized": True}})
    )

    assert rules(spec(slo(plugins=override)))["slo:sli_error:ratio_rate30d"]["expr"] == (
        '(sum(rate(requests_total{code=~"5.."}[30d])))\n/\n(sum(rate(requests_total[30d])))\n'
    )


def test_info_labels_go_on_the_info_or_on_the_series_that_is_named():
    info = rules(spec(slo(plugins=contrib("info_labels", labels={"k": "v", "sloth_slo": "other"}))))
    named = rules(spec(slo(plugins=contrib("info_labels", labels={"k": "v"}, metricName="slo:objective:ratio"))))

    assert info["sloth_slo_info"]["labels"]["k"] == "v"
    assert info["sloth_slo_info"]["labels"]["sloth_slo"] == "other"
    assert "k" not in info["slo:objective:ratio"]["labels"]
    assert named["slo:objective:ratio"]["labels"]["k"] == "v"
    assert "k" not in named["sloth_slo_info"]["labels"]


def test_rule_intervals_stand_between_the_name_and_the_rules():
    interval = {"default": "5m", "sliError": "90s", "alert": "1d"}

    found = groups(spec(slo(plugins=contrib("rule_intervals", interval=interval))))

    assert [(list(group), group["interval"]) for group in found.values()] == [
        (["name", "interval", "rules"], "1m30s"),
        (["name", "interval", "rules"], "5m"),
        (["name", "interval", "rules"], "1d"),
    ]


def test_rule_intervals_of_an_operator_object_come_first():
    body = yaml.safe_load(
        generated(kubernetes_spec(sloPlugins=contrib("rule_intervals", interval={"default": "5m"}))).text
    )

    assert all(list(group) == ["interval", "name", "rules"] for group in body["spec"]["groups"])


def test_remove_labels_keeps_what_identifies_a_series():
    text = spec(
        slo(plugins=contrib("remove_labels", preserveLabels=["b"], skipMetrics=["slo:objective:ratio"])),
        labels={"a": "11", "b": "12"},
    )

    found = rules(text)

    identity = {"sloth_id", "sloth_slo", "sloth_service"}
    assert set(found["slo:sli_error:ratio_rate5m"]["labels"]) == identity | {"b", "sloth_window"}
    assert set(found["slo:error_budget:ratio"]["labels"]) == identity | {"b"}
    assert set(found["slo:objective:ratio"]["labels"]) == identity | {"a", "b"}
    assert found["sloth_slo_info"]["labels"]["a"] == "11"
    assert found["HighErrors"]["labels"] == {"sloth_severity": "ticket"}


def test_an_exhausted_budget_alerts_after_five_minutes():
    alert = rules(spec(slo(plugins=contrib("error_budget_exhausted_alert")), labels={"team": "eleven"}))

    assert alert["ErrorBudgetExhausted"] == {
        "alert": "ErrorBudgetExhausted",
        "expr": "slo:period_error_budget_remaining:ratio"
        '{sloth_id="shop-requests", sloth_service="shop", sloth_slo="requests", team="eleven"} <= 0',
        "for": "5m",
    }


def test_an_exhausted_budget_alerts_as_its_config_says():
    config = {
        "threshold": 0.05,
        "for": "1h30m",
        "alert_name": "Gone",
        "alert_labels": {"severity": "11"},
        "selector_labels": {"env": 'a"b'},
        "annotations": {"summary": "12"},
    }

    alert = rules(spec(slo(plugins=contrib("error_budget_exhausted_alert", **config))))["Gone"]

    assert list(alert) == ["alert", "expr", "for", "labels", "annotations"]
    assert (alert["for"], alert["labels"], alert["annotations"]) == ("1h30m", {"severity": "11"}, {"summary": "12"})
    assert alert["expr"] == (
        "slo:period_error_budget_remaining:ratio"
        '{env="a\\"b", sloth_id="shop-requests", sloth_service="shop", sloth_slo="requests"} <= 0.05'
    )


def test_an_operator_object_drops_the_for_of_an_alert_as_sloth_does():
    text = kubernetes_spec(sloPlugins=contrib("error_budget_exhausted_alert", annotations={"summary": "12"}))

    alert = yaml.safe_load(generated(text).text)["spec"]["groups"][2]["rules"][2]

    assert list(alert) == ["alert", "annotations", "expr"]


def test_corrected_denominators_weigh_errors_by_traffic():
    found = rules(spec(slo(plugins=contrib("denominator_corrected_rules"))))

    assert found["slo:sli_error:ratio_rate1h"]["expr"] == (
        f"(\nslo:numerator_correction:ratio1h{ME}\n* on()\n"
        'sum(rate(requests_total{code=~"5.."}[1h]))\n)\n/\n(sum(rate(requests_total[1h])))\n'
    )
    assert "sum_over_time" in found["slo:sli_error:ratio_rate30d"]["expr"]
    assert found["slo:numerator_correction:ratio3d"]["expr"] == (
        "(sum(rate(requests_total[3d])))/(sum(rate(requests_total[30d])))"
    )
    assert len([record for record in found if record.startswith("slo:numerator_correction")]) == 7


def test_corrected_denominators_can_do_without_the_optimization():
    found = rules(spec(slo(plugins=contrib("denominator_corrected_rules", disableOptimized=True))))

    assert found["slo:sli_error:ratio_rate30d"]["expr"].endswith("(sum(rate(requests_total[30d])))\n")


def test_a_tier_as_long_as_the_period_is_derived_like_the_period():
    """Sloth asks of each window whether it is the period, so such a tier gives the rule twice."""
    google = BUILT_IN[timedelta(days=30)]
    whole = replace(google, ticket_slow=replace(google.ticket_slow, long=timedelta(days=30)))
    catalog = {timedelta(days=30): whole}

    for plugins in (None, contrib("denominator_corrected_rules")):
        found = groups(spec(slo(plugins=plugins)), catalog=catalog)["sloth-slo-sli-recordings-shop-requests"]["rules"]
        months = [rule["expr"] for rule in found if rule["record"] == "slo:sli_error:ratio_rate30d"]
        assert len(months) == 2
        assert all(expr.startswith("sum_over_time(slo:sli_error:ratio_rate5m") for expr in months)


def test_corrected_denominators_need_events():
    sli = {"raw": {"error_ratio_query": "rate(x[{{.window}}])"}}

    assert refusal(spec(slo(sli=sli, plugins=contrib("denominator_corrected_rules")))).endswith(
        "slo processor failed: denominator corrected SLI requires SLI event type"
    )


VICTORIA = {"overridePrevious": True} | chain(
    *((CONTRIB.format("validate_victoria_metrics"), {}), *((CORE.format(name), {}) for name in ("sli_rules", "noop")))
)


def test_victoria_metrics_takes_what_prometheus_does_not():
    sli = {"raw": {"error_ratio_query": "histogram_share(0.2, x[{{.window}}]) default 0"}}

    assert "1:29: parse error" in refusal(spec(slo(sli=sli)))
    assert "slo:sli_error:ratio_rate5m" in rules(spec(slo(sli=sli, plugins=VICTORIA)))


def test_victoria_metrics_refuses_the_rest_in_the_same_words():
    sli = {"raw": {"error_ratio_query": "sum(rate(x[{{.window}}])"}}

    assert refusal(spec(slo(sli=sli, plugins=VICTORIA))).endswith(
        'invalid slo "shop-requests": invalid SLI: sli raw query expression: '
        "cannot parse the query at position 16: unclosed left parenthesis"
    )


def test_the_plugin_of_sloths_integration_tests_adds_labels_at_its_place_in_the_chain():
    plugin = "integration-tests/plugin1"
    text = spec(
        slo(plugins=chain((plugin, {"config": {"labels": {"k2": "11", "k5": "12"}}, "priority": 1000}))),
        slo_plugins=chain(
            (plugin, {"config": {"labels": {"k1": "13", "k2": "14"}}, "priority": 9999999}),
            (plugin, {"config": {"labels": {"k3": "15"}}, "priority": -999999}),
        ),
    )

    labels = rules(text)["sloth_slo_info"]["labels"]

    assert {key: value for key, value in labels.items() if key.startswith("k")} == {"k1": "13", "k2": "14", "k5": "12"}


def test_extra_groups_follow_with_names_by_their_place():
    def extra(_):
        def step(work):
            more = (
                Group((Rule("vector(1)", record="a"),)),
                Group(),
                Group((Rule("vector(2)", record="b"),), name="mine"),
            )
            last = Group((Rule("vector(3)", record="c"),), interval=timedelta(minutes=42))
            return replace(work, rules=replace(work.rules, extra=(*more, last)))

        return step

    text = spec(slo(plugins=chain(("x", {}))))

    found = groups(text, slo_plugins={**SLO_PLUGINS, "x": extra}, disable_alerts=True, disable_recordings=True)

    assert {name: group.get("interval") for name, group in found.items()} == {
        "sloth-slo-extra-rules-000-shop-requests": None,
        "mine": None,
        "sloth-slo-extra-rules-003-shop-requests": "42m",
    }
