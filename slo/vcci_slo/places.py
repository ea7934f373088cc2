"""Addresses of pages in tools: logs and traces of a service and a time, or the first page of an unknown tool.

A tool is known by its name in the host, or the spec gives the form (`links.logs`, `links.traces`): an address with
placeholders. Whatever is put in is percent-encoded, so that no name can change what an address means.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from vcci_slo.plan.organisation import Links

__all__ = [
    "MOMENTS",
    "SERVICE",
    "TRACE_ID",
    "explore_logs",
    "explore_trace",
    "explore_traces",
    "host_of",
    "logs_at",
    "placeholders_of",
    "trace_at",
    "traces_at",
]

SERVICE: Final = "service"
TRACE_ID: Final = "trace_id"
MOMENTS: Final = tuple(f"{end}_{unit}" for end in ("from", "to") for unit in ("s", "ms", "us", "iso"))
"""The placeholders of a span: its ends in seconds, milliseconds or microseconds since 1970, or as ISO 8601 in UTC."""

# Only `explore_logs` and `explore_traces` write these: Grafana takes milliseconds, or words such as now-1h.
GRAFANA_FROM: Final = "grafana_from"
GRAFANA_TO: Final = "grafana_to"

MOST_TRACES = 50
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def host_of(url: str) -> str:
    """Return the host of an address with its port, empty for one that has none.

    >>> host_of("https://kibana.example:5601/app")
    'kibana.example:5601'
    """
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def placeholders_of(template: str) -> tuple[str, ...]:
    """Return the names that stand in braces, in their order.

    >>> placeholders_of("https://t.example/?q={service}&from={from_ms}")
    ('service', 'from_ms')
    """
    return tuple(part.partition("}")[0] for part in template.split("{")[1:])


def logs_at(where: Links, deployment: str, start: datetime | None = None, end: datetime | None = None) -> str:
    """Return the logs of a deployment in a span, unset in the last hour; else the log store as it opens.

    >>> logs_at(Links(logs="https://logs.example"), "vcci-api")
    'https://logs.example'
    """
    base = where.logs
    if where.logs_search:
        return _filled(where.logs_search, _values(deployment, start, end)) or base
    if "kibana" not in host_of(base) or not (deployment or start):
        return base
    since, until = (f"'{_stamp(moment)}'" if moment else when for moment, when in ((start, "now-1h"), (end, "now")))
    query = _quoted(f"kubernetes.labels.app:{deployment}" if deployment else "")
    return f"{base}/app/discover#/?_g=(time:(from:{since},to:{until}))&_a=(query:(language:kuery,query:'{query}'))"


def traces_at(where: Links, service: str, start: datetime, end: datetime) -> str:
    """Return the traces of a service in a span; else the trace store as it opens.

    Jaeger counts in microseconds. Zipkin counts in milliseconds, and its pages stand under /zipkin.

    >>> from datetime import UTC
    >>> at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> traces_at(Links(traces="https://jaeger.example"), "vcci-api", at, at)
    'https://jaeger.example/search?service=vcci-api&start=1772442000000000&end=1772442000000000&lookback=custom&limit=50'
    """
    base, host = where.traces, host_of(where.traces)
    values = _values(service, start, end)
    if where.traces_search:
        return _filled(where.traces_search, values) or base
    if "jaeger" in host:
        form = "/search?service={service}&start={from_us}&end={to_us}&lookback=custom&limit=" + str(MOST_TRACES)
        return _filled(base + form, values) or base
    if "zipkin" in host:
        form = "/?serviceName={service}&lookback=range&endTs={to_ms}&startTs={from_ms}&limit=" + str(MOST_TRACES)
        return _filled(_zipkin(base) + form, values) or base
    return base


def trace_at(where: Links, trace_id: str) -> str:
    """Return the page of one trace, empty where the form of the store is not known.

    >>> trace_at(Links(traces="https://jaeger.example"), "4bf92f3577b34da6a3ce929d0e0e4736")
    'https://jaeger.example/trace/4bf92f3577b34da6a3ce929d0e0e4736'
    """
    base, host = where.traces, host_of(where.traces)
    values = {TRACE_ID: trace_id}
    if where.traces_one:
        return _filled(where.traces_one, values)
    if "jaeger" in host:
        return _filled(base + "/trace/{trace_id}", values)
    return _filled(_zipkin(base) + "/traces/{trace_id}", values) if "zipkin" in host else ""


def explore_logs(grafana: str, loki: str, label: str) -> str:
    """Return the form of Grafana's Explore with the logs of a service, from the Loki of a uid."""
    return _explore(grafana, "loki", loki, {"queryType": "range", "expr": f'{{{label}="\0{SERVICE}\0"}}'})


