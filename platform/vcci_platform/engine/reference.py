"""What the reference of the API says of the bodies that the engine takes, how much they may hold, and its refusals."""

from __future__ import annotations

from typing import Any, Final

from vcci_platform.engine.model import MIB, Limits
from vcci_platform.engine.posted import JSON_KINDS, YAML_KINDS
from vcci_platform.problems import MEDIA_TYPE

__all__ = ["REFUSALS", "history_body", "spec_body"]

_SPEC_TEXT: Final = {"type": "string", "description": "A spec of vcci/v1 as one document: `include` is refused"}
_OPTIONS: Final[dict[str, Any]] = {
    "slo": {"type": "string", "description": "The promise; needed where the spec has several"},
    "every": {"type": "string", "description": "How often to judge, such as 5m; unset, as often as the rules do"},
    **{
        name: {"type": "array", "items": {"type": "string"}, "description": f"Also with this {name}, such as {such}"}
        for name, such in (("objective", "99.5%"), ("window", "28d"), ("policy", "background"))
    },
}
_ROWS: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["time", "total"],
        "properties": {
            "time": {
                "oneOf": [{"type": "string"}, {"type": "number"}],
                "description": "End of the interval: ISO 8601 with an offset, or seconds since 1970",
            },
            "bad": {"type": "number"},
            "good": {"type": "number"},
            "total": {"type": "number"},
        },
    },
}


def spec_body(limits: Limits) -> dict[str, Any]:
    """Return the description of a body that is a spec."""
    kinds = {
        **{kind: {"schema": _SPEC_TEXT} for kind in YAML_KINDS[:1]},
        **{kind: {"schema": {"type": "object", "description": "The same as JSON"}} for kind in JSON_KINDS},
    }
    told = f"At most {limits.spec_bytes:,} bytes. {_cost(limits)}"
    return {"requestBody": {"required": True, "description": told, "content": kinds}}


def history_body(limits: Limits) -> dict[str, Any]:
    """Return the description of a body that is a spec, a history and options."""
    table = "The first line names the columns: time, total and either bad or good"
    form = {
        "spec": {**_SPEC_TEXT, "contentMediaType": "application/yaml"},
        "history": {"type": "string", "contentMediaType": "text/csv", "description": f"{table}; or JSON rows"},
    }
    body = {
        "spec": {"oneOf": [_SPEC_TEXT, {"type": "object"}]},
        "history": {"oneOf": [{"type": "string", "description": f"CSV. {table}"}, _ROWS]},
    }
    told = (
        f"At most {limits.spec_bytes:,} bytes of spec and {limits.history_bytes:,} of history. {_cost(limits)} "
        "A field that is not listed here is refused."
    )
    content = {
        kind: {"schema": {"type": "object", "required": ["spec", "history"], "properties": {**parts, **_OPTIONS}}}
        for kind, parts in (("multipart/form-data", form), ("application/json", body))
    }
    return {"requestBody": {"required": True, "description": told, "content": content}}


def _cost(limits: Limits) -> str:
    return (
        f"It may take {limits.seconds:g} seconds of work and {limits.memory_bytes // MIB} MiB of memory, its answer "
        f"have {limits.answer_bytes // MIB} MiB. {limits.workers} are worked on at once, {limits.waiting} wait."
    )


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}


REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    401: _problem("No key, or one that is not valid"),
    413: _problem("`too-large`: the body holds more than it may"),
    415: _problem("`unsupported-media-type`: neither YAML nor JSON"),
    422: _problem(
        "`invalid-spec`: `errors` has line, column, path and reason of every problem. `too-expensive`, "
        "`too-much-output`: it took more time or memory than one spec may, or its answer is too long. "
        "`unknown-promise`, `unknown-output`, `invalid-request`, `not-possible`: what was asked for cannot be done"
    ),
    429: _problem("The key asks too often; `Retry-After` says when to ask again"),
    503: _problem("`engine-busy`: too many specs are being worked on; `Retry-After` says when to ask again"),
}
