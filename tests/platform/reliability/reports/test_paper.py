"""A report on paper: a title, numbered pages, charts as vectors, and a press that may fail alone."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from support.reported import october, squeezed, whole
from vcci_platform.reliability.reports import render
from vcci_platform.reliability.reports.pdf import PressError


def test_a_pdf_has_a_title_a_date_of_the_report_and_numbered_pages():
    report = whole()
    reader = PdfReader(io.BytesIO(render(report, "pdf")))
    count = len(reader.pages)

    assert reader.metadata.title == "Service level report: October 2026, shop, all promises"
    assert reader.metadata.creation_date == report.made_at
    for number, page in enumerate(reader.pages, start=1):
        assert f"Page{number}of{count}" in squeezed(page.extract_text())


def test_charts_are_vectors_and_their_labels_are_text():
    reader = PdfReader(io.BytesIO(render(whole(), "pdf")))
    text = "".join(page.extract_text() for page in reader.pages)

    assert sum(len(page.images) for page in reader.pages) == 0
    assert "spent evenly" in text
    assert "objective 99.9%" in text


def test_a_report_is_an_archivable_pdf():
    """PDF/A: its fonts are inside, and every letter can be copied."""
    assert b"pdfaid:part" in PdfReader(io.BytesIO(render(october(), "pdf"))).xmp_metadata.stream.get_data()


def test_a_document_that_cannot_be_set_is_told_in_one_sentence(monkeypatch, tmp_path):
    press = tmp_path / "press.py"
    press.write_text("import sys; sys.stderr.write('no ink\\n'); sys.exit(1)")
    monkeypatch.setattr("vcci_platform.reliability.reports.pdf.PRESS", press)

    with pytest.raises(PressError, match=r"^the PDF could not be made: no ink$"):
        render(october(), "pdf")


def test_a_press_that_hangs_is_stopped(monkeypatch, tmp_path):
    press = tmp_path / "press.py"
    press.write_text("import time; time.sleep(60)")
    monkeypatch.setattr("vcci_platform.reliability.reports.pdf.PRESS", press)
    monkeypatch.setattr("vcci_platform.reliability.reports.pdf.PRESS_SECONDS", 0.2)

    with pytest.raises(PressError, match=r"ask for fewer days"):
        render(october(), "pdf")
