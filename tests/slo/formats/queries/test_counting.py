"""Free PromQL gets the ranges that it lacks, and is known to count where it does."""

from __future__ import annotations

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.formats.queries.counting import counting, groups, halves, placed, ranged
from vcci_slo.formats.queries.nodes import Selector, inside
from vcci_slo.formats.queries.syntax import parse
from vcci_slo.formats.queries.tokens import NotUnderstood


@pytest.mark.parametrize("placeholder", ["{{.window}}", "{{ .window }}", "{{- .Window -}}", "$__rate_interval"])
def test_every_placeholder_of_a_window_becomes_ours(placeholder: str) -> None:
    assert placed(f"rate(x[{placeholder}])") == "rate(x[WINDOW])"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ('sum(hits{a="["})', 'sum(increase(hits{a="["}[WINDOW]))'),
        ("hits", "sum(increase(hits[WINDOW]))"),
        ("sum(a) - sum(b)", "sum(increase(a[WINDOW])) - sum(increase(b[WINDOW]))"),
        ("sum by (x) (hits)", "sum by (x) (increase(hits[WINDOW]))"),
        ("sum(rate(hits[5m]))", "sum(rate(hits[WINDOW]))"),
        ("sum(rate(a[5m])) + sum(rate(b[1m]))", "sum(rate(a[WINDOW])) + sum(rate(b[WINDOW]))"),
        ("sum(rate(hits[WINDOW]))", "sum(rate(hits[WINDOW]))"),
    ],
)
def test_a_counter_is_counted_over_the_window(query: str, wanted: str) -> None:
    found = ranged(query, counter=True)

    assert found is not None
    assert found.query == wanted
    assert bool(found.done) == (query != wanted)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("sum(up)", "sum(sum_over_time(up[WINDOW]))"),
        ("up", "sum(sum_over_time(up[WINDOW]))"),
        ("count(up == 1)", "sum_over_time((count(up == 1))[WINDOW:])"),
    ],
)
def test_what_is_no_counter_is_added_up(query: str, wanted: str) -> None:
    found = ranged(query, counter=False)

    assert found is not None
    assert found.query == wanted


@pytest.mark.parametrize("query", ["hits offset 5m", "quantile_over_time(0.9, x[5m])", "vector(1)", "sum(hits", ""])
def test_nobody_guesses_where_a_range_goes(query: str) -> None:
    assert ranged(query, counter=True) is None


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("sum(rate(x[WINDOW]))", "per second"),
        ("sum(increase(x[WINDOW])) - sum(increase(y[WINDOW]))", "counted"),
        ("sum_over_time((count(x < 0.75))[WINDOW:]) OR on() vector(0)", "counted"),
        ("2 * sum(rate(x[WINDOW])) / 3", "per second"),
        ("sum(rate(x[WINDOW])) + sum(increase(y[WINDOW]))", None),
        ("sum(rate(x[WINDOW])) / sum(rate(y[WINDOW]))", None),
        ("1 - sum(rate(x[WINDOW]))", None),
        ("max(rate(x[WINDOW]))", None),
        ("sum(rate(x[WINDOW])) > 5", None),
        ("vector(0)", None),
        ("sum(rate(x[WINDOW]", None),
    ],
)
def test_only_what_adds_up_counts(query: str, wanted: str | None) -> None:
    assert counting(query) == wanted


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("sum(a) / sum(b)", ("bad", "sum(a)", "sum(b)")),
        ("(\n1 - (\n(sum(a))\n/\n(sum(b))\n))", ("good", "sum(a)", "sum(b)")),
        ("2 - sum(a) / sum(b)", None),
        ("sum(a) / on(x) sum(b)", None),
        ("sum(a)", None),
    ],
)
def test_a_ratio_comes_apart(query: str, wanted: tuple[str, str, str] | None) -> None:
    assert halves(query) == wanted


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("sum(x)", ()),
        ("sum by (a, b) (x)", ("a", "b")),
        ("sum(x) by (a)", ("a",)),
        ("sum by (a) (x) / sum by (a) (y)", ("a",)),
        ("sum by (a) (x) / sum by (b) (y)", None),
        ("sum without (a) (x)", None),
        ("x", None),
    ],
)
def test_the_labels_of_a_result_are_known_or_not(query: str, wanted: tuple[str, ...] | None) -> None:
    assert groups(query) == wanted


@pytest.mark.parametrize("query", ["(" * 500 + "1" + ")" * 500, "+".join("a" * 2000), "x" * 30_000, "-" * 5000 + "1"])
def test_what_is_enormous_is_not_understood_rather_than_fatal(query: str) -> None:
    with pytest.raises(NotUnderstood):
        parse(query)


_NAMES = st.sampled_from(["a", "b_total", "job:c:rate5m", "sum_of", "by", "WINDOWS"])
_LABELS = st.sampled_from(['{x="1"}', '{x=~"a|b", y!=""}', "", r'{x="q\"}"}', "{x='s'}"])
_RANGES = st.sampled_from(["5m", "1h30m", "90s"])


def _queries() -> st.SearchStrategy[str]:
    series = st.builds(lambda name, labels: f"{name}{labels}", _NAMES, _LABELS)
    counted = st.builds(lambda one, span: f"rate({one}[{span}])", series, _RANGES)
    return st.recursive(
        series | counted,
        lambda inner: st.one_of(
            st.builds(lambda one: f"sum by (x) ({one})", inner),
            st.builds(lambda one: f"({one})", inner),
            st.builds(lambda one, other: f"(({one}) / on (x) group_left () ({other}))", inner, inner),
            st.builds(lambda one, other: f"{one} or {other}", inner, inner),
            st.builds(lambda one: f"-{one}", inner),
            st.builds(lambda one: f"max_over_time(({one})[1h:1m])", inner),
            st.builds(lambda one: f"({one} > bool 0.5)", inner),
        ),
        max_leaves=6,
    )


@given(_queries())
def test_every_part_of_a_query_knows_where_it_stands(query: str) -> None:
    """The full parser reads the same text, and reads each selector where we say that it stands."""
    promql_parser.parse(query)

    found = [part for part in inside(parse(query)) if isinstance(part, Selector)]

    assert found
    for part in found:
        assert query[part.start : part.end].startswith(part.metric)
        promql_parser.parse(query[part.start : part.end])
