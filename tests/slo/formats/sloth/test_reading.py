"""Sloth's three inputs as values: what is coerced, what is ignored, what is refused and in which words."""

from __future__ import annotations

import pytest

from support.sloth import EVENTS, kubernetes_spec, openslo_spec, slo, spec
from vcci_slo.formats.sloth import (
    Alert,
    Alerting,
    Events,
    Kind,
    KubernetesMeta,
    OpenSloMetric,
    OpenSloTimeWindow,
    Plugin,
    Plugins,
    PluginUse,
    Raw,
    Sli,
    SlothError,
    SlothSlo,
    SlothSpec,
    read_document,
    read_file,
)

FULL = """
version: "prometheus/v1"
service: shop
labels: {owner: eleven}
slo_plugins:
  overridePrevious: true
  chain:
    - {id: a/v1, priority: -7, config: {deep: {list: [1, 2.5, yes]}}}
    - id: b/v1
slos:
  - name: requests
    description: Answers of the shop
    objective: 99.9
    labels: {tier: 2}
    plugins: {chain: [{id: c/v1}]}
    sli:
      events: {error_query: bad, total_query: all}
    alerting:
      name: HighErrors
      labels: {k1: v1}
      annotations: {k2: v2}
      page_alert: {disable: true, labels: {k3: v3}}
      ticket_alert: {annotations: {k4: v4}}
  - name: latency
    objective: 95
    sli: {raw: {error_ratio_query: ratio}, plugin: {id: p, options: {bucket: 0.5}}}
"""


def ignored(text):
    return [str(each) for each in read_document(text).ignored]


def refusal(text):
    with pytest.raises(SlothError) as refused:
        read_document(text)
    return str(refused.value)


def test_a_spec_is_read_with_every_field():
    document = read_document(FULL)

    assert document.ignored == ()
    assert document.spec.kind is Kind.PROMETHEUS
    assert document.spec == SlothSpec(
        service="shop",
        labels={"owner": "eleven"},
        plugins=Plugins(
            override_previous=True,
            chain=(Plugin("a/v1", {"deep": {"list": [1, 2.5, True]}}, -7), Plugin("b/v1")),
        ),
        slos=(
            SlothSlo(
                name="requests",
                description="Answers of the shop",
                objective=99.9,
                labels={"tier": "2"},
                plugins=Plugins(chain=(Plugin("c/v1"),)),
                sli=Sli(events=Events("bad", "all")),
                alerting=Alerting(
                    name="HighErrors",
                    labels={"k1": "v1"},
                    annotations={"k2": "v2"},
                    page=Alert(disable=True, labels={"k3": "v3"}),
                    ticket=Alert(annotations={"k4": "v4"}),
                ),
            ),
            SlothSlo(
                name="latency",
                objective=95.0,
                sli=Sli(raw=Raw("ratio"), plugin=PluginUse("p", {"bucket": "0.5"})),
            ),
        ),
    )


def test_the_kubernetes_object_is_the_same_in_camel_case():
    text = kubernetes_spec(
        slo(
            sli={"raw": {"errorRatioQuery": "ratio"}},
            alerting={"pageAlert": {"disable": True}, "ticketAlert": {"labels": {"k": "v"}}},
        ),
        metadata={"name": "n", "namespace": "eleven", "labels": {"a": "b"}, "annotations": {}},
        sloPlugins={"chain": [{"id": "a/v1", "priority": 12}]},
    )

    document = read_document(text)

    assert document.spec.kind is Kind.KUBERNETES
    assert document.spec.metadata == KubernetesMeta("n", "eleven", {"a": "b"}, {})
    assert document.spec.plugins.chain == (Plugin("a/v1", None, 12),)
    assert document.spec.slos[0].sli == Sli(raw=Raw("ratio"))
    assert document.spec.slos[0].alerting == Alerting(page=Alert(disable=True), ticket=Alert(labels={"k": "v"}))
    assert document.ignored == ()


