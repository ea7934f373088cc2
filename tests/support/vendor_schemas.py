"""PagerDuty's REST document as closed JSON Schemas, with its known defects mended where each is named."""

from __future__ import annotations

from typing import Any

NO_VALUE = ("description", "example", "examples", "x-examples", "default", "readOnly", "discriminator")

REFERENCE = {
    "type": "object",
    "required": ["id", "type"],
    "properties": {
        name: {"type": ["string", "null"]} if name in {"summary", "self", "html_url"} else {"type": "string"}
        for name in ("id", "type", "summary", "self", "html_url")
    },
    "additionalProperties": False,
}
TEXT_OR_NULL = {"anyOf": [{"type": "string"}, {"type": "null"}]}


class RestSchemas:
    """The requests and answers of the REST API, each closed: a field that the vendor does not name is an error."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def request(self, path: str, method: str) -> dict[str, Any]:
        """Return the schema of what a call sends."""
        body = self._found(self._document["paths"][path][method]["requestBody"])
        return self._mended_request(path, method, self.closed(body["content"]["application/json"]["schema"]))

    def answer(self, path: str, method: str, status: int) -> dict[str, Any]:
        """Return the schema of what is answered with this status."""
        answers = self._document["paths"][path][method]["responses"]
        content = self._found(answers[str(status)])["content"]["application/json"]
        return _mended_answer(path, self.closed(content["schema"]))

    def empty(self, path: str, method: str, status: int) -> bool:
        """Return whether the vendor answers this status without a body."""
        return "content" not in self._found(self._document["paths"][path][method]["responses"][str(status)])

    def statuses(self, path: str, method: str) -> set[int]:
        """Return the statuses that the vendor names for a call."""
        return {int(status) for status in self._document["paths"][path][method]["responses"]}

    def parameters(self, path: str, method: str) -> dict[str, bool]:
        """Return the headers and query parameters of a call, each with whether it is required."""
        found = [self._found(each) for each in self._document["paths"][path][method].get("parameters", [])]
        return {each["name"]: bool(each.get("required")) for each in found if each["in"] != "path"}

    def closed(self, node: Any, seen: tuple[str, ...] = ()) -> Any:
        """Return a schema with its references put in, `allOf` joined, nulls allowed, and its objects closed."""
        if isinstance(node, list):
            return [self.closed(each, seen) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            name = node["$ref"]
            return {} if name in seen else self.closed(self._found(node), (*seen, name))
        node = _spread(self._joined(node, seen))
        schema = {key: self.closed(value, seen) for key, value in node.items() if key not in {*NO_VALUE, "properties"}}
        if "properties" in node:
            schema["properties"] = {name: self.closed(each, seen) for name, each in node["properties"].items()}
            schema["additionalProperties"] = False
        if "oneOf" in schema:  # closed alternatives overlap where the vendor's are told apart by a type alone
            schema["anyOf"] = schema.pop("oneOf")
        if schema.pop("nullable", False):
            if "enum" in schema and None not in schema["enum"]:
                schema["enum"] = [*schema["enum"], None]
            schema = {"anyOf": [schema, {"type": "null"}]}
        return schema

    def _joined(self, node: dict[str, Any], seen: tuple[str, ...]) -> dict[str, Any]:
        """Return a node with the parts of its `allOf` as one object, which alone can be closed."""
        if "allOf" not in node:
            return node
        joined: dict[str, Any] = {key: value for key, value in node.items() if key != "allOf"}
        for part in node["allOf"]:
            found = self._joined(self._found(part), seen)
            properties = _both(joined.get("properties", {}), found.get("properties", {}))
            items = _both(*({"items": each["items"]} if "items" in each else {} for each in (joined, found)))
            required = [*joined.get("required", []), *found.get("required", [])]
            joined |= found | items
            joined |= {"properties": properties} if properties else {}
            joined |= {"required": sorted(set(required))} if required else {}
        return joined

    def _found(self, node: dict[str, Any]) -> dict[str, Any]:
        """Follow references; some lead through the index of a list, or through a path with escaped slashes."""
        while "$ref" in node:
            target: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                key = part.replace("~1", "/").replace("~0", "~")
                target = target[int(key)] if isinstance(target, list) else target[key]
            node = target
        return node

    def _mended_request(self, path: str, method: str, schema: dict[str, Any]) -> dict[str, Any]:
        if (path, method) == ("/incidents", "post"):
            _text_as_details(schema["properties"]["incident"])
        if path.endswith("/responder_requests"):  # each target stands in a wrapper, as the vendor's own example has it
            wrapped = {"type": "object", "properties": {"responder_request_target": REFERENCE}}
            schema["properties"]["responder_request_targets"] = {"type": "array", "items": wrapped}
        return schema


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return what two parts name, as both together say it where both do."""
    return one | {name: {"allOf": [one[name], value]} if name in one else value for name, value in other.items()}


