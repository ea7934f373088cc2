"""The way of a review from its draft to its publication, for tests that are about what comes after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vcci_platform.incidents.review.model import Stage
from vcci_platform.incidents.review.store import Kept
from vcci_platform.incidents.review.tasks import Reviewer

__all__ = ["publish", "publish_over"]


def publish(reviewer: Reviewer, incident_id: str, by: str = "ada", *, why_alone: str = "") -> Kept:
    """Hand a draft in, and publish it."""
    version = reviewer.read(incident_id).review.version
    handed = reviewer.move(incident_id, Stage.IN_REVIEW, version=version, by=by)
    return reviewer.move(incident_id, Stage.PUBLISHED, version=handed.review.version, by=by, why_alone=why_alone)


def publish_over(http: Any, incident_id: str, headers: Mapping[str, str] | None = None, **asked: str) -> Any:
    """Do the same over HTTP as one person, and return the answer to the second step."""
    where = f"/v1/incidents/{incident_id}/review"
    version = http.get(where, headers=headers).json()["version"]
    by = {name: value for name, value in asked.items() if name == "by"}
    http.post(f"{where}/stage", json={"stage": "in-review", "version": version, **by}, headers=headers)
    return http.post(f"{where}/stage", json={"stage": "published", "version": version + 1, **asked}, headers=headers)
