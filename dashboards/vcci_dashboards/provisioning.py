"""What Grafana reads at start: where the dashboards lie, and the Prometheus that they ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from vcci_dashboards.boards import DATASOURCE
from vcci_slo.plan import Plan
from vcci_slo.promql.durations import promql_duration

__all__ = ["FOLDER", "files"]

FOLDER = "/var/lib/grafana/dashboards"
"""The folder of Grafana's own image in which the folder of generated dashboards is mounted, under the plan's name."""

LOCAL_PROMETHEUS = "http://localhost:9090"
LONGEST_UID = 40


def files(plan: Plan) -> Mapping[str, str]:
    """Return both files by path. The same data source uid everywhere is what makes links and exemplars work."""
    return {
        f"provisioning/dashboards/{plan.name}.yml": _yaml(plan, _dashboards(plan)),
        f"provisioning/datasources/{plan.name}.yml": _yaml(plan, _datasources(plan)),
    }


def _dashboards(plan: Plan) -> dict[str, Any]:
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": plan.name,
                "orgId": 1,
                "folder": plan.title,
                "folderUid": plan.name[:LONGEST_UID],
                "type": "file",
                "disableDeletion": True,
                "allowUiUpdates": False,
                "updateIntervalSeconds": 30,
                "options": {"path": f"{FOLDER}/{plan.name}", "foldersFromFilesStructure": False},
            }
        ],
    }


def _datasources(plan: Plan) -> dict[str, Any]:
    return {
        "apiVersion": 1,
        "datasources": [
            {
                "name": "Prometheus",
                "uid": DATASOURCE,
                "type": "prometheus",
                "access": "proxy",
                "url": plan.links.prometheus or LOCAL_PROMETHEUS,
                "isDefault": True,
                "editable": False,
                # Grafana's `$__rate_interval` is four times this.
                "jsonData": {"httpMethod": "POST", "timeInterval": promql_duration(plan.scrape_every)},
            }
        ],
    }


def _yaml(plan: Plan, document: dict[str, Any]) -> str:
    return f"# Generated from {plan.source}; change it there.\n" + yaml.safe_dump(
        document, sort_keys=False, allow_unicode=True, width=120
    )
