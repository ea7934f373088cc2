"""prometheus.yml, its targets and alertmanager.yml, on small plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from support.promtool import run, write
from vcci_alerts import AlertsError, Receivers, alertmanager, prometheus_config, with_targets
from vcci_slo.testing import a_plan

SCRAPED = {"components__api__scrape": {"targets": ["shop-api:8000"], "path": "/metrics"}}


def prometheus(**sections: Any) -> Mapping[str, Any]:
    return {path: yaml.safe_load(text) for path, text in prometheus_config.render(a_plan(**sections)).items()}


def manager(receivers: Receivers | None = None, **sections: Any) -> dict[str, Any]:
    return yaml.safe_load(alertmanager.configuration(a_plan(**sections), receivers or Receivers()))


def routes(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {route["receiver"]: route for route in document["route"]["routes"]}


def receivers(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {receiver["name"]: receiver for receiver in document["receivers"]}


# --- Prometheus ------------------------------------------------------------------------------------------------------


def test_a_component_is_scraped_under_the_job_that_its_selector_finds():
    files = prometheus(**SCRAPED, metadata__selector='namespace="shop"')

    job = files["prometheus.yml"]["scrape_configs"][0]
    assert (job["job_name"], job["metrics_path"]) == ("shop-api", "/metrics")
    assert files["targets/api.yml"] == [{"targets": ["shop-api:8000"], "labels": {"namespace": "shop"}}]


def test_a_selector_of_several_jobs_gives_the_one_named_like_the_component():
    worker = {"kind": "celery", "selector": 'job=~"shop-(api|worker)"', "scrape": {"targets": ["worker:8000"]}}
    files = prometheus(**SCRAPED, components__worker=worker)

    assert [job["job_name"] for job in files["prometheus.yml"]["scrape_configs"]][:2] == ["shop-api", "shop-worker"]


def test_a_selector_that_only_finds_the_job_of_another_is_refused():
    worker = {"kind": "celery", "selector": 'job="shop-api"', "scrape": {"targets": ["worker:8000"]}}

    with pytest.raises(
        AlertsError, match=r"components\.\w+: expected a selector that finds a job of its own, .*shop-api"
    ):
        prometheus(**SCRAPED, components__worker=worker)


def test_each_place_probes_from_its_own_exporter():
    probe = {"url": "https://shop.example/health", "from": 2, "timeout": "3s", "fails_for": {"P0": "2m"}}
    files = prometheus(components__api__probe=probe)

    first, second = files["targets/probe-api.yml"]
    assert (first["targets"], second["targets"]) == (["blackbox-1:9115"], ["blackbox-2:9115"])
    assert [place["labels"]["place"] for place in (first, second)] == ["1", "2"]
    assert first["labels"]["__param_target"] == first["labels"]["instance"] == "https://shop.example/health"
    job = next(job for job in files["prometheus.yml"]["scrape_configs"] if job["job_name"] == "probe-api")
    assert (job["params"], job["scrape_timeout"]) == ({"module": ["http_2xx"]}, "3s500ms")
    assert files["blackbox.yml"]["modules"]["http_2xx"]["timeout"] == "3s"
    assert files["blackbox.yml"]["modules"]["http_2xx"]["http"]["fail_if_not_ssl"] is True


def test_a_tcp_probe_connects_and_asks_without_a_scheme():
    probe = {"url": "tcp://broker.example:5672", "fails_for": {"P0": "2m"}}
    files = prometheus(components__api__probe=probe)

    assert files["blackbox.yml"]["modules"]["tcp_connect"]["prober"] == "tcp"
    assert files["targets/probe-api.yml"][0]["labels"]["__param_target"] == "broker.example:5672"


def test_other_addresses_replace_those_of_the_spec_and_nothing_else():
    plan = a_plan(**SCRAPED)
    files = with_targets(
        plan,
        {"api": ["127.0.0.1:1234"]},
        probes={"api": "http://127.0.0.1:1234/health/ready"},
        blackbox=["127.0.0.1:9115", "127.0.0.1:9116"],
        alertmanager=["127.0.0.1:9093"],
    )

    assert set(files) == {path for path in prometheus_config.render(plan) if path.startswith("targets/")}
    assert yaml.safe_load(files["targets/api.yml"])[0]["targets"] == ["127.0.0.1:1234"]
    (probe,) = yaml.safe_load(files["targets/probe-api.yml"])
    assert (probe["targets"], probe["labels"]["instance"]) == (["127.0.0.1:9115"], "http://127.0.0.1:1234/health/ready")


def test_what_is_not_given_is_not_scraped():
    files = with_targets(a_plan(**SCRAPED), {})

    assert yaml.safe_load(files["targets/api.yml"]) == []
    assert yaml.safe_load(files["targets/probe-api.yml"]) == []


def test_prometheus_keeps_what_the_longest_promise_needs():
    assert prometheus_config.flags(a_plan()) == ("--storage.tsdb.retention.time=35d",)
    assert prometheus_config.flags(a_plan(slos__errors__window="90d")) == ("--storage.tsdb.retention.time=95d",)


def test_under_a_time_scale_prometheus_tells_alertmanager_as_much_faster():
    found = prometheus_config.flags(a_plan(time_scale=60))

    assert "--rules.alert.resend-delay=1s" in found
    assert "--query.lookback-delta=5s" in found


# --- Alertmanager ----------------------------------------------------------------------------------------------------


def test_a_severity_that_pages_tells_pagerduty_and_the_desk_at_once():
    for priority, word in (("P0", "critical"), ("P1", "error")):
        receiver = receivers(manager())[priority]
        (pager,) = receiver["pagerduty_configs"]
        (desk,) = receiver["webhook_configs"]
        assert (pager["severity"], pager["send_resolved"]) == (word, False)
        assert desk["send_resolved"] is True
        assert desk["http_config"]["authorization"]["type"] == "Bearer"


def test_a_spec_that_says_so_has_alertmanager_show_the_desk_a_certificate_instead_of_a_token():
    files = alertmanager.render(a_plan(incidents={"hook": "certificate"}))
    found = receivers(yaml.safe_load(files[alertmanager.PATH]))

    hooks = [hook for receiver in found.values() for hook in receiver.get("webhook_configs", ())]
    assert {hook["url"] for hook in hooks} == {"https://vcci-desk:8011/v1/hooks/alertmanager"}
    for hook in hooks:
        assert set(hook["http_config"]) == {"tls_config"}
        assert set(hook["http_config"]["tls_config"]) == {"cert_file", "key_file", "ca_file"}


def test_no_secret_stands_in_the_configuration():
    text = alertmanager.configuration(a_plan(), Receivers())

    assert "routing_key:" not in text
    assert "credentials:" not in text


def test_a_p0_rings_at_once_and_a_p1_waits_for_it():
    found = routes(manager())

    assert found["P0"]["group_wait"] == "10s"
    assert found["P1"]["group_wait"] == "5m"


def test_nothing_waits_longer_than_the_plan_under_a_time_scale():
    found = routes(manager(time_scale=60))

    assert (found["P0"]["group_wait"], found["P0"]["group_interval"]) == ("167ms", "1s")
    assert found["P1"]["group_wait"] == "5s"


def test_outside_working_hours_the_desk_hears_and_pagerduty_does_not():
    """Both routes have the same matchers, so Alertmanager gives both the same group key, and PagerDuty's dedup_key."""
    notify = {
        "page": {"pagerduty": "high", "slack": "#a"},
        "working-hours": {"pagerduty": "low", "slack": "#b", "during": "business"},
        "board": {"slack": "#b"},
    }
    document = manager(notify=notify, calendar={"timezone": "Europe/Berlin", "business": "Mon-Thu 08:30-17:00"})
    own = [route for route in document["route"]["routes"] if route.get("matchers") == ['priority="P2"']]

    assert [route["receiver"] for route in own] == ["P2", "P2-business"]
    assert own[0]["continue"] is True
    assert "active_time_intervals" not in own[0]
    assert own[1]["active_time_intervals"] == ["business"]
    assert set(receivers(document)["P2"]) == {"name", "webhook_configs"}
    assert set(receivers(document)["P2-business"]) == {"name", "pagerduty_configs"}
    (interval,) = document["time_intervals"][0]["time_intervals"]
    assert interval["weekdays"] == ["monday", "tuesday", "wednesday", "thursday"]
    assert interval["times"] == [{"start_time": "08:30", "end_time": "17:00"}]
    assert interval["location"] == "Europe/Berlin"


