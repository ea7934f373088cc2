"""The stand-in for Slack: the incoming webhook and chat.postMessage."""

from __future__ import annotations

import json

import pytest

from vcci_platform.sandbox import SLACK_BOT_TOKEN, SLACK_WEBHOOK_PATH


def test_a_message_by_webhook_is_answered_ok_and_kept(client, state):
    answer = client.post(SLACK_WEBHOOK_PATH, json={"text": "eleven"})

    assert (answer.status_code, answer.text) == (200, "ok")
    (message,) = state()["slack"]["messages"]
    assert (message["text"], message["channel"], message["cut"]) == ("eleven", "#incidents", False)


def test_attachments_alone_are_a_message_too(client, state):
    client.post(SLACK_WEBHOOK_PATH, json={"channel": "#twelve", "attachments": [{"fallback": "eleven"}]})

    (message,) = state()["slack"]["messages"]
    assert (message["text"], message["channel"]) == ("eleven", "#twelve")


def test_a_form_with_a_payload_is_taken_as_slack_takes_it(client, state):
    assert client.post(SLACK_WEBHOOK_PATH, data={"payload": json.dumps({"text": "eleven"})}).text == "ok"
    assert state()["slack"]["messages"][0]["text"] == "eleven"


def test_a_long_text_is_cut_at_40000_characters_and_says_so(client, state):
    client.post(SLACK_WEBHOOK_PATH, json={"text": "x" * 40_001})

    (message,) = state()["slack"]["messages"]
    assert (len(message["text"]), message["cut"]) == (40_000, True)


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("/services/T000/B000/other", {"text": "eleven"}, 404, "channel_not_found"),
        (SLACK_WEBHOOK_PATH + "/", {"text": "eleven"}, 404, "channel_not_found"),
        (SLACK_WEBHOOK_PATH, {"text": ""}, 400, "no_text"),
        (SLACK_WEBHOOK_PATH, {"test": "eleven"}, 400, "invalid_payload"),
        (SLACK_WEBHOOK_PATH, {"text": 11}, 400, "invalid_payload"),
        (SLACK_WEBHOOK_PATH, ["eleven"], 400, "invalid_payload"),
    ],
)
def test_a_wrong_message_is_refused_with_slacks_word(client, state, path, body, status, word):
    answer = client.post(path, json=body)

    assert (answer.status_code, answer.text) == (status, word)
    assert state()["slack"]["messages"] == []


def test_a_short_burst_is_tolerated_then_one_a_second(client, clock):
    statuses = [client.post(SLACK_WEBHOOK_PATH, json={"text": "x"}).status_code for _ in range(6)]

    refused = client.post(SLACK_WEBHOOK_PATH, json={"text": "x"})

    assert statuses == [200] * 5 + [429]
    assert refused.headers["Retry-After"] == "1"
    clock.advance(seconds=1)
    assert client.post(SLACK_WEBHOOK_PATH, json={"text": "x"}).status_code == 200
    assert client.post(SLACK_WEBHOOK_PATH, json={"text": "x"}).status_code == 429


def ask(client, method, body, token=SLACK_BOT_TOKEN, **how):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.post(f"/api/{method}", **(how or {"json": body}), headers=headers)


def post(client, body, token=SLACK_BOT_TOKEN):
    return ask(client, "chat.postMessage", body, token)


HEADER = {"type": "header", "text": {"type": "plain_text", "text": "P0: requests fail"}}
SECTION = {"type": "section", "fields": [{"type": "mrkdwn", "text": "*State*"}, {"type": "mrkdwn", "text": "open"}]}
BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": "https://desk.test/11"}
ACTIONS = {"type": "actions", "elements": [BUTTON]}
CONTEXT = {"type": "context", "elements": [{"type": "mrkdwn", "text": "next update at 09:15"}]}


