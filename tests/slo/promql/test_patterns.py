"""Regular expressions: what Python says, without its way of going back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from vcci_slo.promql.patterns import pattern

ATOMS = some.sampled_from(("a", "b", ".", "[ab]", "[^a]", r"\d", r"\.", "x"))


def _grown(inner: some.SearchStrategy[str]) -> some.SearchStrategy[str]:
    repeats = some.sampled_from(("*", "+", "?", "{2}", "{0,2}", "{1,}", "{0}", "*?", "+?"))
    return (
        some.lists(inner, max_size=3).map("".join)
        | some.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})")
        | some.tuples(inner, repeats).map(lambda pair: f"(?:{pair[0]}){pair[1]}")
    )


@given(text=some.recursive(ATOMS, _grown, max_leaves=6), word=some.text("abx.1", max_size=7))
def test_a_text_is_matched_as_python_matches_it(text: str, word: str):
    assert pattern(text).matches(word) == (re.fullmatch(text, word) is not None)


@pytest.mark.parametrize(
    ("text", "word", "held"),
    [
        ("(?i)get|post", "GET", True),
        ("(?i:get)x", "GETX", False),
        ("^a$", "a", True),
        (r"\bfoo\b.*", "foo bar", True),
        ("(?P<code>5..)", "503", True),
        ("[]a]+", "]a", True),
        ("a{,2}", "a{,2}", True),  # the letters themselves, in Go
        ("/v[12](/[^/]+)*", "/v1/users/me", True),
        ("", "", True),
        ("a||b", "", True),
        (r"\x41+", "AA", True),
        (r"\\Z", r"\Z", True),
    ],
)
def test_the_notations_of_prometheus_are_read(text: str, word: str, *, held: bool):
    assert pattern(text).matches(word) is held


@pytest.mark.parametrize(
    "text",
    [
        r"a\Z",
        r"\u0041b",
        r"\N{BULLET}",
        "(?>a)b",
        "a++b",
        "(?P<x>a)(?P=x)",
        "(?#words)a",
        "(a)?(?(1)b|c)",
        "(?=a)b",
        "(?<!a)b",
        r"(a)\1",
        "x{1001}",
        "((x{100}){100}){100}",
        "(" * 5000 + "a" + ")" * 5000,
        "(",
        "a**",
    ],
)
def test_what_prometheus_refuses_is_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        pattern(text)


@pytest.mark.parametrize("text", ["(a+)+b", "(a|a)*b", "(a+a+)+b", "a?" * 40 + "a" * 40])
def test_no_expression_needs_ages(text: str):
    assert not pattern(text).matches("a" * 39 + "!")
