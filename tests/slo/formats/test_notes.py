"""What a conversion notes about values that did not arrive as they were."""

import pytest

from vcci_slo.formats.notes import Note


@pytest.mark.parametrize(
    ("file", "where", "start"),
    [("a.yaml", "slos.errors", "a.yaml: slos.errors: lost "), ("a.yaml", "", "a.yaml: lost "), ("", "", "lost ")],
)
def test_a_place_that_is_not_known_leaves_no_gap(file, where, start):
    """It was `a.yaml: : lost the name`."""
    assert str(Note("lost", file, where, "the name", "nobody asks")) == (f"{start}the name: nobody asks")