def test_chat_post_message_returns_the_name_of_the_message_and_threads_hang_on_it(client, state):
    answer = post(client, {"channel": "#incidents", "text": "twelve"}).json()

    reply = post(client, {"channel": answer["channel"], "text": "thirteen", "thread_ts": answer["ts"]}).json()

    assert (answer["ok"], answer["channel"]) == (True, "C0000000001")
    newest, _ = state()["slack"]["messages"]
    assert (newest["ts"], newest["thread_ts"], newest["channel"]) == (reply["ts"], answer["ts"], "#incidents")
    assert reply["message"]["thread_ts"] == answer["ts"]


def test_a_message_of_blocks_is_kept_and_its_text_is_read_from_them(client, state):
    post(client, {"channel": "incidents", "blocks": [HEADER, SECTION, ACTIONS, CONTEXT, {"type": "divider"}]})

    (message,) = state()["slack"]["messages"]
    assert message["text"] == "P0: requests fail\n*State*\nopen\nOpen\nnext update at 09:15"
    assert len(message["blocks"]) == 5


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({"type": "heading"}, "blocks[0].type"),
        ({"type": "section"}, "a section needs text or fields"),
        ({"type": "section", "text": "words"}, "blocks[0].text"),
        ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "plain_text"),
        ({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}, "1 to 150 characters"),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}, "1 to 3000 characters"),
        ({"type": "section", "fields": SECTION["fields"] * 6}, "blocks[0].fields"),
        ({"type": "actions", "elements": []}, "blocks[0].elements"),
        ({"type": "actions", "elements": [{**BUTTON, "style": "red"}]}, "primary or danger"),
        ({"type": "context", "elements": ["words"]}, "blocks[0].elements[0]"),
        ({"type": "image", "image_url": "https://a.test/x.png"}, "alt_text"),
    ],
)
def test_blocks_that_slack_does_not_take_are_refused_with_their_place(client, state, block, says):
    answer = post(client, {"channel": "incidents", "text": "x", "blocks": [block]}).json()
    hook = client.post(SLACK_WEBHOOK_PATH, json={"text": "x", "blocks": [block]})

    assert (answer["ok"], answer["error"]) == (False, "invalid_blocks")
    assert says in answer["response_metadata"]["messages"][0]
    assert (hook.status_code, hook.text) == (400, "invalid_blocks")
    assert state()["slack"]["messages"] == []


def test_more_than_fifty_blocks_are_too_many(client):
    body = {"channel": "incidents", "text": "x", "blocks": [{"type": "divider"}] * 51}

    assert post(client, body).json()["error"] == "invalid_blocks"


def test_a_message_is_updated_in_its_place(client, state, clock):
    first = post(client, {"channel": "incidents", "text": "eleven"}).json()
    post(client, {"channel": "incidents", "text": "twelve"})
    clock.advance(minutes=1)

    changed = ask(client, "chat.update", {"channel": first["channel"], "ts": first["ts"], "text": "thirteen"}).json()

    assert (changed["ok"], changed["ts"], changed["text"]) == (True, first["ts"], "thirteen")
    assert [(each["text"], each["edits"]) for each in state()["slack"]["messages"]] == [("twelve", 0), ("thirteen", 1)]


def test_a_message_of_the_webhook_cannot_be_updated(client, state):
    client.post(SLACK_WEBHOOK_PATH, json={"text": "eleven"})
    ts = state()["slack"]["messages"][0]["ts"]

    asked = (("C0000000001", ts), ("C0000000001", "1.1"), ("incidents", ts))
    answers = [ask(client, "chat.update", {"channel": where, "ts": each, "text": "x"}) for where, each in asked]

    assert [answer.json()["error"] for answer in answers] == [
        "cant_update_message",
        "message_not_found",
        "channel_not_found",
    ]


