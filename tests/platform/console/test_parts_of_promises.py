"""The page of a promise that is kept apart by labels shows its worst parts, and leads to the rest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from vcci_platform.reliability.groups import key_of_group
from vcci_platform.reliability.store import Increment
from vcci_slo.testing import a_spec

SPEC = a_spec(
    links={"grafana": "https://g.example"},
    slos={
        "errors": {"good": "api.requests", "objective": "99%", "by": ["cluster"]},
        "whole": {"good": "api.requests", "objective": "99%"},
    },
)


@pytest.fixture
def apart(open_console, tmp_path):
    (tmp_path / "vcci.yaml").write_text(SPEC, encoding="utf-8")
    with open_console(tmp_path, spec=tmp_path / "vcci.yaml") as console:
        yield console


def counted(console, **bad):
    """Let parts have been observed for the last hour, each with a thousand requests."""
    now = console.clock.now()
    console.reliability.store.keep(
        [
            Increment(key_of_group("errors", (("cluster", name),)), now - timedelta(hours=1), now, count, 1000)
            for name, count in bad.items()
        ],
        {},
    )


def test_the_worst_part_comes_first_with_its_budget_its_burn_and_its_dashboard(apart):
    counted(apart, calm=0, hot=50, warm=5)

    page = apart.get("/slos/errors")

    words = page.text
    table = words[words.index("Each cluster by itself") :]
    assert table.index("hot") < table.index("warm") < table.index("calm")
    assert "-400" in table
    assert "exhausted" in table
    links = [given["href"] for given in page.all("a") if given.get("href", "").endswith("var-cluster=hot")]
    assert links == ["https://g.example/d/slo-tracking?var-slo=errors&var-cluster=hot"]


def test_of_many_parts_the_worst_twenty_are_shown_and_the_rest_is_linked(apart):
    counted(apart, **{f"c{n:02}": n for n in range(45)})

    page = apart.get("/slos/errors")

    assert "The 20 with the least budget of 45" in page.text
    assert "c44" in page.text
    assert "c24" not in page.text
    assert "/v1/slos/errors/parts" in page.ways


def test_before_any_part_was_seen_the_page_says_so(apart):
    assert "Nothing was seen of any cluster yet." in apart.get("/slos/errors").text


def test_a_promise_without_labels_has_no_such_list(apart):
    assert "by itself" not in apart.get("/slos/whole").text


def test_hostile_values_of_labels_are_words(apart):
    now = apart.clock.now()
    labels = (("cluster", '<b>"&x'),)
    apart.reliability.store.keep(
        [Increment(key_of_group("errors", labels), now - timedelta(hours=1), now, 1, 1000)], {}
    )

    page = apart.get("/slos/errors")

    assert '<b>"&x' in page.text
    assert "https://g.example/d/slo-tracking?var-slo=errors&var-cluster=%3Cb%3E%22%26x" in {
        given.get("href") for given in page.all("a")
    }
