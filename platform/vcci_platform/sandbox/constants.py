"""What a client of the sandbox must know: keys, the page, the webhook's path, the ids of components.

None of these is a secret: they open nothing but the stand-ins on this machine.
"""

from __future__ import annotations

import re
from typing import Final

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
    "component_id",
]

ROUTING_KEY: Final = "sandbox000000000000000000000key0"  # PagerDuty's keys have exactly 32 characters
PAGERDUTY_API_KEY: Final = "sandbox-pagerduty-key"
PAGERDUTY_FROM: Final = "desk@sandbox.test"  # a user of the sandbox's account, for the header `From`
PAGERDUTY_WEBHOOK_SECRET: Final = "sandbox-webhook-secret-000000000000"  # noqa: S105 - it signs what the stand-in sends
PAGE_ID: Final = "sandboxpage"
STATUSPAGE_API_KEY: Final = "sandbox-statuspage-key"
SLACK_WEBHOOK_PATH: Final = "/services/T000/B000/sandbox"
SLACK_BOT_TOKEN: Final = "xoxb-sandbox"  # noqa: S105 - it opens nothing but the stand-in
DEFAULT_COMPONENTS: Final = ("API", "Calculations", "Data")
CERTIFICATE_AUTHORITY_FILE: Final = "sandbox-ca.pem"  # under the home folder; what a client must trust


def component_id(name: str) -> str:
    """Return the id that the sandbox's status page gives to the component of this name.

    >>> component_id("API")
    'api'
    >>> component_id("Scope 3 calculations")
    'scope-3-calculations'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not slug:
        raise ValueError(f"expected a component name with a letter or a digit, found {name!r}")
    return slug
