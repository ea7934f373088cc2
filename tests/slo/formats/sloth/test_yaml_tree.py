"""YAML under the rules of go-yaml v2, and what is too deep or too large."""

from __future__ import annotations

import pytest

from vcci_slo.formats.sloth import SlothError
from vcci_slo.formats.sloth.yaml_tree import json_of, read_tree


def value(text):
    return json_of(read_tree(f"x: {text}"))["x"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", True), ("On", True), ("y", True), ("TRUE", True),
        ("no", False), ("off", False), ("N", False),
        ("yEs", "yEs"), ("'yes'", "yes"), ('"on"', "on"), ("!!str yes", "yes"), ("! yes", "yes"),
        ("~", None), ("", None), ("NULL", None),
        ("10", 10), ("0x1F", 31), ("0b101", 5), ("010", 8), ("0o10", 8), ("089", 89.0), ("1_000", 1000), ("+5", 5),
        ("1.10", 1.1), (".5", 0.5), ("1e3", 1000.0), ("1e400", "1e400"), ("-.inf", float("-inf")),
        ("10:30", "10:30"), ("2026-01-01", "2026-01-01"), ("1.2.3", "1.2.3"), ("=", "="), ("0x", "0x"),
        ("18446744073709551616", 18446744073709551616.0), ("18446744073709551615", 18446744073709551615),
        ("!!int 7", 7), ("!!float 7", 7.0), ("!!binary aGk=", "hi"),
        ("!other 7", "7"), ("!other", ""), ("!!timestamp 2026-01-01", "2026-01-01"), ("<<", "<<"),
        ("{'<<': 7}", {"<<": 7}),
    ],
)  # fmt: skip
def test_scalars_mean_what_go_yaml_takes_them_for(text, expected):
    assert value(text) == expected
    assert type(value(text)) is type(expected)


@pytest.mark.parametrize("text", ["9" * 400, "0x" + "F" * 400, "0b" + "1" * 5000, "-" + "9" * 5000, "0" * 5000 + "8"])
def test_a_number_larger_than_any_number_is_its_text_or_its_value(text):
    assert value(text) in (text, 8.0)


def test_keys_become_text():
    assert json_of(read_tree("{1: a, yes: b, 1.5: c, .inf: d}")) == {"1": "a", "true": "b", "1.5": "c", ".inf": "d"}


def test_of_equal_keys_the_last_wins():
    assert json_of(read_tree("a: 11\nb: 12\na: 13")) == {"a": 13, "b": 12}


def test_an_anchor_is_used_wherever_it_is_named():
    assert json_of(read_tree("a: &x {k: 11}\nb: *x\nc: [*x]")) == {"a": {"k": 11}, "b": {"k": 11}, "c": [{"k": 11}]}


def test_what_a_merge_brings_gives_way_to_keys_that_stand_after_it():
    assert json_of(read_tree("a: &x {k: 11, l: 12}\nb:\n  <<: *x\n  k: 13"))["b"] == {"k": 13, "l": 12}


def test_a_merge_wins_over_keys_before_it_as_in_go_yaml_v2():
    assert json_of(read_tree("a: &x {k: 11}\nb:\n  k: 13\n  <<: *x"))["b"] == {"k": 11}


def test_of_several_merged_maps_the_first_wins():
    text = "a: &x {k: 11}\nb: &y {k: 12, l: 13}\nc:\n  <<: [*x, *y]"

    assert json_of(read_tree(text))["c"] == {"k": 11, "l": 13}


def test_only_the_first_document_is_read():
    assert json_of(read_tree("a: 11\n...\n---\n: wrong [")) == {"a": 11}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "yaml: line 1: did not find expected node content"),
        ("]", "yaml: did not find expected node content"),
        ("a: 1\nb: @x", "yaml: line 2: found character that cannot start any token"),
        ("a: @x", "yaml: found character that cannot start any token"),
        ("a: 1\n\tb: 2", "yaml: line 2: found a tab character that violates indentation"),
        ("a: *nowhere", "yaml: unknown anchor 'nowhere' referenced"),
        ("a: &a [*a]", "yaml: unknown anchor 'a' referenced"),
        ("? {a: 1}\n: b", 'yaml: invalid map key: map[interface {}]interface {}{"a":1}'),
        ("a: {{.window}}", 'yaml: invalid map key: map[interface {}]interface {}{".window":interface {}(nil)}'),
        ("[a, 1.5, yes]: b", 'yaml: invalid map key: []interface {}{"a", 1.5, true}'),
        ("~: a", 'unsupported map key of type: %!s(<nil>), key: <nil>, value: "a"'),
        ("~: ~", "unsupported map key of type: %!s(<nil>), key: <nil>, value: <nil>"),
        ("~: a\n<<: 1", "yaml: map merge requires map or sequence of maps as the value"),
        ("a: {{.x}}\nb: [", "yaml: line 2: did not find expected node content"),
        ("<<: [1]", "yaml: map merge requires map or sequence of maps as the value"),
        ("a: !!int x", "yaml: cannot decode !!str `x` as a !!int"),
        ("a: !!int yes", "yaml: cannot decode !!bool `yes` as a !!int"),
        ("a: !!bool 1", "yaml: cannot decode !!int `1` as a !!bool"),
        ("a: !!int yes\nb: !!int x", "yaml: cannot decode !!bool `yes` as a !!int"),
        ("a: !!binary '?'", "yaml: !!binary value contains invalid base64 data"),
        ("a: \udcff", "yaml: invalid UTF-8 or a control character"),
    ],
)
def test_what_is_no_yaml_is_refused(text, message):
    with pytest.raises(SlothError) as refused:
        read_tree(text)

    assert str(refused.value) == message


def test_a_billion_laughs_are_refused_before_they_fill_the_memory():
    lines = ["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

    with pytest.raises(SlothError, match="document contains excessive aliasing"):
        read_tree("\n".join(lines))


def test_brackets_without_end_are_refused_without_a_crash():
    with pytest.raises(SlothError):
        read_tree("a: " + "[" * 100_000)


def test_a_thousand_levels_are_refused():
    with pytest.raises(SlothError):
        read_tree("[" * 1001 + "]" * 1001)
