"""Which metrics of a job count events that may go wrong, and which histograms say how long they took."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vcci_platform.adoption.catalog import Detail, Job, series_text
from vcci_platform.adoption.names import Names, is_plain
from vcci_platform.adoption.statuses import PATH_LABELS, Status, folded, matters, status_of

__all__ = ["BUCKET", "COUNT", "MOST_SIGNALS", "Events", "candidates", "events_of", "matters", "selector_of"]

BUCKET = "_bucket"
COUNT = "_count"
TOTAL = "_total"
MOST_COUNTERS = 12
MOST_HISTOGRAMS = 6
MOST_SIGNALS = 6
SHOWN = 8

# What clients of Prometheus count about themselves, and what exporters measure about something else.
NOISE = re.compile(
    r"(promhttp|go|process|python|scrape|net_conntrack|jvm|nodejs|ruby|dotnet|otel|otelcol|target|up|"
    r"prometheus_(sd|tsdb|engine|target|template|remote|web|notifications|rule|treecache|wal|api|build|config|feature|"
    r"ready|exporter)|node|pg|redis|rabbitmq|erlang|kube|container|cadvisor|machine|kubelet|probe|celery|mysql|"
    r"alertmanager_(?!http)|blackbox)(_.*)?"
)
_LIKELY = re.compile(r"http|request|grpc|rpc|call|response|job|task|message|order|operation|handled|finished|processed")
_STEM_ENDINGS = re.compile(
    r"_(total|count|seconds|milliseconds|ms|duration|latency|time|requests?|handled|handling|started|completed|"
    r"finished|processed|processing|responses?|in)$"
)
_FAILED = re.compile(r"^(?P<stem>.+?)_(?P<word>failed|failures|errors|errored|exceptions)_total$")
_HEALTH = re.compile(
    r"/(-/)?(api/)?(health.*|ready|readyz|live|livez|metrics|ping|status|actuator/(health|prometheus).*)"
)


@dataclass(frozen=True)
class Events:
    """A guess: things that are counted, and how they are told apart. Matchers are texts such as `status=~"5.."`.

    `units` says how many units of the histogram are a second, 0 if it measures something else.
    `errors` names a counter of failures of its own where no label tells them; `alone` says that `metric` counts only
    what went well, so that both together are the whole.
    """

    name: str
    metric: str
    status: Status | None
    duration: str | None
    buckets: tuple[float, ...]
    native: bool
    where: tuple[str, ...]
    valid: tuple[str, ...]
    bad: tuple[str, ...]
    timed: tuple[str, ...]
    units: float = 0.0
    errors: str = ""
    alone: bool = False

    @property
    def is_free(self) -> bool:
        """Whether only free PromQL can say it: a counter of failures of its own, or names that need quotes."""
        texts = (*self.where, *self.valid, *self.bad)
        quoted = any(not is_plain(re.split(r"[=!]", text, maxsplit=1)[0]) for text in texts)
        return bool(self.errors) or quoted or not is_plain(self.metric)

    @property
    def has_duration(self) -> bool:
        """Whether the spec's own words can say how long the events took."""
        return self.duration is not None and is_plain(self.duration) and self.units == 1.0 and not self.is_free

    @property
    def has_free_duration(self) -> bool:
        """Whether free PromQL can: a histogram in milliseconds, or with a name that needs quotes."""
        return self.duration is not None and self.units > 0 and not self.native and not self.has_duration

    def total_of(self, selector: str) -> str:
        """Return the selector of the valid events."""
        return series_text(self.metric, (selector, *self.where, *self.valid))

    def bad_of(self, selector: str) -> str:
        """Return the selector of the bad ones."""
        if self.errors:
            return series_text(self.errors, (selector,))
        return series_text(self.metric, (selector, *self.where, *self.valid, *self.bad))

    def timed_of(self, selector: str, ending: str) -> str:
        """Return the selector of the durations; `ending` is that of the series, such as `_bucket`."""
        return series_text(f"{self.duration}{ending}", (selector, *self.where, *self.timed))


def selector_of(job: Job) -> str:
    """Return the matcher that finds a job."""
    escaped = job.name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'job="{escaped}"'


def candidates(metrics: Iterable[str], types: Mapping[str, str]) -> tuple[str, ...]:
    """Return which metrics of a job deserve a closer look, the likeliest first."""
    known = frozenset(metrics)
    histograms = {name.removesuffix(BUCKET) for name in known if name.endswith(BUCKET)}
    histograms |= {name for name in known if types.get(name) == "histogram"}
    # A colon is the mark of a recorded series, unless somebody exposes it.
    known = frozenset(name for name in known if ":" not in name or name in types)
    counters = {name for name in known if name.endswith(TOTAL) or types.get(name) == "counter"}
    counters |= {name for name in known if name.endswith(COUNT) and types.get(name.removesuffix(COUNT)) == "summary"}
    histograms = {name for name in histograms if not NOISE.fullmatch(name)}
    counters = {name for name in counters if not NOISE.fullmatch(name)} - {f"{one}{COUNT}" for one in histograms}
    return (*_likeliest(counters, MOST_COUNTERS), *_likeliest(histograms, MOST_HISTOGRAMS))


def _likeliest(names: Iterable[str], most: int) -> list[str]:
    return sorted(names, key=lambda name: (_rank(name), name))[:most]


