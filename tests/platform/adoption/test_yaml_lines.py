"""What is written is read again as it was meant, whatever stands in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.adoption.yaml_lines import Entry, flow_list, quoted, rendered, without
from vcci_slo.spec.source import read

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.sampled_from(
        ["", "null", "~", "true", "5", "0x1F", "1e3", "-", "a: b", "a #b", "[", "'", '"', "\\", "x:", " y", "="]
    ),
)


def data_of(text: str) -> object:
    return read(text, "spec.yaml").data


@given(texts=st.lists(TEXTS, max_size=5), key=TEXTS, note=TEXTS)
def test_every_text_is_read_again(texts: list[str], key: str, note: str):
    entries = (
        Entry("plain", tuple(Entry(f"k{place}", quoted(text), note) for place, text in enumerate(texts))),
        Entry("flow", flow_list(texts), note, above=(note,)),
        Entry(f"k{key}", "x"),
    )
    entries = entries if texts else entries[1:]

    found = data_of(rendered(entries, head=(note,)))

    assert isinstance(found, dict)
    assert found["flow"] == texts
    assert found.get("plain", {}) == {f"k{place}": text for place, text in enumerate(texts)}
    assert found[f"k{key}"] == "x"


def test_what_is_left_out_leaves_a_comment_in_its_place():
    inner = (Entry("a", "1"), Entry("b", "2"), Entry("c", "3"))

    text = rendered(without((Entry("outer", inner),), ("outer", "b"), "it is wrong"))

    assert text == "outer:\n  a: 1\n  # b: left out: it is wrong\n  c: 3\n"


def test_what_becomes_empty_goes_too():
    entries = (Entry("kept", "1"), Entry("outer", (Entry("a", "1"),)))

    found = without(entries, ("outer", "a"), "it is wrong")

    assert data_of(rendered(found)) == {"kept": 1}
    assert "# outer.a: left out: it is wrong" in rendered(found)


def test_comments_stand_in_a_column_and_long_ones_above():
    entries = (Entry("short", "1", "beside"), Entry("long", "2", "x " * 80))

    text = rendered(entries)

    assert text.splitlines()[0] == "short: 1" + " " * 36 + "# beside"
    assert all(len(line) <= 120 for line in text.splitlines())
