"""Prometheus' own configuration: what is scraped, what is probed from outside, which rules, which Alertmanager.

Targets stand in files beside it, which Prometheus reads again when they change, so that a local run or a test replaces
addresses and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from vcci_alerts.errors import AlertsError
from vcci_alerts.proofs.examples import values_for
from vcci_alerts.yaml_text import yaml_text
from vcci_slo.plan import Component, Plan, Probe
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.matchers import equalities
from vcci_slo.resolve.components import probe_matchers
from vcci_slo.resolve.findings import Pace

__all__ = ["CONFIGURATION", "flags", "job_name", "render", "with_targets"]

CONFIGURATION = "prometheus.yml"
BLACKBOX = "blackbox.yml"
ALERTMANAGER_TARGETS = "targets/alertmanager.yml"

LONGEST_SCRAPE = timedelta(seconds=10)
"""Prometheus' default; a scrape may never take longer than the time between two."""

PROBE_MARGIN = timedelta(milliseconds=500)
"""The blackbox exporter answers this much before the scrape ends. Source: blackbox_exporter, --timeout-offset."""

REREAD = timedelta(seconds=5)

# Prometheus' defaults that must run at the pace of the plan. Source: prometheus --help.
RESEND = timedelta(minutes=1)
LOOKBACK = timedelta(minutes=5)
RETENTION_MARGIN = timedelta(days=5)
"""A window's last tile is looked for a little beyond its end."""


def render(plan: Plan) -> Mapping[str, str]:
    """Return prometheus.yml, blackbox.yml and the target files with the addresses of the spec."""
    targets = {component.name: component.scrape.targets for component in plan.components if component.scrape}
    probed = {component.name: component.probe.url for component in plan.components if component.probe}
    places = max((component.probe.places for component in plan.components if component.probe), default=0)
    return {
        CONFIGURATION: yaml_text(_configuration(plan), source=plan.source),
        BLACKBOX: yaml_text(_blackbox(plan), source=plan.source),
        **with_targets(
            plan,
            targets,
            probes=probed,
            blackbox=tuple(f"blackbox-{place}:9115" for place in range(1, places + 1)),
            alertmanager=("alertmanager:9093",),
        ),
    }


def flags(plan: Plan) -> tuple[str, ...]:
    """Return the flags without which the rules say something else than they mean.

    Prometheus keeps 15 days unless told, and would count the rest of a window as empty. It says what fires once a
    minute, which is an hour at sixty times the pace.
    """
    pace = Pace(plan.time_scale)
    longest = max((slo.window * plan.time_scale for slo in plan.slos), default=timedelta(0)) + RETENTION_MARGIN
    kept = max(plan.retention or timedelta(0), timedelta(days=round(longest / timedelta(days=1))))
    found = [f"--storage.tsdb.retention.time={promql_duration(kept)}"]
    if plan.time_scale != 1:
        resend = max(pace.of(RESEND), plan.evaluate_every)
        lookback = max(pace.of(LOOKBACK), 3 * plan.scrape_every)
        found += [f"--rules.alert.resend-delay={promql_duration(resend)}"]
        found += [f"--query.lookback-delta={promql_duration(lookback)}"]
    return tuple(found)


def with_targets(
    plan: Plan,
    targets: Mapping[str, Sequence[str]],
    *,
    probes: Mapping[str, str] | None = None,
    blackbox: Sequence[str] = (),
    alertmanager: Sequence[str] = (),
    prometheus: Sequence[str] = ("localhost:9090",),
) -> Mapping[str, str]:
    """Return the target files with other addresses: a local run, a test.

    A component that `targets` leaves out is not scraped, one that `probes` leaves out is not probed. A component is
    probed from as many of the `blackbox` exporters as its spec wants places.
    """
    known = {component.name for component in plan.components}
    for name in (*targets, *(probes or {})):
        if name not in known:
            raise AlertsError(f"targets.{name}", f"a component ({', '.join(sorted(known))})", repr(name))
    found: dict[str, Any] = {
        "targets/prometheus.yml": [{"targets": list(prometheus), "labels": equalities(plan.selector)}],
        ALERTMANAGER_TARGETS: [{"targets": list(alertmanager)}] if alertmanager else [],
    }
    for component in plan.components:
        if component.scrape:
            addresses = targets.get(component.name, ())
            labels = {label: value for label, value in equalities(component.selector).items() if label != "job"}
            found[f"targets/{component.name}.yml"] = (
                [{"targets": list(addresses), "labels": labels}] if addresses else []
            )
        if component.probe:
            url = (probes or {}).get(component.name, "")
            found[f"targets/probe-{component.name}.yml"] = _places(plan, component, component.probe, url, blackbox)
    return {path: yaml_text(document, source=plan.source) for path, document in sorted(found.items())}


