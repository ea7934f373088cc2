"""YAML as go-yaml v2 writes it: when it quotes, how it breaks lines, how it sorts."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_alerts.sloth.go_yaml import dump, sorted_keys
from vcci_slo.formats.sloth.yaml_tree import json_of, read_tree

WORDS = "word " * 30 + "end"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain text", "plain text"),
        ("größe", "größe"),
        ("2", '"2"'),
        ("99.9", '"99.9"'),
        ("1e3", '"1e3"'),
        ("0x1F", '"0x1F"'),
        ("010", '"010"'),
        ("1_000", '"1_000"'),
        ("true", '"true"'),
        ("yes", '"yes"'),
        ("y", '"y"'),
        ("off", '"off"'),
        ("null", '"null"'),
        ("~", '"~"'),
        ("", '""'),
        (".inf", '".inf"'),
        ("10:30", '"10:30"'),
        ("2026-11-23", '"2026-11-23"'),
        ("2026-1-2 3:4:5", '"2026-1-2 3:4:5"'),
        ("2026-11-23T10:11:12Z", '"2026-11-23T10:11:12Z"'),
        ("2026-13-23", "2026-13-23"),
        ("2026-11-23 10:11:12Z", "2026-11-23 10:11:12Z"),
        ("1.2.3", "1.2.3"),
        ("5m", "5m"),
        (".", "."),
        ("<<", "<<"),
        ("=", "="),
        ("it's", "it's"),
        ("'quoted' at first", "'''quoted'' at first'"),
        ("a: b", "'a: b'"),
        ("a #b", "'a #b'"),
        ("#channel", "'#channel'"),
        ("{{$labels.a}} b", "'{{$labels.a}} b'"),
        ("(page) {{$labels.a}}", "(page) {{$labels.a}}"),
        (" leading", "' leading'"),
        ("a\tb", r'"a\tb"'),
        ("party 🎉", r'"party \U0001F389"'),
        ("a\nb", "|-\n  a\n  b"),
        ("a\nb\n", "|\n  a\n  b"),
        ("a\nb\n\n", "|+\n  a\n  b\n"),
        (" a\nb\n", "|2\n   a\n  b"),
        ("a \nb\n", r'"a \nb\n"'),
        (WORDS, f"{WORDS[:79]}\n  {WORDS[80:]}"),
        ("x" * 100, "x" * 100),
    ],
)
def test_a_text_is_quoted_exactly_where_go_yaml_quotes_it(value, written):
    assert dump({"k": value}) == f"k: {written}\n"


def test_keys_are_quoted_like_values():
    assert dump({"y": "a", "k: v": "b", "2": "c"}) == '"y": a\n\'k: v\': b\n"2": c\n'


def test_lists_stand_at_the_depth_of_their_key_and_empty_ones_on_one_line():
    assert dump({"a": [{"b": "1x"}, "c"], "d": [], "e": {}}) == "a:\n- b: 1x\n- c\nd: []\ne: {}\n"


@pytest.mark.parametrize(
    "order",
    [
        ["a1", "a2", "a10"],
        ["a_b", "a1", "aB", "ab"],
        ["A", "Z", "a"],
        ["k2", "k02", "k10"],
        ["k1_", "k10", "k1a"],
        ["a", "a.b", "a1"],
        ["é", "ü"],
        ["sloth_id", "sloth_service", "sloth_slo", "sloth_window", "tier"],
    ],
)
def test_names_are_sorted_with_their_numbers_counted_and_letters_last(order):
    for shuffled in permutations(order):
        assert list(sorted_keys(dict.fromkeys(shuffled, ""))) == order


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\r\x85\u2028\u2029\ufeff"))


# go-yaml writes the key << as it is, and then reads it as a merge.
@given(st.dictionaries(TEXTS.filter(lambda key: key != "<<"), TEXTS))
def test_what_is_written_reads_back_as_the_same_texts(mapping):
    assert json_of(read_tree(dump(mapping))) == mapping
