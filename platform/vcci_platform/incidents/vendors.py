"""Where the desk's effects go: the vendors that are configured, and the sandbox in place of those that are not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from vcci_platform.clock import Clock
from vcci_platform.incidents.pagerduty import PagerDuty
from vcci_platform.incidents.slack import Slack
from vcci_platform.incidents.statuspage import Statuspage
from vcci_platform.settings import Settings

__all__ = ["VendorTargets", "Vendors"]

# The sandbox's, in vcci_platform.sandbox.constants; a contract test keeps the two alike. They open nothing else.
SANDBOX_ROUTING_KEY = "sandbox000000000000000000000key0"
SANDBOX_PAGE = "sandboxpage"
SANDBOX_STATUSPAGE_KEY = "sandbox-statuspage-key"
SANDBOX_SLACK_PATH = "/services/T000/B000/sandbox"
SANDBOX_CA_FILE = "sandbox-ca.pem"


@dataclass(frozen=True)
class VendorTargets:
    """Addresses and keys of the three vendors. `sandboxed` names those that are only stand-ins."""

    pagerduty_url: str
    pagerduty_key: SecretStr
    pagerduty_ca_file: Path | None
    statuspage_url: str
    statuspage_key: SecretStr
    statuspage_page: str
    slack_url: SecretStr
    sandboxed: tuple[str, ...]

    @classmethod
    def from_settings(cls, settings: Settings) -> VendorTargets:
        """Return the vendors of the environment; each that has no key is the sandbox on this machine."""
        plain = f"http://127.0.0.1:{settings.sandbox_port}"
        sandboxed: list[str] = []
        pagerduty = (settings.pagerduty_events_url, settings.pagerduty_routing_key, settings.pagerduty_ca_file)
        if settings.pagerduty_routing_key is None:
            sandboxed.append("pagerduty")
            tls = f"https://127.0.0.1:{settings.sandbox_tls_port}"
            pagerduty = (tls, SecretStr(SANDBOX_ROUTING_KEY), settings.home / SANDBOX_CA_FILE)
        statuspage = (settings.statuspage_url, settings.statuspage_api_key, settings.statuspage_page)
        if settings.statuspage_api_key is None or not settings.statuspage_page:
            sandboxed.append("statuspage")
            statuspage = (plain, SecretStr(SANDBOX_STATUSPAGE_KEY), SANDBOX_PAGE)
        slack = settings.slack_webhook_url
        if slack is None:
            sandboxed.append("slack")
            slack = SecretStr(f"{plain}{SANDBOX_SLACK_PATH}")
        return cls(
            pagerduty[0],
            pagerduty[1] or SecretStr(""),
            pagerduty[2],
            statuspage[0],
            statuspage[1] or SecretStr(""),
            statuspage[2] or "",
            slack,
            tuple(sandboxed),
        )


class Vendors:
    """The three adapters, connected."""

    def __init__(self, targets: VendorTargets, clock: Clock) -> None:
        self.pager = PagerDuty(
            targets.pagerduty_key.get_secret_value(),
            clock,
            base_url=targets.pagerduty_url,
            ca_file=targets.pagerduty_ca_file,
        )
        self.status_page = Statuspage.connect(
            targets.statuspage_url, targets.statuspage_key.get_secret_value(), targets.statuspage_page, clock
        )
        self.chat = Slack.connect(targets.slack_url.get_secret_value(), clock)

    def close(self) -> None:
        """Close every connection."""
        self.pager.close()
        self.status_page.close()
        self.chat.close()
