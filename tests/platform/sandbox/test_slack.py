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


def post(client, body, token=SLACK_BOT_TOKEN):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.post("/api/chat.postMessage", json=body, headers=headers)


def test_chat_post_message_returns_the_name_of_the_message(client, state):
    answer = post(client, {"channel": "C11", "text": "twelve"}).json()

    reply = post(client, {"channel": "C11", "text": "thirteen", "thread_ts": answer["ts"]}).json()

    assert (answer["ok"], answer["channel"]) == (True, "C11")
    newest, _ = state()["slack"]["messages"]
    assert (newest["ts"], newest["thread_ts"]) == (reply["ts"], answer["ts"])


@pytest.mark.parametrize(
    ("body", "token", "word"),
    [
        ({"channel": "C11", "text": "x"}, "", "not_authed"),
        ({"channel": "C11", "text": "x"}, "xoxb-wrong", "invalid_auth"),
        ({"text": "x"}, SLACK_BOT_TOKEN, "channel_not_found"),
        ({"channel": "C11"}, SLACK_BOT_TOKEN, "no_text"),
        ({"channel": "C11", "text": "x", "txet": "y"}, SLACK_BOT_TOKEN, "invalid_arguments"),
    ],
)
def test_chat_post_message_fails_with_status_200_as_slack_does(client, body, token, word):
    answer = post(client, body, token)

    assert answer.status_code == 200
    assert (answer.json()["ok"], answer.json()["error"]) == (False, word)
