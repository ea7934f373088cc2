"""The vendors' own OpenAPI documents, which are kept outside the product: `VCCI_SHARED`, or `../shared` beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[3]
NOT_RULES = ("description", "example", "examples", "x-examples", "default")


def document(name: str) -> dict[str, Any]:
    shared = Path(os.environ.get("VCCI_SHARED") or CHECKOUT.parent / "shared")
    path = shared / "data" / "vendor" / name
    if not path.is_file():
        pytest.skip(f"needs the vendor's schema {path}: set VCCI_SHARED to the folder that holds data/vendor")
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def closed(node: Any, whole: dict[str, Any]) -> Any:
    """Return a schema with its references put in and every object that names properties closed to others."""
    if isinstance(node, list):
        return [closed(each, whole) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = whole
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return closed(target, whole)
    schema = {name: closed(value, whole) for name, value in node.items() if not _is_prose(name, value)}
    if schema.get("type") == "Object":  # so in Statuspage's document, for metadata; JSON Schema has no such type
        schema["type"] = "object"
    if isinstance(schema.get("properties"), dict):
        schema["additionalProperties"] = False
    return schema


def _is_prose(name: str, value: Any) -> bool:
    return name in NOT_RULES and not (isinstance(value, dict) and ("type" in value or "$ref" in value))


@pytest.fixture(scope="session")
def event_schema() -> dict[str, Any]:
    """What PagerDuty's document says of an event, closed."""
    whole = document("pagerduty-events-v2.openapi.json")
    body = whole["paths"]["/enqueue"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema: dict[str, Any] = closed(body, whole)
    return schema


@pytest.fixture(scope="session")
def incident_schemas() -> dict[str, dict[str, Any]]:
    """What Statuspage's document says of the body of a POST and of a PATCH, closed."""
    whole = document("statuspage-v1.openapi.json")
    schemas: dict[str, dict[str, Any]] = {}
    paths = {"POST": "/pages/{page_id}/incidents", "PATCH": "/pages/{page_id}/incidents/{incident_id}"}
    for method, path in paths.items():
        body = whole["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
        schema = closed(body, whole)
        fields = schema["properties"]["incident"]["properties"]
        (sample,) = fields["components"]["properties"].values()  # a map of any id, described by one sample id
        fields["components"] = {"type": "object", "additionalProperties": sample}
        schemas[method] = schema
    return schemas
