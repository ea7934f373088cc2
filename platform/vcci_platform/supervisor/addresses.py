"""Where people look: the address of everything that a running platform shows, and whether it answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import httpx

from vcci_platform.errors import PlatformError
from vcci_platform.supervisor.blueprint import Blueprint

__all__ = ["NoAnswer", "addresses", "check"]

ANSWER_SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 0.2


class NoAnswer(PlatformError):
    """An address that would have been printed does not answer."""


def addresses(blueprint: Blueprint, upload_id: str | None) -> dict[str, str]:
    """Return every address by what a person finds there, in the order in which they are shown."""
    service, desk, settings = blueprint.service, blueprint.desk, blueprint.settings
    found = {
        "console": f"{desk}/",
        "results": f"{service}/uploads/{upload_id}" if upload_id else f"{service}/",
        "SLO status": f"{desk}/slos",
        "incidents": f"{desk}/incidents",
        "API docs": f"{service}/docs",
        "desk docs": f"{desk}/docs",
    }
    if blueprint.sandboxed:
        found |= {"sandbox": f"{blueprint.sandbox}/", "status page": f"{blueprint.sandbox}/status"}
    found["runbooks"] = f"{blueprint.runbooks}/"
    if settings.prometheus_url:
        found["Prometheus"] = f"{settings.prometheus_url}/"
    if settings.alertmanager_url:
        found["Alertmanager"] = f"{settings.alertmanager_url}/"
    return found | {
        "service health": f"{service}/health/ready",
        "service metrics": f"{service}/health/metrics",
        "desk health": f"{desk}/health/ready",
        "desk metrics": f"{desk}/health/metrics",
    }


def check(blueprint: Blueprint, found: Mapping[str, str], key: str, *, within: float = ANSWER_SECONDS) -> None:
    """Open every address as a person would who signed in; raise NoAnswer for one that does not answer 200 in time."""
    deadline = time.monotonic() + within
    with httpx.Client(timeout=within, trust_env=False) as client:
        with suppress(httpx.TransportError):  # an address below says so better
            client.post(f"{blueprint.service}/sign-in", data={"key": key}, headers={"Origin": blueprint.service})
        for name, url in found.items():
            while answer := _refusal(client, url):
                if time.monotonic() > deadline:
                    raise NoAnswer(f"{name}: expected {url} to answer 200, found {answer}")
                time.sleep(PAUSE_SECONDS)


def _refusal(client: httpx.Client, url: str) -> str:
    try:
        answer = client.get(url, follow_redirects=True)
    except httpx.TransportError as error:
        return f"no answer ({type(error).__name__})"
    return "" if answer.is_success else f"{answer.status_code}"
