"""The review of an incident on Atlassian Statuspage, which calls it a postmortem: read, then written at most once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vcci_platform.incidents.ports import Delivered, Failed, Outcome, PublicReview

__all__ = ["publish_review"]

Call = Callable[..., Any]
"""`call(method, path, **content)` returns the JSON of an answer; it raises for a refusal."""


def publish_review(read: Callable[[str], Mapping[str, Any] | None], call: Call, review: PublicReview) -> Outcome:
    """Publish a review and return what became of it.

    `read(path)` returns what stands there, or None. Whatever an earlier attempt did is read before anything is
    written: publishing a second time would mail every subscriber again. What a person published there is not touched.
    """
    path = f"/incidents/{review.remote_id}/postmortem"
    there = read(path) or {}
    if there.get("published_at"):
        if there.get("body") == review.text:
            return Delivered({"review": review.remote_id, "found": True})
        return Failed("the status page has another review of this incident already", retryable=False)
    if there.get("body_draft") != review.text:
        call("PUT", path, json={"postmortem": {"body_draft": review.text}})
    call("PUT", f"{path}/publish", json={"postmortem": {"notify_subscribers": review.notify}})
    return Delivered({"review": review.remote_id})
