"""Queries judged in Prometheus's words and at its places, and the published SLI plugins that make queries."""

from __future__ import annotations

from contextlib import suppress

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_alerts.sloth import SLI_PLUGINS
from vcci_alerts.sloth.metricsql import check_metricsql
from vcci_alerts.sloth.promql import check_promql
from vcci_slo.formats.sloth import SlothError


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "sum(rate(grpc_server_handled_requests_count{[1m]))",
            "1:45: parse error: unexpected character inside braces: '['",
        ),
        ("x{a=1}", "1:5: parse error: unexpected character inside braces: '1'"),
        ('x{a!"b"}', "1:4: parse error: unexpected character after '!' inside braces: '\"'"),
        ('x{a="b"', "1:8: parse error: unexpected end of input inside braces"),
        ("x{{}", "1:3: parse error: unexpected left brace '{'"),
        ("x{}}", "1:4: parse error: unexpected character: '}'"),
        ('x{a="b" c="d"}', '1:9: parse error: unexpected identifier "c" in label matching, expected "," or "}"'),
        (
            'x{a "b"}',
            '1:5: parse error: unexpected string "\\"b\\"" in label matching, expected label matching operator',
        ),
        ("x{a=}", '1:5: parse error: unexpected "}" in label matching, expected string'),
        ("sum(rate(x[5m])", "1:16: parse error: unclosed left parenthesis"),
        ("x)", "1:3: parse error: unexpected right parenthesis ')'"),
        ("x[5x]", '1:3: parse error: bad number or duration syntax: "5"'),
        ("rate(x[1h5q])", '1:8: parse error: bad number or duration syntax: "1h5"'),
        ("x[5m]]", "1:6: parse error: unexpected right bracket ']'"),
        ("x[5m", "1:5: parse error: unclosed left bracket"),
        ('"abc', "1:1: parse error: unterminated quoted string"),
        ("`abc", "1:1: parse error: unterminated raw string"),
        ("a ! b", "1:3: parse error: unexpected character after '!': ' '"),
        ("a & b", "1:3: parse error: unexpected character: '&'"),
        ("", "1:1: parse error: no expression found in input"),
        ("a b", '1:3: parse error: unexpected identifier "b"'),
        ("1 +", "1:4: parse error: unexpected end of input"),
        ("a +\n  * b", "2:3: parse error: unexpected <op:*>"),
        ("ü", "1:1: parse error: unexpected character: 'ü'"),
        ('"ü" b', '1:6: parse error: unexpected identifier "b"'),
        ("sum by (a b) (x)", '1:11: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"'),
        ("sum by a (x)", '1:8: parse error: unexpected identifier "a" in grouping opts, expected "("'),
        ("sum by (a)", "1:11: parse error: unexpected end of input in aggregation"),
        ("x offset y", '1:10: parse error: unexpected identifier "y" in offset, expected number, duration, or step()'),
        ("x @ y", '1:5: parse error: unexpected identifier "y" in @, expected timestamp'),
        (
            "x[5m:1m:]",
            '1:8: parse error: unexpected ":" in subquery selector, expected number, duration, or step() or "]"',
        ),
        ("2 + foo(x)", '1:5: parse error: unknown function with name "foo"'),
        (
            "sum(rate(x))",
            '1:10: parse error: expected type range vector in call to function "rate", got instant vector',
        ),
        (
            "sum by (a) (x[5m])",
            "1:13: parse error: expected type instant vector in aggregation expression, got range vector",
        ),
        (
            "sum(a) / sum(x[5m])",
            "1:14: parse error: expected type instant vector in aggregation expression, got range vector",
        ),
        ("topk(a, x)", "1:6: parse error: expected type scalar in aggregation parameter, got instant vector"),
        ("2 * rate(x[5m], 1)", '1:5: parse error: expected 1 argument(s) in call to "rate", got 2'),
        ("round(x, 1, 2)", '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'),
        (
            "-x[5m]",
            (
                "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, "
                'got "range vector"'
            ),
        ),
        ("x and 1", '1:1: parse error: set operator "and" not allowed in binary scalar expression'),
        ("a or on(b) group_left() c", '1:1: parse error: no grouping allowed for "or" operation'),
        ('x{__name__="y"}', '1:1: parse error: metric name must not be set twice: "x" or "y"'),
        ("vector(1)[5m]", "1:10: parse error: ranges only allowed for vector selectors"),
        ("rate(sum(x)[5m])", "1:12: parse error: ranges only allowed for vector selectors"),
        ("x offset 5m [5m]", "1:13: parse error: no offset modifiers allowed before range"),
    ],
)
def test_a_wrong_query_is_refused_with_prometheus_words_at_its_place(query, message):
    with pytest.raises(SlothError) as refused:
        check_promql(query)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    "query",
    [
        "x",
        "1 - (a / b)",
        'sum by (a, b) (rate(x{a="1",b!~"2",}[5m] offset 1h)) > bool 0',
        "max_over_time(sum without (a) (x)[1h:5m])",
        "a / on (x) group_left (y) b or vector(0)",
        "x @ end() unless y @ 1.5",
        "-histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))",
        "sum(x) by (a) # words",
    ],
)
def test_a_right_query_is_taken(query):
    check_promql(query)
    check_metricsql(query)