def test_an_openslo_document_is_read():
    document = read_document(openslo_spec(timeWindows=[{"unit": "Day", "count": 28}], description="Words"))

    assert document.spec.kind is Kind.OPENSLO
    assert (document.spec.name, document.spec.service, document.spec.description) == ("requests", "shop", "Words")
    assert document.spec.time_windows == (OpenSloTimeWindow("Day", 28),)
    objective = document.spec.objectives[0]
    assert objective.target == 0.999
    assert objective.good == OpenSloMetric("prometheus", "promql", "sum(rate(good_total[{{.window}}]))")
    assert objective.total == OpenSloMetric("prometheus", "promql", "sum(rate(all_total[{{.window}}]))")


def test_a_file_holds_several_documents_of_several_kinds():
    kinds = [each.spec.kind for each in read_file(f"{spec()}---\n{kubernetes_spec()}---\n{openslo_spec()}")]

    assert kinds == [Kind.PROMETHEUS, Kind.KUBERNETES, Kind.OPENSLO]


def test_numbers_and_booleans_become_text_where_text_is_wanted():
    text = (
        spec().replace('"shop"', "11") + "labels: {a: 0.2, b: yes, c: on, d: ~, e: 010, f: 2026-01-01, g: 1e6, h: 12}\n"
    )

    read = read_document(text).spec

    assert read.service == "11"
    assert read.labels == {
        "a": "0.2", "b": "true", "c": "true", "d": "", "e": "8", "f": "2026-01-01", "g": "1e+06", "h": "12",
    }  # fmt: skip


def test_openslo_takes_scalars_as_they_are_written():
    text = openslo_spec().replace('"name": "requests"', '"name": 010').replace('"shop"', "yes")

    read = read_document(text).spec

    assert (read.name, read.service) == ("010", "yes")


def test_the_kubernetes_object_refuses_numbers_as_labels():
    assert refusal(kubernetes_spec(labels={"tier": 2})) == (
        "could not decode kubernetes object json: cannot unmarshal number into "
        "Go struct field PrometheusServiceLevelSpec.spec.labels of type string"
    )


def test_keys_match_in_any_case_in_a_spec_and_exactly_in_a_kubernetes_object():
    assert read_document(spec().replace("service", "Service")).spec.service == "shop"
    assert read_document(kubernetes_spec().replace('"service"', '"Service"')).spec.service == ""


def test_anchors_and_merges_save_words():
    text = """version: prometheus/v1
service: shop
x-alerting: &quiet {page_alert: {disable: true}, ticket_alert: {disable: true}}
slos:
  - &base {name: aa, objective: 99, sli: {raw: {error_ratio_query: q}}, alerting: *quiet}
  - {<<: *base, name: bb}
"""

    read = read_document(text)

    assert [(each.name, each.objective, each.alerting.page.disable) for each in read.spec.slos] == [
        ("aa", 99.0, True),
        ("bb", 99.0, True),
    ]
    assert [each.path for each in read.ignored] == ["x-alerting"]


def test_unknown_keys_are_ignored_and_told_with_what_was_probably_meant():
    text = spec(slo(alerting={"name": "A", "pageAlert": {"disable": True}}, objectve=1), lables={}, zzz=1)

    assert ignored(text) == [
        "lables: no key that is read here, so it is ignored; did you mean labels?",
        "zzz: no key that is read here, so it is ignored",
        "slos[0].objectve: no key that is read here, so it is ignored; did you mean objective?",
        "slos[0].alerting.pageAlert: no key that is read here, so it is ignored; did you mean page_alert?",
    ]
    assert not read_document(text).spec.slos[0].alerting.page.disable


def test_keys_of_kubernetes_and_openslo_that_sloth_has_no_use_for_are_no_surprise():
    metadata = {"name": "n", "uid": "u", "creationTimestamp": None, "managedFields": []}
    objective = {"ratioMetrics": None, "op": "lt", "displayName": "d", "value": 1, "timeSliceTarget": 0.9}

    assert ignored(kubernetes_spec(metadata=metadata)) == []
    assert ignored(openslo_spec(objective, indicator=None, budgetingMethod="Occurrences")) == []


