"""What each view asks and says; the limits of the alerts, drawn and in words."""

from __future__ import annotations

import pytest

OVERVIEW, SLOS, APP = "platform-overview", "slo-tracking", "app-performance"


@pytest.fixture
def drawn(pages):
    """A function that returns a panel of a page by its title."""
    return lambda page, title: next(panel for panel in pages[page]["panels"] if panel["title"] == title)


def steps(panel):
    return [(step["value"], step["color"]) for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]


def expressions(panel):
    return {target.get("legendFormat", ""): target["expr"] for target in panel["targets"]}


def fields(panel):
    """Return what each column of a table shows: heading and properties by field."""
    return {
        override["matcher"]["options"]: {entry["id"]: entry["value"] for entry in override["properties"]}
        for override in panel["fieldConfig"]["overrides"]
    }


def test_a_share_of_failures_is_drawn_against_both_limits_of_its_alert(drawn):
    panel = drawn(OVERVIEW, "Requests that fail")

    assert steps(panel) == [(None, "green"), (0.01, "orange"), (0.05, "red")]
    assert panel["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"]["mode"] == "dashed"
    assert (
        "APIHighErrorRate fires above 1% for 2 minutes (P1) and above 5% for 2 minutes (P0), judged over 5 minutes, "
        "given at least 10 events" in panel["description"]
    )


def test_the_number_that_the_alert_compares_is_drawn_beside_the_present_rate(drawn):
    asked = expressions(drawn(OVERVIEW, "Requests that fail"))

    assert "[$__rate_interval]" in asked["share that fails"]
    assert "[5m]" in asked["over 5m, as APIHighErrorRate sees it"]


def test_a_series_of_failures_that_does_not_exist_yet_counts_as_none(drawn):
    asked = expressions(drawn(APP, "Requests that fail"))

    assert " or 0 * sum by (endpoint) " in asked["{{endpoint}}"]


def test_quantiles_are_made_of_buckets_added_up_and_carry_exemplars(drawn):
    panel = drawn(OVERVIEW, "Duration of requests")

    rates = [target for target in panel["targets"] if "$__rate_interval" in target["expr"]]

    assert [target["legendFormat"] for target in rates] == ["p50", "p95", "p99"]
    assert all("sum by (le)" in target["expr"] and target["exemplar"] for target in rates)
    assert all('outcome="ok"' in target["expr"] for target in panel["targets"])
    assert steps(panel) == [(None, "green"), (1, "orange")]


def test_the_heatmap_shows_buckets_as_they_are(drawn):
    panel = drawn(APP, "Duration of requests, spread")

    assert panel["type"] == "heatmap"
    assert panel["options"]["calculate"] is False
    assert panel["targets"][0]["format"] == "heatmap"
    assert panel["targets"][0]["legendFormat"] == "{{le}}"


def test_traffic_counts_refused_requests_too(drawn):
    asked = expressions(drawn(OVERVIEW, "Requests per second"))["{{endpoint}}"]

    assert "status" not in asked
    assert 'endpoint!~"/health/.*"' in asked


def test_a_value_under_an_alert_is_the_very_series_that_the_alert_reads(drawn, plan):
    panel = drawn(OVERVIEW, "Cache hit rate")

    assert expressions(panel) == {"cache hit rate": "redis_cache_hit_rate"}
    assert steps(panel) == [(None, "yellow"), (0.8, "green")]


def test_a_promise_about_a_value_is_told_beside_it(drawn):
    panel = drawn(OVERVIEW, "Age of the oldest waiting job")

    assert "is under 5m for 99% of the time" in panel["description"]
    assert "Runbook: job-wait" in [link["title"] for link in panel["links"]]


def test_a_single_number_nobody_watches_is_a_figure(drawn):
    assert drawn("business-metrics", "Active tenants")["type"] == "stat"
    assert drawn(OVERVIEW, "Age of the oldest waiting job")["type"] == "timeseries"


def test_bytes_that_are_a_rate_are_bytes_per_second(drawn):
    assert drawn("infrastructure", "Network traffic")["fieldConfig"]["defaults"]["unit"] == "binBps"
    assert drawn("database", "Size on disk")["fieldConfig"]["defaults"]["unit"] == "bytes"


def test_a_store_that_does_not_answer_is_red(drawn):
    panel = drawn("database", "PostgreSQL answers")

    assert panel["type"] == "state-timeline"
    assert steps(panel) == [(None, "red"), (1, "green")]
    assert "when it is missing for 5 minutes (P1)" in panel["description"]


def test_a_boolean_that_nobody_watches_states_the_wish(drawn):
    meanings = drawn(OVERVIEW, "Dependencies that answer")["fieldConfig"]["defaults"]["mappings"]

    assert meanings[0]["options"]["0"] == {"color": "red", "index": 0, "text": "no"}
    assert meanings[1]["options"]["1"] == {"color": "green", "index": 1, "text": "yes"}


