"""Stand-ins for PagerDuty, Statuspage and Slack on loopback: they behave like the vendors and wake nobody.

Reading a constant is cheap; what serves is imported when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vcci_platform.sandbox.constants import (
    CERTIFICATE_AUTHORITY_FILE,
    DEFAULT_COMPONENTS,
    PAGE_ID,
    PAGERDUTY_API_KEY,
    PAGERDUTY_FROM,
    PAGERDUTY_WEBHOOK_SECRET,
    ROUTING_KEY,
    SLACK_BOT_TOKEN,
    SLACK_WEBHOOK_PATH,
    STATUSPAGE_API_KEY,
    component_id,
)

if TYPE_CHECKING:
    from vcci_platform.sandbox.app import create_app
    from vcci_platform.sandbox.certificates import authority_file, ensure_authority
    from vcci_platform.sandbox.server import Addresses, PortTaken, running, serve
    from vcci_platform.sandbox.state import Sandbox

__all__ = [
    "CERTIFICATE_AUTHORITY_FILE",
    "DEFAULT_COMPONENTS",
    "PAGERDUTY_API_KEY",
    "PAGERDUTY_FROM",
    "PAGERDUTY_WEBHOOK_SECRET",
    "PAGE_ID",
    "ROUTING_KEY",
    "SLACK_BOT_TOKEN",
    "SLACK_WEBHOOK_PATH",
    "STATUSPAGE_API_KEY",
    "Addresses",
    "PortTaken",
    "Sandbox",
    "authority_file",
    "component_id",
    "create_app",
    "ensure_authority",
    "running",
    "serve",
]

_MODULES = {
    "Addresses": "server",
    "PortTaken": "server",
    "Sandbox": "state",
    "authority_file": "certificates",
    "create_app": "app",
    "ensure_authority": "certificates",
    "running": "server",
    "serve": "server",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
