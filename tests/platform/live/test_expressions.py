"""PromQL taken apart."""

import pytest

from vcci_platform.live.expressions import Clause, Look, clauses, looks, normalised, what_differs
from vcci_slo.promql.matchers import Matcher


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sum(rate(x[60s])) by (a) > 1e-2", "sum by(a) (rate(x[1m])) > 0.01"),
        ('x{b="1",a="2"}', 'x{a="2", b="1"}'),
        ("a\nand b", "a and b"),
        ("x[28d]", "x[4w]"),
    ],
)
def test_spelling_is_no_difference(one, other):
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x > 1", "x >= 1"),
        ("x[5m]", "x[6m]"),
        ("x offset 5m", "x"),
        ('x{a="1"}', 'x{a=~"1"}'),
        ("(a or b) - c", "a or b - c"),
    ],
)
def test_meaning_is_a_difference(one, other):
    assert normalised(one) != normalised(other)


def test_what_is_no_promql_is_compared_as_text():
    assert normalised("rate(x[5m)\n  > 1") == "rate(x[5m) > 1"


def test_an_or_is_one_part_and_never_taken_apart():
    assert [part.expression for part in clauses("absent(a) or absent(b)")] == ["absent(a) or absent(b)"]
    assert len(clauses("(a > 1 or b > 1) and c < 2")) == 2


def test_a_comparison_of_two_series_has_no_limit():
    assert clauses("a > b") == (Clause("a > b"),)


@pytest.mark.parametrize(
    ("operator", "inside", "outside"),
    [(">", 2.1, 2), ("<", 1.9, 2), (">=", 2, 1.9), ("<=", 2, 2.1), ("==", 2, 3), ("!=", 3, 2)],
)
def test_a_part_holds_beyond_its_limit(operator, inside, outside):
    clause = Clause("x", operator, 2)

    assert clause.holds(inside)
    assert not clause.holds(outside)


def test_an_expression_looks_at_all_of_its_series():
    quantile = 'histogram_quantile(0.9, sum by (le) (rate(h_bucket{a="b"}[5m])))'

    found = looks(f"{quantile} / on (x) max(y offset 1h) > -max_over_time(z[3m:1m])")

    assert found == (Look("h_bucket", (Matcher("a", "=", "b"),)), Look("y", ()), Look("z", ()))


def test_a_name_may_stand_in_the_braces():
    assert looks('{__name__="x",a!="b"}') == (Look("x", (Matcher("a", "!=", "b"),)),)


def test_only_what_differs_is_shown():
    assert what_differs('sum(x{a="b"}) > 1 and y', 'sum(x{a="c"}) > 1 and y') == ('… {a="b"}) > …', '… {a="c"}) > …')
    assert what_differs("", "x") == ("", "x")
