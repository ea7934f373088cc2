"""The pages show what came, link only where links lead, and run nothing that came with it."""

from __future__ import annotations

import re

import pytest

from vcci_platform.sandbox import (
    PAGE_ID,
    PAGERDUTY_API_KEY,
    PAGERDUTY_FROM,
    PAGERDUTY_WEBHOOK_SECRET,
    SLACK_BOT_TOKEN,
    SLACK_WEBHOOK_PATH,
)
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


def words(client, path="/"):
    """Return what a reader sees, with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text_of(client, path)))


def test_the_board_tells_who_was_told_by_which_level_and_what_comes_next(client, enqueue, clock):
    enqueue("trigger", "key-11", summary="Requests fail")
    clock.advance(minutes=31)

    page = words(client)

    assert "09:00:00 Ada Primary rang, level 1" in page
    assert "09:30:00 Ben Secondary rang, level 2" in page
    assert "With Ben Secondary, Cleo Manager. Escalates 10:00:00 , Resolves itself 13:00:00" in page
    assert "1 Ada Primary then 30 min" in page


def test_the_board_shows_webhooks_their_answers_and_a_disabled_subscription(client, sandbox, enqueue):
    subscription = sandbox.subscribe("http://127.0.0.1:9/hook")
    for number in range(11, 14):
        enqueue("trigger", f"key-{number}")
    for delivery in sandbox.webhooks.deliveries:
        sandbox.settle_webhook(delivery.id, 403, "with the signature wrong")

    page = words(client)

    assert f"disabled {subscription.url}" in page
    assert "incident.triggered" in page
    assert "dropped 403 with the signature wrong" in page
    assert f'data-put="/sandbox/webhooks/{subscription.id}/enable"' in text_of(client)
    assert PAGERDUTY_WEBHOOK_SECRET not in text_of(client)


def test_blocks_and_threads_are_shown_as_slack_shows_them(client):
    headers = {"Authorization": f"Bearer {SLACK_BOT_TOKEN}"}
    header = {"type": "header", "text": {"type": "plain_text", "text": f"P0 {SCRIPT}"}}
    bad = {"type": "button", "text": {"type": "plain_text", "text": "Run"}, "url": "javascript:alert(1)"}
    good = {"type": "button", "text": {"type": "plain_text", "text": "Desk"}, "url": "https://desk.test/11"}
    blocks = [header, {"type": "actions", "elements": [bad, good]}]
    first = client.post("/api/chat.postMessage", json={"channel": "incidents", "blocks": blocks}, headers=headers)
    reply = {"channel": "incidents", "text": "we *roll back*", "thread_ts": first.json()["ts"]}
    client.post("/api/chat.postMessage", json=reply, headers=headers)

    page = text_of(client)

    assert '<p class="text header">P0 &lt;script&gt;alert(11)&lt;/script&gt;</p>' in page
    assert '<a class="button" href="https://desk.test/11" rel="noreferrer">Desk</a>' in page
    assert '<span class="button">Run</span>' in page
    assert page.index('class="replies"') < page.index("we <b>roll back</b>")
    assert page.count('<article class="card message">') == 1


def test_what_rest_brings_is_escaped_too(client, enqueue, sandbox):
    enqueue("trigger", "key-11")
    (incident,) = sandbox.pagerduty.incidents
    rest = {
        "Authorization": f"Token token={PAGERDUTY_API_KEY}",
        "Accept": "application/vnd.pagerduty+json;version=2",
        "From": PAGERDUTY_FROM,
    }
    client.post(f"/incidents/{incident.id}/notes", json={"note": {"content": SCRIPT}}, headers=rest)
    client.post(f"/incidents/{incident.id}/status_updates", json={"message": SCRIPT}, headers=rest)

    assert text_of(client).count("&lt;script&gt;alert(11)") >= 2
    assert "<script>alert" not in text_of(client)
