"""Texts with gaps: a value comes out as it is, whatever it holds."""

from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.wording import LETTER, PUBLIC, fill, gaps

TEXTS = st.text(st.sampled_from("{}a $%\\\n"), max_size=30)


@given(
    before=TEXTS.filter(lambda text: not gaps(text)),
    value=st.text() | st.sampled_from(["{title}", "{0.__class__}", "%s", "\\1", "{"]),
)
def test_any_value_is_literal(before, value):
    parts = before.replace("{", "").replace("}", "")

    assert fill(f"{parts}{{what}}, {{what}}", {"what": value, "title": "secret"}) == f"{parts}{value}, {value}"


@given(st.text())
def test_a_text_without_gaps_stays_what_it_is(text):
    if not gaps(text):
        assert fill(text, {"what": "API"}) == text


def test_the_public_is_told_less_than_people_at_work():
    assert set(PUBLIC) < set(LETTER)
    assert not {"title", "severity", "state", "text", "news"} & set(PUBLIC)
