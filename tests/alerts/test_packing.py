"""Rules cut to the limits of what takes them: nothing is lost, nothing is read before it is recorded."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from support import promtool
from vcci_alerts.errors import AlertsError
from vcci_alerts.expressions import syntax_tree
from vcci_alerts.packing import Manifests, Packing, packed
from vcci_alerts.rules import render
from vcci_slo import load_plan

SPEC = Path(__file__).resolve().parents[2] / "slo" / "specs" / "vcci.yaml"
MIMIR = 20
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
OBJECTS = Manifests("monitoring", (("release", "stack"),))


@pytest.fixture(scope="module")
def plan():
    return load_plan(SPEC.read_text(encoding="utf-8"), file="slo/specs/vcci.yaml")


@pytest.fixture(scope="module")
def tiny():
    """One rule of its own: what is asked of names does not depend on how many there are."""
    signals = "signals: {age: {value: 'max(age_seconds{SELECTOR})', unit: seconds}}"
    alerts = "alerts: {Old: {measure: api.age, above: {P2: 60s}, for: 1m, summary: old}}"
    return load_plan(
        f"spec: vcci/v1\nmetadata: {{name: shop, owner: crew}}\n"
        f"components: {{api: {{kind: http, selector: 'job=\"api\"', probe: null, {signals}}}}}\n{alerts}\n",
        file="shop.yaml",
    )


@pytest.fixture(scope="module")
def small():
    return load_plan(
        """
spec: vcci/v1
metadata: {name: shop, owner: crew}
components:
  api:
    kind: http
    selector: job="api"
    signals:
      requests: {events: http_requests_total, bad: 'code=~"5.."'}
      age: {value: "max(age_seconds{SELECTOR})", unit: seconds, record: api_age_seconds}
slos:
  errors: {good: api.requests, objective: 99%}
  fresh: {holds: api.age, below: 30s, objective: 99%}
