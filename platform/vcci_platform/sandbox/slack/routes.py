"""`POST /services/…` (the incoming webhook) and `/api/chat.postMessage`, as Slack answers them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import ValidationError

from vcci_platform.sandbox.constants import SLACK_BOT_TOKEN, SLACK_WEBHOOK_PATH
from vcci_platform.sandbox.forms import NotAnObject, read_object, sentences
from vcci_platform.sandbox.refusal import Refused
from vcci_platform.sandbox.slack.forms import MessageForm, PostForm
from vcci_platform.sandbox.slack.model import HOOK_CHANNEL
from vcci_platform.sandbox.state import Sandbox

__all__ = ["router"]

BODY_BYTES = 1024 * 1024


def router(sandbox: Sandbox) -> APIRouter:
    """Return Slack's paths over the given state."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/services/{rest:path}")
    async def webhook(request: Request, rest: str) -> PlainTextResponse:
        if f"/services/{rest}" != SLACK_WEBHOOK_PATH:
            raise _plain(404, "channel_not_found", "no webhook has this path")
        if wait := sandbox.slack_bucket.wait(SLACK_WEBHOOK_PATH, sandbox.clock.now()):
            raise _plain(429, "rate_limited", f"retry after {wait} s", wait=wait)
        try:
            form = MessageForm.model_validate(read_object(await _body(request)))
        except (NotAnObject, ValidationError) as error:
            raise _plain(400, "invalid_payload", _why(error)) from error
        if form.empty:
            raise _plain(400, "no_text", "expected text, blocks or attachments")
        message = sandbox.post_message(form, form.channel or HOOK_CHANNEL)
        request.state.note = f"posted {message.ts} to {message.channel}" + (", cut" if message.cut else "")
        return PlainTextResponse("ok")

    @routes.post("/api/chat.postMessage")
    async def post_message(request: Request) -> JSONResponse:
        _authenticate(request)
        form = _post_form(await _body(request))
        if wait := sandbox.slack_bucket.wait(form.channel, sandbox.clock.now()):
            answer = JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers={"Retry-After": str(wait)})
            raise Refused(answer, f"ratelimited: retry after {wait} s")
        message = sandbox.post_message(form, form.channel)
        request.state.note = f"posted {message.ts} to {message.channel}" + (", cut" if message.cut else "")
        shown: dict[str, Any] = {"type": "message", "ts": message.ts, "text": message.text}
        return JSONResponse({"ok": True, "channel": message.channel, "ts": message.ts, "message": shown})

    return routes


async def _body(request: Request) -> bytes:
    """Return the JSON of the message; Slack also takes it as the field `payload` of a form."""
    body = await request.body()
    if len(body) > BODY_BYTES:
        raise _plain(413, "payload_too_large", f"expected at most {BODY_BYTES} bytes, found {len(body)}")
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body = parse_qs(body.decode(errors="replace")).get("payload", [""])[0].encode()
    return body


def _authenticate(request: Request) -> None:
    given = request.headers.get("authorization", "")
    if not given:
        raise _failed("not_authed")
    if given != f"Bearer {SLACK_BOT_TOKEN}":
        raise _failed("invalid_auth")


def _post_form(body: bytes) -> PostForm:
    try:
        value = read_object(body)
        if not value.get("channel"):
            raise _failed("channel_not_found")
        form = PostForm.model_validate(value)
    except (NotAnObject, ValidationError) as error:
        raise _failed("invalid_arguments", _why(error)) from error
    if form.empty:
        raise _failed("no_text")
    return form


def _why(error: NotAnObject | ValidationError) -> str:
    return str(error) if isinstance(error, NotAnObject) else "; ".join(sentences(error))


def _plain(status: int, word: str, note: str, *, wait: int = 0) -> Refused:
    """Return a refusal of the webhook: one word as plain text."""
    headers = {"Retry-After": str(wait)} if wait else None
    return Refused(PlainTextResponse(word, status_code=status, headers=headers), f"{word}: {note}")


def _failed(word: str, note: str = "") -> Refused:
    """Return a refusal of the Web API: status 200 with `ok` false, which is its normal failure."""
    body: dict[str, Any] = {"ok": False, "error": word}
    if note:
        body["response_metadata"] = {"messages": [note]}
    return Refused(JSONResponse(body), f"{word} {note}".strip())
