"""What a newcomer would do first, over the real HTTP API: become a tenant, send purchases, read the results."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from vcci_platform.errors import PlatformError
from vcci_platform.supervisor.blueprint import Blueprint
from vcci_platform.supervisor.household import keep_private

__all__ = ["KEY_FILE", "TENANT", "Newcomer", "SampleFailed", "Sector", "Summary", "demo_key"]

TENANT: Final = "demo"
KEY_FILE: Final = "demo-api-key"
KEY_NAME: Final = "vcci up"
LOOK_SECONDS: Final = 0.2
PART: Final = 200
"""The largest part of a list that the API gives at once."""


class SampleFailed(PlatformError):
    """The service did not calculate the sample."""


@dataclass(frozen=True)
class Sector:
    """One of the sectors that emit the most."""

    name: str
    kg_co2e: float
    share: float | None


@dataclass(frozen=True)
class Summary:
    """What became of the sample. `gaps` counts reasons; a row may have several."""

    upload_id: str
    filename: str
    lines: int
    rows_total: int
    rows_with_gaps: int
    kg_co2e: float
    sectors: tuple[Sector, ...]
    gaps: tuple[tuple[str, int], ...]


def demo_key(blueprint: Blueprint) -> tuple[str, bool]:
    """Return the key of the demo tenant and whether it was made now; one that the service knows is used again.

    The key lies in the home folder, readable by its owner alone. The tenant is made in the database that the settings
    name, as `vcci tenant create` does.
    """
    kept = blueprint.settings.home / KEY_FILE
    if kept.exists():
        key = kept.read_text(encoding="utf-8").strip()
        with _client(blueprint.service, key) as client, _reached(blueprint.service):
            if client.get("/v1/tenant").is_success:
                return key, False
    command = [sys.executable, "-P", "-m", "vcci_platform.supervisor.demo_tenant", TENANT, KEY_NAME]
    made = subprocess.run(  # noqa: S603 - the command is ours
        command, env=dict(blueprint.environment), capture_output=True, text=True, timeout=60, check=False
    )
    if made.returncode != 0:
        raise SampleFailed(f"the demo tenant could not be made: {made.stderr.strip()[-2000:]}")
    key = made.stdout.strip()
    keep_private(kept, key + "\n")
    return key, True


class Newcomer:
    """A client of the service with the key of the demo tenant."""

    def __init__(self, service: str, key: str) -> None:
        self._service = service
        self._client = _client(service, key)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def send(self, sample: Path) -> dict[str, Any]:
        """Send the file and return the upload. The same file is the same upload, however often it is sent."""
        content = sample.read_bytes()
        name = f"sample-{hashlib.sha256(content).hexdigest()[:32]}"
        with _reached(self._service):
            answer = self._client.post(
                "/v1/uploads",
                files={"file": (sample.name, content, "text/csv")},
                headers={"Idempotency-Key": name},
                timeout=60,
            )
        upload: dict[str, Any] = _taken(answer, "the sample")["upload"]
        return upload

    def follow(self, upload_id: str, progress: Callable[[dict[str, Any]], object], *, within: float) -> dict[str, Any]:
        """Tell how far the work on an upload is until it is done, and return the upload.

        Raises SampleFailed when it fails or takes longer than `within` seconds.
        """
        deadline = time.monotonic() + within
        while True:
            upload: dict[str, Any] = self._read(f"/v1/uploads/{upload_id}")
            progress(upload)
            if upload["settled_at"] is not None:
                break
            if time.monotonic() > deadline:
                raise SampleFailed(
                    f"the sample was not calculated within {within:g} s: {upload['progress']:.0%} done; see the log of "
                    "the service"
                )
            time.sleep(LOOK_SECONDS)
        if upload["totals"] is None:
            reason = (upload["refusal"] or {}).get("detail", "see the log of the service")
            raise SampleFailed(f"the sample was {upload['status']}: {reason}")
        return upload

    def summary(self, upload: dict[str, Any], *, sectors: int = 5) -> Summary:
        """Return the results in a few lines."""
        of = f"/v1/uploads/{upload['id']}"
        largest = self._read(f"{of}/results", by="sector", limit=sectors)
        gaps = Counter(str(gap["reason"]) for gap in self._every(f"{of}/gaps"))
        totals = upload["totals"]
        return Summary(
            upload_id=upload["id"],
            filename=upload["filename"],
            lines=totals["lines"],
            rows_total=upload["rows_total"] or 0,
            rows_with_gaps=totals["rows_with_gaps"],
            kg_co2e=totals["kg_co2e"],
            sectors=tuple(Sector(item["label"], item["kg_co2e"], item["share"]) for item in largest["items"]),
            gaps=tuple(gaps.most_common()),
        )

    def _every(self, path: str) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            part = self._read(path, limit=PART, **({"cursor": cursor} if cursor else {}))
            yield from part["items"]
            cursor = part["next_cursor"]
            if cursor is None:
                return

    def _read(self, path: str, **given: str | int) -> dict[str, Any]:
        with _reached(self._service):
            return _taken(self._client.get(path, params=given), path)


@contextmanager
def _reached(service: str) -> Generator[None]:
    """Say in one sentence that the service went away."""
    try:
        yield
    except httpx.TransportError as error:
        raise SampleFailed(f"the service at {service} does not answer any more: {type(error).__name__}") from None


def _client(service: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=service, headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False)


def _taken(answer: httpx.Response, what: str) -> dict[str, Any]:
    if answer.is_success:
        body: dict[str, Any] = answer.json()
        return body
    try:
        detail = answer.json().get("detail", "")
    except ValueError:
        detail = answer.text[:200]
    raise SampleFailed(f"the service did not give {what}: {answer.status_code} {detail}")