def test_on_a_holiday_pagerduty_does_not_hear_what_waits_for_working_hours():
    calendar = {"timezone": "Europe/Berlin", "holidays": ["2026-12-25", "2027-01-01"]}
    document = manager(calendar=calendar)
    own = [route for route in document["route"]["routes"] if route.get("matchers") == ['priority="P2"']]

    assert [route.get("mute_time_intervals") for route in own] == [None, ["holidays"]]
    assert document["time_intervals"][1]["time_intervals"] == [
        {"days_of_month": ["25"], "months": ["12"], "years": ["2026"], "location": "Europe/Berlin"},
        {"days_of_month": ["1"], "months": ["1"], "years": ["2027"], "location": "Europe/Berlin"},
    ]


CORRELATE = [
    {"match": {"tenant": r"t\d+"}, "by": "tenant"},
    {"match": {"alertname": "Queue.*"}, "by": "system"},
    {"by": ["region", "system"]},
]


def test_alerts_that_the_desk_takes_for_several_incidents_come_with_a_page_for_each():
    """One page used to stand for all tenants of a system, and fell silent with the first incident that was over."""
    found = manager(incidents={"correlate": CORRELATE})["route"]["routes"]

    split = [
        {"matchers": [r'tenant=~"t\\d+"'], "group_by": ["system", "priority", "tenant"]},
        {"matchers": ['alertname=~"Queue.*"', 'system!=""'], "group_by": ["system", "priority"]},
        {"matchers": ['region!=""', 'system!=""'], "group_by": ["system", "priority", "region"]},
    ]
    assert [route["routes"] for route in found if route.get("receiver") == "P0"] == [split]
    assert found[-3:] == split


