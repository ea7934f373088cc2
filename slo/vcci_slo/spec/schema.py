"""The JSON Schema of the spec, for editors."""

from __future__ import annotations

from typing import Any

from vcci_slo.spec.document import Spec

__all__ = ["json_schema"]


def json_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12); an editor then completes keys and marks what is unknown."""
    schema = Spec.model_json_schema(by_alias=True)
    schema["properties"]["include"] = {
        "type": "object",
        "description": "Sections that stand in files of their own",
        "additionalProperties": {"type": "string"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://docs.vcci-platform.com/vcci.schema.json",
        **schema,
        "title": "vcci spec",
    }
