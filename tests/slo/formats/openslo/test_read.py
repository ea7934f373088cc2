"""OpenSLO's own rules: what its library refuses is refused here, at its place; references are followed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from vcci_slo.errors import SpecError
from vcci_slo.formats.documents import documents
from vcci_slo.formats.notes import Notes
from vcci_slo.formats.openslo.inline import Catalogue, inlined
from vcci_slo.formats.openslo.model import AlertCondition, AlertPolicy, Indicator, NotificationTarget, Object, Slo
from vcci_slo.formats.openslo.read import read_objects

METRIC = {"metricSource": {"type": "Prometheus", "spec": {"query": "sum(hits_total)"}}}
SLI: dict[str, Any] = {
    "metadata": {"name": "sli-11"},
    "spec": {"ratioMetric": {"counter": True, "good": METRIC, "total": METRIC}},
}
CONDITION: dict[str, Any] = {
    "apiVersion": "openslo/v1",
    "kind": "AlertCondition",
    "metadata": {"name": "condition-12"},
    "spec": {
        "severity": "page",
        "condition": {"kind": "burnrate", "op": "gte", "threshold": 14.4, "lookbackWindow": "1h", "alertAfter": "5m"},
    },
}
TARGET: dict[str, Any] = {
    "apiVersion": "openslo/v1",
    "kind": "AlertNotificationTarget",
    "metadata": {"name": "target-13"},
    "spec": {"target": "slack"},
}
POLICY: dict[str, Any] = {
    "apiVersion": "openslo/v1",
    "kind": "AlertPolicy",
    "metadata": {"name": "policy-14"},
    "spec": {
        "alertWhenBreaching": True,
        "conditions": [{"conditionRef": "condition-12"}],
        "notificationTargets": [{"targetRef": "target-13"}],
    },
}
SLO: dict[str, Any] = {
    "apiVersion": "openslo/v1",
    "kind": "SLO",
    "metadata": {"name": "slo-15", "displayName": "The fifteenth", "labels": {"env": ["prod", "test"], "team": "a"}},
    "spec": {
        "service": "web",
        "indicator": SLI,
        "budgetingMethod": "Occurrences",
        "timeWindow": [{"duration": "4w", "isRolling": True}],
        "objectives": [{"target": 0.995}],
    },
}
LONG = "x" * 1051


def _read(*objects: dict[str, Any]) -> tuple[Object, ...]:
    text = "---\n".join(yaml.safe_dump(each, sort_keys=False) for each in objects)
    return tuple(one for source in documents(text, "in.yaml") for one in read_objects(source, Notes()))


def _with(base: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return the object with another value at a path of keys and positions; None takes the key away."""
    changed = copy.deepcopy(base)
    *outer, last = path.split("/")
    place: Any = changed
    for key in outer:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    if value is None:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return changed


def _problems(*objects: dict[str, Any]) -> list[str]:
    with pytest.raises(SpecError) as refused:
        _read(*objects)
    return [f"{problem.path}: {problem.expected}" for problem in refused.value.problems]


def test_an_slo_is_read_with_everything_in_it() -> None:
    (slo,) = _read(SLO)

    assert isinstance(slo, Slo)
    assert slo.metadata.labels == {"env": ("prod", "test"), "team": ("a",)}
    assert slo.window is not None
    assert (slo.window.length.days, slo.window.rolling) == (28, True)
    assert slo.objectives[0].target == 0.995
    assert isinstance(slo.indicator, Indicator)
    assert slo.indicator.ratio is not None
    assert slo.indicator.ratio.counter


