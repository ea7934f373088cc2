"""What the desk sends to publish a review is what Statuspage's own document takes, closed against unknown fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from vcci_platform.incidents.ports import Delivered, PublicReview
from vcci_platform.incidents.vendors.statuspage import Statuspage
from vcci_platform.testing import ManualClock

Schemas = Callable[[str], Mapping[str, Any]]
PATH = "/pages/{page_id}/incidents/{incident_id}/postmortem"
DRAFT = "putPagesPageIdIncidentsIncidentIdPostmortem"
PUBLISH = "putPagesPageIdIncidentsIncidentIdPostmortemPublish"


def test_a_review_is_drafted_and_published_as_the_vendor_says(
    statuspage_document: dict[str, Any], statuspage_schema: Schemas
) -> None:
    sent: list[tuple[str, str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/pages/page14/incidents/sp13")
        sent.append((request.method, path, json.loads(request.content) if request.content else None))
        return httpx.Response(404 if request.method == "GET" else 200, json={})

    client = httpx.Client(base_url="https://api.statuspage.io", transport=httpx.MockTransport(answer))
    page = Statuspage(client, "page14", ManualClock())

    outcome = page.review(PublicReview("sp13", "A pool was too small.", notify=False))

    assert isinstance(outcome, Delivered)
    (read, draft, publish) = sent
    assert read == ("GET", "/postmortem", None)
    assert (draft[:2], publish[:2]) == (("PUT", "/postmortem"), ("PUT", "/postmortem/publish"))
    Draft202012Validator(statuspage_schema(DRAFT)).validate(draft[2])
    Draft202012Validator(statuspage_schema(PUBLISH)).validate(publish[2])
    assert "put" in statuspage_document["paths"][PATH]
    assert "put" in statuspage_document["paths"][f"{PATH}/publish"]
    assert not Draft202012Validator(statuspage_schema(DRAFT)).is_valid({"postmortem": {"body": "x"}})
