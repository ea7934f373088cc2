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


@pytest.mark.parametrize(
    ("line", "labels", "value"),
    [
        ('hits{path="/a b # {c}"} 11', {"path": "/a b # {c}"}, 11.0),
        ('hits{path="/a"} 12 1700000000000', {"path": "/a"}, 12.0),
        ('hits{path="/a"}\t13', {"path": "/a"}, 13.0),
        ("hits 1.4e1", {}, 14.0),
        ("hits 15 1700000000000", {}, 15.0),
    ],
)
def test_each_way_to_write_a_line_is_read_the_same_in_every_scrape(line: str, labels: dict[str, str], value: float):
    expected = {"hits": {tuple(sorted(labels.items())): value}}

    assert [parse(f"# TYPE hits counter\n{line}\n", {}) for _ in range(2)] == [expected, expected]


def test_a_series_that_is_known_from_a_scrape_has_the_value_of_the_next_and_the_labels_of_its_target():
    first, next_one = (parse(f'hits{{path="/a"}} {value}\n', {"job": job}) for value, job in ((11, "api"), (12, "web")))

    assert first == {"hits": {(("job", "api"), ("path", "/a")): 11.0}}
    assert next_one == {"hits": {(("job", "web"), ("path", "/a")): 12.0}}


@pytest.mark.parametrize(
    "line", ["hits{path=/a} 1", 'hits{path="/a"} 1_0', "hits", 'hits{path="/a"} one', "# TYPE hits"]
)
def test_a_line_that_is_none_is_refused_wherever_it_stands(line: str):
    with pytest.raises(ValueError, match=r"|."):
        parse(f"known 11\n{line}\nknown 12\n", {})


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
