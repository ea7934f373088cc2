"""The formats: whole outputs, the same figures in each of them, and names that try to break out."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.reported import Counted, Texts, october, pages, shop, squeezed, unescaped, whole
from vcci_platform.reliability.reports import FORMATS, figures, render
from vcci_platform.reliability.reports.compose import compose
from vcci_platform.reliability.reports.document import Facts, Picture, Sentence, Table
from vcci_platform.reliability.reports.sheet import COLUMNS
from vcci_slo.burn import Traffic

GOLDEN = Path(__file__).parents[3] / "golden" / "reports"


@pytest.mark.parametrize("form", ["md", "html", "json", "csv"])
def test_the_whole_output_is_as_it_was_read_by_a_person(form):
    """`VCCI_GOLDEN=write` writes the files anew; then read their diff."""
    content = render(whole(), form)
    path = GOLDEN / f"october.{form}"
    if os.environ.get("VCCI_GOLDEN") == "write":
        path.write_bytes(content)

    assert content == path.read_bytes()


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_report_gives_the_same_bytes(form):
    assert render(october(), form) == render(october(), form)


def figures_of(report) -> dict[str, list[str]]:
    """Return every figure of a document, by the block that it stands in."""
    found: dict[str, list[str]] = {}
    for section in compose(report).sections:
        for number, block in enumerate(section.blocks):
            match block:
                case Facts(facts):
                    texts = [text for fact in facts for text in (fact.title, fact.value, fact.note)]
                case Table():
                    texts = [cell for row in block.rows for cell in row]
                case Sentence(text, _):
                    texts = [text]
                case Picture(title, words, _, _):
                    texts = [title, words]
            found[f"{section.key} {number}"] = [text for text in texts if text]
    return found


@pytest.mark.parametrize("form", ["md", "html", "pdf"])
def test_every_figure_stands_in_every_printed_format_in_the_same_order(form):
    report = whole()
    content = render(report, form)
    if form == "pdf":
        text = squeezed("".join(pages(content)))
    elif form == "html":
        text = squeezed("".join(Texts(content.decode()).words))
    else:
        text = squeezed(unescaped(content.decode()))

    for place, texts in figures_of(report).items():
        for wanted in texts:
            assert squeezed(wanted) in text, (place, wanted)
        if form != "pdf" and all(len(cell) < 20 for cell in texts):  # a page may end between two rows
            assert re.search(r"[^0-9]*?".join(re.escape(squeezed(cell)) for cell in texts), text), place


def test_the_numbers_of_json_are_the_figures_of_the_document():
    report = whole()
    data = json.loads(render(report, "json"))

    for promise, found in zip(data["promises"], report.promises, strict=True):
        texts = " ".join(text for texts in figures_of(replace(report, promises=(found,))).values() for text in texts)
        account, budget = promise["account"], found.slo.budget
        assert figures.percent(account["sli"], budget) in texts
        assert figures.share(account["budget"]["left"]) in texts
        assert figures.amount(account["budget"]["events"]) in texts
        for name in ("minutes", "minutes_spent", "minutes_left"):
            assert figures.minutes(timedelta(minutes=account["budget"][name])) in texts, name
        for day in promise["days"]:
            if day["observed"]:
                row = (figures.percent(day["sli"], budget), figures.amount(day["bad"]), figures.amount(day["total"]))
                assert " ".join(row) in texts, day["day"]


def test_the_rows_of_csv_are_the_numbers_of_json():
    report = whole()
    data = json.loads(render(report, "json"))
    rows = list(csv.DictReader(io.StringIO(render(report, "csv").decode(), newline="")))

    for promise in data["promises"]:
        own = [row for row in rows if row["promise"] == promise["name"]]
        days = [row for row in own if row["row"] == "day"]
        period = next(row for row in own if row["row"] == "period")
        assert (float(period["bad"]), float(period["total"])) == (
            promise["account"]["bad"],
            promise["account"]["total"],
        )
        assert float(period["sli"]) == promise["account"]["sli"]
        assert float(period["minutes_left"]) == promise["account"]["budget"]["minutes_left"]
        assert [row["day"] for row in days] == [day["day"] for day in promise["days"]]
        assert [row["verdict"] for row in days] == [day["verdict"] for day in promise["days"]]
        assert [row["sli"] for row in days] == [
            "" if day["sli"] is None else str(day["sli"]) for day in promise["days"]
        ]
        assert sum(float(row["bad"]) for row in days) == pytest.approx(float(period["bad"]))
        kinds = [(row["row"], row["name"]) for row in own if row["row"] in {"incident", "release", "correction"}]
        assert kinds == [("release", "v2.14"), ("incident", "I-17"), ("correction", "upgrade")]
    assert {tuple(row) for row in rows} == {COLUMNS}


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_tells_what_a_reader_must_not_overlook(form):
    """Who took what out and why, who counted, that nobody else did, and what happened."""
    content = render(october(), form)
    text = "".join(pages(content)) if form == "pdf" else unescaped(content.decode())

    for word in ("maria", "announced on 1 October", "Requests fail after the release", "Version 2.14", "unknown"):
        assert squeezed(word) in squeezed(text), word
    assert "self" in text.lower()
    assert "a test's source" in text.replace("&#39;", "'")


@pytest.mark.parametrize("form", FORMATS)
def test_parts_of_a_grouped_promise_stand_in_every_format(form):
    class Grouped(Counted):
        def groups(self, slo, span):
            return {(("tenant", "=acme"),): Traffic(7.0, 12345.0, 1.0)}

    slos = {"errors": {"good": "api.requests", "objective": "99.9%", "by": ["tenant"]}}

    content = render(october(shop(slos=slos), source=Grouped()), form)

    text = "".join(pages(content)) if form == "pdf" else unescaped(content.decode())
    assert "acme" in text
    assert "12345" in text.replace(",", "")
