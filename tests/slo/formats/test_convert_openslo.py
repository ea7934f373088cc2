"""OpenSLO v1 becomes ours and comes back; what it says in its own way is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from support.converting import converted, only_slo, plan_of, text_of
from vcci_slo.errors import SpecError
from vcci_slo.formats.documents import documents
from vcci_slo.formats.notes import Notes
from vcci_slo.formats.openslo.model import AlertCondition, AlertPolicy, Indicator, Slo
from vcci_slo.formats.openslo.read import read_objects
from vcci_slo.plan import EventsIndicator, LatencyIndicator, LimitIndicator, QueryIndicator

HOUR = timedelta(hours=1)


def _metric(query: str, kind: str = "Prometheus") -> dict[str, Any]:
    return {"metricSource": {"type": kind, "spec": {"query": query}}}


def _ratio(bad: str, total: str, *, part: str = "bad", counter: bool = True) -> dict[str, Any]:
    return {"ratioMetric": {"counter": counter, part: _metric(bad), "total": _metric(total)}}


EVENTS = _ratio('sum(hits_total{job="shop",code=~"5.."})', 'sum(hits_total{job="shop"})')


def _policy(threshold: float, lookback: str, severity: str = "page", **spec: Any) -> dict[str, Any]:
    condition = {"kind": "burnrate", "op": "gt", "threshold": threshold, "lookbackWindow": lookback}
    return {
        "kind": "AlertPolicy",
        "metadata": {"name": f"burn-{lookback}"},
        "spec": {
            "alertWhenBreaching": True,
            "conditions": [
                {
                    "kind": "AlertCondition",
                    "metadata": {"name": f"condition-{lookback}"},
                    "spec": {"severity": severity, "condition": condition},
                }
            ],
            "notificationTargets": [
                {"kind": "AlertNotificationTarget", "metadata": {"name": "slack"}, "spec": {"target": "slack"}}
            ],
            **spec,
        },
    }


def _slo(sli: dict[str, Any] | None = None, name: str = "shop-ok", **spec: Any) -> dict[str, Any]:
    body = {
        "service": "shop",
        "indicator": {"metadata": {"name": "an-sli"}, "spec": sli or EVENTS},
        "budgetingMethod": "Occurrences",
        "timeWindow": [{"duration": "30d", "isRolling": True}],
        "objectives": [{"target": 0.999}],
        **spec,
    }
    return {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": {"name": name},
        "spec": {key: value for key, value in body.items() if value is not None},
    }


def _text(*objects: dict[str, Any]) -> str:
    return "---\n".join(yaml.safe_dump(each, sort_keys=False) for each in objects)


def test_counters_without_a_window_get_one_and_are_recognised() -> None:
    conversion = converted(_text(_slo()))

    slo = only_slo(conversion)
    assert isinstance(slo.indicator, EventsIndicator)
    assert [str(matcher) for matcher in slo.indicator.signal.bad] == ['code=~"5.."']
    assert (slo.percent, slo.window, slo.tiers) == ("99.9%", timedelta(days=30), ())
    told = [note for note in conversion.notes if note.what == "a query without a window"]
    assert [note.where for note in told] == [
        "SLO shop-ok.spec.objectives[0].bad",
        "SLO shop-ok.spec.objectives[0].total",
    ]


def test_a_bucket_over_the_count_is_a_latency() -> None:
    sli = _ratio('sum(wait_seconds_bucket{le="0.2"})', "sum(wait_seconds_count)", part="good")

    slo = only_slo(converted(_text(_slo(sli))))

    assert isinstance(slo.indicator, LatencyIndicator)
    assert slo.indicator.within_seconds == 0.2


def test_numbers_that_are_no_counters_are_added_up() -> None:
    slo = only_slo(converted(_text(_slo(_ratio("sum(up == 0)", "count(up)", counter=False)))))

    assert isinstance(slo.indicator, QueryIndicator)
    assert slo.indicator.signal.bad == "sum_over_time((sum(up == 0))[WINDOW:])"


@pytest.mark.parametrize(
    ("op", "side", "told"),
    [("lt", "below", False), ("lte", "below", True), ("gte", "above", False), ("gt", "above", True)],
)
def test_a_threshold_is_a_limit(op: str, side: str, *, told: bool) -> None:
    sli = {"thresholdMetric": _metric("max(oldest_seconds)")}
    text = _text(_slo(sli, objectives=[{"target": 0.99, "op": op, "value": 0.25}]))

    conversion = converted(text)

    slo = only_slo(conversion)
    assert isinstance(slo.indicator, LimitIndicator)
    assert (slo.indicator.side, slo.indicator.limit) == (side, 0.25)
    assert slo.indicator.signal.unit == "seconds"
    assert any("exactly 0.25" in note.what for note in conversion.notes) == told


@pytest.mark.parametrize(
    ("raw_type", "wanted"), [("failure", "bad_ratio"), ("success", "1 - (avg_over_time((bad_ratio)[WINDOW:]))")]
)
def test_a_raw_ratio_of_the_moment_has_a_mean(raw_type: str, wanted: str) -> None:
    sli = {"ratioMetric": {"raw": _metric("bad_ratio"), "rawType": raw_type}}

    slo = only_slo(converted(_text(_slo(sli))))

    assert isinstance(slo.indicator, QueryIndicator)
    assert slo.indicator.signal.valid is None
    assert wanted in slo.indicator.signal.bad


def test_a_month_of_the_calendar_is_kept_and_other_calendars_are_told() -> None:
    calendar = {"startTime": "2024-01-01 00:00:00", "timeZone": "Europe/Berlin"}
    month = _slo(timeWindow=[{"duration": "1M", "isRolling": False, "calendar": calendar}])
    week = _slo(name="shop-week", timeWindow=[{"duration": "1w", "isRolling": False, "calendar": calendar}])

    conversion = converted(_text(month, week))

    one, other = plan_of(conversion).slos
    assert one.calendar == "Europe/Berlin"
    assert (other.calendar, other.window) == (None, timedelta(days=7))
    (note,) = (note for note in conversion.notes if "calendar" in note.where)
    assert (note.weight, note.instead) == ("lost", "a rolling window of 7d")


@pytest.mark.parametrize("method", ["Timeslices", "RatioTimeslices"])
def test_slices_of_time_are_told_as_lost(method: str) -> None:
    objective = {"target": 0.99, "timeSliceTarget": 0.95, "timeSliceWindow": "1m"}

    conversion = converted(_text(_slo(budgetingMethod=method, objectives=[objective])))

    lost = [note for note in conversion.notes if note.weight == "lost"]
    assert [(note.where, note.what) for note in lost] == [
        ("SLO shop-ok.spec.budgetingMethod", method),
        ("SLO shop-ok.spec.objectives[0].timeSliceWindow", "slices of 1m, good above 0.95"),
    ]
    assert not conversion.lossless


def test_the_parts_of_a_composite_stand_alone_and_it_is_told() -> None:
    part = {"metadata": {"name": "an-sli"}, "spec": EVENTS}
    objectives = [
        {"target": 0.99, "indicator": part, "compositeWeight": 1},
        {"target": 0.9, "displayName": "The other", "indicator": part, "compositeWeight": 2},
    ]

    conversion = converted(_text(_slo(indicator=None, objectives=objectives)))

    assert [(slo.name, slo.percent) for slo in plan_of(conversion).slos] == [("shop-ok-0", "99%"), ("shop-ok-1", "90%")]
    assert sum("composite" in note.what for note in conversion.notes) == 2


def test_a_burn_rate_that_we_know_is_a_tier_of_ours() -> None:
    slo = only_slo(converted(_text(_slo(alertPolicies=[_policy(14.4, "1h"), _policy(1, "3d", "ticket")]))))

    assert [(tier.name, tier.priority) for tier in slo.tiers] == [("fast", "P1"), ("creep", "P2")]


def test_another_burn_rate_is_a_tier_of_its_own_with_a_short_window_that_is_told() -> None:
    conversion = converted(_text(_slo(alertPolicies=[_policy(10, "2h", "info")])))

    (tier,) = only_slo(conversion).tiers
    assert (tier.name, tier.factor, tier.long, tier.short, tier.priority) == ("burn-2h", 10.0, 2 * HOUR, HOUR / 6, "P3")
    assert any(note.weight == "added" and note.what == "a shorter window" for note in conversion.notes)


@pytest.mark.parametrize("policy", [_policy(800, "1h"), _policy(0, "1h")])
def test_a_burn_rate_that_means_nothing_is_lost(policy: dict[str, Any]) -> None:
    conversion = converted(_text(_slo(alertPolicies=[policy])))

    assert only_slo(conversion).tiers == ()
    assert any(note.weight == "lost" and "spec.condition" in note.where for note in conversion.notes)


def test_another_monitoring_leaves_its_promise_behind() -> None:
    other = {"ratioMetric": {"counter": True, "good": _metric("x", "Datadog"), "total": _metric("y", "Datadog")}}

    conversion = converted(_text(_slo(other)))

    assert plan_of(conversion).slos == ()
    assert any("Datadog" in note.why for note in conversion.notes)


def test_a_data_source_in_another_file_tells_what_it_is() -> None:
    metric = {"metricSource": {"metricSourceRef": "the-source", "spec": {"query": "sum(hits_total)"}}}
    sli = {"ratioMetric": {"counter": True, "bad": metric, "total": _metric("sum(all_total)")}}
    source = {
        "apiVersion": "openslo/v1",
        "kind": "DataSource",
        "metadata": {"name": "the-source"},
        "spec": {"type": "Splunk", "connectionDetails": {"url": "https://splunk.test"}},
    }

    conversion = converted({"slo.yaml": _text(_slo(sli)), "source.yaml": _text(source)})

    assert any("Splunk" in note.why for note in conversion.notes)


def test_references_that_lead_nowhere_are_refused_with_their_file() -> None:
    with pytest.raises(SpecError, match=r"slo\.yaml:1:1: SLO shop-ok: expected an SLI .* found 'missing'"):
        converted({"slo.yaml": _text(_slo(indicator=None, indicatorRef="missing"))})


def test_the_draft_of_the_second_version_is_read() -> None:
    metric = {"dataSourceRef": "prometheus", "spec": {"query": 'sum(hits_total{job="shop"})'}}
    draft = {
        "apiVersion": "openslo.com/v2alpha",
        "kind": "SLO",
        "metadata": {"name": "shop-ok"},
        "spec": {
            "service": "shop",
            "sli": {
                "metadata": {"name": "an-sli"},
                "spec": {"ratioMetric": {"counter": True, "bad": metric, "total": metric}},
            },
            "budgetingMethod": "Occurrences",
            "timeWindow": [{"duration": "4w", "isRolling": True}],
            "objectives": [{"targetPercent": 99.95}],
        },
    }
    draft["spec"]["sli"]["spec"]["ratioMetric"]["bad"] = {
        "dataSourceRef": "prometheus",
        "spec": {"query": 'sum(hits_total{job="shop",code="500"})'},
    }

    slo = only_slo(converted(_text(draft)))

    assert (slo.percent, slo.window) == ("99.95%", timedelta(days=28))
    assert isinstance(slo.indicator, EventsIndicator)
    assert "sum(rate(hits_total" in text_of(converted(_text(draft), "sloth"))


_QUERIES = st.sampled_from(
    [
        EVENTS,
        _ratio('sum(wait_seconds_bucket{le="0.5",job="shop"})', 'sum(wait_seconds_count{job="shop"})', part="good"),
        _ratio("sum(sum_over_time(a[{{.window}}]))", "sum(count_over_time(a[{{.window}}]))", counter=False),
        {"thresholdMetric": _metric('max(oldest_seconds{job="shop"})')},
        {"ratioMetric": {"counter": False, "rawType": "failure", "raw": _metric("avg_over_time(r[{{.window}}])")}},
    ]
)
_POLICIES = st.lists(
    st.sampled_from(
        [
            _policy(14.4, "1h"),
            _policy(6, "6h"),
            _policy(3, "1d", "ticket"),
            _policy(10, "2h"),
            _policy(1.5, "5d", "info"),
        ]
    ),
    max_size=4,
    unique_by=lambda policy: policy["metadata"]["name"],
)
_WINDOWS = st.sampled_from(
    [
        {"duration": "30d", "isRolling": True},
        {"duration": "28d", "isRolling": True},
        {"duration": "90d", "isRolling": True},
        {
            "duration": "1M",
            "isRolling": False,
            "calendar": {"startTime": "2024-01-01 00:00:00", "timeZone": "America/New_York"},
        },
    ]
)


def _meaning(text: str) -> list[Any]:
    """Return what SLOs of OpenSLO say, without how tiers are named and which short window was added."""
    found: list[Any] = []
    for source in documents(text, "x"):
        for slo in read_objects(source, Notes()):
            if not isinstance(slo, Slo):
                continue
            assert isinstance(slo.indicator, Indicator)
            assert slo.window is not None
            (objective,) = slo.objectives
            found.append(
                (
                    slo.metadata.name,
                    slo.metadata.labels,
                    slo.description,
                    slo.service,
                    slo.budgeting,
                    (slo.window.length, slo.window.rolling, slo.window.start, slo.window.zone),
                    (objective.target, objective.op, objective.value),
                    _asked(slo.indicator),
                    sorted(_alerts(slo)),
                )
            )
    return found


def _asked(indicator: Indicator) -> Any:
    ratio = indicator.ratio
    if ratio is None:
        assert indicator.threshold is not None
        return _query(indicator.threshold)
    return tuple(_query(metric) for metric in (ratio.good, ratio.bad, ratio.total, ratio.raw) if metric)


def _query(metric: Any) -> Any:
    """Return a query in which the order of matchers does not matter."""
    head, _, rest = metric.spec["query"].partition("{")
    if "{{" in metric.spec["query"]:
        return metric.spec["query"]
    return head, frozenset(rest.rstrip("})").split(","))


def _alerts(slo: Slo) -> list[Any]:
    found: list[Any] = []
    for policy in slo.policies:
        assert isinstance(policy, AlertPolicy)
        (condition,) = policy.conditions
        assert isinstance(condition, AlertCondition)
        severity = {"page": "P1", "ticket": "P2", "info": "P3"}.get(condition.severity, condition.severity)
        found.append((round(condition.threshold, 6), condition.lookback, severity))
    return found


@settings(deadline=None, max_examples=60)
@given(
    sli=_QUERIES,
    policies=_POLICIES,
    window=_WINDOWS,
    target=st.decimals("0.95", "0.99999", places=5).map(float),
    labels=st.dictionaries(
        st.sampled_from(["env", "tier", "area"]), st.sampled_from(["prod", "a b", "12"]), max_size=2
    ),
    description=st.sampled_from(["", "What users want", "Zwölf: \N{WHITE HEAVY CHECK MARK}"]),
)
def test_what_both_can_say_comes_back(
    sli: dict[str, Any],
    policies: list[dict[str, Any]],
    window: dict[str, Any],
    target: float,
    labels: dict[str, str],
    description: str,
) -> None:
    objective: dict[str, Any] = {"target": target}
    if "thresholdMetric" in sli:
        objective |= {"op": "lt", "value": 300}
    slo = _slo(sli, timeWindow=[window], objectives=[objective], alertPolicies=policies, description=description)
    slo["metadata"]["labels"] = labels
    text = _text(slo)

    back = text_of(converted(text_of(converted(text)), "openslo"))

    assert _meaning(back) == _meaning(text)
