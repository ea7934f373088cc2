"""A threshold that became data means what the expression meant: at every moment of every small world."""

from __future__ import annotations

import promql_parser as promql
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vcci_platform.adoption.importing.conditions import Condition, condition_of
from vcci_platform.adoption.importing.promql_text import selectors, text_of
from vcci_platform.adoption.importing.shapes import Quantile, Ratio, Whole, shape_of
from vcci_platform.adoption.importing.worlds import Slope, Unreadable, World, key_of

NUMBERS = st.sampled_from(["0", "1", "2", "-1", "0.5", "7 * 2", "100"])
LEAVES = st.sampled_from(["a", "b", 'c{x="1"}', "abs(a)", "max_over_time(b[5m])", "rate(d[5m])"])
VALUES = st.lists(LEAVES | NUMBERS, min_size=2, max_size=3).flatmap(
    lambda parts: st.sampled_from(["+", "-", "*", "/"]).map(lambda sign: f" {sign} ".join(parts))
)
SIDES = LEAVES | VALUES.map(lambda text: f"({text})")
COMPARED = st.tuples(SIDES, st.sampled_from([">", "<", ">=", "<=", "==", "!="]), SIDES | NUMBERS).map(" ".join)
NARROWED = st.recursive(
    COMPARED.map(lambda text: f"({text})") | LEAVES,
    lambda inner: st.tuples(inner, st.sampled_from(["and", "or", "unless"]), inner).map(
        lambda parts: f"({' '.join(parts)})"
    ),
    max_leaves=4,
)
WORLDS = st.fixed_dictionaries(
    {name: st.none() | st.integers(-2, 3).map(float) for name in ("a{}", "b{}", 'c{x="1"}')}
    | {"d{}": st.none() | st.integers(0, 3).map(float)}
)


def world_of(levels: dict[str, float | None], text: str) -> World:
    series = {
        key: None if level is None else Slope(0.0, level) if key == "d{}" else Slope(level)
        for key, level in levels.items()
    }
    finds = {key_of(one): (key_of(one),) for one in selectors(promql.parse(text))}
    return World(series, finds, 60.0, 3600.0)


def parsed(text: str) -> promql.Expr:
    """Return an expression; what compares two numbers is none."""
    try:
        return promql.parse(text)
    except ValueError:
        assume(False)
        raise


def beyond(condition: Condition, value: float) -> bool:
    return value > condition.value if condition.side == "above" else value < condition.value


@given(text=COMPARED | NARROWED, levels=WORLDS)
def test_a_condition_holds_exactly_when_its_expression_did(text: str, levels: dict[str, float | None]):
    original = parsed(text)
    assume(list(selectors(original)))
    found = condition_of(original)
    assume(not any("differs at exactly" in change for change in found.changes))
    try:
        fired = [one for one in world_of(levels, text).values(original) if one == one]  # noqa: PLR0124 - no NaN
        measured = world_of(levels, found.whole).values(promql.parse(found.whole))
    except Unreadable:
        assume(False)

    assert bool(fired) == any(beyond(found, value) for value in measured), found


@given(text=COMPARED | NARROWED)
def test_an_expression_is_written_as_it_was_read(text: str):
    read = parsed(text)

    again = promql.parse(text_of(read))

    assert again.prettify() == read.prettify()


