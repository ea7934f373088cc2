"""`POST /services/…` (the incoming webhook) and `/api/…` (the Web API), as Slack answers them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import ValidationError

from vcci_platform.sandbox.constants import SLACK_BOT_TOKEN, SLACK_WEBHOOK_PATH
from vcci_platform.sandbox.forms import ClosedForm, NotAnObject, read_object, sentences
from vcci_platform.sandbox.refusal import Refused
from vcci_platform.sandbox.slack.blocks import BlockComplaint, check_blocks
from vcci_platform.sandbox.slack.forms import (
    ArchiveForm,
    ChannelForm,
    ListForm,
    MessageForm,
    PostForm,
    TopicForm,
    UpdateForm,
)
from vcci_platform.sandbox.slack.model import HOOK_CHANNEL, Channel, Message, SlackRefusal
from vcci_platform.sandbox.state import Sandbox

__all__ = ["router"]

BODY_BYTES: Final = 1024 * 1024
_IN_JSON: Final = ("blocks", "attachments", "metadata")  # what a form carries as a text of JSON
_WHOLE: Final = ("limit",)
_YES_OR_NO: Final = ("exclude_archived", "is_private", "link_names", "mrkdwn", "reply_broadcast")

FormT = TypeVar("FormT", bound=ClosedForm)


def router(sandbox: Sandbox) -> APIRouter:
    """Return Slack's paths over the given state."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/services/{workspace}/{app}/{rest:path}")
    async def webhook(request: Request, workspace: str, app: str, rest: str) -> PlainTextResponse:
        if f"/services/{workspace}/{app}/{rest}" != SLACK_WEBHOOK_PATH:
            raise _plain(404, "channel_not_found", "no webhook has this path")
        if wait := sandbox.slack_bucket.wait(SLACK_WEBHOOK_PATH, sandbox.clock.now()):
            raise _plain(429, "rate_limited", f"retry after {wait} s", wait=wait)
        try:
            form = MessageForm.model_validate(read_object(await _hook_body(request)))
            check_blocks(form.blocks)
        except BlockComplaint as error:
            raise _plain(400, "invalid_blocks", str(error)) from error
        except (NotAnObject, ValidationError) as error:
            raise _plain(400, "invalid_payload", _why(error)) from error
        if form.empty:
            raise _plain(400, "no_text", "expected text, blocks or attachments")
        message = sandbox.post_message(form, form.channel or HOOK_CHANNEL)
        request.state.note = _posted(message)
        return PlainTextResponse("ok")

    api = _Api(sandbox)
    calls: dict[str, Callable[[dict[str, Any]], tuple[dict[str, Any], str]]] = {
        "chat.postMessage": api.post_message,
        "chat.update": api.update_message,
        "conversations.create": api.create_channel,
        "conversations.list": api.list_channels,
        "conversations.setTopic": api.set_topic,
        "conversations.archive": api.archive,
    }

    @routes.api_route("/api/{method}", methods=["GET", "POST"])
    async def call(request: Request, method: str) -> JSONResponse:
        try:
            _authenticate(request)
            carry_out = calls.get(method, api.unknown)
            answer, request.state.note = carry_out(await _arguments(request))
        except SlackRefusal as refusal:
            raise _failed(refusal.word, refusal.note) from refusal
        return JSONResponse({"ok": True, **answer})

    return routes


