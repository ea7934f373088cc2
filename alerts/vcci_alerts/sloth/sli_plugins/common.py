"""The published plugins `sloth-common/*`: the same options, the same queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vcci_alerts.sloth.sli_plugins import options as given
from vcci_alerts.sloth.sli_plugins.options import Options, filled
from vcci_slo.formats.sloth import SliPlugin, SlothError

__all__ = ["COMMON"]

_CODES = """
sum(rate(<series>{ <more><bad> }[{{.window}}]))
/
sum(rate(<series>{ <filter> }[{{.window}}]))
"""
_DNS_CODES = """
sum(rate(coredns_dns_responses_total{ <more>rcode=~"<codes>" }[{{.window}}]))
/
(sum(rate(coredns_dns_responses_total{ <filter> }[{{.window}}])) > 0)
"""
_ANSWERS_OR_NONE = """
(
  sum(rate(<series>{ <filter><whose>,<bad> }[{{.window}}]))<trail>
  /<gap>
  (sum(rate(<series>{ <filter><whose> }[{{.window}}])) > 0)
) OR on() vector(0)
"""
_SLOW_OR_NONE = """
1 - ((
  sum(rate(<series>_bucket{ <filter><whose>le="<bucket>" }[{{.window}}]))
  /
  (sum(rate(<series>_count{ <filter><plain> }[{{.window}}])) > 0)
) OR on() vector(1))
"""
_SLOW = """
1 - (
  sum(rate(<series>_bucket{ <more>le="<bucket>" }[{{.window}}]))
  /
  sum(rate(<series>_count{ <filter> }[{{.window}}]))
)
"""
_SLOW_API_SERVER = """
(
  sum(rate(apiserver_request_duration_seconds_count{ <more>verb!="WATCH" }[{{.window}}]))
  -
  sum(rate(apiserver_request_duration_seconds_bucket{ <more>le="<bucket>",verb!="WATCH" }[{{.window}}]))
)
/
sum(rate(apiserver_request_duration_seconds_count{ <more>verb!="WATCH" }[{{.window}}]))
"""
_FAILED_EVENTS = """
sum(rate(kooper_controller_processed_event_duration_seconds_count{ <whose>,success="false" }[{{.window}}]))
/
(
  sum(rate(kooper_controller_processed_event_duration_seconds_count{ <whose> }[{{.window}}]))
  -
  sum(rate(kooper_controller_queued_events_total{ <whose>,requeue="true" }[{{.window}}]))
)
"""
_FAILED_RULES = """
sum(rate(prometheus_rule_evaluation_failures_total{ <filter> }[{{.window}}]))
/
sum(rate(prometheus_rule_evaluations_total{ <filter> }[{{.window}}]))
"""
_DOWN = """
sum(count_over_time((up{ <filter> } == 0)[{{.window}}:])) or vector(0)
/
sum(count_over_time((up{ <filter> })[{{.window}}:]))
"""
_NO_SERVER_ERRORS = 'code!~"5.."'
_BAD_ANSWERS = "(5..|429)"


def _codes(series: str, bad: str, *, wanted: bool = False) -> Callable[[Options], str]:
    """Return a query maker for answers with bad codes among all answers."""

    def query(options: Options) -> str:
        found = _filter(options, wanted=wanted)
        return filled(_CODES, series=series, more=given.with_comma(found), filter=found, bad=bad)

    return query


def _filter(options: Options, *, wanted: bool) -> str:
    if wanted and not options.get("filter"):
        raise SlothError("could not get filter: filter is required")
    try:
        return given.checked_matchers(options)
    except SlothError as error:
        raise error.during("could not get filter") from None


def _haproxy(options: Options) -> str:
    found = given.with_comma(given.matchers(options))
    series = "haproxy_frontend_http_responses_total"
    return filled(_CODES, series=series, more=found, filter=found, bad='code="5xx"')


def _dns_codes(options: Options) -> str:
    found = given.matchers(options)
    custom = options.get("custom_rcode_regex", "").strip()
    codes = given.pattern(custom, "custom rcodes regex") if custom else "SERVFAIL"
    return filled(_DNS_CODES, more=given.with_comma(found), filter=found, codes=codes)


def _dns_latency(options: Options) -> str:
    bucket = given.bucket(options)
    found = given.matchers(options)
    return filled(
        _SLOW_OR_NONE,
        series="coredns_dns_request_duration_seconds",
        filter="",
        whose=given.with_comma(found),
        plain=found,
        bucket=bucket,
    )


def _istio_whose(options: Options) -> str:
    service, namespace = (given.required(options, name) for name in ("service", "namespace"))
    return f'destination_service_name="{service}",destination_service_namespace="{namespace}"'


def _istio_answers(options: Options) -> str:
    return filled(
        _ANSWERS_OR_NONE,
        series="istio_requests_total",
        filter=given.with_comma(given.matchers(options)),
        whose=_istio_whose(options),
        bad=f'response_code=~"{_BAD_ANSWERS}"',
        trail=" ",
        gap=" " * 10,
    )


def _answers(series: str, whose: Callable[[Options], str], bad: str) -> Callable[[Options], str]:
    """Return a query maker that gives no errors where there are no requests."""

    def query(options: Options) -> str:
        who = whose(options)
        found = given.with_comma(given.matchers(options))
        return filled(_ANSWERS_OR_NONE, series=series, filter=found, whose=who, bad=bad, trail="", gap="")

    return query


def _latency(series: str, whose: Callable[[Options], str]) -> Callable[[Options], str]:
    """Return a query maker for slow requests; `exclude_errors` leaves out those that failed."""

    def query(options: Options) -> str:
        bucket, who = given.bucket(options), whose(options)
        found = given.with_comma(given.matchers(options))
        try:
            found += given.with_comma(_NO_SERVER_ERRORS) if given.flag(options, "exclude_errors") else ""
        except SlothError as error:
            raise error.during("could not get filter") from None
        return filled(_SLOW_OR_NONE, series=series, filter=found, whose=f"{who},", plain=who, bucket=bucket)

    return query


def _regex_of(label: str, option: str, what: str) -> Callable[[Options], str]:
    """Return what chooses a service by a regular expression."""

    def whose(options: Options) -> str:
        found = options.get(option, "").strip()
        if not found:
            raise SlothError(f"could not get {what}: {what.removesuffix(' regex')} is required")
        return f'{label}=~"{given.pattern(found, what)}"'

    return whose


def _api_server_latency(options: Options) -> str:
    bucket = given.bucket(options)
    return filled(_SLOW_API_SERVER, more=given.with_comma(_filter(options, wanted=False)), bucket=bucket)


def _controller(options: Options) -> str:
    if not options.get("controller"):
        raise SlothError('could not get controller: "controller" option is required')
    return f'{given.with_comma(given.matchers(options))}controller="{options["controller"]}"'


def _event_latency(series: str) -> Callable[[Options], str]:
    def query(options: Options) -> str:
        bucket, who = given.bucket(options), _controller(options)
        return filled(_SLOW, series=series, more=f"{who},", filter=who, bucket=bucket)

    return query


def _http_latency(options: Options) -> str:
    bucket, found = given.bucket(options), _filter(options, wanted=True)
    if given.flag(options, "exclude_errors"):
        found = f"{found},{_NO_SERVER_ERRORS}"
    more = given.with_comma(found)
    return filled(_SLOW, series="http_request_duration_seconds", more=more, filter=found, bucket=bucket)


def _plain(query: Callable[[Options], str]) -> SliPlugin:
    """Return the plugin that needs its options only."""
    return lambda _meta, _labels, options: query(options)


def _fake(meta: Mapping[str, str], _: Mapping[str, str], options: Mapping[str, str]) -> str:
    """Return a query that burns the budget at the wanted rate, with some jitter if wanted."""
    objective = float(meta["objective"])
    if "burn_rate" not in options:
        raise SlothError("could not get burn rate: 'burn_rate' option is required")
    rate, jitter = (
        _number(options.get(name, "0"), name, what)
        for name, what in (("burn_rate", "burn rate"), ("jitter_percent", "jitter percent"))
    )
    expected = (100 - objective) / 100 * rate
    query = f"max_over_time(vector({expected:f})[{{{{.window}}}}:])"
    if not jitter:
        return query
    moment = "(time() * minute() * hour() * day_of_week() * month())"
    return f"({query}) - (({expected:f} * ({jitter:f} - ({moment} % {jitter * 2:f}))) / 100)"


def _number(text: str, name: str, what: str) -> float:
    try:
        return given.real(text, name)
    except SlothError as error:
        raise error.during(f"could not get {what}") from None


_BACKEND = _regex_of("backend", "backend_regex", "backend regex")
_SERVICE = _regex_of("service", "service_name_regex", "service name")

_QUERIES: Mapping[str, Callable[[Options], str]] = {
    "coredns/availability": _dns_codes,
    "coredns/latency": _dns_latency,
    "haproxy/frontend/availability": _haproxy,
    "istio/v1/availability": _istio_answers,
    "istio/v1/latency": _latency("istio_request_duration_milliseconds", _istio_whose),
    "kubernetes/apiserver/availability": _codes("apiserver_request_total", f'code=~"{_BAD_ANSWERS}"'),
    "kubernetes/apiserver/latency": _api_server_latency,
    "kubernetes/kooper/availability": lambda options: filled(_FAILED_EVENTS, whose=_controller(options)),
    "kubernetes/kooper/latency": _event_latency("kooper_controller_processed_event_duration_seconds"),
    "kubernetes/kooper/queue-congestion": _event_latency("kooper_controller_event_in_queue_duration_seconds"),
    "kubernetes/nginx-ingress/availability": _codes("nginx_ingress_controller_requests", f'status=~"{_BAD_ANSWERS}"'),
    "noop": lambda _: "max_over_time(vector(0)[{{.window}}:])",
    "prometheus/rules/eval-availability": lambda options: filled(_FAILED_RULES, filter=given.matchers(options)),
    "prometheus/targets/availability": lambda options: filled(_DOWN, filter=given.matchers(options)),
    "slok-go-http-metrics/availability": _codes(
        "http_request_duration_seconds_count", f'code=~"{_BAD_ANSWERS}"', wanted=True
    ),
    "slok-go-http-metrics/latency": _http_latency,
    "traefik/v1/availability": _answers("traefik_backend_requests_total", _BACKEND, f'code=~"{_BAD_ANSWERS}"'),
    "traefik/v1/latency": _latency("traefik_backend_request_duration_seconds", _BACKEND),
    "traefik/v2/availability": _answers("traefik_service_requests_total", _SERVICE, 'code=~"(5..)"'),
    "traefik/v2/latency": _latency("traefik_service_request_duration_seconds", _SERVICE),
}

COMMON: Mapping[str, SliPlugin] = MappingProxyType(
    {
        "sloth-common/fake": _fake,
        **{f"sloth-common/{name}": _plain(query) for name, query in _QUERIES.items()},
    }
)
