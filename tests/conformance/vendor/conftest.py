"""The vendors' own OpenAPI documents, which are kept outside the product: `VCCI_SHARED`, or `../shared` beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.vendor_schemas import RestSchemas

CHECKOUT = Path(__file__).parents[3]
NO_VALUE = ("description", "example", "examples", "x-examples", "default")


def read(name: str) -> dict[str, Any]:
    shared = Path(os.environ.get("VCCI_SHARED") or CHECKOUT.parent / "shared")
    path = shared / "data" / "vendor" / name
    if not path.is_file():
        pytest.skip(f"needs the vendor's schema {path}: set VCCI_SHARED to the folder that holds data/vendor")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def closed(node: Any, document: dict[str, Any]) -> Any:
    """Return a schema with its references put in, its defects mended, and every object that names properties closed."""
    if isinstance(node, list):
        return [closed(each, document) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return closed(target, document)
    schema = {
        key: closed(value, document)
        for key, value in node.items()
        if key not in NO_VALUE or (isinstance(value, dict) and ("type" in value or "$ref" in value))
    }
    if schema.get("type") == "Object":  # Statuspage's document has it so for metadata; JSON Schema has no such type
        schema["type"] = "object"
    if isinstance(schema.get("properties"), dict):
        schema["additionalProperties"] = False
    return schema


def map_of_components(schema: dict[str, Any]) -> None:
    """Turn the map of components, which the document describes by one sample id, into a map of any id."""
    fields = schema["properties"]["incident"]["properties"]
    (sample,) = fields["components"]["properties"].values()
    fields["components"] = {"type": "object", "additionalProperties": sample}


@pytest.fixture(scope="session")
def pagerduty_document() -> dict[str, Any]:
    return read("pagerduty-events-v2.openapi.json")


@pytest.fixture(scope="session")
def pagerduty_rest_document() -> dict[str, Any]:
    return read("pagerduty-rest-v2.openapi.json")


@pytest.fixture(scope="session")
def rest_schemas(pagerduty_rest_document) -> RestSchemas:
    return RestSchemas(pagerduty_rest_document)


@pytest.fixture(scope="session")
def statuspage_document() -> dict[str, Any]:
    return read("statuspage-v1.openapi.json")


@pytest.fixture(scope="session")
def event_schema(pagerduty_document) -> dict[str, Any]:
    content = pagerduty_document["paths"]["/enqueue"]["post"]["requestBody"]["content"]
    return closed(content["application/json"]["schema"], pagerduty_document)


@pytest.fixture(scope="session")
def change_schema(pagerduty_document) -> dict[str, Any]:
    content = pagerduty_document["paths"]["/change/enqueue"]["post"]["requestBody"]["content"]
    return closed(content["application/json"]["schema"], pagerduty_document)


@pytest.fixture(scope="session")
def statuspage_schema(statuspage_document):
    """Return the closed schema of this name from Statuspage's document."""

    def schema(name: str) -> dict[str, Any]:
        found = closed(statuspage_document["components"]["schemas"][name], statuspage_document)
        if name.endswith("Incidents"):
            map_of_components(found)
        if name == "Incident":  # a timestamp by its description, a boolean by its type
            found["properties"]["postmortem_published_at"] = {"type": "string"}
        return found

    return schema
