"""Which documents a file holds and what each of them is, decided on the raw text as Sloth decides it."""

from __future__ import annotations

import pytest

from vcci_slo.formats.sloth import Kind, kind_of, split_documents


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("version: prometheus/v1", Kind.PROMETHEUS),
        ('version:   "prometheus/v1"  ', Kind.PROMETHEUS),
        ("service: a\nversion: 'prometheus/v1'\nslos: []", Kind.PROMETHEUS),
        ("version: prometheus/v1\r\nservice: a", Kind.PROMETHEUS),
        ("version: prometheus/v999", None),
        ("version:prometheus/v1", None),
        (" version: prometheus/v1", None),
        ("version: prometheus/v1 # the first", None),
        ("kind: PrometheusServiceLevel\napiVersion: sloth.slok.dev/v1", Kind.KUBERNETES),
        ("apiVersion: 'sloth.slok.dev/v1'\nkind: \"PrometheusServiceLevel\" ", Kind.KUBERNETES),
        ("kind: PrometheusServiceLevel\r\napiVersion: sloth.slok.dev/v1", None),
        ("kind: PrometheusServiceLevel", None),
        ("apiVersion: openslo/v1alpha\nkind: SLO", Kind.OPENSLO),
        ("apiVersion: openslo/v1\nkind: SLO", None),
        ("apiVersion: openslo/v1alpha\nkind: Service", None),
        ("", None),
    ],
)
def test_a_document_is_what_its_lines_say_not_what_its_yaml_means(text, kind):
    assert kind_of(text) == kind


def test_documents_are_cut_at_every_line_that_starts_with_three_dashes():
    assert split_documents("a: 1\n---\nb: 2\n--- # a comment\nc: 3\n---d: 4") == (
        "a: 1",
        "b: 2",
        "# a comment\nc: 3",
        "d: 4",
    )


def test_empty_documents_are_dropped():
    assert split_documents("\n---\n\n---\n a: 1 \n---\n# only words\n") == ("a: 1",)


def test_a_line_that_starts_with_a_hash_goes_even_inside_a_block_of_text():
    text = "query: |\n  one\n# two\n  # three\n"

    assert split_documents(text) == ("query: |\n  one\n\n  # three",)


def test_the_space_that_go_trims_is_trimmed_and_no_other():
    assert split_documents("\u2003\u0085a: 1\u3000\n") == ("a: 1",)
    assert split_documents("\x1ca: 1") == ("\x1ca: 1",)