""",
        file="shop.yaml",
    )


@pytest.fixture(scope="module")
def whole(small):
    return by_promise(render(small))


def groups_of(files):
    found = []
    for text in files.values():
        document = yaml.safe_load(text)
        found += document.get("spec", document)["groups"]
    return found


def by_promise(files):
    """Return the rules of each group of the plan, its pieces joined in the order of their numbers."""
    found = {}
    for group in groups_of(files):
        name, _, place = group["name"].rpartition(":")
        whole = name if place.isdigit() and name else group["name"]
        found.setdefault(whole, []).append((int(place) if place.isdigit() else 0, group["rules"]))
    return {
        name: [rule for _, rules in sorted(pieces, key=lambda one: one[0]) for rule in rules]
        for name, pieces in found.items()
    }


def test_without_limits_the_files_are_those_that_are_always_written(plan):
    assert packed(plan, Packing()) == render(plan)
    assert not Packing()


@given(
    max_rules=st.none() | st.integers(1, 40),
    max_bytes=st.none() | st.integers(2_500, 60_000),
    one_file=st.booleans(),
    manifests=st.sampled_from([None, OBJECTS]),
)
@settings(max_examples=40, deadline=None)
def test_no_rule_is_lost_doubled_or_moved_and_every_limit_is_kept(
    small, whole, max_rules, max_bytes, one_file, manifests
):
    limits = Packing(max_rules, max_bytes, one_file, manifests)

    files = packed(small, limits)

    assert by_promise(files) == whole
    groups = groups_of(files)
    assert len({group["name"] for group in groups}) == len(groups)
    assert all(1 <= len(group["rules"]) <= (max_rules or 10_000) for group in groups)
    assert all(len(text.encode()) <= (max_bytes or 10_000_000) for text in files.values())
    if one_file and max_bytes is None:
        assert len(files) == 1


def test_what_a_rule_reads_is_recorded_before_it(small):
    rules = [rule for group in groups_of(packed(small, Packing(3, None, one_file=True))) for rule in group["rules"]]
    place = {}
    for number, rule in enumerate(rules):
        if "record" in rule:
            place.setdefault((rule["record"], rule.get("labels", {}).get("slo")), number)
    late = []
    for number, rule in enumerate(rules):
        mine = rule.get("labels", {}).get("slo")
        for metric in set(re.findall(r"\bslo(?::\w+)+|api_age_seconds", syntax_tree(rule["expr"]).prettify())):
            recorded = place.get((metric, mine), place.get((metric, None)))
            if recorded is None or recorded >= number:
                late.append((rule.get("record") or rule["alert"], metric))

    assert late == []
    assert len(place) > 30


def test_a_group_that_fits_is_not_split(plan):
    whole = {group["name"] for group in groups_of(render(plan))}

    files = packed(plan, Packing(max_bytes=60_000, one_file=True))

    assert {group["name"] for group in groups_of(files)} == whole
    assert list(files) == [f"rules/all.{place}.yml" for place in range(1, len(files) + 1)]
    assert len(files) < len(whole)


def test_a_rule_that_fits_nowhere_is_named_with_its_size(small):
    with pytest.raises(AlertsError) as refused:
        packed(small, Packing(max_bytes=300))

    assert re.fullmatch(
        r"slo:errors: expected files of at most 300 bytes, found the rule slo:sli_errors:increase5m, "
        r"whose file takes \d{3} bytes with nothing else in it",
        str(refused.value),
    )


@pytest.mark.needs("prometheus")
@pytest.mark.parametrize(
    "limits",
    [Packing(max_rules=MIMIR), Packing(max_bytes=9_000), Packing(one_file=True), Packing(7, 20_000, one_file=True)],
    ids=["groups", "bytes", "one", "all"],
)
def test_promtool_accepts_what_was_cut(plan, limits, tmp_path):
    files = packed(plan, limits)
    promtool.write(tmp_path, files)

    done = promtool.run("promtool", "check", "rules", *files, folder=tmp_path)

    assert done.returncode == 0, done.stdout


@pytest.mark.needs("prometheus")
def test_promtool_accepts_the_rules_within_each_object(plan, tmp_path):
    files = packed(plan, Packing(MIMIR, 100_000, one_file=True, manifests=OBJECTS))
    inner = {path: yaml.safe_dump(yaml.safe_load(text)["spec"]) for path, text in files.items()}
    promtool.write(tmp_path, inner)

    done = promtool.run("promtool", "check", "rules", *inner, folder=tmp_path)

    assert done.returncode == 0, done.stdout
    assert len(inner) > 1


def test_an_object_has_what_the_operator_asks_for(plan):
    """Structure after the API of the Prometheus Operator: groups of a name and rules, each with a text as its expr."""
    files = packed(plan, Packing(manifests=OBJECTS))

    names = []
    for path, text in files.items():
        found = yaml.safe_load(text)
        assert set(found) == {"apiVersion", "kind", "metadata", "spec"}
        assert (found["apiVersion"], found["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
        metadata = found["metadata"]
        assert set(metadata) == {"name", "namespace", "labels"}
        assert metadata["namespace"] == "monitoring"
        assert metadata["labels"]["release"] == "stack"
        assert NAME.fullmatch(metadata["name"])
        assert len(metadata["name"]) <= 253
        assert path == f"prometheus-rules/{metadata['name']}.yml"
        names.append(metadata["name"])
        for group in found["spec"]["groups"]:
            assert set(group) == {"name", "rules"}
            for rule in group["rules"]:
                assert set(rule) <= {"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
                assert ("record" in rule) != ("alert" in rule)
                assert isinstance(rule["expr"], str)
                assert all(isinstance(value, str) for value in rule.get("labels", {}).values())
    assert len(set(names)) == len(names)
    assert "vcci-slo-api-errors" in names


@given(names=st.lists(st.text("aB_. é-" + "x" * 3, min_size=1, max_size=300), min_size=2, max_size=2, unique=True))
def test_names_of_objects_are_valid_and_differ_however_a_spec_is_called(tiny, names):
    made = [packed(replace(tiny, name=name), Packing(one_file=True, manifests=Manifests())) for name in names]

    found = [yaml.safe_load(text)["metadata"] for files in made for text in files.values()]

    assert all(NAME.fullmatch(one["name"]) and len(one["name"]) <= 253 for one in found)
    assert all(
        re.fullmatch(r"([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?", value)
        for one in found
        for value in one["labels"].values()
    )
    assert len({one["name"] for one in found}) == 2
    assert "namespace" not in found[0]


@pytest.mark.parametrize(
    ("namespace", "labels", "told"),
    [
        (
            "Monitoring",
            (),
            "namespace: expected 1 to 63 of a-z, 0-9 and -, with none of - at an end, found 'Monitoring'",
        ),
        ("a" * 64, (), "namespace: expected 1 to 63"),
        (None, (("a b", "c"),), "label: expected KEY=VALUE as Kubernetes allows them, found 'a b=c'"),
        (None, (("a", "c d"),), "found 'a=c d'"),
        (None, (("", "c"),), "found '=c'"),
    ],
)
def test_what_kubernetes_would_refuse_is_refused_here(namespace, labels, told):
    with pytest.raises(AlertsError, match=re.escape(told)):
        Manifests(namespace, labels)
