"""Sloth's specs become idiomatic ones, and come back saying what both can say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.converting import TOTAL, converted, data_of, only_slo, plan_of, sloth_text, text_of
from vcci_slo.errors import SpecError
from vcci_slo.formats.sloth import SlothSpec, read_file, read_windows
from vcci_slo.plan import EventsIndicator, QueryIndicator

HOUR = timedelta(hours=1)
OFF = {"page_alert": {"disable": True}, "ticket_alert": {"disable": True}}
CUSTOM = """
apiVersion: sloth.slok.dev/v1
kind: AlertWindows
spec:
  sloPeriod: 7d
  page:
    quick: {errorBudgetPercent: 8, shortWindow: 5m, longWindow: 1h}
    slow: {errorBudgetPercent: 12.5, shortWindow: 30m, longWindow: 6h}
  ticket:
    quick: {errorBudgetPercent: 20, shortWindow: 2h, longWindow: 1d}
    slow: {errorBudgetPercent: 42, shortWindow: 6h, longWindow: 3d}
"""


def _spec(text: str) -> SlothSpec:
    (document,) = read_file(text)
    assert isinstance(document.spec, SlothSpec)
    return document.spec


def test_well_formed_queries_become_a_signal_of_events() -> None:
    data = data_of(converted(sloth_text()))

    assert data["components"] == {
        "shop": {
            "kind": "other",
            "selector": 'job="shop"',
            "signals": {"hits": {"events": "hits_total", "bad": 'code=~"5.."'}},
        }
    }
    assert data["slos"] == {"requests-ok": {"good": "shop.hits", "objective": "99.9%"}}


def test_a_histogram_becomes_a_promise_within_a_time() -> None:
    count = 'sum(rate(wait_seconds_count{job="shop"}[{{.window}}]))'
    fast = 'sum(rate(wait_seconds_bucket{le="0.4",job="shop"}[{{.window}}]))'
    sli = {"events": {"error_query": f"(\n  {count}\n  -\n  {fast}\n)", "total_query": count}}

    data = data_of(converted(sloth_text({"name": "in-time", "objective": 95, "sli": sli})))

    assert data["slos"] == {"in-time": {"fast": "shop.wait", "within": {"95%": "400ms"}}}


def test_errors_and_durations_of_the_same_events_are_one_signal() -> None:
    count = 'sum(rate(wait_seconds_count{job="shop",path="/x"}[{{.window}}]))'
    bad = 'sum(rate(wait_seconds_count{job="shop",path="/x",code="500"}[{{.window}}]))'
    fast = 'sum(rate(wait_seconds_bucket{job="shop",path="/x",le="1"}[{{.window}}]))'
    slow = {"events": {"error_query": f"{count} - {fast}", "total_query": count}}

    data = data_of(
        converted(
            sloth_text(
                {"name": "errors", "sli": {"events": {"error_query": bad, "total_query": count}}},
                {"name": "latency", "sli": slow},
            )
        )
    )

    assert data["components"]["shop"]["signals"] == {
        "wait": {
            "events": "wait_seconds_count",
            "duration": "wait_seconds",
            "where": 'path="/x"',
            "bad": 'code="500"',
        }
    }


def test_free_promql_is_kept_with_its_window() -> None:
    sli = {
        "events": {
            "error_query": "sum_over_time((count(x < 0.75))[{{.window}}:]) OR on() vector(0)",
            "total_query": "sum_over_time((count(x))[{{ .window }}:])",
        }
    }

    slo = only_slo(converted(sloth_text({"sli": sli})))

    assert isinstance(slo.indicator, QueryIndicator)
    assert slo.indicator.signal.bad == "sum_over_time((count(x < 0.75))[WINDOW:]) OR on() vector(0)"
    assert slo.indicator.signal.valid == "sum_over_time((count(x))[WINDOW:])"
    assert not slo.indicator.signal.per_second


def test_rates_are_told_to_be_per_second() -> None:
    sli = {
        "events": {
            "error_query": "sum(rate(errors_total[{{.window}}]))",
            "total_query": "sum(rate(requests_total[{{.window}}]))",
        }
    }

    slo = only_slo(converted(sloth_text({"sli": sli})))

    assert isinstance(slo.indicator, QueryIndicator)
    assert slo.indicator.signal.per_second


def test_a_raw_ratio_of_counts_is_taken_apart() -> None:
    sli = {"raw": {"error_ratio_query": "1 - (sum(rate(ok_total[{{.window}}])) / sum(rate(all_total[{{.window}}])))"}}

    slo = only_slo(converted(sloth_text({"sli": sli})))

    assert isinstance(slo.indicator, QueryIndicator)
    assert slo.indicator.signal.valid == "sum(rate(all_total[WINDOW]))"
    assert slo.indicator.signal.bad == "(sum(rate(all_total[WINDOW])))\n- (sum(rate(ok_total[WINDOW])))"


def test_a_raw_ratio_that_nobody_can_take_apart_stays_one() -> None:
    sli = {"raw": {"error_ratio_query": "avg_over_time(my_error_ratio[{{.window}}])"}}

    slo = only_slo(converted(sloth_text({"sli": sli})))

    assert isinstance(slo.indicator, QueryIndicator)
    assert (slo.indicator.signal.bad, slo.indicator.signal.valid) == ("avg_over_time(my_error_ratio[WINDOW])", None)


def test_a_plugin_becomes_its_query() -> None:
    sli = {"plugin": {"id": "getting_started_availability", "options": {"job": "shop", "filter": 'a="b"'}}}

    conversion = converted(sloth_text({"sli": sli}, labels={"owner": "crew", "tier": "2"}))

    assert isinstance(only_slo(conversion).indicator, QueryIndicator | EventsIndicator)
    assert any(note.where.endswith("sli.plugin") and note.weight == "changed" for note in conversion.notes)


def test_a_plugin_that_nobody_has_leaves_its_promise_behind_with_the_reason() -> None:
    conversion = converted(sloth_text({"sli": {"plugin": {"id": "our/own"}}}))

    assert plan_of(conversion).slos == ()
    (note,) = (note for note in conversion.notes if note.what == "the whole promise")
    assert "our/own" in note.why


@pytest.mark.parametrize(
    ("objective", "percent"), [(99.9, "99.9%"), (99, "99%"), (99.99, "99.99%"), (95.5, "95.5%"), (0.1, "0.1%")]
)
def test_objectives_are_exact(objective: float, percent: str) -> None:
    assert only_slo(converted(sloth_text({"objective": objective, "alerting": OFF}))).percent == percent


def test_the_objective_without_a_budget_is_told_and_replaced() -> None:
    conversion = converted(sloth_text({"objective": 100}))

    assert only_slo(conversion).percent == "99.99999%"
    assert any(note.what == "the objective 100%" and note.weight == "lost" for note in conversion.notes)


def test_disabled_alerts_are_tiers_that_are_off() -> None:
    page_off = only_slo(converted(sloth_text({"alerting": {"name": "X", "page_alert": {"disable": True}}})))
    all_off = only_slo(converted(sloth_text({"alerting": OFF})))

    assert [tier.name for tier in page_off.tiers] == ["steady", "creep"]
    assert all_off.tiers == ()


def test_tiers_that_no_objective_reaches_are_off_and_told() -> None:
    conversion = converted(sloth_text({"objective": 90}))

    assert [tier.name for tier in only_slo(conversion).tiers] == ["slow", "steady", "creep"]
    assert any("the tier fast" in note.what for note in conversion.notes)


def test_windows_of_a_catalogue_become_tiers_of_their_own() -> None:
    conversion = converted(sloth_text(), windows=read_windows(CUSTOM))

    slo = only_slo(conversion)
    assert slo.window == timedelta(days=7)
    assert [(tier.name, tier.share, tier.long, tier.short) for tier in slo.tiers] == [
        ("page-quick", 0.08, HOUR, HOUR / 12),
        ("page-slow", 0.125, 6 * HOUR, HOUR / 2),
        ("ticket-quick", 0.2, 24 * HOUR, 2 * HOUR),
        ("ticket-slow", 0.42, 72 * HOUR, 6 * HOUR),
    ]


def test_a_catalogue_comes_back_beside_the_specs() -> None:
    spec = text_of(converted(sloth_text(), windows=read_windows(CUSTOM)))

    back = converted(spec, "sloth")

    (path,) = (path for path in back.files if path.startswith("windows-"))
    assert read_windows(back.files[path]) == read_windows(CUSTOM)


def test_names_are_made_valid_and_unique_and_come_back() -> None:
    text = sloth_text({"name": "requests.ok"}) + "---\n" + sloth_text({"name": "requests.ok"}, service="other.shop")

    conversion = converted(text)

    assert [slo.name for slo in plan_of(conversion).slos] == ["shop-requests-ok", "other-shop-requests-ok"]
    back = [document.spec for document in read_file(text_of(converted(text_of(conversion), "sloth")))]
    assert [(spec.service, spec.slos[0].name) for spec in back if isinstance(spec, SlothSpec)] == [
        ("shop", "requests.ok"),
        ("other.shop", "requests.ok"),
    ]


def test_labels_that_our_rules_set_get_another_name_and_come_back() -> None:
    conversion = converted(sloth_text(labels={"component": "till", "owner": "crew", "a-b": "c"}))

    slo = only_slo(conversion)
    assert dict(slo.labels) == {"source_component": "till", "owner": "crew", "a_b": "c"}
    assert slo.team == "crew"
    assert _spec(text_of(converted(text_of(conversion), "sloth"))).labels == {
        "component": "till",
        "owner": "crew",
        "a_b": "c",
    }


def test_a_query_that_prometheus_does_not_read_leaves_its_promise_behind() -> None:
    sli = {"events": {"error_query": "histogram_share(1, x[{{.window}}])", "total_query": TOTAL}}

    conversion = converted(sloth_text({"sli": sli}, {"name": "fine"}))

    assert [slo.name for slo in plan_of(conversion).slos] == ["fine"]
    assert any(note.what == "the whole promise" and "no PromQL" in note.why for note in conversion.notes)


def test_a_regular_expression_that_only_go_reads_is_kept_as_a_query() -> None:
    sli = {"events": {"error_query": TOTAL.replace('"}', r'",code=~"\\pN+"}'), "total_query": TOTAL}}

    slo = only_slo(converted(sloth_text({"sli": sli})))

    assert isinstance(slo.indicator, QueryIndicator)


def test_keys_that_sloth_ignores_are_told() -> None:
    conversion = converted(sloth_text({"alerting": {"name": "X", "pageAlert": {"disable": True}}}))

    assert any("pageAlert" in note.where and "page_alert" in note.why for note in conversion.notes)


def test_a_catalogue_among_the_specs_is_told_and_not_mistaken_for_one() -> None:
    conversion = converted({"shop.yml": sloth_text(), "windows/7d.yaml": CUSTOM})

    assert [slo.name for slo in plan_of(conversion).slos] == ["requests-ok"]
    assert any(note.instead == "--slo-period-windows-path" for note in conversion.notes)


@pytest.mark.parametrize("objective", [0, -1, 101])
def test_an_objective_that_sloth_refuses_is_refused(objective: float) -> None:
    with pytest.raises(SpecError, match="objective must >0 and <=100"):
        converted(sloth_text({"objective": objective}))


def test_what_a_spec_of_ours_has_and_sloth_has_not_is_told() -> None:
    spec = """
spec: vcci/v1
metadata: {name: shop, owner: crew}
components:
  api:
    kind: http
    selector: job="api"
    signals:
      requests: {events: hits_total, bad: 'code=~"5.."', duration: wait_seconds}
      age: {value: 'max(age_seconds{SELECTOR})', unit: seconds}
slos:
  ok: {good: api.requests, objective: 99.9%, by: [path], window: month}
  in-time: {fast: api.requests, within: {95%: 500ms, 99%: 1s}}
  fresh: {holds: api.age, below: 30m, objective: 99%, policy: background, window: 30d}
"""

    conversion = converted(spec, "sloth")

    lost = {(note.where, note.what) for note in conversion.notes if note.weight == "lost"}
    assert ("slos.ok.window", "months of UTC") in lost
    assert any("min_bad" in what for _, what in lost)
    assert any(what == "the severity P3" for _, what in lost)
    texts = [text for path, text in conversion.files.items() if not path.startswith("windows-")]
    specs = [document.spec for text in texts for document in read_file(text)]
    names = sorted(slo.name for spec in specs if isinstance(spec, SlothSpec) for slo in spec.slos)
    assert names == ["fresh", "in-time-p95", "in-time-p99", "ok"]
