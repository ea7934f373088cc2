"""A review goes out as Markdown and comes back as it was; what is not understood names its line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.incidents.review.markdown import Misread, parse, render
from vcci_platform.incidents.review.model import ENTERED, TEXTS, Item, ItemKind, Line, Review, Stage

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
URL = "http://127.0.0.1:8010/incidents/inc_11"

REVIEW = Review(
    incident="inc_11",
    title="APIHighErrorRate: 7.1 % of requests fail",
    version=3,
    stage=Stage.IN_REVIEW,
    facts=("Severity: P0", "Requests: unknown"),
    timeline=(
        Line(NINE, NINE + timedelta(seconds=12), "alert_firing", "evaluator", "APIHighErrorRate", 41),
        Line(NINE + timedelta(minutes=1), NINE + timedelta(minutes=1), "added", "ada", "the pool was full"),
    ),
    items=(
        Item(ItemKind.PREVENT, "Cap the pool", "ada", date(2026, 3, 9), "https://tracker.example/OPS-11", id=5),
        Item(ItemKind.TRAINING, "Teach the rollback", done=True),
    ),
    summary="The API failed.\n\n- for 12 minutes",
    causes="The pool was full.\n\n```\n# not a heading\n```",
    users="about 300",
    revenue="EUR 11,000",
)

printable = st.text(max_size=60)
words = printable.filter(lambda text: bool(" ".join(text.split())))
markdown = st.one_of(
    printable,
    st.lists(
        st.one_of(
            printable,
            st.sampled_from(
                [
                    "## Timeline",
                    "### Action Items",
                    "\\### Timeline",
                    "\\\\## x",
                    "---",
                    "<!-- end of facts -->",
                    "- [ ] a",
                ]
            ),
        ),
        max_size=5,
    ).map("\n".join),
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
lines = st.builds(Line, moments, moments, printable, printable, words, st.one_of(st.none(), st.integers(1, 10**12)))
names = st.text(max_size=20).filter(lambda text: not set(text) & set(";{}"))
items = st.builds(
    Item,
    st.sampled_from(ItemKind),
    words,
    names,
    st.one_of(st.none(), st.dates()),
    st.sampled_from(["", "https://tracker.example/OPS-11", "http://t/?a=b&c=(d)#e"]),
    st.booleans(),
    st.integers(0, 10**12),
)
reviews = st.builds(
    Review,
    incident=st.just("inc_11"),
    title=words,
    version=st.integers(1, 10**6),
    stage=st.sampled_from(Stage),
    facts=st.lists(words.filter(lambda text: "<!--" not in text and not text.strip().startswith("-"))).map(tuple),
    timeline=st.lists(lines, max_size=5).map(tuple),
    items=st.lists(items, max_size=5).map(tuple),
    **dict.fromkeys((*TEXTS, "public"), markdown),
    **dict.fromkeys(ENTERED, printable),
)


@given(reviews)
def test_what_goes_out_comes_back_as_it_was(review: Review) -> None:
    assert parse(render(review)) == review
    assert parse(render(review, URL)) == review


@given(reviews)
def test_line_ends_of_another_system_change_nothing(review: Review) -> None:
    assert parse("\ufeff" + render(review).replace("\n", "\r\n")) == review


def test_the_manual_is_followed_and_each_line_names_its_source() -> None:
    text = render(REVIEW, URL)

    assert "## Post-Incident Review: APIHighErrorRate: 7.1 % of requests fail" in text
    headings = [row.removeprefix("### ") for row in text.split("\n") if row.startswith("### ")]
    assert headings == [
        "Incident Summary",
        "Timeline",
        "Root Cause",
        "Resolution",
        "Action Items",
        "What Went Well",
        "What Could Be Improved",
        "For Customers",
    ]
    assert (
        "- 2026-03-02T09:00:00Z (heard 2026-03-02T09:00:12Z) `alert_firing` by `evaluator`: APIHighErrorRate "
        f"([line 41]({URL}#line-41))" in text
    )
    assert (
        "- [ ] Prevent recurrence: Cap the pool "
        "{owner: ada; due: 2026-03-09; tracker: https://tracker.example/OPS-11; id: 5}" in text
    )


def test_a_person_may_write_as_little_as_needed() -> None:
    text = (
        "---\nincident: inc_11\nversion: 2\n---\n## Post-Incident Review: Slow\n\n### Timeline\n"
        "- 2026-03-02T10:12+01:00 the pool was full\n\n### Action Items\n- [ ] Improve detection: alert on it\n"
        "- [x] call the vendor {owner: ada}\n"
    )
    review = parse(text)

    at = datetime(2026, 3, 2, 9, 12, tzinfo=UTC)
    assert review.timeline == (Line(at, at, "added", "somebody", "the pool was full"),)
    assert review.items == (
        Item(ItemKind.DETECT, "alert on it"),
        Item(ItemKind.OTHER, "call the vendor", "ada", done=True),
    )
    assert (review.version, review.stage, review.summary) == (2, Stage.DRAFT, "")


def text_with(old: str, new: str) -> str:
    text = render(replace(REVIEW, causes="The pool was full."), URL)
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("---\nincident", "incident", "line 1: expected a head between two lines of ---, found 'incident: inc_11'"),
        ("version: 3", "version: three", "line 2: expected the version that was exported, a number, found 'three'"),
        ("stage: in-review", "stage: done", "expected one of draft, in-review, published as stage, found 'done'"),
        ("users:", "severity: P3\nusers:", "in the head, found severity"),
        ("users: about 300", "users: [", "expected a head in YAML"),
        ("### Root Cause", "### Causes", "'### What Could Be Improved', '### For Customers'; a heading of your own"),
        ("### Resolution", "### Root Cause", "expected '### Root Cause' once, found it a second time"),
        ("## Post-Incident Review: APIHighErrorRate", "# APIHighErrorRate", "expected one of '### Incident Summary'"),
        ("- 2026-03-02T09:00:00Z (heard", "- at nine (heard", "expected a moment with its zone such as"),
        ("- 2026-03-02T09:01:00Z", "* 09:01", "line 25: expected a line such as '- 2026-03-02T09:12Z what happened'"),
        ("due: 2026-03-09", "due: soon", "expected a day such as due: 2026-03-09, found 'soon'"),
        ("tracker: https://tracker.example/OPS-11", "tracker: javascript:x", "begins with http:// or https://"),
        (
            "owner: ada",
            "who: ada",
            "expected owner, due, tracker or id, each with a value, in braces, found 'who: ada'",
        ),
        ("- [x] Training", "- Training", "expected an item such as '- [ ] Prevent recurrence: …'"),
    ],
)
def test_what_is_not_understood_names_its_line(old: str, new: str, said: str) -> None:
    with pytest.raises(Misread) as caught:
        parse(text_with(old, new))

    assert said in str(caught.value)
