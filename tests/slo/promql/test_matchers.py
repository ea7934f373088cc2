"""Label matchers, read, written and applied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.promql.matchers import Matcher, equalities, parse_matchers, selector

LABELS = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
MATCHERS = st.builds(Matcher, LABELS, st.sampled_from(["=", "!="]), st.text(max_size=12))


@given(st.lists(MATCHERS, max_size=4))
def test_what_is_written_is_read_back(matchers):
    assert parse_matchers(", ".join(map(str, matchers))) == tuple(matchers)


def test_a_regular_expression_matches_the_whole_value():
    assert Matcher("status", "=~", "5..").holds({"status": "503"})
    assert not Matcher("status", "=~", "5.").holds({"status": "503"})


def test_an_absent_label_is_empty():
    assert Matcher("queue", "=", "").holds({})
    assert Matcher("queue", "!=", "reports").holds({})
    assert Matcher("status", "!~", "4..").holds({})


@pytest.mark.parametrize(
    "text", ['job="api" status="x"', "job=api", 'job="api",,', '9job="a"', 'a=~"("', 'job="a', "{}"]
)
def test_what_is_no_list_of_matchers_is_refused(text):
    with pytest.raises(ValueError, match="expected"):
        parse_matchers(text)


def test_a_selector_says_each_matcher_once():
    job = Matcher("job", "=", "api")

    assert selector("up", (job, Matcher("env", "!=", "x"), job)) == 'up{job="api",env!="x"}'
    assert selector("up") == "up"


def test_only_equalities_can_be_put_on_a_scrape():
    assert equalities(parse_matchers('job="api",env=~"a|b",zone!="c"')) == {"job": "api"}