def test_without_a_rule_of_its_own_a_system_has_one_page_for_each_priority():
    assert "routes" not in routes(manager())["P0"]


@pytest.mark.needs("alertmanager")
@pytest.mark.parametrize(
    ("labels", "route"),
    [
        (["tenant=t1", "system=shop", "alertname=QueueFull"], r'{tenant=~"t\\d+"}'),
        (["tenant=none", "system=shop", "alertname=QueueFull"], '{alertname=~"Queue.*",system!=""}'),
        (["region=eu", "system=shop", "alertname=Down"], '{region!="",system!=""}'),
        (["system=shop", "alertname=Down"], '{priority="P0"}'),
    ],
)
def test_alertmanager_splits_alerts_as_the_desk_correlates_them(tmp_path, labels: list[str], route: str):
    plan = a_plan(incidents={"correlate": CORRELATE})
    folder = write(tmp_path, {"alertmanager.yml": alertmanager.configuration(plan, Receivers())})
    asked = ("config", "routes", "test", "--config.file=alertmanager.yml", "--tree", "priority=P0", *labels)

    said = run("amtool", *asked, folder=folder).stdout.splitlines()

    assert [line.split("── ")[-1] for line in said if "receiver:" in line] == [f"{route}  receiver: P0"]


def test_a_night_is_two_intervals():
    notify = {
        "page": {"slack": "#a", "pagerduty": "high"},
        "night": {"pagerduty": "low", "slack": "#b", "during": "off-peak"},
    }
    document = manager(
        notify=notify | {"working-hours": notify["night"], "board": {"slack": "#b"}},
        calendar={"timezone": "UTC", "off-peak": "Fri-Sun 22:00-06:00"},
    )
    evening, morning = document["time_intervals"][0]["time_intervals"]

    assert evening["times"] == [{"start_time": "22:00", "end_time": "24:00"}]
    assert morning["times"] == [{"start_time": "00:00", "end_time": "06:00"}]
    assert morning["weekdays"] == ["monday", "saturday", "sunday"]


def test_the_watchdog_beats_at_least_as_often_as_promised():
    document = manager()
    route = routes(document)["watchdog"]

    assert (route["group_wait"], route["group_interval"], route["repeat_interval"]) == ("0s", "15s", "30s")
    assert "pagerduty_configs" not in receivers(document)["watchdog"]


def test_a_heartbeat_of_its_own_is_a_second_hook():
    found = manager(Receivers(heartbeat_url_file="/run/heartbeat"))

    assert receivers(found)["watchdog"]["webhook_configs"][1]["url_file"] == "/run/heartbeat"


def test_higher_mutes_lower_and_never_the_other_way():
    order = ["P0", "P1", "P2", "P3"]
    for rule in manager()["inhibit_rules"]:
        source = next(text for text in rule["source_matchers"] if text.startswith("priority=")).split('"')[1]
        targets = next(text for text in rule["target_matchers"] if text.startswith("priority=~")).split('"')[1]
        assert all(order.index(source) <= order.index(target) for target in targets.split("|")), rule
        assert rule["equal"]


def test_a_part_that_burns_mutes_only_its_own_slower_tiers():
    grouped = {"good": "api.requests", "objective": "99.9%", "by": ["zone", "cluster"]}
    found = manager(slos={"errors": grouped, "whole": {"good": "api.requests", "objective": "99%"}})["inhibit_rules"]

    tiers = [rule["equal"] for rule in found if any(text.startswith("tier=") for text in rule["source_matchers"])]

    assert tiers
    assert all(equal == ["slo", "cluster", "zone"] for equal in tiers)


def test_a_tier_of_ones_own_mutes_the_slower_ones_wherever_it_is_declared():
    hot = {"spends": "10%", "within": "1h", "still": "5m", "priority": "P1"}
    usual = {"good": "api.requests", "objective": "99.9%"}
    rules = manager(slos={"errors": usual, "strict": {**usual, "tiers": {"hot": hot}}})["inhibit_rules"]

    (own,) = [rule for rule in rules if 'tier="hot"' in rule["source_matchers"]]

    assert own["target_matchers"][0] == 'tier=~"fast|slow|steady|creep"'


def test_no_alert_is_muted_that_says_no_priority():
    for rule in manager()["inhibit_rules"]:
        assert any(text.startswith("priority=~") for text in rule["target_matchers"]), (
            "the Watchdog has none of P0 to P3"
        )
