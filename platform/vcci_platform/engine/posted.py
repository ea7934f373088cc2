"""Posted bodies with a limit on their size: a spec alone, or a form of a spec and a history."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from vcci_platform.engine.model import Limits
from vcci_platform.problems import Problem
from vcci_slo.spec.section import nearest

__all__ = ["JSON_KINDS", "YAML_KINDS", "Posted", "posted_history", "posted_spec"]

YAML_KINDS: Final = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain")
JSON_KINDS: Final = ("application/json",)
CSV_KINDS: Final = ("text/csv", "text/tab-separated-values")
_FORM: Final = "multipart/form-data"
_FORM_OVERHEAD_BYTES: Final = 64 * 1024
_MOST_FIELDS: Final = 60
_MOST_SHOWN: Final = 80
_PARTS: Final = ("spec", "history")
_SEVERAL: Final = ("objective", "window", "policy")
_SINGLE: Final = ("slo", "every")
_CHUNK: Final = 65536


@dataclass(frozen=True)
class Posted:
    """What was posted: the spec as text, whether it is JSON, and for a backtest the history and its options."""

    spec: str
    json: bool
    history: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


async def posted_spec(request: Request, limits: Limits) -> Posted:
    """Return a spec that is the whole body. Raises Problem: 413, 415 or 422."""
    kind = _kind(request)
    if kind not in (*YAML_KINDS, *JSON_KINDS):
        raise _unsupported(kind, (*YAML_KINDS[:1], *JSON_KINDS))
    body = await _body(request, limits.spec_bytes, "spec")
    return Posted(_text(body, "spec"), kind in JSON_KINDS)


async def posted_history(request: Request, limits: Limits) -> Posted:
    """Return a form of `spec`, `history` and options, or JSON with the same names. Raises Problem."""
    kind = _kind(request)
    most = limits.spec_bytes + limits.history_bytes
    if kind in JSON_KINDS:
        return _from_json(await _body(request, most, "body"), limits)
    if kind != _FORM:
        raise _unsupported(kind, (_FORM, *JSON_KINDS))
    body = await _body(request, most + _FORM_OVERHEAD_BYTES, "body")
    return await _from_form(request, body, limits)


async def _body(request: Request, most: int, what: str) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(what, most)
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > most:
            raise _too_large(what, most)
    return bytes(found)


async def _from_form(request: Request, body: bytes, limits: Limits) -> Posted:
    async def chunks() -> AsyncGenerator[bytes]:
        for start in range(0, len(body), _CHUNK):
            yield body[start : start + _CHUNK]

    parser = MultiPartParser(
        request.headers, chunks(), max_files=2, max_fields=_MOST_FIELDS, max_part_size=len(body) + 1
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        detail = f"Expected a form of spec and history: {getattr(error, 'message', error)}."
        raise Problem(status=422, code="invalid-request", detail=detail) from None
    try:
        return await _of_form(form, limits)
    finally:
        await form.close()


async def _of_form(form: FormData, limits: Limits) -> Posted:
    spec, spec_kind = await _part(form, "spec")
    history, history_kind = await _part(form, "history")
    if len(spec) > limits.spec_bytes:
        raise _too_large("spec", limits.spec_bytes)
    given = {name: form.getlist(name) for name in form if name not in _PARTS}
    options = _options({name: values if name in _SEVERAL else values[-1] for name, values in given.items()})
    options["history_json"] = history_kind in JSON_KINDS
    return Posted(_text(spec, "spec"), spec_kind in JSON_KINDS, _text(history, "history"), options)


async def _part(form: FormData, name: str) -> tuple[bytes, str]:
    part = form.get(name)
    if isinstance(part, UploadFile):
        return await part.read(), (part.content_type or "").partition(";")[0].strip().lower()
    if isinstance(part, str) and part:
        return part.encode(), ""
    raise Problem(
        status=422,
        code="invalid-request",
        detail=f"The form has no {name}.",
        errors=[{"field": f"body.{name}", "reason": "a file or a text"}],
    )


def _from_json(body: bytes, limits: Limits) -> Posted:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem(status=422, code="invalid-request", detail=f"Expected JSON, found {error}.") from None
    if not isinstance(data, dict) or not isinstance(data.get("spec"), str | dict):
        detail = "Expected an object with `spec`, text or an object, and `history`, CSV text or rows."
        raise Problem(status=422, code="invalid-request", detail=detail)
    history = data.get("history")
    if not isinstance(history, str | list):
        detail = "Expected `history`: CSV text, or rows with time, total and either bad or good."
        raise Problem(status=422, code="invalid-request", detail=detail)
    spec, as_json = (data["spec"], False) if isinstance(data["spec"], str) else (json.dumps(data["spec"]), True)
    if len(spec) > limits.spec_bytes:
        raise _too_large("spec", limits.spec_bytes)
    options = _options({name: value for name, value in data.items() if name not in _PARTS})
    options["history_json"] = isinstance(history, list)
    return Posted(spec, as_json, history if isinstance(history, str) else json.dumps(history), options)


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a backtest. Raises Problem for one that nobody knows: it would be overlooked in silence."""
    found: dict[str, Any] = {}
    errors: list[dict[str, str]] = []
    known = (*_PARTS, *_SEVERAL, *_SINGLE)
    for name, value in given.items():
        if name not in known:
            meant = nearest(name, known)
            hint = f"; did you mean {meant}?" if meant else ""
            errors.append({"field": f"body.{name}", "reason": f"expected one of {', '.join(known)}{hint}"})
        elif value is None:
            continue
        elif name in _SINGLE and isinstance(value, str):
            found[name] = value
        elif name in _SEVERAL and isinstance(value, str | list) and all(isinstance(text, str) for text in value):
            found[name] = [text for text in ([value] if isinstance(value, str) else value) if text]
        else:
            wanted = "text" if name in _SINGLE else "text, or a list of texts"
            shown = json.dumps(value, default=lambda _: "a file")[:_MOST_SHOWN]
            errors.append({"field": f"body.{name}", "reason": f"expected {wanted}, found {shown}"})
    if errors:
        detail = "The request has fields that are not known or not text; see errors."
        raise Problem(status=422, code="invalid-request", detail=detail, errors=errors)
    return found


def _text(body: bytes, name: str) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"The {name} is no text in UTF-8: byte {error.start} is {body[error.start]:#x}."
        raise Problem(status=422, code="invalid-request", detail=detail) from None


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "application/yaml").partition(";")[0].strip().lower()


def _too_large(what: str, most: int) -> Problem:
    detail = f"Expected a {what} of at most {most:,} bytes, found more."
    return Problem(status=413, code="too-large", detail=detail, headers={"Connection": "close"})


def _unsupported(kind: str, wanted: tuple[str, ...]) -> Problem:
    detail = f"Expected a Content-Type of {' or '.join(wanted)}, found {kind or 'none'}."
    return Problem(status=415, code="unsupported-media-type", detail=detail)
