"""From what is declared to what Sloth works on: identifiers, merged labels, plugins, OpenSLO's objectives."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.sloth import openslo_spec, slo, spec
from vcci_slo.formats.sloth import AlertMeta, Plugin, Plugins, Raw, SlothError, objectives_of, read_document

MONTH = timedelta(days=30)


def found(text, plugins=None):
    known = plugins or {}

    def sli_plugin(id_):
        if id_ not in known:
            raise SlothError(f'plugin "{id_}" not found: resource not found')
        return known[id_]

    return objectives_of(read_document(text).spec, period=MONTH, sli_plugin=sli_plugin)


def refusal(text, plugins=None):
    with pytest.raises(SlothError) as refused:
        found(text, plugins)
    return str(refused.value)


def test_an_objective_has_the_names_of_its_service_and_itself():
    (objective,) = found(spec(slo(description="Words")))

    assert (objective.id, objective.service, objective.name) == ("shop-requests", "shop", "requests")
    assert (objective.objective, objective.period, objective.description) == (99.9, MONTH, "Words")


def test_labels_of_the_objective_win_over_those_of_the_service():
    (objective,) = found(spec(slo(labels={"b": "12", "c": "13"}), labels={"a": "11", "b": "11"}))

    assert objective.labels == {"a": "11", "b": "12", "c": "13"}


def test_labels_of_one_alert_win_over_those_of_both():
    alerting = {
        "name": "HighErrors",
        "labels": {"a": "11", "b": "11"},
        "annotations": {"c": "11"},
        "page_alert": {"labels": {"b": "12"}, "annotations": {"c": "13"}},
        "ticket_alert": {"disable": True, "labels": {"b": "14"}},
    }

    (objective,) = found(spec(slo(alerting=alerting)))

    assert objective.page == AlertMeta(name="HighErrors", labels={"a": "11", "b": "12"}, annotations={"c": "13"})
    assert objective.ticket == AlertMeta(disable=True)


CHAIN = {"chain": [{"id": "group"}]}


@pytest.mark.parametrize(
    ("group", "own", "expected"),
    [
        (None, None, Plugins()),
        (CHAIN, {"chain": [{"id": "own"}]}, Plugins(chain=(Plugin("group"), Plugin("own")))),
        (
            CHAIN | {"overridePrevious": True},
            {"chain": [{"id": "own"}]},
            Plugins(override_previous=True, chain=(Plugin("group"), Plugin("own"))),
        ),
        (
            CHAIN,
            {"overridePrevious": True, "chain": [{"id": "own"}]},
            Plugins(override_previous=True, chain=(Plugin("own"),)),
        ),
    ],
)
def test_an_objective_adds_to_the_plugins_of_the_group_or_overrides_them(group, own, expected):
    (objective,) = found(spec(slo(plugins=own), slo_plugins=group))

    assert objective.plugins == expected


def test_a_plugin_gets_the_meta_the_labels_of_the_service_and_its_options():
    asked = []

    def plugin(*given):
        asked.append(given)
        return "ratio[{{.window}}]"

    use = {"plugin": {"id": "p", "options": {"bucket": 0.5}}, "raw": {"error_ratio_query": "lost"}}
    (objective,) = found(spec(slo(sli=use, labels={"b": "12"}), labels={"a": "11"}), {"p": plugin})

    assert asked == [({"service": "shop", "slo": "requests", "objective": "99.900000"}, {"a": "11"}, {"bucket": "0.5"})]
    assert objective.raw == Raw("ratio[{{.window}}]")


def test_a_plugin_that_is_not_there_is_told():
    assert (
        refusal(spec(slo(sli={"plugin": {"id": "p"}})))
        == 'could not get plugin: plugin "p" not found: resource not found'
    )


def test_a_plugin_that_refuses_is_told():
    def plugin(*_):
        raise SlothError("job options is required")

    assert refusal(spec(slo(sli={"plugin": {"id": "p"}})), {"p": plugin}) == (
        'plugin "p" execution error: job options is required'
    )


def test_each_objective_of_openslo_becomes_one_without_alerts():
    metric = {"source": "sloth", "queryType": "promql"}
    ratio = {"good": metric | {"query": "GOOD"}, "total": metric | {"query": "TOTAL"}}
    text = openslo_spec({"ratioMetrics": ratio, "target": 0.999}, {"ratioMetrics": ratio, "target": 0.9})

    objectives = found(text)

    assert [(each.id, each.name, each.objective) for each in objectives] == [
        ("shop-requests-0", "requests-0", 99.9),
        ("shop-requests-1", "requests-1", 90.0),
    ]
    assert all(each.page.disable and each.ticket.disable and not each.labels for each in objectives)
    assert objectives[0].raw == Raw("\n  1 - (\n    (\n      GOOD\n    )\n    /\n    (\n      TOTAL\n    )\n  )\n")


@pytest.mark.parametrize(
    ("windows", "period"),
    [([], MONTH), ([{"unit": "day", "count": 28}], timedelta(days=28)), ([{"unit": "DAY"}], timedelta(0))],
)
def test_openslo_brings_its_own_period(windows, period):
    assert found(openslo_spec(timeWindows=windows))[0].period == period


def ratio(good=None, total=None):
    metric = {"source": "prometheus", "queryType": "promql", "query": "q"}
    return {"ratioMetrics": {"good": metric | (good or {}), "total": metric | (total or {})}, "target": 0.99}


SLI = "could not map SLOs correctly: could not map SLI: "


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        ({"target": 0.99}, f"{SLI}missing ratioMetrics"),
        (ratio(good={"source": "datadog"}), f"{SLI}prometheus or sloth query ratio 'good' source is required"),
        (ratio(total={"source": "datadog"}), f"{SLI}prometheus or sloth query ratio 'total' source is required"),
        (ratio(good={"queryType": "sql"}), f"{SLI}unsupported 'good' indicator query type: sql"),
        (ratio(total={"queryType": "sql"}), f"{SLI}unsupported 'total' indicator query type: sql"),
        (ratio() | {"target": None}, "could not map SLOs correctly: objective 0 has no target"),
    ],
)
def test_openslo_objectives_that_sloth_cannot_map_are_refused(objective, message):
    assert refusal(openslo_spec(objective)) == message


def test_sloth_looks_at_the_good_source_when_it_judges_the_total_one():
    assert found(openslo_spec(ratio(good={"source": "sloth"}, total={"source": "datadog"})))[0].raw is not None


def test_a_window_longer_than_go_can_count_is_refused():
    assert refusal(openslo_spec(timeWindows=[{"unit": "Day", "count": 10**12}])) == (
        "the 1000000000000d SLO period time window is not supported"
    )
