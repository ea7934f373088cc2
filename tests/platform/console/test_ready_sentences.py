"""Ready sentences beside the form for an update: they fill it in, and a person sends it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.testing import alert
from vcci_slo.plan import Words

READY = Words(ready=(("rolled-back", "We undid a change, and {what} recovers."), ("looking", "We look at {what}.")))
SENTENCE = "We undid a change, and API recovers."


@pytest.fixture
def desk(console: Any) -> Any:
    console.office.desk.rules = replace(console.office.desk.rules, words=READY)
    return console


def test_a_link_puts_a_sentence_into_the_form_and_sends_nothing(desk):
    incident = desk.hear(alert(priority=Priority.P1))

    page = desk.get(f"/incidents/{incident.id}?ready=rolled-back")

    assert page.text.count(SENTENCE) == 1
    assert {"rolled-back", "looking"} <= {given.get("value") for given in page.all("button")}
    parts = {given.get("id"): given for given in page.all("div")}
    assert "data-live" not in parts["live-update"], "what stands in the form is not replaced while a person reads it"
    told = [line["kind"] for line in desk.client.get(f"/v1/incidents/{incident.id}").json()["timeline"]]
    assert "update" not in told


def test_a_button_keeps_what_was_written_and_another_sentence_takes_the_place_of_the_first(desk):
    incident = desk.hear(alert(priority=Priority.P1))

    first = desk.act(incident, path="updates", by="ada", status="Version 12 is gone.", eta="15:30", ready="rolled-back")
    second = desk.act(incident, path="updates", by="ada", status=f"Version 12 is gone. {SENTENCE}", ready="looking")

    assert f"Version 12 is gone. {SENTENCE}</textarea>" in first.text
    assert 'value="15:30"' in first.text
    assert "Version 12 is gone. We look at API.</textarea>" in second.text


def test_once_the_public_follows_the_sentence_is_drafted_for_it_too(desk):
    incident = desk.hear(alert())

    page = desk.get(f"/incidents/{incident.id}?ready=rolled-back").text

    assert "The status page would show" not in page
    assert page.count(SENTENCE) == 3, "how it stands, the words for the public, and what the page would show"
    assert len(desk.vendors.posts) == 1


def test_a_name_that_the_spec_does_not_know_changes_nothing(desk):
    incident = desk.hear(alert())

    assert SENTENCE not in desk.get(f"/incidents/{incident.id}?ready=rolled").text


def test_the_api_lists_the_sentences_of_an_incident(desk):
    incident = desk.hear(alert())

    found = desk.client.get(f"/v1/incidents/{incident.id}/ready").json()

    assert found == [{"name": "rolled-back", "words": SENTENCE}, {"name": "looking", "words": "We look at API."}]
    assert desk.client.get("/v1/incidents/inc_none/ready").status_code == 404
