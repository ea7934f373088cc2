"""Sloth specs as text, of which a test changes only what it is about."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["EVENTS", "kubernetes_spec", "openslo_spec", "slo", "spec"]

EVENTS = {
    "events": {
        "error_query": 'sum(rate(requests_total{code=~"5.."}[{{.window}}]))',
        "total_query": "sum(rate(requests_total[{{.window}}]))",
    }
}


def slo(**changes: Any) -> dict[str, Any]:
    """Return one objective of a spec; a change to None leaves the key out."""
    whole = {"name": "requests", "objective": 99.9, "sli": EVENTS, "alerting": {"name": "HighErrors"}} | changes
    return {key: value for key, value in whole.items() if value is not None}


def spec(*slos: dict[str, Any], **changes: Any) -> str:
    """Return a `prometheus/v1` spec. Every value is JSON, which is YAML."""
    whole = {"service": "shop", "slos": list(slos or (slo(),))} | changes
    return "version: prometheus/v1\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in whole.items())


def kubernetes_spec(*slos: dict[str, Any], metadata: dict[str, Any] | None = None, **changes: Any) -> str:
    """Return the Kubernetes object; the objectives are written as it wants them."""
    events = {
        "errorQuery": EVENTS["events"]["error_query"],
        "totalQuery": EVENTS["events"]["total_query"],
    }
    mine = [{**each, "sli": {"events": events}} if each.get("sli") == EVENTS else each for each in slos or (slo(),)]
    body = {"service": "shop", "slos": mine} | changes
    return (
        "apiVersion: sloth.slok.dev/v1\nkind: PrometheusServiceLevel\n"
        f"metadata: {json.dumps(metadata or {'name': 'shop-slos', 'namespace': 'eleven'})}\n"
        f"spec: {json.dumps(body)}\n"
    )


def openslo_spec(*objectives: dict[str, Any], **changes: Any) -> str:
    """Return an OpenSLO document; without objectives it has one of 99.9 %."""
    metric = {"source": "prometheus", "queryType": "promql"}
    ratio = {
        "good": metric | {"query": "sum(rate(good_total[{{.window}}]))"},
        "total": metric | {"query": "sum(rate(all_total[{{.window}}]))"},
    }
    body = {"service": "shop", "objectives": list(objectives or ({"ratioMetrics": ratio, "target": 0.999},))} | changes
    head = 'apiVersion: openslo/v1alpha\nkind: SLO\nmetadata: {"name": "requests"}\n'
    return f"{head}spec: {json.dumps(body)}\n"
