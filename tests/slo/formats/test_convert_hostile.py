"""Malformed and hostile files of other formats give a sentence, never a traceback, and take no time to speak of."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.converting import converted, plan_of, text_of
from vcci_slo.errors import SloError
from vcci_slo.formats.convert import Conversion

TOTAL = {"metricSource": {"type": "Prometheus", "spec": {"query": "sum(hits_total)"}}}
BAD = {"metricSource": {"type": "Prometheus", "spec": {"query": 'sum(hits_total{code="500"})'}}}
SLOTH: dict[str, Any] = {
    "version": "prometheus/v1",
    "service": "shop",
    "labels": {"owner": "crew"},
    "slos": [
        {
            "name": "ok",
            "objective": 99.9,
            "description": "About it",
            "labels": {"tier": "2"},
            "sli": {
                "events": {
                    "error_query": 'sum(rate(hits_total{code="500"}[{{.window}}]))',
                    "total_query": "sum(rate(hits_total[{{.window}}]))",
                }
            },
            "alerting": {"name": "Fails", "labels": {"a": "b"}, "page_alert": {"disable": False}},
        }
    ],
}
OPENSLO: dict[str, Any] = {
    "apiVersion": "openslo/v1",
    "kind": "SLO",
    "metadata": {"name": "ok", "labels": {"env": ["prod"]}, "annotations": {"a.b/c": "d"}},
    "spec": {
        "service": "web",
        "indicator": {
            "metadata": {"name": "sli"},
            "spec": {"ratioMetric": {"counter": True, "bad": BAD, "total": TOTAL}},
        },
        "budgetingMethod": "Occurrences",
        "timeWindow": [{"duration": "1M", "calendar": {"startTime": "2024-01-01 00:00:00", "timeZone": "UTC"}}],
        "objectives": [{"target": 0.99, "displayName": "One"}],
        "alertPolicies": [
            {
                "kind": "AlertPolicy",
                "metadata": {"name": "burn"},
                "spec": {
                    "alertWhenBreaching": True,
                    "conditions": [
                        {
                            "kind": "AlertCondition",
                            "metadata": {"name": "fast"},
                            "spec": {
                                "severity": "page",
                                "condition": {"kind": "burnrate", "op": "gt", "threshold": 9, "lookbackWindow": "1h"},
                            },
                        }
                    ],
                    "notificationTargets": [
                        {
                            "kind": "AlertNotificationTarget",
                            "metadata": {"name": "slack"},
                            "spec": {"target": "slack"},
                        }
                    ],
                },
            }
        ],
    },
}
PYRRA: dict[str, Any] = {
    "apiVersion": "pyrra.dev/v1alpha1",
    "kind": "ServiceLevelObjective",
    "metadata": {"name": "ok", "labels": {"pyrra.dev/team": "crew"}},
    "spec": {
        "target": "99.5",
        "window": "4w",
        "description": "About it",
        "indicator": {
            "ratio": {
                "errors": {"metric": 'hits_total{code="500"}'},
                "total": {"metric": "hits_total"},
                "grouping": ["path"],
            }
        },
        "alerting": {"severities": {"fastBurn": "warning"}},
    },
}
_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False),
    st.text(max_size=12),
    st.sampled_from(["", " ", "1e9", "{{.window}}", "sum(", "x[5m]", "0", "100", "99.99999999999999999", "1000000w"]),
    st.just([]),
    st.just({}),
    st.just([{}]),
    st.just({"a": {"b": "c"}}),
)


def _places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in inner for place in _places(value, (*path, key)))][bool(not path) :]


def _changed(data: Any, changes: list[tuple[int, Any]]) -> Any:
    found = copy.deepcopy(data)
    for where, value in changes:
        places = _places(found)
        if not places:
            continue
        *outer, last = places[where % len(places)]
        place = found
        for key in outer:
            place = place[key]
        place[last] = copy.deepcopy(value)
    return found


def _or_refused(text: str) -> Conversion | None:
    """Return the conversion, or nothing for a text that was refused in a sentence."""
    try:
        return converted(text)
    except SloError as error:
        if not str(error):
            raise
        return None


@settings(deadline=None, max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(
    base=st.sampled_from([SLOTH, OPENSLO, PYRRA]),
    changes=st.lists(st.tuples(st.integers(0, 60), _ODD), min_size=1, max_size=3),
)
def test_whatever_stands_in_a_file_gives_a_spec_or_a_sentence(base: dict[str, Any], changes: Any) -> None:
    text = yaml.safe_dump(_changed(base, changes), sort_keys=False)

    conversion = _or_refused(text)

    assert conversion is None or plan_of(conversion).name == "converted"


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    base=st.sampled_from([SLOTH, OPENSLO, PYRRA]),
    changes=st.lists(st.tuples(st.integers(0, 60), _ODD), min_size=1, max_size=2),
    target=st.sampled_from(["sloth", "openslo"]),
)
def test_what_could_be_read_can_be_written_in_the_other_formats(
    base: dict[str, Any], changes: Any, target: Any
) -> None:
    text = yaml.safe_dump(_changed(base, changes), sort_keys=False)
    conversion = _or_refused(text)
    if conversion is None or not plan_of(conversion).slos:
        return

    there = converted(text_of(conversion), target)
    back = converted({path: text for path, text in there.files.items() if not path.startswith("windows-")})

    assert len(plan_of(back).slos) == len(plan_of(conversion).slos)


def _bomb(start: str) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 9)]
    return start + "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        _bomb("apiVersion: openslo/v1\nkind: SLO\n"),
        _bomb("apiVersion: pyrra.dev/v1alpha1\n"),
        "apiVersion: openslo/v1\nspec: " + "[" * 50_000,
        "---\napiVersion: openslo/v1\n" * 5000,
        "apiVersion: openslo/v1\n" + "#" * 3_000_000,
        "kind: SLO\n" * 10_000,
        yaml.safe_dump(PYRRA).replace("hits_total\n", "(" * 5000 + "\n"),
        yaml.safe_dump(SLOTH).replace("hits_total", "a" * 15_000),
        "\x00",
        "- " * 40_000,
    ],
)
def test_what_is_enormous_ends_soon(text: str) -> None:
    before = time.process_time()

    _or_refused(text)

    assert time.process_time() - before < 30, "seconds of the processor, which are the same on a busy machine"


@pytest.mark.parametrize("base", [SLOTH, OPENSLO, PYRRA], ids=["sloth", "openslo", "pyrra"])
def test_the_files_that_are_damaged_here_are_whole_before(base: dict[str, Any]) -> None:
    assert len(plan_of(converted(yaml.safe_dump(base, sort_keys=False))).slos) == 1