def test_an_alert_on_a_share_of_time_has_that_share_beside_the_states(drawn):
    states, share = drawn(APP, "Open circuits"), drawn(APP, "Open circuits, share of 5 minutes")

    assert states["type"] == "state-timeline"
    assert share["id"] == states["id"] * 100 + 1
    assert steps(share) == [(None, "green"), (0.5, "yellow")]
    assert expressions(share)["{{circuit}}"].startswith("avg_over_time((max by (circuit) (")


def test_firing_alerts_come_with_their_severity_and_leave_the_watchdog_out(drawn):
    panel = drawn(OVERVIEW, "Firing alerts")

    assert 'alertname!="Watchdog"' in panel["targets"][0]["expr"]
    assert panel["fieldConfig"]["defaults"]["noValue"] == "Nothing fires"
    colours = fields(panel)["priority"]["mappings"][0]["options"]
    assert {priority: colour["color"] for priority, colour in colours.items()} == {
        "P0": "red",
        "P1": "orange",
        "P2": "yellow",
        "P3": "blue",
    }
    assert "var-slo=${__data.fields.slo}" in fields(panel)["slo"]["links"][0]["url"]
    assert [link["url"] for link in fields(panel)["alertname"]["links"]] == [
        "https://runbooks.vcci-platform.com/${__data.fields.alertname}",
        "https://alertmanager.vcci-platform.com/#/alerts?filter=%7Balertname%3D%22${__data.fields.alertname}%22%7D",
    ]


def test_components_are_seen_from_outside_and_by_their_scrape(drawn):
    asked = expressions(drawn(OVERVIEW, "Components"))

    assert asked["API, from outside"].startswith('max(probe_success{job="probe-api"')
    assert asked["API"].startswith('avg(up{job="vcci-api"')
    assert "Pods" not in asked


def test_the_table_of_promises_tells_promised_kept_left_pace_and_end(drawn):
    panel = drawn(SLOS, "Compliance")

    headings = {field: properties["displayName"] for field, properties in fields(panel).items()}

    assert list(headings.values())[1:] == [
        "Promise",
        "Promised",
        "Kept",
        "Budget left",
        "Burn rate",
        "At this pace it lasts",
    ]
    assert all(target["format"] == "table" and target["instant"] for target in panel["targets"])
    assert all('slo=~"$slo"' in target["expr"] for target in panel["targets"])


def test_every_window_is_coloured_by_the_tiers_that_use_it(drawn):
    columns = fields(drawn(SLOS, "Burn rate"))

    found = {
        properties["displayName"]: [(step["value"], step["color"]) for step in properties["thresholds"]["steps"]]
        for properties in columns.values()
        if "thresholds" in properties
    }

    assert found["5m"] == [(None, "green"), (14.4, "orange")]
    assert found["6h"] == [(None, "green"), (1, "blue"), (6, "orange")]
    assert found["3d"] == [(None, "green"), (1, "blue")]


def test_each_tier_has_a_graph_with_its_factor_as_the_line(drawn):
    panel = drawn(SLOS, "Burn of the fast tier: 5m and 1h")

    assert steps(panel) == [(None, "green"), (14.4, "orange")]
    assert "2 % of a budget is gone after 1 hour at that pace, all of it after 2 days 2 hours" in panel["description"]


def test_a_tier_that_few_promises_have_shows_only_those(drawn):
    panel = drawn(SLOS, "Burn of the steady tier: 2h and 1d")

    assert 'slo=~"api-availability|api-errors|api-latency-p95|api-latency-p99"' in panel["targets"][0]["expr"]


def test_the_burndown_runs_beside_an_even_pace_over_the_month(drawn):
    panel = drawn(SLOS, "Burndown of this month")

    assert panel["timeFrom"] == "now/M"
    assert "days_in_month()" in expressions(panel)["even pace"]
    assert "increase1h" in expressions(panel)["{{slo}}"]


def test_budgets_on_the_overview_lead_to_the_page_of_promises(drawn):
    panel = drawn(OVERVIEW, "Error budget remaining")

    assert "https://grafana.vcci-platform.com/d/slo-tracking" in [link["url"] for link in panel["links"]]
    assert panel["targets"][0]["expr"] == "max by (slo) (slo:period_error_budget_remaining:ratio)"
    assert steps(panel) == [(None, "red"), (0, "yellow"), (0.1, "green")]


def test_a_panel_leads_to_the_alerts_expression_in_prometheus(drawn):
    links = {link["title"]: link["url"] for link in drawn(OVERVIEW, "Waiting messages")["links"]}

    assert links["Query in Prometheus"] == (
        "https://prometheus.vcci-platform.com/graph?g0.expr=rabbitmq_queue_messages_ready&g0.tab=0"
    )
    assert links["Runbook: HighQueueDepth"] == "https://runbooks.vcci-platform.com/high-queue-depth"
