"""Names that try to break out of a report: of its page, its paper, its tables, its cells."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from support.reported import OCTOBER, Remembered, Texts, a_correction, october, pages, squeezed
from vcci_platform.reliability.accounting import Occasion
from vcci_platform.reliability.reports import render
from vcci_platform.reliability.reports.compose import compose
from vcci_platform.reliability.reports.markdown import escaped, to_markdown
from vcci_platform.reliability.reports.pdf import to_pdf
from vcci_platform.reliability.reports.plain import one_line
from vcci_platform.reliability.reports.sheet import COLUMNS, guarded
from vcci_platform.reliability.reports.web import policy, to_html

HOSTILE = (
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "</style></svg><b>",
    "#import \"@preview/x:1.0.0\": * #read(\"/etc/passwd\")",
    "$ x $ `code` *bold* _it_ <label> @ref \\ // /* ] )",
    "| a | [link](javascript:alert(1)) ![i](https://evil.example/x.png)",
    "line\n## heading\r\n---\x00\x1b[31m",
    "=HYPERLINK(\"https://evil.example\")",
    "+1", "-1", "@SUM(A1)", "\t=1", "\u202eesrever",
    "```\n# out",
    "{{ 7*7 }} {% raw %}",
    "日本語 \N{ROCKET} عربى \ufffe\uffff \ue000",
    "",
)  # fmt: skip


def hostile(text):
    class Hostile(Remembered):
        def corrections(self):
            return (a_correction(text, OCTOBER.span.start, timedelta(hours=1), who=text, why=text, reference=text),)

        def occasions(self, slo, span):
            return (Occasion("incident", text, text, text, OCTOBER.span.start, None),)

    report = october(chronicle=Hostile())
    bad = replace(
        report.promises[0], slo=replace(report.promises[0].slo, name=text, words=text, component=text, team=text)
    )
    return replace(report, title=text, scope=text, source=text, resolution=text, promises=(bad, report.promises[0]))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_only_a_text_in_html(text):
    page = to_html(compose(hostile(text)))
    tame = Texts(to_html(compose(hostile("tame"))))

    found = Texts(page)

    assert found.tags == tame.tags
    assert [name for name, _ in found.attributes] == [name for name, _ in tame.attributes]
    assert not {"script", "img", "link", "iframe"} & set(found.tags)
    assert not any(name.startswith("on") or name == "style" for name, _ in found.attributes)
    assert str(escape(one_line(text))) in page


FOREIGN = HOSTILE[-2]


def test_a_writing_that_no_font_here_has_leaves_a_report_on_paper():
    """PDF/A refuses a letter without a font, so a Japanese title of an incident left nobody a report."""
    report = hostile(FOREIGN)

    shown = "".join(pages(to_pdf(compose(report), report.made_at)))

    assert "Compliance by day" in shown
    assert "عربى" in shown


@pytest.mark.parametrize("text", [text for text in HOSTILE if text != FOREIGN])
def test_a_hostile_name_is_only_a_text_in_a_pdf(text):
    report = hostile(text)

    content = to_pdf(compose(report), report.made_at)

    shown = squeezed("".join(pages(content)))
    assert squeezed(one_line(text)).replace("//", "")[:12] in shown.replace("//", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_only_a_text_in_markdown(text):
    report, tame = (to_markdown(compose(hostile(name))) for name in (text, "tame"))

    found, wanted = without_letters(report), without_letters(tame)
    assert len(report.splitlines()) == len(tame.splitlines())
    assert headings(found) == headings(wanted)
    assert bars(found) == bars(wanted)
    assert not re.search(r"(?<!\\)[<`\[]", found)


def without_letters(text):
    """Return a report without its pictures in letters, where everything is only text."""
    return re.sub(r"(?ms)^(`{3,})text\n.*?^\1$", "", text)


def headings(text):
    return [line.split(" ")[0] for line in text.splitlines() if line.startswith("#")]


def bars(text):
    return [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_no_formula_and_no_row_in_csv(text):
    report = hostile(text)
    rows = list(csv.reader(io.StringIO(render(report, "csv").decode(), newline="")))

    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert len(rows) == len(list(csv.reader(io.StringIO(render(hostile("tame"), "csv").decode(), newline=""))))
    for row in rows:
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r")) or re.fullmatch(r"[+-]?[\d.e-]+", cell)
            assert not cell.startswith("-") or re.fullmatch(r"-[\d.e-]+", cell)


@given(st.text(max_size=60))
def test_no_text_starts_a_line_a_formula_or_a_markup(text):
    assert "\n" not in one_line(text)
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert not re.search(r"(?<!\\)(?:\\\\)*[`\[<|*_]", escaped(text))


def test_the_page_allows_its_own_style_and_nothing_else():
    page = to_html(compose(october()))

    assert policy() in page.replace("&#39;", "'")
    assert "unsafe" not in policy()
    assert policy().startswith("default-src 'none'; style-src 'sha256-")
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
