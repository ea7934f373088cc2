"""Samples of a scrape, and how counters are compared."""

import pytest

from vcci_platform.reliability.samples import aggregate, changed, parse, select
from vcci_slo.promql.matchers import parse_matchers

TEXT = """\
# TYPE jobs_total counter
jobs_total{queue="mail",job="theirs"} 11
jobs_total{queue="files"} 12
# TYPE age gauge
age{queue="mail"} 13.5
"""


def test_the_labels_of_the_target_win():
    samples = parse(TEXT, {"job": "ours"})

    assert samples["jobs_total"] == {
        (("job", "ours"), ("queue", "mail")): 11.0,
        (("job", "ours"), ("queue", "files")): 12.0,
    }


def test_a_counter_keeps_the_name_that_is_exposed():
    samples = parse("# TYPE blks_hit counter\nblks_hit 11\n# TYPE jobs_total counter\njobs_total 12\n", {})

    assert samples == {"blks_hit": {(): 11.0}, "jobs_total": {(): 12.0}}


def test_only_what_is_wanted_is_kept():
    assert set(parse(TEXT, {}, only=frozenset({"age"}))) == {"age"}


def test_openmetrics_is_read_too():
    samples = parse("# TYPE jobs counter\njobs_total 3.0\n# EOF\n", {})

    assert samples["jobs_total"] == {(): 3.0}


def test_what_is_no_exposition_is_refused():
    with pytest.raises(ValueError, match=r"."):
        parse("<html>not found</html>", {})


def test_series_are_selected_by_every_matcher():
    samples = parse(TEXT, {})

    assert list(select(samples, "jobs_total", parse_matchers('queue=~"m.*",job!=""'))) == [
        (("job", "theirs"), ("queue", "mail"))
    ]


def test_groups_are_those_of_promql():
    series = parse('a{x="1",y="1"} 11\na{x="1",y="2"} 12\na{x="2",y="1"} 13\n', {})["a"]

    assert aggregate(series, "max", ("x",)) == {(("x", "1"),): 12, (("x", "2"),): 13}
    assert aggregate(series, "avg", ()) == {(): 12}
    assert aggregate({}, "max", ()) == {}


@pytest.mark.parametrize(("before", "after", "growth"), [(None, 5, 5), (3, 5, 2), (5, 5, 0), (5, 2, 2)])
def test_a_counter_that_fell_was_reset(before, after, growth):
    assert changed(before, after) == growth