def _spread(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node whose alternatives have its own properties each: apart, the two would close each other out."""
    if "properties" not in node or "oneOf" not in node:
        return node
    own = {key: value for key, value in node.items() if key not in {"oneOf", "properties"}}
    alternatives = [{**each, "properties": {**node["properties"], **each["properties"]}} for each in node["oneOf"]]
    return {**own, "oneOf": alternatives}


def _mended_answer(path: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Mend what the document says otherwise than the vendor's prose and its own examples."""
    fields = schema.get("properties", {})
    incident = fields.get("incident") or fields.get("incidents", {}).get("items")
    if path.startswith("/incidents") and incident:
        _text_as_details(incident)
        targets = _unwrapped(incident)["properties"]["responder_requests"]["items"]["properties"]
        targets["responder_request_targets"] = {"type": "array", "items": {"type": "object"}}
    if "responder_request" in fields:  # the document puts the target without the wrapper that its example has
        fields["responder_request"]["properties"]["responder_request_targets"] = {"type": "array"}
    if path.endswith("/log_entries"):  # the document writes the type in two ways, its examples and the vendor in one
        entries = fields["log_entries"]["items"]["anyOf"]
        entries.append(_told(entries[0]))
        for entry in entries:
            kinds = entry["properties"]["type"]["enum"]
            kinds[:] = ["acknowledge_log_entry" if each == "acknowledgement_log_entry" else each for each in kinds]
    _mended_account(path, fields)
    return schema


def _mended_account(path: str, fields: dict[str, Any]) -> None:
    """Mend what is configured: duties, event rules, services and their doors."""
    if path == "/oncalls":  # a user who is always on call has no schedule, start or end: they are null
        turn = fields["oncalls"]["items"]["properties"]
        for name in ("schedule", "start", "end"):
            turn[name] = {"anyOf": [turn[name], {"type": "null"}]}
    if path.startswith("/event_orchestrations") and "warnings" in fields:  # about no rule: null, as its example has it
        for warning in fields["warnings"]["items"]["anyOf"]:
            warning["properties"]["rule_id"] = TEXT_OR_NULL
    service = fields.get("service") or fields.get("services", {}).get("items")
    if path.startswith("/services") and service:  # null switches a timeout off, says its description
        for name in ("acknowledgement_timeout", "auto_resolve_timeout"):
            _unwrapped(service)["properties"][name] = {"type": ["integer", "null"]}
    if "integration" in fields:  # the key of a door is in the vendor's answers, and in none of its schemas
        _unwrapped(fields["integration"])["properties"]["integration_key"] = {"type": "string"}


def _told(entry: dict[str, Any]) -> dict[str, Any]:
    """Two entries that the vendor's log has and its document lacks: both carry the message that was sent."""
    kinds = ["status_update_log_entry", "responder_request_log_entry"]
    properties = {**entry["properties"], "type": {"enum": kinds}, "message": {"type": "string"}}
    return {**entry, "properties": properties}


def _text_as_details(incident: dict[str, Any]) -> None:
    """The details are an object in the document, and a string in its example and in the documentation."""
    _unwrapped(incident)["properties"]["body"] = {
        "type": "object",
        "properties": {"type": {"const": "incident_body"}, "details": {"type": "string"}},
        "additionalProperties": False,
    }


def _unwrapped(schema: dict[str, Any]) -> dict[str, Any]:
    return schema["anyOf"][0] if "anyOf" in schema and "properties" not in schema else schema
