"""How an expression of the spec becomes one that the choices of a page narrow."""

from __future__ import annotations

import pytest

from vcci_dashboards.expressions import Scope, gives_one, metrics, parsed, substituted, variables

SCOPE = Scope(fixed=(('namespace="live"', "namespace"),), recorded=frozenset({"hit_rate"}))
CHOICES = 'job=~"$job",instance=~"$instance"'


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("up", f"up{{{CHOICES}}}"),
        ('up{job="api"}', f'up{{job="api",{CHOICES}}}'),
        ('up{namespace="live"}', f'up{{namespace=~"$namespace",{CHOICES}}}'),
        ('up{namespace="other"}', f'up{{namespace="other",{CHOICES}}}'),
        ('up{ job = "api" , code!~"4..|5,." }', f'up{{job="api",code!~"4..|5,.",{CHOICES}}}'),
        ('{__name__="up"}', f'{{__name__="up",{CHOICES}}}'),
        ("hit_rate - time()", "hit_rate - time()"),
        ("slo:objective:ratio", "slo:objective:ratio"),
        ('ALERTS{alertstate="firing"}', 'ALERTS{alertstate="firing"}'),
        ("rate(x_total[5m])", f"rate(x_total{{{CHOICES}}}[$__rate_interval])"),
        ("increase(x_total[1d])", f"increase(x_total{{{CHOICES}}}[1d])"),
        ("max_over_time(x[5m])", f"max_over_time(x{{{CHOICES}}}[5m])"),
        (
            "avg_over_time((max by (circuit) (x))[5m:30s])",
            f"avg_over_time((max by (circuit) (x{{{CHOICES}}}))[5m:30s])",
        ),
        ("sum by (sum, x) (x)", f"sum by (sum, x) (x{{{CHOICES}}})"),
        ("a and on (job) b", f"a{{{CHOICES}}} and on (job) b{{{CHOICES}}}"),
        ("x offset 5m", f"x{{{CHOICES}}} offset 5m"),
        ("x > bool 1e3", f"x{{{CHOICES}}} > bool 1e3"),
        ('label_replace(x, "cn", "$1", "name", "(x)")', f'label_replace(x{{{CHOICES}}}, "cn", "$1", "name", "(x)")'),
    ],
)
def test_a_selector_is_narrowed_and_nothing_else_changes(written, asked):
    assert SCOPE.narrowed(written) == asked


def test_what_is_no_promql_is_refused_with_the_text():
    with pytest.raises(ValueError, match=r"expected PromQL, got 'sum\(x'"):
        SCOPE.narrowed("sum(x")


def test_variables_are_found_in_every_spelling_but_not_the_groups_of_a_pattern():
    assert variables('x{a=~"$job"}[$__rate_interval] ${__to:date:M} ${slo} "$1"') == {
        "job",
        "__rate_interval",
        "__to",
        "slo",
    }


def test_a_variable_without_a_value_is_refused():
    with pytest.raises(KeyError, match="job"):
        substituted('up{job=~"$job"}', {})


def test_substitution_fills_every_spelling():
    assert substituted("$a ${a} ${a:date:M} $1", {"a": "11"}) == "11 11 11 $1"


def test_the_metrics_of_an_expression_are_its_selectors_not_its_functions():
    assert metrics(parsed("sum(rate(a_total[5m])) / clamp_min(b, 1) or label_replace(c, 'x', '', '', '')")) == {
        "a_total",
        "b",
        "c",
    }


def test_only_an_aggregation_without_labels_gives_one_number():
    assert gives_one("max(x)")
    assert not gives_one("max by (a) (x)")
    assert not gives_one("x")
    assert not gives_one("rate(x[5m])")
