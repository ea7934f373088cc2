"""What Grafana reads at start."""

from __future__ import annotations

import json

import yaml

import vcci_dashboards
from vcci_dashboards.boards import DATASOURCE


def test_the_provider_reads_a_folder_and_lets_nobody_edit(files):
    provider = yaml.safe_load(files["provisioning/dashboards/vcci.yml"])["providers"][0]

    assert provider["type"] == "file"
    assert provider["allowUiUpdates"] is False
    assert provider["folderUid"] == "vcci"
    assert provider["options"]["path"].endswith("/vcci")


def test_the_data_source_has_a_fixed_uid_and_the_scrape_interval(files, plan):
    """Grafana takes its rate interval from `timeInterval`: without it a rate can be shorter than two scrapes."""
    source = yaml.safe_load(files["provisioning/datasources/vcci.yml"])["datasources"][0]

    assert source["uid"] == DATASOURCE
    assert source["jsonData"]["timeInterval"] == "15s"
    assert source["url"] == plan.links.prometheus


def test_both_files_say_where_they_come_from(files):
    for path in ("provisioning/dashboards/vcci.yml", "provisioning/datasources/vcci.yml"):
        assert files[path].startswith("# Generated from slo/specs/vcci.yaml; change it there.\n")


def test_the_renderers_together_give_everything(plan, files):
    parts = {name: renderer(plan) for name, renderer in vcci_dashboards.RENDERERS.items()}

    assert parts.keys() == {"dashboards", "provisioning"}
    assert {**parts["dashboards"], **parts["provisioning"]} == files
    assert all(json.loads(text) for text in parts["dashboards"].values())
