"""The sandbox's page in a real browser: it refreshes by itself, and keeps open what the reader has opened."""

from __future__ import annotations

import pytest

from vcci_platform import sandbox
from vcci_platform.sandbox.pagerduty.forms import EventForm, Payload
from vcci_platform.settings import Settings

pytestmark = pytest.mark.needs("chromium")


def event(action: str, key: str) -> EventForm:
    payload = Payload(summary=f"Requests fail, {key}", source="vcci", severity="critical")
    return EventForm(routing_key=sandbox.ROUTING_KEY, event_action=action, dedup_key=key, payload=payload)


def test_the_page_shows_by_itself_what_comes_and_keeps_open_what_was_opened(tmp_path, tab):
    settings = Settings(home=tmp_path / "home", sandbox_port=0, sandbox_tls_port=0)
    with sandbox.running(settings) as (addresses, state):
        first = state.take_event(event("trigger", "key-11")).incident_id

        tab.go(addresses.page)
        tab.sees("document.querySelectorAll('article.card').length === 1")
        tab.finds(f"document.getElementById('log-{first}').open = true")
        state.take_event(event("trigger", "key-12"))
        tab.sees("document.querySelectorAll('article.card').length === 2")
        tab.sees(f"document.getElementById('log-{first}').open")
        state.take_event(event("resolve", "key-12"))
        tab.sees("document.querySelector('article.card.over h3').textContent.includes('key-12')")

    tab.sees("document.body.classList.contains('stale')")


def test_a_person_acknowledges_and_lets_something_go_wrong_on_the_page(tmp_path, tab):
    settings = Settings(home=tmp_path / "home", sandbox_port=0, sandbox_tls_port=0)
    with sandbox.running(settings) as (addresses, state):
        state.take_event(event("trigger", "key-11"))

        tab.go(addresses.page)
        tab.sees("document.querySelector('article.card .told b') !== null")
        tab.finds("document.querySelector('[data-put$=acknowledged]').click()")
        tab.sees("document.querySelector('.state-acknowledged') !== null")
        choose = (
            "const form = document.getElementById('fault'); form.elements.target.value = 'webhook';"
            "form.elements.target.dispatchEvent(new Event('change'));"
            "form.elements.kind.value = 'incident.resolved'; form.elements.effect.value = 'signature:wrong';"
            "form.elements.count.value = '3'; form.requestSubmit()"
        )
        tab.finds(choose)
        tab.sees("document.querySelector('.faults') !== null")

        (fault,) = state.faults.pending
        (incident,) = state.pagerduty.incidents

    assert (fault.target, fault.kind, fault.signature, fault.count) == ("webhook", "incident.resolved", "wrong", 3)
    assert incident.status == "acknowledged"
    assert incident.log[-1].by is not None
