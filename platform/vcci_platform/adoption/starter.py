"""The starter spec: what was found and guessed in the form of a spec, with a comment beside each guess."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vcci_platform.adoption.catalog import Catalog, Job, Target, span_text
from vcci_platform.adoption.events import BUCKET, COUNT, Events, selector_of
from vcci_platform.adoption.exporters import Reading, kind_of
from vcci_platform.adoption.measuring import Counted, Read
from vcci_platform.adoption.names import Names
from vcci_platform.adoption.pledges import Found, alarmed, amount, promised, within_name
from vcci_platform.adoption.promises import bucket_text
from vcci_platform.adoption.yaml_lines import Entry, flow_list, flow_map, quoted
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.indicators import bucket_matcher

__all__ = ["head", "starter"]

MOST_TARGETS = 12
WINDOWS = (timedelta(days=30), timedelta(days=14), timedelta(days=7))
RETENTION_MARGIN = timedelta(days=1)
FULL_RETENTION = timedelta(days=35)


def head(catalog: Catalog) -> tuple[str, ...]:
    """Return the comments at the top of the file."""
    at = datetime.fromtimestamp(catalog.now, UTC)
    version = f" {catalog.version}" if catalog.version else ""
    lines = [
        "yaml-language-server: $schema=./generated/vcci.schema.json",
        f"Written by `vcci init --prometheus {catalog.address}`,",
        f"from what Prometheus{version} answered at {at:%Y-%m-%d %H:%M} UTC.",
        "Each comment tells what a line was guessed or measured from. Read it once, change what is wrong, then:",
        "  vcci spec validate && vcci generate --only rules --out generated",
    ]
    lines += [f"Not looked at: {one}" for one in catalog.left_out]
    return tuple(lines)


def starter(catalog: Catalog, found: Iterable[Found]) -> tuple[Entry, ...]:
    """Return the sections of the spec."""
    names, alert_names = Names(), set[str]()
    components: list[Entry] = []
    slos: list[Entry] = []
    alerts: list[Entry] = []
    for one in found:
        name = names.give(one.job.name, "job")
        components.append(_component(name, one, catalog))
        slos += promised(name, one)
        alerts += alarmed(name, one, alert_names)
    sections = [
        Entry("spec", "vcci/v1"),
        Entry("metadata", "{name: my-platform, owner: my-team}", "call them what they are called"),
        *_monitoring(catalog, found),
        Entry("links", (Entry("prometheus", quoted(catalog.address)),)),
        Entry("components", tuple(components), "one for each job; what fails together may share a `system`"),
    ]
    if slos:
        sections.append(Entry("slos", tuple(slos), "kept by the days before, with half of the budget left"))
    if alerts:
        sections.append(Entry("alerts", tuple(alerts), "causes; they wait for working hours, promises wake people"))
    return tuple(sections)


def _monitoring(catalog: Catalog, found: Iterable[Found]) -> Iterator[Entry]:
    if catalog.retention is None:
        return
    kept = promql_duration(catalog.retention)
    yield Entry("monitoring", f"{{retention: {kept}}}", "how long this Prometheus keeps data; its default is 15d")
    wanted = WINDOWS[0]
    window = next((one for one in WINDOWS if one + RETENTION_MARGIN <= catalog.retention), WINDOWS[-1])
    if window != wanted:
        slos = Entry("slos", f"{{window: {promql_duration(window)}}}", "the longest usual window that is kept")
        more = promql_duration(FULL_RETENTION)
        yield Entry(
            "defaults", (slos,), above=(f"For 30d start Prometheus with --storage.tsdb.retention.time={more}.",)
        )


# --- components -------------------------------------------------------------------------------------------------------


def _component(name: str, one: Found, catalog: Catalog) -> Entry:
    job = one.job
    kind, sign = kind_of(job.metrics)
    http = next((events for events, _ in one.events if events.status or events.duration), None)
    if kind is None and http is not None and any(word in http.metric for word in ("http", "request", "grpc", "rpc")):
        kind, sign = "http", http.metric
    entries = [
        Entry("kind", kind or "other", f"from {sign}" if sign else "nothing tells what it is"),
        Entry("selector", quoted(selector_of(job))),
        *_scrape(job),
    ]
    signals = [entry for pair in one.events for entry in (_events(*pair), *_slow(*pair))]
    signals += [_value(*pair) for pair in one.readings]
    if signals:
        entries.append(Entry("signals", tuple(signals)))
    note = f"{_many(len(job.targets), 'target')}, {_many(len(job.metrics), 'metric')}"
    seen = catalog.span(job)
    young = f", seen for only {span_text(seen)}" if seen < timedelta(days=1) else ""
    return Entry(name, tuple(entries), f"{note}{young}", tuple(_left_out(name, one)))


def _left_out(name: str, one: Found) -> Iterator[str]:
    if one.silent:
        yield f"{name}: no value now, so left out: {', '.join(one.silent)}"
    if one.more:
        yield f"{name}: counted too, and left out so that this stays short: {', '.join(one.more)}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _scrape(job: Job) -> Iterator[Entry]:
    """Yield where it is scraped, if the addresses are its own and stay."""
    targets = job.targets
    ways = {(target.scheme, target.path, target.parameters) for target in targets}
    if not targets or job.name == "prometheus" or len(ways) != 1 or any(target.discovered for target in targets):
        return
    target = targets[0]
    if len(targets) > MOST_TARGETS or any(key == "target" for key, _ in target.parameters):
        return
    yield Entry("scrape", flow_map(_way(target, [one.address for one in targets])))


def _way(target: Target, addresses: list[str]) -> Mapping[str, str]:
    way = {"targets": f"[{', '.join(quoted(address, flow=True) for address in addresses)}]"}
    if target.path != "/metrics":
        way["path"] = quoted(target.path, flow=True)
    if target.scheme != "http":
        way["scheme"] = target.scheme
    if target.parameters:
        way["params"] = flow_map({key: flow_list(values) for key, values in target.parameters})
    return way


def _events(events: Events, counted: Counted) -> Entry:
    if events.is_free:
        return _free(events)
    status = events.status
    shown = f"{status.label}: {', '.join(status.values[:12])}" if status else "no label tells how they ended"
    entries = [Entry("events", events.metric, shown)]
    if events.has_duration and events.duration:
        entries.append(Entry("duration", events.duration, "a native histogram" if events.native else ""))
    if events.where:
        entries.append(Entry("where", quoted(", ".join(events.where)), "what only machines ask for"))
    if events.valid:
        entries.append(Entry("valid", quoted(", ".join(events.valid)), "the rest is the caller's fault"))
    if events.bad:
        entries.append(Entry("bad", quoted(", ".join(events.bad)), status.guessed if status else ""))
    if events.has_duration and events.duration:
        if events.timed:
            entries.append(Entry("timed", quoted(", ".join(events.timed)), "one fault spends one budget"))
        entries += _buckets(events)
    left_out = events.duration is not None and not events.has_duration and not events.has_free_duration
    note = f"{events.duration} holds no seconds, so left out" if left_out else ""
    return Entry(events.name, tuple(entries), note)


def _buckets(events: Events) -> Iterator[Entry]:
    if events.native:
        yield Entry("native", "true")
        return
    named = [text for bucket in events.buckets if (text := bucket_text(bucket))]
    others = [f"{bucket:g}s" for bucket in events.buckets if not bucket_text(bucket)]
    if named:
        yield Entry("buckets", flow_list(named), f"and {', '.join(others)}" if others else "")


def _free(events: Events) -> Entry:
    """Return events that only free PromQL can say."""
    bad, total = events.bad_of("SELECTOR"), events.total_of("SELECTOR")
    whole = f"sum(increase({total}[WINDOW]))"
    failed = f"sum(increase({bad}[WINDOW])) or 0 * {whole}"
    if events.alone:
        whole = f"{whole} + (sum(increase({bad}[WINDOW])) or 0 * {whole})"
    why = f"{events.errors} beside {events.metric}" if events.errors else "names that need the quotes of Prometheus 3"
    return Entry(events.name, (Entry("errors", quoted(failed)), Entry("total", quoted(whole))), why)


def _slow(events: Events, counted: Counted) -> Iterator[Entry]:
    """Yield what is too slow, where only free PromQL can say it."""
    if not events.has_free_duration:
        return
    for _, seconds in counted.latencies:
        whole = f"sum(increase({events.timed_of('SELECTOR', COUNT)}[WINDOW]))"
        bucket = replace(events, timed=(*events.timed, str(bucket_matcher(seconds * events.units))))
        fast = f"sum(increase({bucket.timed_of('SELECTOR', BUCKET)}[WINDOW]))"
        yield Entry(
            within_name(events, seconds),
            (Entry("errors", quoted(f"{whole} - {fast}")), Entry("total", quoted(whole))),
            f"a bucket of {events.duration}",
        )


def _value(reading: Reading, read: Read) -> Entry:
    now = f"now {amount(read.now, reading.unit)}" + (f" at worst of {read.series}" if read.series > 1 else "")
    pairs = {"title": quoted(reading.title), "value": quoted(reading.value), "unit": reading.unit}
    return Entry(reading.name, tuple(Entry(key, value) for key, value in pairs.items()), now)
