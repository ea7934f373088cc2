"""How deep an expression may be, counted without reading it."""

from __future__ import annotations

import pytest

from vcci_slo.promql.size import DEEPEST, depth, too_deep


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("up", 0),
        ("a + b", 1),
        ("a >= bool b", 1),
        ("-a ^ -2", 3),
        ("a AND b unless c Or d atan2 e", 4),
        ("android or origin", 1),
        ("sum by (a) (rate(x[5m] offset -1h))", 4),
        ('x{a=~"b+(c|d)", e!="f"}', 0),
        ("x{a=\"}+(\"} + y{a='}+('} + z{a=`}+(`}", 2),
        (r'label_replace(x, "a", "\"((((", "b", "(.*)")', 1),
        ("a # + (((\n+ b", 1),
        ("a # + (((\r+ b", 1),
        ('"not closed ((', 2),
        (")))((", 2),
        ("(a) + (b) + (c)", 3),
    ],
)
def test_what_nests_is_counted_outside_of_texts_matchers_and_comments(expression, count):
    found = depth(expression)

    assert found == count


@pytest.mark.parametrize("made", [lambda n: "(" * n + "a", lambda n: "-" * n + "a", lambda n: "a" + " or a" * n])
def test_the_limit_itself_is_allowed_and_one_more_is_not(made):
    allowed, refused = too_deep(made(DEEPEST)), too_deep(made(DEEPEST + 1))

    assert allowed == ""
    assert refused == "an expression of 401 levels"
