"""What to look at: the plan as Grafana dashboards."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vcci_dashboards import grafana, provisioning
from vcci_dashboards.boards import board
from vcci_dashboards.errors import PanelError
from vcci_dashboards.lint import Finding, lint
from vcci_slo.plan import Plan

__all__ = ["RENDERERS", "Finding", "PanelError", "lint", "render", "render_dashboards", "render_provisioning"]


def render_dashboards(plan: Plan) -> Mapping[str, str]:
    """Return every dashboard in Grafana's classic JSON, by its path in the folder of generated dashboards."""
    return {f"{drawn.uid}.json": grafana.text(board(plan, drawn)) for drawn in plan.dashboards}


def render_provisioning(plan: Plan) -> Mapping[str, str]:
    """Return what Grafana reads at start to find the dashboards and their data source."""
    return provisioning.files(plan)


def render(plan: Plan) -> Mapping[str, str]:
    """Return everything, by its path in the folder of generated dashboards."""
    return {path: text for renderer in RENDERERS.values() for path, text in renderer(plan).items()}


RENDERERS: Mapping[str, Callable[[Plan], Mapping[str, str]]] = {
    "dashboards": render_dashboards,
    "provisioning": render_provisioning,
}
