"""What the well-known exporters show, and what is worth reading of it. Each entry names the metrics that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vcci_slo.spec.components import Kind, UnitName

__all__ = ["KINDS", "Limit", "Reading", "kind_of", "readings_of"]


@dataclass(frozen=True)
class Limit:
    """An alert that is safe to begin with: it waits for working hours, and history must have kept it."""

    name: str
    side: str
    value: str
    number: float
    lasts: str
    summary: str


@dataclass(frozen=True)
class Reading:
    """A value that a component shows. `needs` are the metrics without which it has none."""

    name: str
    title: str
    value: str
    unit: UnitName
    needs: tuple[str, ...]
    limit: Limit | None = None


KINDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("postgresql", ("pg_up",)),
    ("redis", ("redis_up",)),
    ("rabbitmq", ("rabbitmq_identity_info", "rabbitmq_detailed_queue_messages_ready", "rabbitmq_queue_messages_ready")),
    ("celery", ("celery_worker_up", "celery_task_succeeded_total", "flower_events_total")),
    ("kubernetes", ("kube_pod_info", "kube_node_info", "container_cpu_usage_seconds_total", "kubelet_running_pods")),
    ("node", ("node_cpu_seconds_total", "node_uname_info", "windows_cpu_time_total")),
    ("certificates", ("certmanager_certificate_expiration_timestamp_seconds",)),
    ("prometheus", ("prometheus_build_info", "alertmanager_build_info")),
)
"""The kind of a component by a metric that nothing else shows, the most particular first."""

_FILES = 'fstype!~"tmpfs|overlay|squashfs|ramfs|iso9660|nsfs|rootfs|fuse.*"'
_DISK = f"node_filesystem_avail_bytes{{SELECTOR,{_FILES}}} / node_filesystem_size_bytes{{SELECTOR,{_FILES}}}"
_WRITABLE = "and on (instance, mountpoint, device) node_filesystem_readonly{SELECTOR} == 0"


def _down(name: str, words: str) -> Limit:
    return Limit(name, "below", "1", 1.0, "2m", f"{words} {{instance}} does not answer")


READINGS: Mapping[str, tuple[Reading, ...]] = {
    "postgresql": (
        Reading(
            *("reachable", "PostgreSQL answers", "min by (instance) (pg_up{SELECTOR})", "boolean", ("pg_up",)),
            _down("PostgresDown", "PostgreSQL"),
        ),
        Reading(
            "connections-used",
            "connections in use",
            "sum by (instance) (pg_stat_activity_count{SELECTOR}) "
            "/ max by (instance) (pg_settings_max_connections{SELECTOR})",
            "ratio",
            ("pg_stat_activity_count", "pg_settings_max_connections"),
            Limit(
                "PostgresConnections",
                "above",
                "80%",
                0.8,
                "10m",
                "PostgreSQL {instance} uses {value} of its connections",
            ),
        ),
        Reading(
            *("size", "size on disk", "sum by (datname) (pg_database_size_bytes{SELECTOR})", "bytes"),
            ("pg_database_size_bytes",),
        ),
        Reading(
            "cache-hits",
            "cache hit ratio",
            "sum(rate(pg_stat_database_blks_hit{SELECTOR}[5m])) / (sum(rate(pg_stat_database_blks_hit{SELECTOR}[5m])) "
            "+ sum(rate(pg_stat_database_blks_read{SELECTOR}[5m])) > 0)",
            "ratio",
            ("pg_stat_database_blks_hit", "pg_stat_database_blks_read"),
        ),
        Reading(*("locks", "locks held", "sum by (mode) (pg_locks_count{SELECTOR})", "count"), ("pg_locks_count",)),
        Reading(
            *(
                "replication-lag",
                "replication lag",
                "max by (instance) (pg_replication_lag_seconds{SELECTOR})",
                "seconds",
            ),
            ("pg_replication_lag_seconds",),
        ),
        Reading(
            *("replication-lag", "replication lag", "max by (instance) (pg_replication_lag{SELECTOR})", "seconds"),
            ("pg_replication_lag",),
        ),
    ),
    "redis": (
        Reading(
            *("reachable", "Redis answers", "min by (instance) (redis_up{SELECTOR})", "boolean", ("redis_up",)),
            _down("RedisDown", "Redis"),
        ),
        Reading(
            *("memory", "memory in use", "max by (instance) (redis_memory_used_bytes{SELECTOR})", "bytes"),
            ("redis_memory_used_bytes",),
        ),
        Reading(
            *("clients", "connected clients", "sum by (instance) (redis_connected_clients{SELECTOR})", "count"),
            ("redis_connected_clients",),
        ),
        Reading(
            "hit-rate",
            "cache hit rate",
            "sum(rate(redis_keyspace_hits_total{SELECTOR}[15m])) "
            "/ (sum(rate(redis_keyspace_hits_total{SELECTOR}[15m])) "
            "+ sum(rate(redis_keyspace_misses_total{SELECTOR}[15m])) > 10)",
            "ratio",
            ("redis_keyspace_hits_total", "redis_keyspace_misses_total"),
        ),
    ),
    "rabbitmq": (
        Reading(
            "backlog",
            "waiting messages",
            "max by (vhost, queue) (rabbitmq_detailed_queue_messages_ready{SELECTOR})",
            "messages",
            ("rabbitmq_detailed_queue_messages_ready",),
        ),
        Reading(
            *("backlog", "waiting messages", "sum(rabbitmq_queue_messages_ready{SELECTOR})", "messages"),
            ("rabbitmq_queue_messages_ready",),
        ),
        Reading(
            *("consumers", "consumers", "sum(rabbitmq_consumers{SELECTOR})", "count"),
            ("rabbitmq_consumers",),
        ),
        Reading(
            "memory-alarm",
            "nodes that block publishers for want of memory",
            "max by (instance) (rabbitmq_alarms_memory_used_watermark{SELECTOR})",
            "boolean",
            ("rabbitmq_alarms_memory_used_watermark",),
            Limit(
                "RabbitmqMemoryAlarm",
                "above",
                "0",
                0.0,
                "2m",
                "RabbitMQ {instance} blocks publishers: it is short of memory",
            ),
        ),
    ),
    "celery": (
        Reading(*("workers", "workers that answer", "sum(celery_worker_up{SELECTOR})", "count"), ("celery_worker_up",)),
        Reading(
            *("waiting", "waiting tasks", "max by (queue_name) (celery_queue_length{SELECTOR})", "count"),
            ("celery_queue_length",),
        ),
    ),
    "kubernetes": (
        Reading(
            "restarts",
            "restarts in 30 minutes",
            "max by (namespace, pod, container) (increase(kube_pod_container_status_restarts_total{SELECTOR}[30m]))",
            "count",
            ("kube_pod_container_status_restarts_total",),
            Limit(
                "PodRestarts", "above", "2.5", 2.5, "5m", "Pod {namespace}/{pod} restarted {value} times in 30 minutes"
            ),
        ),
        Reading(
            "replicas-missing",
            "replicas that a deployment lacks",
            "max by (namespace, deployment) (kube_deployment_spec_replicas{SELECTOR} "
            "- kube_deployment_status_replicas_available{SELECTOR})",
            "count",
            ("kube_deployment_spec_replicas", "kube_deployment_status_replicas_available"),
        ),
        Reading(
            "memory",
            "memory of the limit",
            'max by (namespace, pod, container) (container_memory_working_set_bytes{SELECTOR,container!="",image!=""}) '
            '/ (max by (namespace, pod, container) (container_spec_memory_limit_bytes{SELECTOR,container!=""}) > 0)',
            "ratio",
            ("container_memory_working_set_bytes", "container_spec_memory_limit_bytes"),
        ),
        Reading(
            "cpu",
            "CPU in use",
            'sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{SELECTOR,container!=""}[5m]))',
            "count",
            ("container_cpu_usage_seconds_total",),
        ),
    ),
    "node": (
        Reading(
            "disk-free",
            "free disk",
            f"min by (instance, mountpoint) ({_DISK} {_WRITABLE})",
            "ratio",
            ("node_filesystem_avail_bytes", "node_filesystem_size_bytes", "node_filesystem_readonly"),
            Limit("DiskAlmostFull", "below", "10%", 0.1, "30m", "{instance} has {value} of {mountpoint} free"),
        ),
        Reading(
            "cpu",
            "CPU in use",
            '1 - avg by (instance) (rate(node_cpu_seconds_total{SELECTOR,mode="idle"}[5m]))',
            "ratio",
            ("node_cpu_seconds_total",),
        ),
        Reading(
            "memory",
            "memory in use",
            "1 - min by (instance) (node_memory_MemAvailable_bytes{SELECTOR} / node_memory_MemTotal_bytes{SELECTOR})",
            "ratio",
            ("node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"),
        ),
        Reading(
            "disk-busy",
            "disk busy",
            "max by (instance, device) (rate(node_disk_io_time_seconds_total{SELECTOR}[5m]))",
            "ratio",
            ("node_disk_io_time_seconds_total",),
        ),
    ),
    "certificates": (
        Reading(
            "left",
            "time until a certificate ends",
            "min by (name) (certmanager_certificate_expiration_timestamp_seconds{SELECTOR}) - time()",
            "seconds",
            ("certmanager_certificate_expiration_timestamp_seconds",),
            Limit("CertificateEnds", "below", "14d", 14 * 86_400.0, "1h", "The certificate {name} ends in {value}"),
        ),
    ),
    "prometheus": (
        Reading(
            *("series", "series in memory", "max by (instance) (prometheus_tsdb_head_series{SELECTOR})", "count"),
            ("prometheus_tsdb_head_series",),
        ),
        Reading(
            "configured",
            "the last configuration was taken",
            "min by (instance) (prometheus_config_last_reload_successful{SELECTOR})",
            "boolean",
            ("prometheus_config_last_reload_successful",),
            Limit("PrometheusConfiguration", "below", "1", 1.0, "10m", "{instance} refused its last configuration"),
        ),
        Reading(
            "rule-failures",
            "rules that failed in an hour",
            "sum by (instance) (increase(prometheus_rule_evaluation_failures_total{SELECTOR}[1h]))",
            "count",
            ("prometheus_rule_evaluation_failures_total",),
            Limit(
                "PrometheusRuleFailures",
                "above",
                "0",
                0.0,
                "15m",
                "{instance} could not evaluate {value} rules in an hour",
            ),
        ),
    ),
    "probe": (
        Reading(
            *("reachable", "probes that succeed", "min by (instance) (probe_success{SELECTOR})", "boolean"),
            ("probe_success",),
            Limit("ProbeFails", "below", "1", 1.0, "5m", "{instance} cannot be reached"),
        ),
        Reading(
            *("answer-time", "time of a probe", "max by (instance) (probe_duration_seconds{SELECTOR})", "seconds"),
            ("probe_duration_seconds",),
        ),
        Reading(
            "certificate-left",
            "time until a certificate ends",
            "min by (instance) (probe_ssl_earliest_cert_expiry{SELECTOR}) - time()",
            "seconds",
            ("probe_ssl_earliest_cert_expiry",),
            Limit(
                "CertificateEnds", "below", "14d", 14 * 86_400.0, "1h", "The certificate of {instance} ends in {value}"
            ),
        ),
    ),
}

_UP = re.compile(r"([a-z][a-z0-9]*)_up")
_AGE = re.compile(r".*(_age|_lag|_staleness|_freshness)_seconds|.*_lag_seconds(_max)?")
_MOMENT = re.compile(r".*(last|latest|newest|oldest).*(_timestamp|_timestamp_seconds|_time_seconds|_unixtime)")
_NO_AGE = re.compile(r"(process|go|node|prometheus|alertmanager|pg|redis|rabbitmq|kube|container|python|promhttp)_.*")


def kind_of(metrics: Iterable[str]) -> tuple[Kind | None, str]:
    """Return the kind of a component and the metric that tells it, or None."""
    known = frozenset(metrics)
    for kind, signs in KINDS:
        for sign in signs:
            if sign in known:
                return kind, sign
    return None, ""


def readings_of(kind: str, metrics: Iterable[str]) -> tuple[Reading, ...]:
    """Return what a component of a kind can show, each name once; of an unknown one what its names tell."""
    known = frozenset(metrics)
    offered = [*READINGS.get(kind, ()), *READINGS["probe"]]
    if kind in {"http", "other", "celery"}:
        offered += [*_ups(known), *_ages(known)]
    found: dict[str, Reading] = {}
    for reading in offered:
        if known.issuperset(reading.needs):
            found.setdefault(reading.name, reading)
    return tuple(found.values())


def _ups(known: frozenset[str]) -> Iterable[Reading]:
    for metric in sorted(known):
        named = _UP.fullmatch(metric)
        if named is not None and metric != "celery_worker_up":
            title = named[1].capitalize()
            yield Reading(
                *(
                    f"{named[1]}-up",
                    f"{title} answers",
                    f"min by (instance) ({metric}{{SELECTOR}})",
                    "boolean",
                    (metric,),
                ),
                _down(f"{title}Down", title),
            )


def _ages(known: frozenset[str]) -> Iterable[Reading]:
    for metric in sorted(known):
        if _NO_AGE.fullmatch(metric) or metric.endswith(("_bucket", "_count", "_sum", "_total", "_created")):
            continue
        name = re.sub(r"_(seconds|timestamp|unixtime|max)(?=_|$)", "", metric).replace("_", "-")[:40].strip("-")
        if _AGE.fullmatch(metric):
            yield Reading(name, name.replace("-", " "), f"max({metric}{{SELECTOR}})", "seconds", (metric,))
        elif _MOMENT.fullmatch(metric):
            since = f"time since {name.replace('-', ' ')}"
            yield Reading(name, since, f"time() - max({metric}{{SELECTOR}})", "seconds", (metric,))