class _Api:
    """The calls of the Web API: each takes its arguments, and returns its answer with a note for our page."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def post_message(self, arguments: dict[str, Any]) -> tuple[dict[str, Any], str]:
        form = _message(PostForm, arguments)
        channel = self._sandbox.slack.channel(form.channel)
        if wait := self._sandbox.slack_bucket.wait(channel.id, self._sandbox.clock.now()):
            raise _limited(wait)
        message = self._sandbox.post_message(form, channel.id, by_hook=False)
        shown: dict[str, Any] = {"type": "message", "ts": message.ts, "text": message.text, "bot_id": "B0000000001"}
        if message.thread_ts:
            shown["thread_ts"] = message.thread_ts
        return {"channel": channel.id, "ts": message.ts, "message": shown}, _posted(message)

    def update_message(self, arguments: dict[str, Any]) -> tuple[dict[str, Any], str]:
        self._count("chat.update")
        form = _message(UpdateForm, arguments)
        message = self._sandbox.update_message(form, form.channel, form.ts)
        answer = {"channel": message.channel_id, "ts": message.ts, "text": message.text}
        return answer, f"updated {message.ts} in {message.channel}"

    def create_channel(self, arguments: dict[str, Any]) -> tuple[dict[str, Any], str]:
        self._count("conversations.create")
        channel = self._sandbox.create_channel(_read(ChannelForm, arguments))
        return {"channel": _channel_shape(channel)}, f"channel #{channel.name} made"

    def list_channels(self, arguments: dict[str, Any]) -> tuple[dict[str, Any], str]:
        self._count("conversations.list")
        form = _read(ListForm, arguments)
        known = [
            each for each in self._sandbox.slack.channels.values() if not (form.exclude_archived and each.archived)
        ]
        start = int(form.cursor) if form.cursor.isdigit() else 0
        if form.cursor and not form.cursor.isdigit():
            raise SlackRefusal("invalid_cursor")
        after = str(start + form.limit) if len(known) > start + form.limit else ""
        shown = [_channel_shape(each) for each in known[start : start + form.limit]]
        return {"channels": shown, "response_metadata": {"next_cursor": after}}, ""

    def set_topic(self, arguments: dict[str, Any]) -> tuple[dict[str, Any], str]:
        self._count("conversations.setTopic")
        form = _read(TopicForm, arguments)
        channel = self._sandbox.set_topic(form)
        return {"channel": _channel_shape(channel)}, f"#{channel.name}: {channel.topic}"

    def archive(self, arguments: dict[str, Any]) -> tuple[dict[str, Any], str]:
        self._count("conversations.archive")
        channel = self._sandbox.archive_channel(_read(ArchiveForm, arguments))
        return {}, f"channel #{channel.name} archived"

    def unknown(self, _arguments: dict[str, Any]) -> tuple[dict[str, Any], str]:
        raise SlackRefusal("unknown_method")

    def _count(self, method: str) -> None:
        window, now = self._sandbox.slack_windows[method], self._sandbox.clock.now()
        if not window.admit(SLACK_BOT_TOKEN, now):
            raise _limited(max(1, window.left(SLACK_BOT_TOKEN, now)[1]))


def _message(form: type[FormT], arguments: dict[str, Any]) -> FormT:
    if not arguments.get("channel"):
        raise SlackRefusal("channel_not_found")
    message = _read(form, arguments)
    assert isinstance(message, MessageForm)  # noqa: S101 - both forms of a message are
    try:
        check_blocks(message.blocks)
    except BlockComplaint as error:
        raise SlackRefusal("invalid_blocks", str(error)) from error
    if message.empty:
        raise SlackRefusal("no_text")
    return message


def _read(form: type[FormT], arguments: dict[str, Any]) -> FormT:
    try:
        return form.model_validate(arguments)
    except ValidationError as error:
        raise SlackRefusal("invalid_arguments", _why(error)) from error


async def _hook_body(request: Request) -> bytes:
    """Return the JSON of the message; Slack also takes it as the field `payload` of a form."""
    body = await request.body()
    if len(body) > BODY_BYTES:
        raise _plain(413, "payload_too_large", f"expected at most {BODY_BYTES} bytes, found {len(body)}")
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body = parse_qs(body.decode(errors="replace")).get("payload", [""])[0].encode()
    return body


async def _arguments(request: Request) -> dict[str, Any]:
    """Return what was asked: of the query, of JSON, or of a form, whose lists are texts of JSON."""
    given: dict[str, str] = dict(request.query_params)
    body = await request.body()
    if len(body) > BODY_BYTES:
        raise SlackRefusal("invalid_arguments", f"at most {BODY_BYTES} bytes")
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            return read_object(body) if body else {}
        given |= {name: values[-1] for name, values in parse_qs(body.decode(errors="replace")).items()}
        return {name: _typed(name, value) for name, value in given.items() if name != "token"}
    except (NotAnObject, ValueError) as error:
        raise SlackRefusal("invalid_arguments", str(error)) from error


def _typed(name: str, value: str) -> Any:
    if name in _IN_JSON:
        return json.loads(value)
    if name in _WHOLE:
        return int(value)
    return value.lower() in {"true", "1"} if name in _YES_OR_NO else value


def _authenticate(request: Request) -> None:
    given = request.headers.get("authorization", "")
    if not given:
        raise SlackRefusal("not_authed")
    if given != f"Bearer {SLACK_BOT_TOKEN}":
        raise SlackRefusal("invalid_auth")


def _channel_shape(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": True,
        "is_private": False,
        "is_archived": channel.archived,
        "created": int(channel.created_at.timestamp()),
        "topic": {"value": channel.topic},
        "purpose": {"value": ""},
    }


def _posted(message: Message) -> str:
    thread = f", in the thread {message.thread_ts}" if message.thread_ts else ""
    return f"posted {message.ts} to {message.channel}{thread}" + (", cut" if message.cut else "")


def _why(error: NotAnObject | ValidationError) -> str:
    return str(error) if isinstance(error, NotAnObject) else "; ".join(sentences(error))


def _plain(status: int, word: str, note: str, *, wait: int = 0) -> Refused:
    """Return a refusal of the webhook: one word as plain text."""
    headers = {"Retry-After": str(wait)} if wait else None
    return Refused(PlainTextResponse(word, status_code=status, headers=headers), f"{word}: {note}")


def _limited(wait: int) -> Refused:
    """Return the one refusal of the Web API that has a status of its own."""
    answer = JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers={"Retry-After": str(wait)})
    return Refused(answer, f"ratelimited: retry after {wait} s")


def _failed(word: str, note: str = "") -> Refused:
    """Return a refusal of the Web API: status 200 with `ok` false, which is its normal failure."""
    body: dict[str, Any] = {"ok": False, "error": word}
    if note:
        body["response_metadata"] = {"messages": [note]}
    return Refused(JSONResponse(body), f"{word} {note}".strip())
