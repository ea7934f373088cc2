"""A published review is read by everybody: what alerts say and people write runs nothing in a browser."""

from __future__ import annotations

from datetime import timedelta

import markdown
import pytest

from vcci_platform.incidents.review.model import Line, Review
from vcci_platform.incidents.review.website import page_of
from vcci_platform.incidents.testing import NINE

EVIL = "<script>window.PWN=1</script> <img src=http://evil.example/t.png> ![x](http://evil.example/u.png)"


def shown(review: Review) -> str:
    text = page_of(review, NINE + timedelta(days=1))
    return markdown.markdown(text.split("\n---\n", 1)[1], extensions=["attr_list", "md_in_html"])


@pytest.mark.parametrize(
    "review",
    [
        Review("inc_11", EVIL),
        Review("inc_11", "Slow", facts=(EVIL,)),
        Review("inc_11", "Slow", timeline=(Line(NINE, NINE, "alert_firing", "alertmanager", EVIL, 3),)),
        Review("inc_11", "Slow", timeline=(Line(NINE, NINE, "note", "`ada` " + EVIL, "seen", 3),)),
        Review("inc_11", "Slow", causes=EVIL),
        Review("inc_11", "Slow", summary=f"`a\n\n{EVIL}\n\n`"),
    ],
)
def test_nothing_that_was_said_runs_in_a_browser(review: Review) -> None:
    """An alert's summary with a script in it ran on the site, seven times on one page."""
    page = shown(review)

    assert "<script" not in page
    assert "<img" not in page


def test_a_link_that_runs_something_is_none() -> None:
    page = shown(Review("inc_11", "Slow", causes="[a](javascript:alert(1)) [b][c]\n\n[c]: javascript:alert(2)"))

    assert "href" not in page


def test_what_an_alert_says_is_shown_to_the_letter_and_people_write_markdown() -> None:
    line = Line(NINE, NINE, "alert_firing", "alertmanager", "rate_5m > 2 & *rising*", 3)
    page = shown(Review("inc_11", "Slow", timeline=(line,), causes="see **the** [log](https://logs.example)"))

    assert "rate_5m &gt; 2 &amp; *rising*" in page
    assert '<strong>the</strong> <a href="https://logs.example">log</a>' in page