def _places(
    plan: Plan, component: Component, probe: Probe, url: str, blackbox: Sequence[str]
) -> list[Mapping[str, Any]]:
    """Return one target for each place: the exporter there, told what to look at."""
    if not url:
        return []
    matchers = equalities(probe_matchers(component, plan.selector))
    labels = {label: value for label, value in matchers.items() if label != "job"}
    return [
        {
            "targets": [exporter],
            "labels": {**labels, "place": str(place), "instance": url, "__param_target": url.removeprefix("tcp://")},
        }
        for place, exporter in enumerate(blackbox[: probe.places], start=1)
    ]


def job_name(plan: Plan, component: Component) -> str:
    """Return the job under which a component is scraped: one that its own selector finds, and no other's is."""
    if "job" not in {matcher.label for matcher in component.selector}:
        return component.name
    others = {equalities(other.selector).get("job") for other in plan.components if other.name != component.name} | {
        job for other in plan.components if other.probe for job in (f"probe-{other.name}",)
    }
    found = [job for job in values_for("job", component.selector, (component.name,)) if job and job not in others]
    named = [job for job in found if component.name in job]
    if not found:
        said = ", ".join(str(matcher) for matcher in component.selector if matcher.label == "job")
        raise AlertsError(f"components.{component.name}", "a selector that finds a job of its own", said)
    return (named or found)[0]


def _configuration(plan: Plan) -> Mapping[str, Any]:
    scrape = plan.scrape_every
    return {
        "global": {
            "scrape_interval": promql_duration(scrape),
            "scrape_timeout": promql_duration(min(scrape, LONGEST_SCRAPE)),
            "evaluation_interval": promql_duration(plan.evaluate_every),
        },
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{"file_sd_configs": _files(ALERTMANAGER_TARGETS)}]},
        "scrape_configs": [
            *(_scraped(plan, component) for component in plan.components if component.scrape),
            *(_probed(plan, component) for component in plan.components if component.probe),
            {"job_name": "prometheus", "file_sd_configs": _files("targets/prometheus.yml")},
        ],
    }


def _files(path: str) -> list[Mapping[str, Any]]:
    return [{"files": [path], "refresh_interval": promql_duration(REREAD)}]


def _scraped(plan: Plan, component: Component) -> Mapping[str, Any]:
    scrape = component.scrape
    assert scrape is not None  # noqa: S101 - callers ask first
    job: dict[str, Any] = {"job_name": job_name(plan, component), "metrics_path": scrape.path}
    if scrape.scheme != "http":
        job["scheme"] = scrape.scheme
    if scrape.params:
        job["params"] = {key: list(values) for key, values in scrape.params}
    return job | {"file_sd_configs": _files(f"targets/{component.name}.yml")}


def _probed(plan: Plan, component: Component) -> Mapping[str, Any]:
    probe = component.probe
    assert probe is not None  # noqa: S101 - callers ask first
    return {
        "job_name": f"probe-{component.name}",
        "metrics_path": "/probe",
        "params": {"module": [probe.module]},
        "scrape_timeout": promql_duration(min(plan.scrape_every, probe.timeout + PROBE_MARGIN)),
        "file_sd_configs": _files(f"targets/probe-{component.name}.yml"),
    }


def _blackbox(plan: Plan) -> Mapping[str, Any]:
    """Return the modules that the probes name; a module waits as long as the most patient of its probes."""
    modules: dict[str, Any] = {}
    known = [component.probe for component in plan.components if component.probe]
    for name in sorted({probe.module for probe in known}):
        probes = [probe for probe in known if probe.module == name]
        kinds = {probe.url.partition(":")[0] for probe in probes}
        if "tcp" in kinds and len(kinds) > 1:
            raise AlertsError(f"the blackbox module {name}", "probes of one kind", " and ".join(sorted(kinds)))
        modules[name] = {
            "prober": "tcp" if kinds == {"tcp"} else "http",
            "timeout": promql_duration(max(probe.timeout for probe in probes)),
            **_details(name, kinds),
        }
    return {"modules": modules}


def _details(module: str, kinds: set[str]) -> Mapping[str, Any]:
    if kinds == {"tcp"}:
        return {"tcp": {"tls": "tls" in module, "preferred_ip_protocol": "ip4"}}
    # Valid status codes are 2xx unless said otherwise; an https page that answers without TLS is a failure.
    return {"http": {"fail_if_not_ssl": kinds == {"https"}, "follow_redirects": False, "preferred_ip_protocol": "ip4"}}
