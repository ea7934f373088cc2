"""Which component an alert is about: the job that it asks for, or the family of its metrics, or its group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vcci_platform.adoption.importing.promql_text import Expression, matchers_of, selectors
from vcci_slo.promql.matchers import Matcher
from vcci_slo.spec.components import Kind

__all__ = ["Family", "family_of"]

FAMILIES: tuple[tuple[str, Kind, str], ...] = (
    ("node_", "node", "nodes"),
    ("kube_", "kubernetes", "kubernetes"),
    ("kubelet_", "kubernetes", "kubernetes"),
    ("container_", "kubernetes", "kubernetes"),
    ("apiserver_", "kubernetes", "kubernetes"),
    ("workqueue_", "kubernetes", "kubernetes"),
    ("pg_", "postgresql", "postgres"),
    ("redis_", "redis", "redis"),
    ("rabbitmq_", "rabbitmq", "rabbitmq"),
    ("celery_", "celery", "celery"),
    ("prometheus_", "prometheus", "prometheus"),
    ("alertmanager_", "prometheus", "alertmanager"),
    ("certmanager_", "certificates", "certificates"),
    ("probe_", "other", "probes"),
    ("http_", "http", "http"),
    ("grpc_", "http", "grpc"),
)


@dataclass(frozen=True)
class Family:
    """A component to be: what it is called, its kind, and the matcher that all of its alerts have."""

    called: str
    kind: Kind
    job: Matcher | None


def family_of(expression: Expression, group: str) -> Family:
    """Return the component of an expression.

    >>> import promql_parser
    >>> family_of(promql_parser.parse('up{job="shop"} == 0'), "general")
    Family(called='shop', kind='other', job=Matcher(label='job', operator='=', value='shop'))
    """
    nodes = list(selectors(expression))
    jobs = {one for node in nodes for one in matchers_of(node) if one.label == "job"}
    kind, called = _by_metric(node.name or "" for node in nodes)
    if len(jobs) == 1:
        job = next(iter(jobs))
        if job.operator in {"=", "=~"} and job.value and all(job in matchers_of(node) for node in nodes):
            return Family(job.value, kind or "other", job)
    return Family(called or group, kind or "other", None)


def _by_metric(names: Iterable[str]) -> tuple[Kind | None, str]:
    for name in names:
        for prefix, kind, called in FAMILIES:
            if name.startswith(prefix):
                return kind, called
    return None, ""
