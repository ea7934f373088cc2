"""Every message with which Sloth refuses an objective, and the order in which it looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from vcci_slo.formats.sloth import AlertMeta, Events, Objective, Plugin, Plugins, Raw, SlothError, validate

GOOD = Objective(
    id="slo1-id",
    name="test.slo-0_1",
    service="test-svc",
    objective=99.99,
    period=timedelta(days=30),
    events=Events('sum(rate(x{code="5"}[{{ .window }}]))', "sum(rate(x[{{ .window }}]))"),
    labels={"owner": "eleven", "category": "twelve"},
    page=AlertMeta(name="testAlert", labels={"tier": "1"}, annotations={"message": "Important."}),
    ticket=AlertMeta(name="testAlert", labels={"tier": "2"}, annotations={"message": "Less so."}),
)
BAD_NAME = "name must start and end with an alphanumeric and can only contain alphanumeric, '.', '_', and '-'"
NOT_UTF8 = "\udcf0\udc8f\udcbf\udcbf"
NOT_UTF8_VALUE = "\udcc3("


def accept(_query):
    """Take every query."""


def refuse(query):
    raise SlothError(f"1:1: parse error: {query}")


def refusal(objective, check=accept):
    with pytest.raises(SlothError) as refused:
        validate(objective, check)
    return str(refused.value)


def test_a_good_objective_is_taken():
    validate(GOOD, accept)


@pytest.mark.parametrize(("what", "field"), [("ID", "id"), ("name", "name"), ("service", "service")])
@pytest.mark.parametrize(
    ("value", "why"),
    [("", "required"), *[(name, BAD_NAME) for name in ("this-is-{a-test", "_x1", "x1_", "x", "a b", "größe", "a1\n")]],
)
def test_names_are_required_and_have_a_form(what, field, value, why):
    assert refusal(replace(GOOD, **{field: value})) == f"invalid SLO {what}: {why}"


@pytest.mark.parametrize("name", ["ab", "A9", "a.b_c-d", "0.0"])
def test_names_of_two_characters_and_more_are_taken(name):
    validate(replace(GOOD, name=name), accept)


def test_a_period_is_required():
    assert refusal(replace(GOOD, period=timedelta(0))) == "time window is required"


@pytest.mark.parametrize("objective", [-1, 0, 100.0001, float("nan")])
def test_an_objective_is_a_percentage(objective):
    assert refusal(replace(GOOD, objective=objective)) == "objective must >0 and <=100"


def test_an_objective_of_100_is_taken():
    validate(replace(GOOD, objective=100), accept)


LABELS = [
    ({NOT_UTF8: "v"}, "SLO label key", r'"\xf0\x8f\xbf\xbf": the label key "\xf0\x8f\xbf\xbf" is not valid'),
    ({"": "v"}, "SLO label key", '"": the label key "" is not valid'),
    ({"__name__": "v"}, "SLO label key", '"__name__": the label key "__name__" is not allowed'),
    ({"k": ""}, "SLO label value", '"": the label value is required'),
    ({"k": NOT_UTF8_VALUE}, "SLO label value", r'"\xc3(": the label value "\xc3(" is not valid'),
]


@pytest.mark.parametrize(("labels", "what", "why"), LABELS)
def test_labels_of_an_objective_are_checked(labels, what, why):
    assert refusal(replace(GOOD, labels=labels)) == f"invalid {what} {why}"


@pytest.mark.parametrize("severity", ["page", "ticket"])
@pytest.mark.parametrize(("labels", "what", "why"), LABELS)
def test_labels_of_alerts_are_checked(severity, labels, what, why):
    changed = replace(GOOD, **{severity: replace(GOOD.page, labels=labels)})

    assert refusal(changed) == f"invalid alert: {severity} alert: invalid {what.replace('SLO', 'alert')} {why}"


@pytest.mark.parametrize("severity", ["page", "ticket"])
@pytest.mark.parametrize(
    ("annotations", "why"),
    [
        ({NOT_UTF8: "v"}, r'key "\xf0\x8f\xbf\xbf": the annotation key "\xf0\x8f\xbf\xbf" is not valid'),
        ({"": "v"}, 'key "": the annotation key "" is not valid'),
        ({"k": ""}, 'value "": the annotation value is required'),
    ],
)
def test_annotations_of_alerts_are_checked(severity, annotations, why):
    changed = replace(GOOD, **{severity: replace(GOOD.page, annotations=annotations)})

    assert refusal(changed) == f"invalid alert: {severity} alert: invalid alert annotation {why}"


def test_labels_may_be_called_anything_in_utf8():
    validate(replace(GOOD, labels={"a-b": "1", "🎉": "2", "a b": "3"}), accept)


@pytest.mark.parametrize("severity", ["page", "ticket"])
def test_an_alert_needs_a_name_unless_it_is_disabled(severity):
    nameless = replace(GOOD, **{severity: AlertMeta(labels={"": ""}, annotations={"": ""})})

    assert refusal(replace(nameless, **{severity: AlertMeta()})) == (
        f"invalid alert: {severity} alert: alert name is required"
    )
    validate(replace(nameless, **{severity: AlertMeta(disable=True, labels={"": ""})}), accept)


def test_an_indicator_is_required():
    assert refusal(replace(GOOD, events=None)) == "invalid SLI: at least one SLI type is required"


def test_one_indicator_is_enough():
    assert refusal(replace(GOOD, raw=Raw("x[{{.window}}]"))) == "invalid SLI: only one SLI type is allowed"


def test_both_queries_must_not_be_the_same():
    same = replace(GOOD, events=Events("x[{{.window}}]", "x[{{.window}}]"))

    assert refusal(same) == "invalid SLI: both error and total queries can't be the same"


QUERIES = {
    "error": lambda query: replace(GOOD, events=Events(query, "y[{{.window}}]")),
    "total": lambda query: replace(GOOD, events=Events("y[{{.window}}]", query)),
    "raw": lambda query: replace(GOOD, events=None, raw=Raw(query)),
}


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "query template is required: required"),
        ("x[1m]", "template must contain the {{ .window }} variable"),
        ("x[{{- .window -}}]", "template must contain the {{ .window }} variable"),
        ('x[{{printf "%s" .window}}]', "template must contain the {{ .window }} variable"),
    ],
)
def test_a_query_must_show_its_window(name, query, why):
    assert refusal(QUERIES[name](query)) == f"invalid SLI: sli {name} query template: {why}"


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_judged_with_a_window_of_a_minute(name):
    def check(query):
        if query.startswith("x"):
            refuse(query)

    assert refusal(QUERIES[name]("x{{.foo}}[{{.window}}]"), check) == (
        f"invalid SLI: sli {name} query expression: 1:1: parse error: x<no value>[1m]"
    )


def test_a_query_that_is_no_template_is_refused():
    refused = refusal(QUERIES["raw"]("x[{{.window}}] {{ foo"))

    assert refused == 'invalid SLI: sli raw query expression: template: expr:1: function "foo" not defined'


def test_overriding_needs_plugins():
    assert refusal(replace(GOOD, plugins=Plugins(override_previous=True))) == (
        "invalid plugins: override plugins is set but no plugins are defined"
    )


def test_a_plugin_needs_an_id():
    assert refusal(replace(GOOD, plugins=Plugins(chain=(Plugin(""),)))) == "invalid plugins: plugin ID is required"


def test_the_first_failure_of_many_is_told():
    """Each line mends what the line before told of."""
    wrong = Objective(
        id="", name="", service="", objective=0, period=timedelta(0), labels={"": ""}, page=AlertMeta(),
        ticket=AlertMeta(), plugins=Plugins(override_previous=True),
    )  # fmt: skip
    mending = [
        ("invalid SLO ID: required", {"id": "aa"}),
        ("invalid SLO name: required", {"name": "aa"}),
        ("invalid SLO service: required", {"service": "aa"}),
        ("time window is required", {"period": timedelta(days=30)}),
        ("objective must >0 and <=100", {"objective": 99}),
        ('invalid SLO label key "": the label key "" is not valid', {"labels": {}}),
        ("invalid SLI: at least one SLI type is required", {"raw": Raw("x[{{.window}}]")}),
        ("invalid alert: page alert: alert name is required", {"page": AlertMeta(name="a")}),
        ("invalid alert: ticket alert: alert name is required", {"ticket": AlertMeta(name="a")}),
        ("invalid plugins: override plugins is set but no plugins are defined", {"plugins": Plugins()}),
    ]
    for message, mend in mending:
        assert refusal(wrong) == message
        wrong = replace(wrong, **mend)
    validate(wrong, accept)
