"""Patterns as Go reads them, and refuses them."""

from __future__ import annotations

import pytest

from vcci_slo.formats.sloth import SlothError
from vcci_slo.formats.sloth.regex import compiled


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("sub/", "specs/sub/a.yml", True),
        ("^specs", "more/specs", False),
        ("(?i)ABC", "abc.yml", True),
        ("[[:digit:]_]+", "a_b", True),
        ("^[[:alpha:]]+$", "a11", False),
        (r"[^[:space:]]", " \t", False),
        (r"\.yml\z", "a.yml", True),
        (r"\.yml\z", "a.yml\n", False),
        (r"\\\\z", "\\\\z", True),
    ],
)
def test_a_pattern_finds_what_go_finds(pattern, text, found):
    assert bool(compiled(pattern).search(text)) is found


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a(", "error parsing regexp: missing closing ): `a(`"),
        ("a)b", "error parsing regexp: unexpected ): `a)b`"),
        ("a[bc", "error parsing regexp: missing closing ]: `[bc`"),
        ("*.yml", "error parsing regexp: missing argument to repetition operator: `*`"),
    ],
)
def test_what_is_no_pattern_is_refused_in_gos_words(pattern, message):
    with pytest.raises(SlothError) as refused:
        compiled(pattern)

    assert str(refused.value) == message
