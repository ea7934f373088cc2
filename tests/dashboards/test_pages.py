"""The seven dashboards as a whole: what the manual names, what on-call engineers need, and the same bytes each time."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import vcci_dashboards
from vcci_slo import load_plan

SPEC = Path(__file__).resolve().parents[2] / "slo" / "specs" / "vcci.yaml"
MANUAL = {
    "platform-overview",
    "app-performance",
    "infrastructure",
    "business-metrics",
    "security",
    "slo-tracking",
    "database",
}
STARTER = """
spec: vcci/v1
metadata: {name: shop, owner: team}
teams: {team: {}}
components:
  web:
    kind: http
    selector: job="web"
    signals:
      requests:
        {events: http_requests_total, duration: http_request_duration_seconds, bad: 'status=~"5.."'}
      queue: {value: "max(web_queue_length{SELECTOR})", unit: count}
slos:
  web-errors: {good: web.requests, objective: 99.5%}
"""


def panels(page):
    return [panel for panel in page["panels"] if panel["type"] != "row"]


def by_id(page, number):
    return next(panel for panel in page["panels"] if panel["id"] == number)


def resolved(text, **options):
    return load_plan(text, file="spec.yaml", **options)


def round_trip(text):
    """Read a page with the types of Grafana's SDK and write it again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from grafana_foundation_sdk.cog.encoder import JSONEncoder
        from grafana_foundation_sdk.cog.plugins import register_default_plugins
        from grafana_foundation_sdk.models.dashboard import Dashboard

        register_default_plugins()
        return json.loads(json.dumps(Dashboard.from_json(json.loads(text)), cls=JSONEncoder))


def lost(written, read, place="$"):
    """Yield where `read` has less than `written`, or something else."""
    if isinstance(written, dict) and isinstance(read, dict):
        for key, value in written.items():
            yield from lost(value, read[key], f"{place}.{key}") if key in read else [f"{place}.{key}"]
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for number, (one, other) in enumerate(zip(written, read, strict=True)):
            yield from lost(one, other, f"{place}[{number}]")
    elif written != read:
        yield f"{place}: {written!r} became {read!r}"


def test_the_manuals_seven_dashboards_are_there_under_the_uids_of_its_addresses(pages):
    assert pages.keys() == MANUAL
    assert {page["uid"] for page in pages.values()} == MANUAL


def test_rendering_twice_gives_the_same_bytes(plan, files):
    assert vcci_dashboards.render(plan) == files


