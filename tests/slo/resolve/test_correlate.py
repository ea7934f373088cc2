"""What becomes one incident: the patterns are Alertmanager's too, which reads them as RE2."""

from __future__ import annotations

import pytest

from vcci_slo import SpecError
from vcci_slo.testing import a_plan


@pytest.mark.parametrize(
    ("pattern", "because"),
    [
        (r"(a)\1", "a reference back"),
        ("(?=a)b", "a group of a kind that Prometheus does not know"),
        ("(?<!a)b", "a group of a kind that Prometheus does not know"),
        ("(?>a+)b", "a group of a kind that Prometheus does not know"),
        ("a++b", "a repeat of a repeat"),
        (r"eu-.*\Z", "which Prometheus does not know"),
        ("x{2000}", "more than 1000 repeats"),
        ("(", "missing )"),
    ],
)
def test_a_pattern_that_alertmanager_would_refuse_is_refused_with_its_place_and_reason(pattern: str, because: str):
    """Python reads most of them: the generated file was the first that nobody could load."""
    with pytest.raises(SpecError) as caught:
        a_plan(incidents={"correlate": [{"match": {"region": pattern}, "by": "region"}]})

    (problem,) = [str(problem) for problem in caught.value.problems]
    assert "incidents.correlate[0].match.region" in problem
    assert "a regular expression that Alertmanager reads (RE2)" in problem
    assert because in problem


def test_what_both_read_is_taken():
    found = a_plan(incidents={"correlate": [{"match": {"region": r"(?i:eu)-(west|north)-\d+"}, "by": "region"}]})

    assert found.incidents.correlate[0].match == (("region", r"(?i:eu)-(west|north)-\d+"),)
