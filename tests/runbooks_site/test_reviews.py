"""Published reviews on the site: a list of them, the newest first, and a page for each."""

from __future__ import annotations

from vcci_runbooks_site.rendering import orphans, render
from vcci_slo.testing import a_plan

REVIEW = """---
purpose: 'Review of inc_{number}: the pool was full'
reviewed: 2026-03-0{number}
---
# The pool was full

## Root Cause

It was too small.
"""


def with_reviews(content: dict[str, str]) -> dict[str, str]:
    made = {f"reviews/2026-03-0{number}-inc_{number}.md": REVIEW.format(number=number) for number in (2, 3)}
    return {**content, **made}


def test_reviews_are_listed_the_newest_first_and_have_a_page_each(content):
    plan = a_plan(metadata__name="vcci")
    files = render(plan, with_reviews(content))

    listed = files["docs/reviews/index.md"]
    assert 0 < listed.index("2026-03-03-inc_3.md") < listed.index("2026-03-02-inc_2.md")
    assert "It was too small." in files["docs/reviews/2026-03-02-inc_2.md"]
    assert "Incident reviews: reviews/index.md" in files["mkdocs.yml"]


def test_without_reviews_the_site_says_nothing_of_them(content):
    files = render(a_plan(metadata__name="vcci"), content)

    assert not [path for path in files if path.startswith("docs/reviews/")]
    assert "reviews/index.md" not in files["mkdocs.yml"]


def test_a_review_belongs_to_every_plan(content):
    plan = a_plan(metadata__name="vcci")

    assert not [path for path in orphans(plan, with_reviews(content)) if path.startswith("reviews/")]