def test_another_process_gives_the_same_bytes(files):
    """Nothing depends on the order of a set, which differs from process to process."""
    script = (
        "import hashlib, pathlib, sys, vcci_dashboards; from vcci_slo import load_plan;"
        "plan = load_plan(pathlib.Path(sys.argv[1]).read_text(), file='slo/specs/vcci.yaml');"
        "print(hashlib.sha256(''.join(vcci_dashboards.render(plan).values()).encode()).hexdigest())"
    )

    hashes = {
        subprocess.run(
            [sys.executable, "-c", script, str(SPEC)],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("11", "12")
    }

    assert len(hashes) == 1


def test_the_order_of_components_changes_no_uid_and_no_panel_id(pages):
    text = SPEC.read_text(encoding="utf-8")
    start, end = text.index("\n  redis:\n"), text.index("\n  pods:\n")
    moved = text[:start] + text[end:]
    moved = moved.replace("\ncomponents:", "\ncomponents:" + text[start:end], 1)

    reordered = vcci_dashboards.render(resolved(moved))

    assert next(iter(yaml.safe_load(moved)["components"])) == "redis"
    for uid, page in pages.items():
        other = json.loads(reordered[f"{uid}.json"])
        assert other["uid"] == uid
        assert [(p["id"], p["title"]) for p in panels(other)] == [(p["id"], p["title"]) for p in panels(page)]


def test_files_end_with_a_newline_and_keep_their_keys_in_order(files):
    for path, text in files.items():
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        if path.endswith(".json"):
            assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_grafanas_own_types_read_every_key_that_is_written(files):
    """The types of the foundation SDK drop what they do not know, so a round trip may add but never lose."""
    for path, text in files.items():
        if path.endswith(".json"):
            assert list(lost(json.loads(text), round_trip(text))) == [], path


def test_links_and_switches_stand_at_the_top_of_the_page_not_in_a_menu(files):
    assert not any("inControlsMenu" in text for text in files.values())


def test_every_page_is_read_only_and_says_so(pages):
    for page in pages.values():
        assert page["editable"] is False
        assert "Generated by `vcci generate` from slo/specs/vcci.yaml" in page["description"]
        assert "Owner: platform" in page["description"]
        assert page["graphTooltip"] == 1
        assert page["refresh"] == "30s"
        assert page["schemaVersion"] == 42


def test_what_waits_for_its_signal_is_named_and_not_drawn(plan, pages):
    for board in plan.dashboards:
        titles = {panel["title"] for panel in pages[board.uid]["panels"]}
        for name, reason in board.later:
            assert f"{name} ({reason})" in pages[board.uid]["description"]
            assert name not in titles


def test_links_between_pages_keep_the_time_and_the_choices(pages):
    for page in pages.values():
        sisters = next(link for link in page["links"] if link["type"] == "dashboards")

        assert sisters["keepTime"]
        assert sisters["includeVars"]
        assert all(set(sisters["tags"]) <= set(other["tags"]) for other in pages.values())
        assert "https://runbooks.vcci-platform.com" in [link.get("url") for link in page["links"]]


def test_deployments_and_alerts_are_marked_on_every_page(pages):
    for page in pages.values():
        marks = {mark["name"]: mark for mark in page["annotations"]["list"]}

        assert "vcci_build_info" in marks["Deployments"]["expr"]
        assert 'alertstate="firing"' in marks["Firing alerts"]["expr"]
        assert all(mark["enable"] and not mark["hide"] for mark in marks.values())


def test_the_specs_namespace_is_chosen_at_first_and_can_be_changed(pages):
    for page in pages.values():
        chosen = {item["name"]: item.get("current", {}).get("value") for item in page["templating"]["list"]}

        assert chosen["namespace"] == ["vcci-production"]
        assert chosen["job"] == ["$__all"]
        assert chosen["instance"] == ["$__all"]


def test_only_the_page_of_promises_has_a_choice_of_them(pages):
    having = {uid for uid, page in pages.items() if "slo" in {item["name"] for item in page["templating"]["list"]}}

    assert having == {"slo-tracking"}


def test_every_alert_of_the_plan_opens_the_panel_that_draws_it(plan, pages):
    for alert in plan.alerts:
        uid, _, number = alert.dashboard_url.rpartition("/d/")[2].partition("?viewPanel=")

        panel = by_id(pages[uid], int(number))

        assert alert.name in panel["description"]
        assert alert.runbook_url in [link["url"] for link in panel["links"]]


def test_every_panel_has_words_for_when_there_is_nothing(pages):
    for page in pages.values():
        for panel in panels(page):
            assert panel["description"]
            if panel["type"] != "text":
                assert panel["fieldConfig"]["defaults"]["noValue"]


def test_graphs_leave_gaps_open(pages):
    for page in pages.values():
        for panel in panels(page):
            if panel["type"] in {"timeseries", "state-timeline"}:
                assert panel["fieldConfig"]["defaults"]["custom"]["spanNulls"] is False


def test_no_row_is_collapsed_so_that_a_link_finds_its_panel(pages):
    assert not any(panel.get("collapsed") for page in pages.values() for panel in page["panels"])


def test_the_signpost_leads_to_every_other_page(pages):
    text = by_id(pages["platform-overview"], 20000)["options"]["content"]

    assert all(f"/d/{uid}?${{__url_time_range}}" in text for uid in MANUAL - {"platform-overview"})


@pytest.mark.parametrize("scale", [60.0, 360.0])
def test_fast_clocks_are_told_in_every_title_and_shrink_what_is_shown(scale):
    plan = resolved(SPEC.read_text(encoding="utf-8"), time_scale=scale)

    files = vcci_dashboards.render(plan)

    assert vcci_dashboards.lint(files, plan) == ()
    for page in (json.loads(text) for path, text in files.items() if path.endswith(".json")):
        assert f"{scale:g} times fast" in page["title"]
        assert "a demonstration" in page["description"]
        assert "fast-clocks" in page["tags"]
        assert page["time"]["from"] != "now-6h"


def test_a_spec_of_a_dozen_lines_has_a_page_without_a_finding():
    plan = resolved(STARTER)

    files = vcci_dashboards.render(plan)

    pages = [json.loads(text) for path, text in files.items() if path.endswith(".json")]
    assert vcci_dashboards.lint(files, plan) == ()
    assert [page["uid"] for page in pages] == ["slo-tracking"]
    assert {"Requests per second", "Requests that fail", "Queue"} <= {panel["title"] for panel in panels(pages[0])}
    assert "shop_build_info" in json.dumps(pages[0]["annotations"])


def test_a_panel_that_cannot_be_drawn_is_named():
    text = (
        STARTER
        + "dashboards: {web: {rows: {All: [{promql: 'sum(x', title: Broken, about: About it., unit: count}]}}}\n"
    )

    with pytest.raises(vcci_dashboards.PanelError, match=r"dashboards\.web: Broken: expected PromQL, got 'sum\(x'"):
        vcci_dashboards.render(resolved(text))


def test_every_view_is_known(plan):
    board = plan.dashboards[0]
    strange = replace(board.rows[0].panels[0], view="pie")
    strange_plan = replace(plan, dashboards=(replace(board, rows=(replace(board.rows[0], panels=(strange,)),)),))

    with pytest.raises(vcci_dashboards.PanelError, match=r"expected one of rate, bad-ratio, .*, got pie"):
        vcci_dashboards.render(strange_plan)


def test_a_spec_without_jobs_still_says_what_is_up():
    plan = resolved(STARTER.replace('    selector: job="web"\n', ""))

    files = vcci_dashboards.render(plan)

    components = next(p for p in panels(json.loads(files["slo-tracking.json"])) if p["title"] == "Components")
    assert vcci_dashboards.lint(files, plan) == ()
    assert [target["expr"] for target in components["targets"]] == [
        'avg by (job) (up{job=~"$job",instance=~"$instance"})'
    ]
