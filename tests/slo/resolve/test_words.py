"""The words of an incident in the spec: as ever without them, and refused where they do not fit."""

from __future__ import annotations

import pytest

from vcci_slo import SpecError
from vcci_slo.difference import difference
from vcci_slo.plan import Words
from vcci_slo.testing import a_plan


def words(**sections):
    return a_plan(incidents={"words": sections}).incidents.words


def problem(**sections) -> str:
    with pytest.raises(SpecError) as caught:
        words(**sections)
    (only,) = caught.value.problems
    return str(only).partition("incidents.words.")[2]


def test_a_spec_that_says_nothing_says_it_as_ever():
    assert a_plan().incidents.words == words() == Words()


def test_what_is_given_is_used_and_the_rest_stays():
    found = words(public={"resolved": "{what} works again."}, ready={"looking": "We look at {what}."})

    assert found.public.of("resolved") == "{what} works again."
    assert found.public.title == "Problem with {what}"
    assert found.ready == (("looking", "We look at {what}."),)


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        (
            {"public": {"monitoring": "{waht} recovers"}},
            (
                "public.monitoring: expected only these in braces: {what}, {began}, {impact}, found {waht}; "
                "did you mean {what}?"
            ),
        ),
        (
            {"public": {"investigating": "{title} fires"}},
            "public.investigating: expected only these in braces: {what}, {began}, {impact}, found {title}",
        ),
        (
            {"public": {"resolve": "over"}},
            (
                "public.resolve: expected one of identified, investigating, monitoring, resolved, title, "
                "found 'resolve'; did you mean resolved?"
            ),
        ),
        (
            {"public": {"resolved": "  "}},
            "public.resolved: expected words, found an empty text; without the key the usual words are said",
        ),
        ({"public": {"title": "A problem"}}, "public.title: expected a text that says {what}, found 'A problem'"),
        ({"mail": {"text": "Look."}}, "mail.text: expected a text that says {text}, found 'Look.'"),
        (
            {"mail": {"subject": "{news}: {text}"}},
            (
                "mail.subject: expected only these in braces: {what}, {began}, {impact}, {severity}, {title}, {state}, "
                "{news}, found {text}"
            ),
        ),
        (
            {"ready": {"wait": "Wait for {what"}},
            "ready.wait: expected each { closed by } around a name, such as {what}, found 'Wait for {what'",
        ),
        (
            {"chat": {"headline": f"[{{severity}}] {{title}} {'x' * 100}"}},
            "chat.headline: expected at most 150 characters, found 166 when its gaps are filled with long values",
        ),
        (
            {"public": {"title": f"{{what}} {'x' * 255}"}},
            "public.title: expected at most 255 characters, found 267 when its gaps are filled with long values",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(sections, told):
    assert problem(**sections) == told


def test_the_names_of_the_public_components_count():
    page = {
        "provider": "statuspage",
        "components": {"n" * 130: ["api"], "m" * 130: ["api"]},
        "shows": {},
        "approve": {},
    }

    with pytest.raises(SpecError, match=r"words\.public\.title: expected at most 255 characters, found 268"):
        a_plan(status_page=page, incidents={"words": {"public": {"title": "On {what}"}}})


def test_other_words_are_a_change_that_is_told():
    plan = a_plan(incidents={"words": {"public": {"resolved": "Over."}, "ready": {"looking": "We look."}}})

    found = [(change.kind, change.name, change.words) for change in difference(a_plan(), plan)]

    assert found == [
        ("people", "words", "public resolved: “Over.” instead of “The problem with {what} is solved.”"),
        ("people", "words", "ready looking: “We look.” instead of “nothing”"),
    ]
