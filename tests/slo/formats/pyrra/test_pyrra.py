"""Pyrra's objectives are held to the rules of its webhook, and mean what its rules do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml

from support.converting import converted, data_of, only_slo, plan_of
from vcci_slo.errors import SpecError
from vcci_slo.plan import EventsIndicator, LatencyIndicator, QueryIndicator

RATIO = {
    "ratio": {
        "errors": {"metric": 'hits_total{job="shop",code=~"5.."}'},
        "total": {"metric": 'hits_total{job="shop"}'},
    }
}
LATENCY = {
    "latency": {
        "success": {"metric": 'wait_seconds_bucket{job="shop",le="0.1"}'},
        "total": {"metric": 'wait_seconds_count{job="shop"}'},
    }
}


def _slo(indicator: dict[str, Any] | None = None, /, **spec: Any) -> str:
    body = {"target": "99.5", "window": "4w", "indicator": RATIO if indicator is None else indicator, **spec}
    return yaml.safe_dump(
        {
            "apiVersion": "pyrra.dev/v1alpha1",
            "kind": "ServiceLevelObjective",
            "metadata": {
                "name": "shop-errors",
                "namespace": "monitoring",
                "labels": {"prometheus": "k8s", "pyrra.dev/team": "crew"},
            },
            "spec": {key: value for key, value in body.items() if value is not None},
        }
    )


def test_a_ratio_of_selectors_is_a_signal_of_events() -> None:
    slo = only_slo(converted(_slo()))

    assert isinstance(slo.indicator, EventsIndicator)
    assert slo.indicator.signal.events == "hits_total"
    assert (slo.percent, slo.window, slo.component, slo.team) == ("99.5%", timedelta(days=28), "shop", "crew")


def test_the_alerts_have_the_burn_rates_and_windows_of_pyrra() -> None:
    slo = only_slo(converted(_slo()))

    hour = timedelta(hours=1)
    assert [(tier.factor, tier.long, tier.short, tier.priority) for tier in slo.tiers] == [
        (14.0, hour, hour / 12, "P1"),
        (7.0, 6 * hour, hour / 2, "P1"),
        (2.0, 24 * hour, 2 * hour, "P2"),
        (1.0, 96 * hour, 6 * hour, "P2"),
    ]


def test_windows_follow_the_window_of_the_objective() -> None:
    slo = only_slo(converted(_slo(window="1w")))

    minute = timedelta(minutes=1)
    assert [(tier.factor, tier.long, tier.short) for tier in slo.tiers] == [
        (14.0, 15 * minute, minute),
        (7.0, 90 * minute, 8 * minute),
        (2.0, 360 * minute, 30 * minute),
        (1.0, 1440 * minute, 90 * minute),
    ]


def test_a_bucket_is_a_promise_on_latency() -> None:
    slo = only_slo(converted(_slo(LATENCY)))

    assert isinstance(slo.indicator, LatencyIndicator)
    assert (slo.indicator.within_seconds, slo.indicator.signal.duration) == (0.1, "wait_seconds")


def test_a_native_histogram_stays_native() -> None:
    native = {"latencyNative": {"latency": "200ms", "total": {"metric": 'wait_seconds{job="shop"}'}}}

    slo = only_slo(converted(_slo(native)))

    assert isinstance(slo.indicator, LatencyIndicator)
    assert slo.indicator.signal.native
    assert slo.indicator.within_seconds == 0.2


def test_each_sample_of_a_boolean_gauge_is_an_event() -> None:
    slo = only_slo(converted(_slo({"bool_gauge": {"metric": 'up{job="shop"}'}})))

    assert isinstance(slo.indicator, QueryIndicator)
    assert slo.indicator.signal.valid == 'sum(count_over_time(up{job="shop"}[WINDOW]))'
    assert not slo.indicator.signal.per_second


def test_grouping_gives_each_value_its_own_account() -> None:
    grouped = {"ratio": RATIO["ratio"] | {"grouping": ["handler", "method"]}}

    assert only_slo(converted(_slo(grouped))).by == ("handler", "method")


def test_an_offset_keeps_its_place_behind_the_range() -> None:
    shifted = {"ratio": {"errors": {"metric": 'hits_total{code="500"} offset 5m'}, "total": {"metric": "hits_total"}}}

    data = data_of(converted(_slo(shifted)))

    (component,) = data["components"].values()
    (signal,) = component["signals"].values()
    assert signal["errors"] == 'sum(increase(hits_total{code="500"}[WINDOW] offset 5m))'


def test_missing_metrics_alert_after_the_time_that_pyrra_takes() -> None:
    slo = only_slo(converted(_slo(target="99")))

    # 14 x 1 % of an hour, and two minutes before the fast alert fires, in whole minutes.
    assert slo.no_data.after == timedelta(minutes=10)
    assert slo.no_data.priority == "P1"


def test_alerts_that_are_off_are_off() -> None:
    assert only_slo(converted(_slo(alerting={"burnrates": False}))).tiers == ()
    assert only_slo(converted(_slo(alerting={"disabled": True}))).tiers == ()


def test_severities_are_ours() -> None:
    slo = only_slo(converted(_slo(alerting={"severities": {"fastBurn": "warning", "longTermBurn": "info"}})))

    assert [tier.priority for tier in slo.tiers] == ["P2", "P1", "P2", "P3"]


def test_a_target_that_looks_like_a_ratio_is_kept_and_told() -> None:
    conversion = converted(_slo(target="0.99", alerting={"burnrates": False}))

    assert only_slo(conversion).percent == "0.99%"
    assert any("was 99 meant?" in note.why for note in conversion.notes)


def test_a_list_of_objectives_is_read() -> None:
    one, other = (yaml.safe_load(_slo()) for _ in range(2))
    other["metadata"]["name"] = "shop-slow"
    text = yaml.safe_dump(
        {"apiVersion": "pyrra.dev/v1alpha1", "kind": "ServiceLevelObjectiveList", "items": [one, other]}
    )

    assert [slo.name for slo in plan_of(converted(text)).slos] == ["shop-errors", "shop-slow"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (_slo(target=None), "spec.target"),
        (_slo(target="101"), "spec.target"),
        (_slo(target="many"), "spec.target"),
        (_slo(window=None), "spec.window"),
        (_slo(window="a month"), "spec.window"),
        (_slo({}), "spec.indicator"),
        (_slo({**RATIO, **LATENCY}), "spec.indicator"),
        (_slo({"ratio": {"total": {"metric": "x"}}}), "spec.indicator.ratio.errors.metric"),
        (
            _slo({"ratio": {"errors": {"metric": "rate(x[5m])"}, "total": {"metric": "x"}}}),
            "spec.indicator.ratio.errors",
        ),
        (_slo({"latency": {"success": {"metric": "a_bucket"}, "total": {"metric": "b"}}}), "spec.indicator.latency"),
        (_slo({"latencyNative": {"total": {"metric": "x"}}}), "spec.indicator.latencyNative.latency"),
        (_slo({"bool_gauge": {}}), "spec.indicator"),
    ],
)
def test_what_the_webhook_refuses_is_refused_at_its_place(text: str, where: str) -> None:
    with pytest.raises(SpecError) as refused:
        converted(text)

    assert any(problem.path.startswith(where) for problem in refused.value.problems), refused.value
