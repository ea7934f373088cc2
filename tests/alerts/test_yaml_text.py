"""The YAML writer, read back by PyYAML: whatever the document, it is the same."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from vcci_alerts.yaml_text import yaml_text

TEXTS = some.text(some.characters(exclude_categories=["Cs"]), max_size=30) | some.text(
    alphabet="aA0-:#'\"{}[]|>&*!%@`~ \n.,+/=yno", max_size=12
)
SCALARS = TEXTS | some.integers() | some.booleans() | some.none() | some.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS = some.recursive(
    SCALARS,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(document=some.lists(DOCUMENTS, max_size=3) | some.dictionaries(TEXTS, DOCUMENTS, max_size=3))
def test_every_document_is_read_back_as_it_was(document: object):
    assert yaml.safe_load(yaml_text(document, source="spec.yaml")) == document


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("5m", "5m"),
        ("1e3", "'1e3'"),
        ("09:00", "'09:00'"),
        ("no", "'no'"),
        ("0x10", "'0x10'"),
        ("{{ $value }}", "'{{ $value }}'"),
        ("it's", "it's"),
        ("a: b", "'a: b'"),
        ('sum(x{a="b"}[5m]) > 1', 'sum(x{a="b"}[5m]) > 1'),
        ("a\nand b", "|-\n  a\n  and b"),
        ("a\n", '"a\\n"'),
    ],
)
def test_a_text_is_quoted_where_any_reader_could_mistake_it(text: str, written: str):
    assert yaml_text({"k": text}, source="s").splitlines()[1:] == f"k: {written}".splitlines()
