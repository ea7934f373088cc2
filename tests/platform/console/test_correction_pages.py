"""The page of corrections: every one with its time, who decided it, and whether it still counts."""

from __future__ import annotations

import html
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from vcci_platform.incidents import people
from vcci_platform.incidents.access import digest, new_token
from vcci_platform.reliability.corrections import Line
from vcci_slo.spec.accounting import CorrectionSpec


def made(console, **changes):
    now = console.clock.now()
    written = {
        "slos": "api-errors",
        "from": (now - timedelta(minutes=10)).isoformat(),
        "until": (now + timedelta(minutes=10)).isoformat(),
        "who": "ada",
        "why": "a <b>drill</b>",
        **changes,
    }
    return console.reliability.book.add(CorrectionSpec.model_validate(written), now).correction.name


def test_without_corrections_everything_counts(console):
    page = console.get("/corrections")

    assert "everything that was observed counts" in page.text
    assert "/corrections" in [given["href"] for given in console.get("/slos").all("a")]


def test_who_took_time_out_and_why_stands_there_and_so_does_what_was_withdrawn(console):
    made(console)
    withdrawn = made(console, who="bob")
    console.reliability.book.withdraw(withdrawn, Line(console.clock.now(), "withdrawn", "eve", "it counts"))

    page = console.get("/corrections")

    assert "ada: a <b>drill</b>" in page.text  # as words, not as a tag
    assert (page.text.count("under way"), page.text.count("withdrawn")) == (1, 1)
    assert "/slos/api-errors" in [given["href"] for given in page.all("a")]
    assert withdrawn in page.text


def test_what_is_over_and_what_is_to_come_are_told_apart(console):
    made(console)
    later = console.clock.now() + timedelta(days=2)
    made(console, **{"from": later.isoformat(), "until": (later + timedelta(hours=1)).isoformat()})
    console.clock.advance(minutes=11)

    page = console.get("/corrections")

    assert "over" in page.text
    assert "to come" in page.text


OURS = {"Sec-Fetch-Site": "same-origin"}
FORM = {
    "slos": ["api-errors"],
    "kind": "change",
    "from": "2026-03-02T10:00",
    "until": "2026-03-02T12:00",
    "who": "ada",
    "why": "the announced upgrade",
    "reference": "CHG-7",
}


def sent(console, path="/corrections", headers=OURS, **form):
    return console.client.post(path, data=form, headers=headers, follow_redirects=False)


def kept(console):
    return [each for each in console.reliability.book.all() if each.correction.source == "desk"]


def test_a_form_takes_time_out_as_the_clocks_of_the_calendar_show_it(console):
    """Ten to twelve in Berlin in winter is nine to eleven in UTC; the API tells the same of it."""
    answer = sent(console, **FORM)

    assert (answer.status_code, answer.headers["location"]) == (303, "/corrections")
    (found,) = kept(console)
    told = console.client.get(f"/v1/corrections/{found.correction.name}").json()
    zone = ZoneInfo(console.reliability.plan.calendar.timezone)
    assert found.correction.start == datetime(2026, 3, 2, 10, tzinfo=zone)
    assert found.correction.until - found.correction.start == timedelta(hours=2)
    assert (told["who"], told["why"], told["reference"], told["kind"]) == (
        "ada",
        "the announced upgrade",
        "CHG-7",
        "change",
    )
    assert [line["action"] for line in told["history"]] == ["added"]
    assert "ada: the announced upgrade (CHG-7)" in console.get("/corrections").text


def test_a_form_that_is_sent_twice_makes_one_correction(console):
    (key,) = [given["value"] for given in console.get("/corrections").all("input") if given.get("name") == "key"]

    first, second = sent(console, **FORM, key=key), sent(console, **FORM, key=key)

    assert (first.status_code, second.status_code) == (303, 303)
    assert len(kept(console)) == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"slos": []}, "expected the promises that it corrects"),
        (
            {"slos": ["api-erors"]},
            "Promises: expected the name of a promise, found 'api-erors'; did you mean api-error",
        ),
        ({"until": "2026-03-02T09:00"}, "Until: expected"),
        ({"until": "soon"}, "Until: expected a moment such as 2026-11-28"),
        ({"until": ""}, "Until: "),
        ({"why": " "}, "Why: expected a few words, found nothing"),
        ({"who": " "}, "Say who you are"),
        ({"kind": "wish"}, "What it was: "),
    ],
)
def test_what_cannot_be_is_said_beside_what_was_written(console, wrong, sentence):
    answer = sent(console, **{**FORM, **wrong})

    assert answer.status_code == 422
    assert sentence in html.unescape(answer.text)
    assert 'value="CHG-7"' in answer.text
    assert kept(console) == []


@pytest.mark.parametrize("path", ["/corrections", "/corrections/{name}/withdraw"])
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}])
def test_a_form_of_another_site_is_not_taken(console, path, headers):
    name = made(console)

    answer = sent(console, path.format(name=name), headers=headers, **FORM)

    assert answer.status_code == 403
    (found,) = kept(console)
    assert found.withdrawn_at is None


def test_a_correction_is_withdrawn_with_who_and_why_and_only_once(console):
    name = made(console)

    answers = [
        sent(console, f"/corrections/{name}/withdraw", who=who, why="it counts after all") for who in ("eve", "mallory")
    ]

    assert {answer.status_code for answer in answers} == {303}
    page = console.get("/corrections")
    assert "Taken back by eve" in page.text
    assert "it counts after all" in page.text
    assert "mallory" not in page.text
    assert f"/corrections/{name}/withdraw" not in [url for _, url in page.addresses]
    assert kept(console)[0].withdrawn_at == console.clock.now()


@pytest.mark.parametrize(
    ("name", "form", "status", "sentence"),
    [
        ("cor_none", {"who": "eve", "why": "x"}, 404, "There is no correction called"),
        ("{name}", {"who": "eve"}, 422, "Say why"),
        ("{name}", {"why": "x"}, 422, "Say who you are"),
    ],
)
def test_a_withdrawal_without_its_reason_is_refused(console, name, form, status, sentence):
    answer = sent(console, f"/corrections/{name.format(name=made(console))}/withdraw", **form)

    assert answer.status_code == status
    assert sentence in answer.text
    assert kept(console)[0].withdrawn_at is None


@pytest.mark.parametrize(("rank", "status"), [("viewer", 403), ("responder", 403), ("commander", 303)])
def test_who_has_signed_in_decides_in_their_own_name_if_their_rank_may(console, rank, status):
    """As over the API, to take time out of an account takes a commander."""
    token = new_token()
    with console.office.desk.database.write() as connection:
        people.add(connection, "grace", rank, "", digest(token), console.clock.now())
    console.client.headers["Authorization"] = f"Bearer {token}"

    page = console.get("/corrections")
    answer = sent(console, **{**FORM, "who": ""})

    assert answer.status_code == status
    assert [each.correction.who for each in kept(console)] == (["grace"] if status == 303 else [])
    assert ("Take it out" in page.text) == (status == 303)
    assert "Your name" not in page.text