def test_a_list_and_documents_and_json_are_read_alike() -> None:
    text = yaml.safe_dump([SLO, CONDITION], sort_keys=False)
    as_list = [one for source in documents(text, "a") for one in read_objects(source, Notes())]

    kinds = [type(one) for one in as_list]
    assert kinds == [type(one) for one in _read(SLO, CONDITION)] == [Slo, AlertCondition]


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("apiVersion", "openslo/v2", "apiVersion"),
        ("kind", "SLOs", "kind"),
        ("metadata/name", "Upper", "metadata.name"),
        ("metadata/name", "a" * 64, "metadata.name"),
        ("metadata/name", None, "metadata.name"),
        ("metadata/displayName", "x" * 64, "metadata.displayName"),
        ("metadata/labels", {"-bad": "x"}, "metadata.labels.-bad"),
        ("metadata/labels", {"good": 12}, "metadata.labels.good"),
        ("metadata/annotations", {"Domain.org/x": "y"}, "metadata.annotations.Domain.org/x"),
        ("spec/description", LONG, "spec.description"),
        ("spec/service", None, "spec.service"),
        ("spec/budgetingMethod", None, "spec.budgetingMethod"),
        ("spec/budgetingMethod", "invalid", "spec.budgetingMethod"),
        ("spec/indicator", None, "spec"),
        ("spec/indicatorRef", "sli-16", "spec"),
        ("spec/timeWindow", [], "spec.timeWindow"),
        ("spec/timeWindow", [{"duration": "1w", "isRolling": True}] * 2, "spec.timeWindow"),
        ("spec/timeWindow/0/duration", "1y", "spec.timeWindow[0].duration"),
        ("spec/timeWindow/0/duration", "0d", "spec.timeWindow[0].duration"),
        ("spec/timeWindow/0/duration", None, "spec.timeWindow[0].duration"),
        ("spec/timeWindow/0/isRolling", False, "spec.timeWindow[0]"),
        ("spec/timeWindow/0/calendar", {"startTime": "x", "timeZone": "UTC"}, "spec.timeWindow[0].calendar"),
        ("spec/objectives/0/target", 1.0, "spec.objectives[0].target"),
        ("spec/objectives/0/target", -0.1, "spec.objectives[0].target"),
        ("spec/objectives/0", {"targetPercent": 100}, "spec.objectives[0].targetPercent"),
        ("spec/objectives/0", {"target": 0.9, "targetPercent": 90}, "spec.objectives[0]"),
        ("spec/objectives/0", {"op": "lt"}, "spec.objectives[0]"),
        ("spec/objectives/0/op", "eq", "spec.objectives[0].op"),
        ("spec/objectives/0/target", "0.9", "spec.objectives[0].target"),
        ("spec/indicator/spec/ratioMetric/raw", METRIC, "spec.indicator.spec.ratioMetric"),
        ("spec/indicator/spec/ratioMetric/total", None, "spec.indicator.spec.ratioMetric"),
        ("spec/indicator/spec/ratioMetric/good", None, "spec.indicator.spec.ratioMetric"),
        ("spec/indicator/spec/ratioMetric/bad", METRIC, "spec.indicator.spec.ratioMetric"),
        ("spec/indicator/spec/thresholdMetric", METRIC, "spec.indicator.spec"),
        (
            "spec/indicator/spec/ratioMetric/good/metricSource/spec",
            {},
            "spec.indicator.spec.ratioMetric.good.metricSource.spec",
        ),
        (
            "spec/indicator/spec/ratioMetric/good/metricSource/metricSourceRef",
            "not a name",
            "spec.indicator.spec.ratioMetric.good.metricSource.metricSourceRef",
        ),
        ("spec/indicator/metadata", None, "spec.indicator.metadata"),
        ("spec/alertPolicies", [{"alertPolicyRef": "not a name"}], "spec.alertPolicies[0].alertPolicyRef"),
        ("spec/alertPolicies", [{}], "spec.alertPolicies[0].alertPolicyRef"),
    ],
)
def test_what_the_library_refuses_is_refused_at_its_place(path: str, value: Any, where: str) -> None:
    found = _problems(_with(SLO, path, value))

    assert any(problem.startswith(f"{where}: ") for problem in found), found


@pytest.mark.parametrize("ratio", [{"raw": METRIC}, {"raw": METRIC, "rawType": "perhaps"}])
def test_a_raw_ratio_says_of_what_it_is(ratio: dict[str, Any]) -> None:
    found = _problems(_with(SLO, "spec/indicator/spec/ratioMetric", ratio))

    assert found[0].startswith("spec.indicator.spec.ratioMetric.rawType: ")


def test_timeslices_need_a_target_and_a_window_for_each_slice() -> None:
    found = _problems(_with(SLO, "spec/budgetingMethod", "Timeslices"))

    assert [problem.partition(":")[0] for problem in found] == [
        "spec.objectives[0].timeSliceTarget",
        "spec.objectives[0].timeSliceWindow",
    ]


def test_ratio_timeslices_need_no_target_for_each_slice() -> None:
    sliced = _with(SLO, "spec/budgetingMethod", "RatioTimeslices")

    (slo,) = _read(_with(sliced, "spec/objectives/0/timeSliceWindow", "1m"))

    assert isinstance(slo, Slo)


def test_a_value_needs_something_to_compare_with() -> None:
    threshold = _with(SLO, "spec/indicator/spec", {"thresholdMetric": METRIC})

    found = _problems(threshold)

    assert [problem.partition(":")[0] for problem in found] == ["spec.objectives[0].op", "spec.objectives[0].value"]


def test_a_composite_has_indicators_in_every_objective_and_weights_above_nothing() -> None:
    composite = _with(SLO, "spec/indicator", None)
    composite = _with(
        composite,
        "spec/objectives",
        [{"target": 0.9, "indicatorRef": "one", "compositeWeight": 0}, {"target": 0.9}],
    )

    found = {problem.partition(":")[0] for problem in _problems(composite)}

    assert found == {"spec.objectives", "spec.objectives[0].compositeWeight"}


