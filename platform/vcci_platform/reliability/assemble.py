"""The SLO service put together: which targets are ours, what can be judged here, which source answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import httpx

from vcci_platform.asking import Access, Asker, Bounds, client_for
from vcci_platform.clock import Clock
from vcci_platform.reliability.conditions import Judge, Unevaluated, unevaluated, without_rule
from vcci_platform.reliability.corrections import CorrectionBook
from vcci_platform.reliability.deployments import Deployments
from vcci_platform.reliability.evaluator import Evaluator, Finding
from vcci_platform.reliability.recorder import ProbeTarget, Recorder, ScrapeTarget
from vcci_platform.reliability.service import Reliability, Watch
from vcci_platform.reliability.sources import PrometheusSource, RecorderSource
from vcci_platform.reliability.store import IncrementStore
from vcci_platform.storage.database import Database
from vcci_slo import Plan
from vcci_slo.promql.matchers import equalities

__all__ = ["Addresses", "with_prometheus", "with_recorder"]

METRICS_PATH = "/health/metrics"
SCRAPE_TIMEOUT = timedelta(seconds=5)
PROMETHEUS_SECONDS = 15.0


@dataclass(frozen=True)
class Addresses:
    """Where our own processes answer, by the `job` of their metrics. `self_job` is the process that is looking."""

    by_job: Mapping[str, str]
    self_job: str


def with_recorder(
    plan: Plan,
    database: Database,
    clock: Clock,
    addresses: Addresses,
    announce: Callable[[Sequence[Finding]], object],
    client: httpx.Client | None = None,
) -> Reliability:
    """Return the SLO service that looks for itself; what needs exporters is listed as not evaluated."""
    common = equalities(plan.selector)
    scrapes = [
        ScrapeTarget(job, base + METRICS_PATH, _labels({**common, "job": job, "instance": urlsplit(base).netloc}))
        for job, base in addresses.by_job.items()
    ]
    probes = _probes(plan, addresses, common)
    labels = tuple(dict(target.labels) for target in scrapes)
    missing = unevaluated(plan, labels, frozenset(probe.component for probe in probes))
    store = IncrementStore(database)
    timeout = max(min(SCRAPE_TIMEOUT, 4 * plan.scrape_every), timedelta(seconds=1)).total_seconds()
    hands = client or httpx.Client(timeout=timeout)
    recorder = Recorder(plan, store, hands, clock, scrapes=scrapes, probes=probes)
    judge = Judge(plan, frozenset(item.alert for item in missing), clock.now())
    watch = Watch(recorder, Evaluator(judge, store, database, announce), store, clock)
    book = CorrectionBook(plan, database)
    return Reliability(plan, RecorderSource(store), store, clock, watch, book, lambda: missing, close=watch.close)


def with_prometheus(plan: Plan, database: Database, clock: Clock, url: str, access: Access) -> Reliability:
    """Return the SLO service over a Prometheus that evaluates the generated rules.

    Raises WrongAddress or WrongAccess for what cannot be used to ask it.
    """
    client = client_for(access)
    asker = Asker(client, "Prometheus", url, Bounds(answer_seconds=PROMETHEUS_SECONDS))
    source = PrometheusSource(asker, plan.evaluate_every)
    book = CorrectionBook(plan, database)

    def unevaluated() -> tuple[Unevaluated, ...]:
        return without_rule(plan, source.rules())

    seen = Deployments(asker, plan).between
    return Reliability(
        plan, source, IncrementStore(database), clock, None, book, unevaluated, deployments=seen, close=client.close
    )


def _probes(plan: Plan, addresses: Addresses, common: Mapping[str, str]) -> list[ProbeTarget]:
    found: list[ProbeTarget] = []
    for component in plan.components:
        job = equalities(component.selector).get("job", "")
        base = addresses.by_job.get(job)
        if component.probe is None or base is None or job == addresses.self_job:
            continue
        url = base + (urlsplit(component.probe.url).path or "/")
        labels = _labels({**common, "job": f"probe-{component.name}", "instance": url, "place": "desk"})
        timeout = max(min(component.probe.timeout, 4 * plan.scrape_every), timedelta(seconds=1))
        found.append(ProbeTarget(component.name, url, labels, timeout.total_seconds()))
    return found


def _labels(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))
