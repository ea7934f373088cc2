"""Asks a Prometheus what it holds: everything by name, and a closer look at what may become a signal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from vcci_platform.adoption.catalog import Catalog, Detail, Job, Target, matching
from vcci_platform.adoption.events import BUCKET, candidates, matters
from vcci_platform.adoption.prometheus import Questions
from vcci_platform.asking import NotAllowed, OddAnswer, Refused, TooMuch
from vcci_platform.errors import PlatformError
from vcci_slo.promql.durations import parse_duration

__all__ = ["NothingThere", "survey"]

LOOK_BACK_SECONDS = 7 * 24 * 3600
RECENT_SECONDS = 3600
MOST_JOBS = 40
MOST_LABEL_VALUES = 60
MOST_BUCKETS = 60
NAMES_LIMIT = "20000"
METADATA_LIMIT = "50000"
STATIC = frozenset(
    {"__address__", "__metrics_path__", "__scheme__", "__scrape_interval__", "__scrape_timeout__", "job"}
)
_DISCOVERY = re.compile(r"__meta_(?!filepath)")
_ADDRESS = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_PLAIN_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class NothingThere(PlatformError):
    """A Prometheus that has no series yet."""


def survey(questions: Questions) -> Catalog:
    """Return what a Prometheus holds now and has held in the last week.

    What is too much to be asked is left out and told. Raises AskingError, or NothingThere for an empty one.
    """
    now = questions.number("time()")
    if now is None:
        raise questions.odd("it does not know the time")
    left_out: list[str] = []
    version = _mapping(_optional(questions, "status/buildinfo", left_out)).get("version")
    runtime = _mapping(_optional(questions, "status/runtimeinfo", left_out))
    types = _types(_optional(questions, "metadata", left_out, {"limit": METADATA_LIMIT, "limit_per_metric": "1"}))
    targets = _targets(_optional(questions, "targets", left_out, {"state": "active"}))
    names = questions.values("job", '{job!=""}', now - RECENT_SECONDS, now)
    if not names:
        raise NothingThere(f"{questions.shown} has no series of any job in the last hour: nothing is scraped yet")
    chosen = sorted(sorted(names), key=lambda name: -len(targets.get(name, ())))[:MOST_JOBS]
    if len(names) > len(chosen):
        rest = sorted(set(names) - set(chosen))
        left_out.append(f"{len(rest)} jobs beyond the {MOST_JOBS} with the most targets: {', '.join(rest)}")
    since = _since(questions, now, left_out)
    jobs = [
        _job(questions, name, targets.get(name, ()), types, since.get(name, now - RECENT_SECONDS), now, left_out)
        for name in sorted(chosen)
    ]
    return Catalog(
        address=questions.shown,
        version=version if isinstance(version, str) else "",
        now=now,
        retention=_retention(runtime.get("storageRetention")),
        types=types,
        jobs=tuple(job for job in jobs if job.metrics),
        left_out=tuple(left_out),
    )


def _optional(questions: Questions, what: str, left_out: list[str], parameters: Mapping[str, str] | None = None) -> Any:
    """Return an answer that Prometheus gives and others, such as Mimir or Thanos, may not."""
    try:
        return questions.ask(what, parameters)
    except (Refused, TooMuch, NotAllowed, OddAnswer) as error:
        left_out.append(str(error))
        return None


def _mapping(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {}


def _types(data: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, entries in _mapping(data).items():
        if isinstance(entries, list) and entries and isinstance(entries[0], dict):
            found[name] = str(entries[0].get("type", "unknown"))
    return found


def _retention(text: Any) -> timedelta | None:
    """Return how long data are kept, if time alone decides it: `15d`, but not `15d or 512MiB`."""
    try:
        return parse_duration(text) if isinstance(text, str) else None
    except ValueError:
        return None


# --- targets ----------------------------------------------------------------------------------------------------------


def _targets(data: Any) -> dict[str, tuple[Target, ...]]:
    found: dict[str, dict[tuple[str, str], Target]] = {}
    active = _mapping(data).get("activeTargets")
    for one in active if isinstance(active, list) else []:
        labels = _mapping(_mapping(one).get("labels"))
        parts = urlsplit(str(_mapping(one).get("scrapeUrl", "")))
        address = parts.netloc.rpartition("@")[2]
        if parts.scheme not in {"http", "https"} or not _ADDRESS.fullmatch(address) or "job" not in labels:
            continue
        discovered = _mapping(_mapping(one).get("discoveredLabels"))
        parameters: dict[str, list[str]] = {}
        for key, value in parse_qsl(parts.query):
            parameters.setdefault(key, []).append(value)
        target = Target(
            address=address,
            scheme=parts.scheme,
            path=parts.path or "/metrics",
            parameters=tuple((key, tuple(values)) for key, values in sorted(parameters.items())),
            discovered=any(_DISCOVERY.match(key) for key in discovered),
            every=str(_mapping(one).get("scrapeInterval", "")),
        )
        found.setdefault(str(labels["job"]), {})[address, parts.query] = target
    return {job: tuple(one for _, one in sorted(targets.items())) for job, targets in found.items()}


def _since(questions: Questions, now: float, left_out: list[str]) -> dict[str, float]:
    """Return when each job was first seen: to the hour in the last week, to the minute in the last two hours."""
    found: dict[str, float] = {}
    for seconds, step in ((7200, 60), (LOOK_BACK_SECONDS, 3600)):
        spans = {"start": f"{now - seconds:.3f}", "end": f"{now:.3f}", "step": str(step)}
        data = _optional(questions, "query_range", left_out, {"query": "count by (job) (up)", **spans})
        rows = _mapping(data).get("result")
        for row in rows if isinstance(rows, list) else []:
            job, values = _mapping(_mapping(row).get("metric")).get("job"), _mapping(row).get("values")
            if isinstance(job, str) and isinstance(values, list) and values:
                first = float(values[0][0])
                found[job] = min(found.get(job, first), first)
    return found


# --- one job ----------------------------------------------------------------------------------------------------------


def _job(
    questions: Questions,
    name: str,
    targets: tuple[Target, ...],
    types: Mapping[str, str],
    since: float,
    now: float,
    left_out: list[str],
) -> Job:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    wanted = {"match[]": f'{{job="{escaped}"}}', "start": f"{now - RECENT_SECONDS:.3f}", "end": f"{now:.3f}"}
    metrics: frozenset[str] = frozenset()
    details: dict[str, Detail] = {}
    try:
        metrics = frozenset(questions.texts("label/__name__/values", {**wanted, "limit": NAMES_LIMIT}))
        for metric in candidates(metrics, types):
            details[metric] = _detail(questions, name, metric, metrics, types, min(since, now - RECENT_SECONDS), now)
    except (TooMuch, Refused) as error:
        left_out.append(f"the rest of job {name!r}: {error}")
    return Job(name, targets, metrics, since, details)


def _detail(
    questions: Questions,
    job: str,
    metric: str,
    metrics: frozenset[str],
    types: Mapping[str, str],
    since: float,
    now: float,
) -> Detail:
    """Return a closer look at one metric. `since` lies before its first sample, or Prometheus would find nothing."""
    is_classic = f"{metric}{BUCKET}" in metrics
    looked_at = f"{metric}{BUCKET}" if is_classic else metric
    finds = matching(looked_at, job)
    spans = {"start": f"{since:.3f}", "end": f"{now:.3f}"}
    names = questions.texts("labels", {"match[]": finds, **spans})
    chosen = [label for label in names if matters(label)]
    labels = {label: _values(questions, label, finds, since, now) for label in chosen}
    bounds = questions.values("le", finds, now - RECENT_SECONDS, now) if is_classic else ()
    may_be_native = not is_classic and types.get(metric) == "histogram"
    native = may_be_native and questions.number(f"count(histogram_count({finds}))", now) is not None
    return Detail(
        metric=metric,
        labels={label: values for label, values in labels.items() if values},
        others=tuple(label for label in names if label not in labels and not label.startswith("__")),
        buckets=_bounds(bounds),
        native=native,
    )


def _values(questions: Questions, label: str, finds: str, since: float, now: float) -> tuple[str, ...]:
    """Return the values of a label; one whose name needs quotes is asked for by a query, as its path has two forms."""
    if _PLAIN_LABEL.fullmatch(label):
        return questions.values(label, finds, since, now)[:MOST_LABEL_VALUES]
    found = questions.query(f'count by ("{label}") ({finds})', now)
    return tuple(sorted({value for one in found if (value := one.labels.get(label))}))[:MOST_LABEL_VALUES]


def _bounds(texts: Iterable[str]) -> tuple[float, ...]:
    found: set[float] = set()
    for text in texts:
        try:
            found.add(float(text))
        except ValueError:
            continue
    return tuple(sorted(one for one in found if one != float("inf")))[:MOST_BUCKETS]