def _rank(name: str) -> int:
    if "http" in name and "request" in name:
        return 0
    return 1 if _LIKELY.search(folded(name)) else 2


def events_of(job: Job) -> tuple[Events, ...]:
    """Return the guesses about a job, the likeliest first; `MOST_SIGNALS` are enough to begin with."""
    names = Names()
    counters = [detail for detail in job.details.values() if not _is_histogram(detail)]
    histograms = {detail.metric: detail for detail in job.details.values() if _is_histogram(detail)}
    found: list[Events] = []
    used: set[str] = set()
    for detail in counters:
        status = status_of(detail.labels)
        if status is None:
            continue
        timed = _timed(detail, histograms, used)
        used |= {timed.metric} if timed else set()
        found.append(_guess(names, detail.metric, detail, status, timed))
    for detail in histograms.values():
        status = status_of(detail.labels)
        if detail.metric in used or (status is None and not _units(detail)):
            continue
        found.append(_guess(names, f"{detail.metric}{COUNT}", detail, status, detail))
    found += _pairs(names, job, {one.metric for one in found})
    likely = sorted(found, key=lambda one: (one.status is None and not one.errors, _rank(one.metric), one.metric))
    return tuple(likely)


def _is_histogram(detail: Detail) -> bool:
    return bool(detail.buckets) or detail.native


def _stem(metric: str) -> str:
    name = folded(metric)
    while (shorter := _STEM_ENDINGS.sub("", name)) != name and shorter:
        name = shorter
    return name


def _timed(counter: Detail, histograms: Mapping[str, Detail], used: set[str]) -> Detail | None:
    """Return the histogram of the same events: one whose name has the same beginning."""
    same = [
        one for name, one in sorted(histograms.items()) if name not in used and _stem(name) == _stem(counter.metric)
    ]
    return same[0] if same else None


def _guess(names: Names, metric: str, counter: Detail, status: Status | None, timed: Detail | None) -> Events:
    health = _health(counter)
    shared = timed is None or timed is counter or (bool(health) and health[0].split("!")[0] in timed.labels)
    timed_status = status_of(timed.labels) if timed else None
    return Events(
        name=names.give(_short(metric)),
        metric=metric,
        status=status,
        duration=timed.metric if timed else None,
        buckets=timed.buckets if timed else (),
        native=bool(timed and timed.native),
        where=health if shared else (),
        valid=(*(() if shared else health), *((status.valid,) if status and status.valid else ())),
        bad=(status.bad,) if status else (),
        timed=(
            *(_health(timed) if timed and not shared else ()),
            *((timed_status.timed,) if timed_status else ()),
        ),
        units=_units(timed) if timed else 0.0,
    )


def _units(histogram: Detail) -> float:
    """Return how many units of a histogram are a second, by its name; 0 if it holds no durations, or in which unit."""
    name = f"{folded(histogram.metric)}_"
    if re.search(r"milliseconds|millis_|_ms_", name):
        return 1000.0
    if re.search(r"micros|nanos|minutes|hours|bytes|size|_us_|_ns_", name):
        return 0.0
    return 1.0 if re.search(r"seconds|duration|latency|elapsed|_time_$", name) else 0.0


def _health(detail: Detail) -> tuple[str, ...]:
    """Return the matcher that leaves out what only machines ask for, if a label shows paths."""
    for name in PATH_LABELS:
        for label in sorted(detail.labels):
            if folded(label) != name:
                continue
            asked = [value for value in detail.labels[label] if _HEALTH.fullmatch(value)]
            if asked and len(asked) < len(detail.labels[label]):
                shown = "|".join(re.escape(value).replace("\\-", "-") for value in asked[:SHOWN])
                quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
                return (f'{label}!~"{quoted}"',)
    return ()


def _short(metric: str) -> str:
    """Return what a counter counts, in a word or two.

    >>> _short("http_requests_total"), _short("vcci_jobs_finished_total"), _short("grpc_server_handled_total")
    ('requests', 'vcci-jobs-finished', 'grpc-server-handled')
    """
    name = folded(metric)
    for ending in (TOTAL, COUNT, "_seconds", "_duration", "_milliseconds"):
        name = name.removesuffix(ending)
    return (
        "requests"
        if name in {"http_requests", "http_request", "http_server_requests", "http"}
        else name.replace("_", "-")
    )


def _pairs(names: Names, job: Job, taken: set[str]) -> list[Events]:
    """Return counters of failures that stand beside one of all, or of successes."""
    found: list[Events] = []
    for failed in sorted(name for name in job.metrics if not NOISE.fullmatch(name)):
        named = _FAILED.fullmatch(failed)
        if named is None or failed in taken:
            continue
        stem = named["stem"]
        whole = (f"{stem}_total", f"{stem}s_total", f"{stem}_requests_total", f"{stem}_attempts_total")
        good = (f"{stem}_succeeded_total", f"{stem}_success_total", f"{stem}_completed_total")
        partner = next((name for name in (*whole, *good) if name in job.metrics and name not in taken), None)
        if partner is None:
            continue
        taken |= {failed, partner}
        found.append(
            Events(
                name=names.give(stem.replace("_", "-")),
                metric=partner,
                status=None,
                duration=None,
                buckets=(),
                native=False,
                where=(),
                valid=(),
                bad=(),
                timed=(),
                errors=failed,
                alone=partner in good,
            )
        )
    return found[:MOST_SIGNALS]