def explore_traces(grafana: str, tempo: str) -> str:
    """Return the form of Grafana's Explore with the traces of a service, from the Tempo of a uid."""
    query = f'{{resource.service.name="\0{SERVICE}\0"}}'
    return _explore(grafana, "tempo", tempo, {"queryType": "traceql", "query": query, "limit": MOST_TRACES})


def explore_trace(grafana: str, tempo: str) -> str:
    """Return the form of Grafana's Explore with one trace; the last hour is only where its pane stands."""
    return _explore(
        grafana, "tempo", tempo, {"queryType": "traceql", "query": f"\0{TRACE_ID}\0"}, since="now-1h", until="now"
    )


# https://grafana.com/docs/grafana/latest/explore/get-started-with-explore/#generate-explore-urls-from-external-tools
def _explore(
    grafana: str,
    kind: str,
    uid: str,
    query: Mapping[str, object],
    *,
    since: str = f"\0{GRAFANA_FROM}\0",
    until: str = f"\0{GRAFANA_TO}\0",
) -> str:
    asked = {"refId": "A", "datasource": {"type": kind, "uid": uid}, **query}
    pane = {"datasource": uid, "queries": [asked], "range": {"from": since, "to": until}}
    # A placeholder is marked by a character that no spec can hold, since braces stand in the JSON too.
    text = json.dumps({"vcci": pane}, separators=(",", ":"), ensure_ascii=False).replace("\\u0000", "\0")
    parts = text.split("\0")
    panes = "".join(f"{{{part}}}" if odd % 2 else _quoted(part) for odd, part in enumerate(parts))
    return f"{grafana}/explore?schemaVersion=1&orgId=1&panes={panes}"


def _zipkin(base: str) -> str:
    return base if base.endswith("/zipkin") else f"{base}/zipkin"


def _values(service: str, start: datetime | None, end: datetime | None) -> dict[str, str]:
    """Return what is known, by placeholder; a service without a name and an open span have no value."""
    values = {SERVICE: service} if service else {}
    for name, moment in (("from", start), ("to", end)):
        if moment is not None:
            micros = round(moment.timestamp() * 1e6)
            values |= {f"{name}_s": f"{micros // 10**6}", f"{name}_ms": f"{micros // 10**3}", f"{name}_us": f"{micros}"}
            values[f"{name}_iso"] = _stamp(moment)
    values[GRAFANA_FROM] = values.get("from_ms", "now-1h")
    values[GRAFANA_TO] = values.get("to_ms", "now")
    return values


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Return a form with its values, empty when one of them is not known."""
    head, *rest = template.split("{")
    filled = [head]
    for part in rest:
        name, _, after = part.partition("}")
        if name not in values:
            return ""
        filled.append(f"{_quoted(values[name])}{after}")
    return "".join(filled)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _quoted(text: str) -> str:
    """Return a text as a part of an address: RFC 3986, section 2.3, says which letters stay as they are."""
    return "".join(
        letter if letter in UNRESERVED else "".join(f"%{byte:02X}" for byte in letter.encode()) for letter in text
    )