@pytest.mark.parametrize(
    "query", ["(" * 10_000, "(" * 10_000 + "x" + ")" * 10_000, "-" * 10_000 + "x", " or ".join(["x"] * 10_000)]
)
def test_a_query_that_would_end_the_parsers_process_is_refused(query):
    """promql-parser works on the stack: 5,000 summands killed the process, without an exception."""
    with pytest.raises(SlothError):
        check_promql(query)


def test_a_query_nested_too_deeply_ends_in_a_message():
    with pytest.raises(SlothError, match="nested too deeply"):
        check_metricsql("-(" * 10_000 + "x" + ")" * 10_000)


QUERY_PARTS = st.sampled_from(
    ["x", "(", ")", "[", "]", "{", "}", ",", "5m", "=", '"a"', " by ", "sum", " or ", "-", "@", "ü"]
)


@given(st.lists(QUERY_PARTS, max_size=12))
def test_any_text_is_a_query_or_refused(parts):
    for check in (check_promql, check_metricsql):
        with suppress(SlothError):
            check("".join(parts))


def test_a_long_query_is_still_a_query():
    check_promql(" + ".join(["rate(x[5m])"] * 300))


@pytest.mark.parametrize(
    "query",
    [
        "rate(x) keep_metric_names",
        "WITH (a = sum(x), f(y) = y * 2,) f(a) / a",
        "vector(1)[1m]",
        "topk(3, x) limit 5",
        "a default b if c ifnot d",
        "sum(a, b,)",
        "rate(x[1i:5i])",
    ],
)
def test_metricsql_is_more_than_promql(query):
    check_metricsql(query)
    with pytest.raises(SlothError):
        check_promql(query)


@pytest.mark.parametrize(
    "query", ["", "(a", "a b", "x{[1m]", "a +", "with (a", "with (a b) c", "x[1m", 'x{a="b" c}', "with a"]
)
def test_metricsql_is_not_anything(query):
    with pytest.raises(SlothError, match="cannot parse the query at position"):
        check_metricsql(query)


META = {"service": "shop", "slo": "requests", "objective": "99.900000"}
LABELS = {"owner": "eleven", "tier": "12"}
OPTIONS = {
    "filter": '{a="11",b="12"}',
    "bucket": "0.5",
    "service": "s",
    "namespace": "n",
    "controller": "c",
    "backend_regex": "^x$",
    "service_name_regex": "^y$",
    "burn_rate": "2",
    "job": "j",
}
PUBLISHED = {
    "coredns/availability", "coredns/latency", "fake", "haproxy/frontend/availability", "istio/v1/availability",
    "istio/v1/latency", "kubernetes/apiserver/availability", "kubernetes/apiserver/latency",
    "kubernetes/kooper/availability", "kubernetes/kooper/latency", "kubernetes/kooper/queue-congestion",
    "kubernetes/nginx-ingress/availability", "noop", "prometheus/rules/eval-availability",
    "prometheus/targets/availability", "slok-go-http-metrics/availability", "slok-go-http-metrics/latency",
    "traefik/v1/availability", "traefik/v1/latency", "traefik/v2/availability", "traefik/v2/latency",
}  # fmt: skip


def query(name, **options):
    return SLI_PLUGINS[name](META, LABELS, options)


def refusal(name, labels=None, **options):
    with pytest.raises(SlothError) as refused:
        SLI_PLUGINS[name](META, LABELS if labels is None else labels, options)
    return str(refused.value)


def test_every_published_plugin_has_an_equivalent():
    assert {name.removeprefix("sloth-common/") for name in SLI_PLUGINS} - PUBLISHED == {
        "getting_started_availability",
        "integration_test",
    }
    assert len(SLI_PLUGINS) == 23


@pytest.mark.parametrize("name", sorted(SLI_PLUGINS))
def test_what_a_plugin_returns_is_a_query_with_a_window(name):
    made = query(name, **OPTIONS)

    assert "{{.window}}" in made
    promql_parser.parse(made.replace("{{.window}}", "5m"))