LOADING = "could not unmarshall YAML spec correctly"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "spec is required"),
        ("kind: x", "invalid spec, could not load with any of the supported spec types"),
        ("version: prometheus/v999", "invalid spec, could not load with any of the supported spec types"),
        ("a: |\nversion: prometheus/v1\nversion: other", 'invalid spec version, should be "prometheus/v1"'),
        ("version: prometheus/v1\nslos: []", "at least one SLO is required"),
        ("version: prometheus/v1", "at least one SLO is required"),
        (kubernetes_spec(slos=[]), "at least one SLO is required"),
        (openslo_spec(objectives=[]), "at least one SLO is required"),
        (
            "kind: SLO\napiVersion: openslo/v1alpha\napiVersion: other",
            'invalid spec version, should be "openslo/v1alpha"',
        ),
        (
            f"{kubernetes_spec()}kind: Other\n",
            'could not decode kubernetes object no kind "Other" is registered for version "sloth.slok.dev/v1"',
        ),
        (
            openslo_spec(timeWindows=[{"unit": "Day", "count": 28}] * 2),
            "invalid SLO time windows: only 1 time window is supported",
        ),
        (
            openslo_spec(timeWindows=[{"unit": "Week", "count": 4}]),
            "invalid SLO time windows: only days based time windows are supported",
        ),
        (
            spec(slo(objective="99.9")),
            (f"{LOADING}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into "
            "Go struct field SLO.slos.objective of type float64"),
        ),
        (
            spec(slo(name=["a"])),
            (f"{LOADING}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into "
            "Go struct field SLO.slos.name of type string"),
        ),
        (
            spec(slo(alerting={"page_alert": {"disable": "maybe"}})),
            (f"{LOADING}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into "
            "Go struct field Alert.slos.alerting.page_alert.disable of type bool"),
        ),
        (
            spec(slo(plugins={"chain": [{"id": "a", "priority": 1.5}]})),
            (f"{LOADING}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number 1.5 into "
            "Go struct field SLOPlugin.slos.plugins.chain.priority of type int"),
        ),
        (
            spec(labels=["a"]),
            (f"{LOADING}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into "
            "Go struct field Spec.labels of type map[string]string"),
        ),
        (
            spec(slos={"a": 1}),
            (f"{LOADING}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into "
            "Go struct field Spec.slos of type []v1.SLO"),
        ),
        (
            openslo_spec(timeWindows=[{"unit": "Day", "count": "30"}]),
            f"{LOADING}: yaml: unmarshal errors:\n  line 4: cannot unmarshal !!str `30` into int",
        ),
        (
            "version: prometheus/v1\na: [",
            f"{LOADING}: error converting YAML to JSON: yaml: line 2: did not find expected node content",
        ),
        (
            spec(slo(alerting="none")),
            (f"{LOADING}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into "
            "Go struct field SLO.slos.alerting of type v1.Alerting"),
        ),
        (
            spec(slo(plugins={"chain": ["a"]})),
            (f"{LOADING}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into "
            "Go struct field SLOPlugins.slos.plugins.chain of type v1.SLOPlugin"),
        ),
        (
            spec(slo(plugins={"chain": [{"priority": 10**20}]})),
            (f"{LOADING}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number "
            "100000000000000000000 into Go struct field SLOPlugin.slos.plugins.chain.priority of type int"),
        ),
        (
            spec(slo(objective="99", alerting={"labels": 7})),  # of two mistakes the one whose key comes first
            (f"{LOADING}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number into "
            "Go struct field Alerting.slos.alerting.labels of type map[string]string"),
        ),
    ],
)  # fmt: skip
def test_what_sloth_would_not_load_is_refused_in_its_words(text, message):
    assert refusal(text) == message


def test_null_is_the_same_as_absent():
    text = spec(slo(sli=None, alerting=None, labels=None), labels=None) + "slo_plugins: ~\n"
    empty = SlothSpec(service="shop", slos=(SlothSlo(name="requests", objective=99.9),))

    assert read_document(text).spec == empty
    assert read_document(spec(slo(sli={"events": None}, alerting={"name": None}))).spec == empty


def test_a_whole_number_with_a_point_is_a_priority():
    assert read_document(spec(slo(sli=EVENTS, plugins={"chain": [{"id": "a", "priority": 7.0}]}))).spec.slos[
        0
    ].plugins.chain == (Plugin("a", None, 7),)