@pytest.mark.parametrize(
    ("base", "path", "value", "where"),
    [
        (POLICY, "spec/conditions", [], "spec.conditions"),
        (POLICY, "spec/conditions", [{"conditionRef": "a"}, {"conditionRef": "b"}], "spec.conditions"),
        (POLICY, "spec/notificationTargets", None, "spec.notificationTargets"),
        (
            POLICY,
            "spec/conditions/0",
            {"conditionRef": "a", "kind": "AlertCondition", "spec": {}},
            "spec.conditions[0]",
        ),
        (CONDITION, "spec/severity", None, "spec.severity"),
        (CONDITION, "spec/condition", None, "spec.condition"),
        (CONDITION, "spec/condition/kind", "budget", "spec.condition.kind"),
        (CONDITION, "spec/condition/op", None, "spec.condition.op"),
        (CONDITION, "spec/condition/threshold", None, "spec.condition.threshold"),
        (CONDITION, "spec/condition/lookbackWindow", None, "spec.condition.lookbackWindow"),
        (CONDITION, "spec/condition/lookbackWindow", "1 hour", "spec.condition.lookbackWindow"),
        (TARGET, "spec/target", None, "spec.target"),
    ],
)
def test_alerting_is_held_to_its_rules(base: dict[str, Any], path: str, value: Any, where: str) -> None:
    found = _problems(_with(base, path, value))

    assert any(problem.startswith(f"{where}: ") for problem in found), found


def test_the_draft_of_the_second_version_says_the_same_in_other_words() -> None:
    metric = {"dataSourceRef": "prometheus-16", "spec": {"query": "sum(hits_total)"}}
    draft = {
        "apiVersion": "openslo.com/v2alpha",
        "kind": "SLO",
        "metadata": {"name": "slo-17", "labels": {"env": "prod"}},
        "spec": {
            "serviceRef": "web",
            "sli": {
                "metadata": {"name": "sli-18"},
                "spec": {"ratioMetric": {"counter": True, "bad": metric, "total": metric}},
            },
            "budgetingMethod": "Occurrences",
            "timeWindow": [{"duration": "30d", "isRolling": True}],
            "objectives": [{"target": 0.99}],
        },
    }

    (slo,) = _read(draft)

    assert isinstance(slo, Slo)
    assert slo.service == "web"
    assert isinstance(slo.indicator, Indicator)
    assert "spec.timeWindow[0].duration" in _problems(_with(draft, "spec/timeWindow/0/duration", "1M"))[0]
    assert "metadata.labels.env" in _problems(_with(draft, "metadata/labels", {"env": ["prod"]}))[0]
    assert (
        "spec.sli.spec.ratioMetric.total"
        in _problems(_with(draft, "spec/sli/spec/ratioMetric/total", {"spec": {"query": "x"}}))[0]
    )
    assert "spec.objectives[0].op" in _problems(_with(draft, "spec/objectives/0/op", "gt"))[0]


def test_references_are_followed_across_files() -> None:
    slo = _with(_with(SLO, "spec/indicator", None), "spec/indicatorRef", "sli-11")
    slo = _with(slo, "spec/alertPolicies", [{"alertPolicyRef": "policy-14"}])
    sli = {"apiVersion": "openslo/v1", "kind": "SLI", **SLI}

    (found,) = inlined(Catalogue([*_read(slo), *_read(TARGET, POLICY), *_read(CONDITION, sli)]))

    assert isinstance(found.indicator, Indicator)
    (policy,) = found.policies
    assert isinstance(policy, AlertPolicy)
    assert isinstance(policy.conditions[0], AlertCondition)
    assert isinstance(policy.targets[0], NotificationTarget)


def test_a_reference_that_leads_nowhere_is_told_with_the_name_that_was_perhaps_meant() -> None:
    slo = _with(_with(SLO, "spec/indicator", None), "spec/indicatorRef", "sli-1")
    sli = {"apiVersion": "openslo/v1", "kind": "SLI", **SLI}

    with pytest.raises(SpecError) as refused:
        inlined(Catalogue(_read(slo, sli)))

    (problem,) = refused.value.problems
    assert (problem.found, problem.suggestion) == ("'sli-1'", "sli-11")


def test_problems_name_the_line_of_the_whole_file() -> None:
    text = "# a comment\n---\n" + yaml.safe_dump(SLO, sort_keys=False) + "---\nkind: SLO\napiVersion: openslo/v9\n"

    with pytest.raises(SpecError) as refused:
        [read_objects(source, Notes()) for source in documents(text, "in.yaml")]

    assert refused.value.problems[0].line == text[: text.index("apiVersion: openslo/v9")].count("\n") + 1