def test_a_channel_is_made_given_a_topic_used_and_closed(client):
    made = ask(client, "conversations.create", {"name": "inc-11"}).json()["channel"]
    topic = ask(client, "conversations.setTopic", {"channel": made["id"], "topic": "P0"}).json()
    posted = post(client, {"channel": made["id"], "text": "x"}).json()
    closed = ask(client, "conversations.archive", {"channel": made["id"]}).json()
    after = post(client, {"channel": made["id"], "text": "x"}).json()
    listed = ask(client, "conversations.list", {"exclude_archived": True}).json()["channels"]

    assert (made["name"], topic["channel"]["topic"]["value"]) == ("inc-11", "P0")
    assert (posted["ok"], closed["ok"], after["error"]) == (True, True, "is_archived")
    assert [channel["name"] for channel in listed] == ["incidents", "general"]
    assert ask(client, "conversations.create", {"name": "inc-11"}).json()["error"] == "name_taken"


@pytest.mark.parametrize(
    ("name", "word"),
    [("", "invalid_name_required"), ("Inc 11", "invalid_name_specials"), ("x" * 81, "invalid_name_maxlength")],
)
def test_a_channel_needs_a_name_that_slack_takes(client, name, word):
    assert ask(client, "conversations.create", {"name": name}).json()["error"] == word


def test_channels_come_in_pages(client):
    for number in range(11, 14):
        ask(client, "conversations.create", {"name": f"inc-{number}"})

    first = ask(client, "conversations.list", {"limit": 3}).json()
    headers = {"Authorization": f"Bearer {SLACK_BOT_TOKEN}"}
    cursor = first["response_metadata"]["next_cursor"]
    rest = client.get("/api/conversations.list", params={"limit": 3, "cursor": cursor}, headers=headers).json()

    assert [channel["name"] for channel in first["channels"] + rest["channels"]] == [
        "incidents",
        "general",
        "inc-11",
        "inc-12",
        "inc-13",
    ]
    assert rest["response_metadata"]["next_cursor"] == ""
    assert ask(client, "conversations.list", {"cursor": "x"}).json()["error"] == "invalid_cursor"


def test_a_form_is_taken_as_slack_takes_it(client, state):
    form = {"channel": "incidents", "text": "eleven", "blocks": json.dumps([HEADER]), "mrkdwn": "true"}

    answer = ask(client, "chat.postMessage", None, data=form).json()

    assert answer["ok"], answer
    assert state()["slack"]["messages"][0]["blocks"] == [HEADER]


def test_each_channel_takes_one_message_a_second_and_each_method_its_tier(client):
    for channel in ("incidents", "general"):
        statuses = [post(client, {"channel": channel, "text": "x"}).status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429]
    answers = [ask(client, "conversations.list", {}) for _ in range(21)]

    assert (answers[-1].status_code, answers[-1].json()["error"]) == (429, "ratelimited")
    assert answers[-1].headers["Retry-After"] == "60"
    assert {answer.status_code for answer in answers[:-1]} == {200}


@pytest.mark.parametrize(
    ("body", "token", "word"),
    [
        ({"channel": "incidents", "text": "x"}, "", "not_authed"),
        ({"channel": "incidents", "text": "x"}, "xoxb-wrong", "invalid_auth"),
        ({"text": "x"}, SLACK_BOT_TOKEN, "channel_not_found"),
        ({"channel": "C11", "text": "x"}, SLACK_BOT_TOKEN, "channel_not_found"),
        ({"channel": "incidents"}, SLACK_BOT_TOKEN, "no_text"),
        ({"channel": "incidents", "text": "x", "txet": "y"}, SLACK_BOT_TOKEN, "invalid_arguments"),
    ],
)
def test_chat_post_message_fails_with_status_200_as_slack_does(client, body, token, word):
    answer = post(client, body, token)

    assert answer.status_code == 200
    assert (answer.json()["ok"], answer.json()["error"]) == (False, word)


def test_a_method_that_does_not_exist_is_unknown(client):
    assert ask(client, "chat.shout", {}).json()["error"] == "unknown_method"