@pytest.mark.parametrize(
    ("name", "options", "made"),
    [
        (
            "getting_started_availability",
            {"job": "j"},
            ('\nsum(rate(http_request_duration_seconds_count{ job="j",code=~"(5..|429)" }[{{.window}}]))\n/\n'
            'sum(rate(http_request_duration_seconds_count{ job="j" }[{{.window}}]))'),
        ),
        (
            "integration_test",
            {"job": "j", "filter": 'a="b"'},
            ('\nsum(rate(integration_test{ a="b",job="j",code=~"(5..|429)" }[{{.window}}]))\n/\n'
            'sum(rate(integration_test{ a="b",job="j" }[{{.window}}]))'),
        ),
        (
            "sloth-common/kubernetes/apiserver/availability",
            {},
            ('\nsum(rate(apiserver_request_total{ code=~"(5..|429)" }[{{.window}}]))\n/\n'
            "sum(rate(apiserver_request_total{  }[{{.window}}]))\n"),
        ),
        (
            "sloth-common/haproxy/frontend/availability",
            {"filter": 'a="b"'},
            ('\nsum(rate(haproxy_frontend_http_responses_total{ a="b",code="5xx" }[{{.window}}]))\n/\n'
            'sum(rate(haproxy_frontend_http_responses_total{ a="b", }[{{.window}}]))\n'),
        ),
        (
            "sloth-common/slok-go-http-metrics/latency",
            {"filter": 'a="b"', "bucket": "0.2", "exclude_errors": "T"},
            ('\n1 - (\n  sum(rate(http_request_duration_seconds_bucket{ a="b",code!~"5..",le="0.2" }[{{.window}}]))\n'
            '  /\n  sum(rate(http_request_duration_seconds_count{ a="b",code!~"5.." }[{{.window}}]))\n)\n'),
        ),
        (
            "sloth-common/traefik/v2/latency",
            {"service_name_regex": "y", "bucket": "1", "exclude_errors": "0"},
            ("\n1 - ((\n"
            '  sum(rate(traefik_service_request_duration_seconds_bucket{ service=~"y",le="1" }[{{.window}}]))\n  /\n'
            '  (sum(rate(traefik_service_request_duration_seconds_count{ service=~"y" }[{{.window}}])) > 0)\n'
            ") OR on() vector(1))\n"),
        ),
        ("sloth-common/fake", {"burn_rate": "2"}, "max_over_time(vector(0.002000)[{{.window}}:])"),
        (
            "sloth-common/fake",
            {"burn_rate": "1.5", "jitter_percent": "10"},
            ("(max_over_time(vector(0.001500)[{{.window}}:])) - ((0.001500 * (10.000000 - "
            "((time() * minute() * hour() * day_of_week() * month()) % 20.000000))) / 100)"),
        ),
    ],
)  # fmt: skip
def test_a_plugin_makes_the_query_of_its_go_original(name, options, made):
    assert query(name, **options) == made


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("getting_started_availability", {}, "job options is required"),
        ("getting_started_availability", {"job": "j", "filter": "x"}, "invalid prometheus filter: x,"),
        ("sloth-common/coredns/latency", {}, 'could not get bucket: "bucket" option is required'),
        (
            "sloth-common/coredns/latency",
            {"bucket": "fast"},
            ("could not get bucket: not a valid bucket, can't parse to float64: "
            'strconv.ParseFloat: parsing "fast": invalid syntax'),
        ),
        ("sloth-common/istio/v1/availability", {"service": "s"}, "could not get namespace: namespace is required"),
        ("sloth-common/traefik/v1/latency", {"bucket": "1"}, "could not get backend regex: backend is required"),
        ("sloth-common/traefik/v2/availability", {}, "could not get service name: service name is required"),
        (
            "sloth-common/traefik/v2/availability",
            {"service_name_regex": "("},
            ("could not get service name: invalid regex: error parsing regexp: "
            "missing closing ): `(`"),
        ),
        (
            "sloth-common/traefik/v1/latency",
            {"bucket": "1", "backend_regex": "x", "exclude_errors": "maybe"},
            ("could not get filter: could not get exclude_errors: not a valid exclude_errors, can't parse to bool: "
            'strconv.ParseBool: parsing "maybe": invalid syntax'),
        ),
        (
            "sloth-common/kubernetes/kooper/latency",
            {"bucket": "1"},
            'could not get controller: "controller" option is required',
        ),
        ("sloth-common/slok-go-http-metrics/availability", {}, "could not get filter: filter is required"),
        (
            "sloth-common/kubernetes/apiserver/availability",
            {"filter": "{x}"},
            "could not get filter: invalid prometheus filter: x",
        ),
        ("sloth-common/fake", {}, "could not get burn rate: 'burn_rate' option is required"),
        (
            "sloth-common/fake",
            {"burn_rate": "1", "jitter_percent": "x"},
            ("could not get jitter percent: not a valid jitter_percent, can't parse to float64: "
            'strconv.ParseFloat: parsing "x": invalid syntax'),
        ),
    ],
)  # fmt: skip
def test_a_plugin_refuses_what_its_go_original_refuses(name, options, message):
    assert refusal(name, **options) == message


@pytest.mark.parametrize("missing", ["owner", "tier"])
def test_the_getting_started_plugin_wants_labels(missing):
    labels = {name: value for name, value in LABELS.items() if name != missing}

    assert refusal("getting_started_availability", labels, job="j") == f'invalid labels: "{missing}" label is required'
