"""Whatever stands in a file, the answer is a value or Sloth's refusal, never a surprise."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from support.sloth import kubernetes_spec, openslo_spec, spec
from vcci_slo.formats.sloth import SlothError, Template, parse_duration, read_file, read_windows

HEADS = ["version: prometheus/v1\n", "kind: SLO\napiVersion: openslo/v1alpha\n"]
HEADS.append("kind: PrometheusServiceLevel\napiVersion: sloth.slok.dev/v1\n")
PARTS = [
    "{{",
    "}}",
    "&a ",
    "*a",
    "<<: ",
    "- ",
    ": ",
    "|\n",
    "? ",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "\t",
    "#",
    "!!int ",
    "\x00",
    "\ud800",
]
PIECES = st.one_of(st.sampled_from(PARTS), st.text(max_size=8))


@given(st.sampled_from(HEADS), st.lists(PIECES, max_size=30))
def test_any_text_is_read_or_refused(head, pieces):
    text = head + "".join(pieces)

    with suppress(SlothError):
        read_file(text)
    with suppress(SlothError):
        read_windows(text)


@given(st.sampled_from([spec(), kubernetes_spec(), openslo_spec()]), st.data())
def test_a_damaged_spec_is_read_or_refused(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    damaged = text[:start] + data.draw(PIECES) + text[end:]

    with suppress(SlothError):
        read_file(damaged)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["{{", "}}", "-", " ", ".window", "|", "(", ")", "/*", "*/", '"', "`"]), st.text(max_size=4)
        )
    )
)
def test_any_text_is_a_template_or_refused(pieces):
    with suppress(SlothError):
        Template("expr", "".join(pieces)).render({"window": "5m"})


@given(st.text())
def test_any_text_is_a_duration_or_refused(text):
    with suppress(SlothError):
        parse_duration(text)
