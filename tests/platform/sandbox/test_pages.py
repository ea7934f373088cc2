"""The pages show what came, link only where links lead, and run nothing that came with it."""

from __future__ import annotations

import re

import pytest

from vcci_platform.sandbox import PAGE_ID, SLACK_WEBHOOK_PATH
from vcci_platform.sandbox.mrkdwn import mrkdwn

SCRIPT = "<script>alert(11)</script>"


def text_of(client, path="/"):
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.text


def test_every_page_says_that_nobody_is_woken(client):
    for path in ("/", "/status"):
        assert "Sandbox: nobody is woken" in text_of(client, path)


def test_an_empty_sandbox_shows_that_nothing_came(client):
    page = text_of(client)

    assert "No page yet." in page
    assert "No incident is public." in page
    assert "Nobody has called." in page


def test_a_page_is_shown_with_its_severity_key_rings_and_links(client, enqueue):
    links = [{"href": "https://runbooks.test/13?a=1&b=2", "text": "Runbook"}]
    enqueue("trigger", "key-11", summary="Requests fail", links=links, client="desk", client_url="https://desk.test/14")

    page = text_of(client)

    assert "Requests fail" in page
    assert "key-11" in page
    assert "Rang 1\u00d7" in page
    assert '<a class="button" href="https://runbooks.test/13?a=1&amp;b=2" rel="noreferrer">Runbook</a>' in page
    assert '<a class="button" href="https://desk.test/14" rel="noreferrer">desk</a>' in page


def test_what_came_is_shown_and_never_run(client, enqueue, statuspage):
    enqueue("trigger", SCRIPT, summary=SCRIPT)
    enqueue("resolve", SCRIPT + "2")
    incident = {"name": SCRIPT, "body": SCRIPT, "metadata": {SCRIPT: {"a": SCRIPT}}}
    statuspage.post(f"/v1/pages/{PAGE_ID}/incidents", json={"incident": incident})
    client.post(SLACK_WEBHOOK_PATH, json={"text": f"{SCRIPT} <javascript:alert(1)|x>", "username": SCRIPT})
    client.get(f"/services/{SCRIPT}")

    for path in ("/", "/status", "/?part=1"):
        assert "<script>alert" not in text_of(client, path)
        assert "javascript:" not in re.findall(r'href="([^"]*)"', text_of(client, path))
    assert "script-src 'self'" in client.get("/").headers["content-security-policy"]


def test_the_live_part_is_the_same_as_in_the_whole_page(client, enqueue):
    enqueue("trigger", "key-11")

    assert text_of(client, "/?part=1").strip() in text_of(client)


def test_the_status_page_names_the_worst_component_and_keeps_the_past(statuspage):
    path = f"/v1/pages/{PAGE_ID}/incidents"
    assert "All systems operational" in text_of(statuspage, "/status")

    incident = statuspage.post(path, json={"incident": {"name": "Eleven", "components": {"api": "partial_outage"}}})
    assert "Some systems are down" in text_of(statuspage, "/status")

    over = {"status": "resolved", "components": {"api": "operational"}}
    statuspage.patch(f"{path}/{incident.json()['id']}", json={"incident": over})
    page = text_of(statuspage, "/status")
    assert "All systems operational" in page
    assert page.index("Past incidents") < page.index("Eleven")
    assert "mailed" not in re.sub(r"<footer.*</footer>", "", page, flags=re.DOTALL)


def test_the_shortlink_of_an_incident_leads_to_it(statuspage):
    answer = statuspage.post(f"/v1/pages/{PAGE_ID}/incidents", json={"incident": {"name": "Eleven"}}).json()

    page, _, anchor = answer["shortlink"].partition("#")
    assert f'id="{anchor}"' in text_of(statuspage, page)


def test_set_faults_are_shown(client):
    client.put("/sandbox/faults", json={"target": "slack", "status": 503, "count": 2})

    assert "slack: answer 503, next 2 calls" in text_of(client)


@pytest.mark.parametrize("path", ["/static/sandbox.css", "/static/live.js", "/static/icon.svg"])
def test_its_own_files_are_served(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c"),
        ("<https://a.test/11>", '<a href="https://a.test/11" rel="noreferrer">https://a.test/11</a>'),
        ("<!channel> <@U11>", "&lt;!channel&gt; &lt;@U11&gt;"),
        ("2*3*4 *bold* `co*d*e`", "2*3*4 <b>bold</b> <code>co*d*e</code>"),
        ('<https://a.test/"onclick="x|y>', '<a href="https://a.test/&#34;onclick=&#34;x" rel="noreferrer">y</a>'),
    ],
)
def test_slacks_markup_becomes_safe_html(text, html):
    assert str(mrkdwn(text)) == html


def test_what_is_open_stands_before_what_is_over(client, enqueue):
    enqueue("trigger", "key-11")
    enqueue("trigger", "key-12")
    enqueue("resolve", "key-12")

    page = text_of(client)

    assert page.index('title="dedup_key">key-11') < page.index('title="dedup_key">key-12')