@pytest.mark.parametrize(
    "text",
    [
        'a{x="1"} offset -5m > bool on (a, b) group_left (c) b @ 123',
        "quantile without (a) (0.9, rate(foo[5m:1m] offset 1h))",
        "-a ^ 2 + 31",
        "topk(3, a) or a @ start() unless ignoring (z) b",
        '{"a.b","c.d"=~"5.."}',
        r'a{x=~"a\\.b\"c"}',
        "max_over_time((a > 1)[1d:] offset 5m)",
        'label_replace(a, "x", "$1", "y", "(.*)")',
        'count_values("v", a)',
        '{__name__=~"x.*"}',
        "+Inf + NaN - 0.001 * 1000000000000",
    ],
)
def test_every_form_of_promql_is_written_in_its_shortest_way(text):
    assert text_of(promql.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "measure", "side", "value"),
    [
        ("up == 0", "up", "below", 1.0),
        ("absent(up)", "absent(up)", "above", 0.5),
        ("0.5 < errors / total", "errors / total", "above", 0.5),
        ("errors / total * 100 >= 5", "errors / total", "above", 0.05),
        ("100 * (1 - a / b) > 90", "1 - a / b", "above", 0.9),
        ("count(x) >= 3", "count(x)", "above", 2.5),
        ("rate(x[5m]) <= 0", "rate(x[5m]) <= 0", "below", 1.0),
        ("x >= 3", "x >= 3", "above", 2.0),
        ("x == 5", "x == 5", "above", 4.0),
        ("x != 5", "clamp(x != 5, 1, 1)", "above", 0.5),
        ("a > on (i) b", "a - on (i) b", "above", 0.0),
        ("x_timestamp < time() - 2 * 3600", "time() - x_timestamp", "above", 7200.0),
        ("x_end - time() < 86400 * 7", "x_end - time()", "below", 604_800.0),
        ("x > 5 and on (i) y == 1", "x and on (i) y == 1", "above", 5.0),
        ("(x or y) > 5 and z", "(x or y) and z", "above", 5.0),
        ("x > 5 or y > 6", "clamp(x > 5 or y > 6, 1, 1)", "above", 0.5),
        ("some_series", "clamp(some_series, 1, 1)", "above", 0.5),
        ("kube_node_status_condition == 1", "kube_node_status_condition", "above", 0.5),
    ],
)
def test_thresholds_come_out_of_expressions(text, measure, side, value):
    found = condition_of(promql.parse(text))

    assert (found.whole, found.side, found.value) == (measure, side, value)


RATE = 'sum(rate(r_total{job="a",code=~"5.."}[5m])) / sum(rate(r_total{job="a"}[5m]))'


@pytest.mark.parametrize(
    ("text", "kind", "side", "value", "unit"),
    [
        (f"{RATE} > 0.01", Ratio, "above", 0.01, "ratio"),
        (f"100 * ({RATE}) > 1", Ratio, "above", 0.01, "ratio"),
        (RATE.replace("sum(", "sum by (job) (") + " > 0.01", Ratio, "above", 0.01, "ratio"),
        (RATE.replace("=~", "!~") + " < 0.99", Ratio, "above", 0.01, "ratio"),
        ("1 - " + RATE.replace("=~", "!~") + " > 0.01", Ratio, "above", 0.01, "ratio"),
        (RATE.replace("sum(", "sum by (pod) (") + " > 0.01", Whole, "above", 0.01, "ratio"),
        (RATE.replace("[5m])) /", "[1m])) /") + " > 0.01", Whole, "above", 0.01, "ratio"),
        ("histogram_quantile(0.99, sum by (le) (rate(d_seconds_bucket[5m]))) > 1.5", Quantile, "above", 1.5, "seconds"),
        ("histogram_quantile(0.9, sum by (le, pod) (rate(d_seconds_bucket[5m]))) > 1", Whole, "above", 1.0, "count"),
        ("histogram_quantile(0.9, sum by (le) (rate(size_bucket[5m]))) > 1", Whole, "above", 1.0, "count"),
        ("max(lag_seconds) > 90", Whole, "above", 90.0, "seconds"),
        ("max(heap_bytes) > 1048576", Whole, "above", 1_048_576.0, "bytes"),
        ("rate(heap_bytes[5m]) > 1048576", Whole, "above", 1_048_576.0, "count"),
        ("pg_up == 0", Whole, "below", 1.0, "boolean"),
    ],
)
def test_known_shapes_are_recognised(text, kind, side, value, unit):
    found = shape_of(condition_of(promql.parse(text)))

    assert isinstance(found.kind, kind)
    assert (found.side, pytest.approx(found.value), found.unit) == (side, value, unit)


def test_what_is_bad_is_what_the_counter_above_the_line_has_more():
    found = shape_of(condition_of(promql.parse(f"{RATE} > 0.01"))).kind

    assert isinstance(found, Ratio)
    assert ([str(one) for one in found.valid], [str(one) for one in found.bad]) == (['job="a"'], ['code=~"5.."'])
