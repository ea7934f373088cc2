"""Where the desk's effects go: the vendors that are configured, and the sandbox in place of those that are not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from vcci_platform.clock import Clock
from vcci_platform.incidents.outbox import Target
from vcci_platform.incidents.vendors.mail import Mail
from vcci_platform.incidents.vendors.pace import Paces
from vcci_platform.incidents.vendors.pagerduty_connection import Connection
from vcci_platform.incidents.vendors.pagerduty_events import PagerDuty
from vcci_platform.incidents.vendors.pagerduty_rest import PagerDutyRest
from vcci_platform.incidents.vendors.slack import Slack
from vcci_platform.incidents.vendors.slack_bot import SlackBot
from vcci_platform.incidents.vendors.statuspage import Statuspage
from vcci_platform.settings import Settings

__all__ = ["SANDBOX_WEBHOOK_SECRET", "VendorTargets", "Vendors"]

# The sandbox's, in vcci_platform.sandbox.constants; a contract test keeps the two alike. They open nothing else.
SANDBOX_ROUTING_KEY = "sandbox000000000000000000000key0"
SANDBOX_API_TOKEN = "sandbox-pagerduty-key"  # noqa: S105 - it opens the stand-in alone
SANDBOX_FROM = "desk@sandbox.test"
SANDBOX_WEBHOOK_SECRET = "sandbox-webhook-secret-000000000000"  # noqa: S105 - it signs what the stand-in sends
SANDBOX_PAGE = "sandboxpage"
SANDBOX_STATUSPAGE_KEY = "sandbox-statuspage-key"
SANDBOX_SLACK_PATH = "/services/T000/B000/sandbox"
SANDBOX_CA_FILE = "sandbox-ca.pem"


@dataclass(frozen=True)
class VendorTargets:
    """Addresses and keys of the vendors. `sandboxed` names those that are only stand-ins.

    A second PagerDuty service and a mail server are there when the environment names them: the ways of a page that
    PagerDuty does not take.
    """

    pagerduty_url: str
    pagerduty_key: SecretStr
    pagerduty_ca_file: Path | None
    statuspage_url: str
    statuspage_key: SecretStr
    statuspage_page: str
    slack_url: SecretStr
    sandboxed: tuple[str, ...]
    second_key: SecretStr | None = None
    smtp_url: SecretStr | None = None
    mail_from: str = ""
    slack_token: SecretStr | None = None
    slack_api_url: str = ""
    slack_channel: str = ""
    api_token: SecretStr | None = None
    api_url: str = ""
    api_from: str = ""

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
        rest = (settings.pagerduty_api_token, settings.pagerduty_api_url, settings.pagerduty_from)
        if settings.pagerduty_routing_key is None and settings.pagerduty_api_token is None:
            rest = (SecretStr(SANDBOX_API_TOKEN), pagerduty[0], SANDBOX_FROM)
        statuspage = (settings.statuspage_url, settings.statuspage_api_key, settings.statuspage_page)
        if settings.statuspage_api_key is None or not settings.statuspage_page:
            sandboxed.append("statuspage")
            statuspage = (plain, SecretStr(SANDBOX_STATUSPAGE_KEY), SANDBOX_PAGE)
        slack = settings.slack_webhook_url
        if slack is None and settings.slack_bot_token is None:
            sandboxed.append("slack")
        slack = slack or SecretStr(f"{plain}{SANDBOX_SLACK_PATH}")
        return cls(
            pagerduty[0],
            pagerduty[1] or SecretStr(""),
            pagerduty[2],
            statuspage[0],
            statuspage[1] or SecretStr(""),
            statuspage[2] or "",
            slack,
            tuple(sandboxed),
            settings.pagerduty_second_routing_key,
            settings.smtp_url,
            settings.mail_from,
            settings.slack_bot_token,
            settings.slack_api_url,
            settings.slack_channel,
            *rest,
        )

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """Every way to the outside that only leads to the sandbox, by its name in the outbox."""
        rest = self.api_token is not None and self.api_token.get_secret_value() == SANDBOX_API_TOKEN
        return (*self.sandboxed, Target.RESPONDERS.value) if rest else self.sandboxed

    @property
    def channels(self) -> frozenset[str]:
        """The ways to the outside that the desk has, by their names in the outbox."""
        optional = {
            Target.MAIL: self.smtp_url,
            Target.SECOND_PAGER: self.second_key,
            Target.RESPONDERS: self.api_token,
        }
        return frozenset(target.value for target in Target if optional.get(target, SecretStr("always")) is not None)


class Vendors:
    """The adapters, connected. `paces` count their calls; without any, each adapter counts its own."""

    def __init__(self, targets: VendorTargets, clock: Clock, paces: Paces | None = None) -> None:
        self.pager = _pager(targets, targets.pagerduty_key, clock, paces)
        self.second_pager = _pager(targets, targets.second_key, clock, paces) if targets.second_key else None
        self.status_page = Statuspage.connect(
            targets.statuspage_url,
            targets.statuspage_key.get_secret_value(),
            targets.statuspage_page,
            clock,
            paces=paces,
        )
        self.chat = _chat(targets, clock, paces)
        self.mailer = (
            Mail(targets.smtp_url.get_secret_value(), targets.mail_from, clock, paces=paces)
            if targets.smtp_url
            else None
        )
        self.rest = (
            PagerDutyRest(
                Connection(
                    targets.api_token.get_secret_value(),
                    clock,
                    sender=targets.api_from,
                    base_url=targets.api_url,
                    ca_file=targets.pagerduty_ca_file,
                    paces=paces,
                )
            )
            if targets.api_token
            else None
        )

    def close(self) -> None:
        """Close every connection."""
        self.pager.close()
        self.status_page.close()
        self.chat.close()
        if self.second_pager is not None:
            self.second_pager.close()
        if self.rest is not None:
            self.rest.close()


def _pager(targets: VendorTargets, key: SecretStr, clock: Clock, paces: Paces | None) -> PagerDuty:
    url, ca_file = targets.pagerduty_url, targets.pagerduty_ca_file
    return PagerDuty(key.get_secret_value(), clock, base_url=url, ca_file=ca_file, paces=paces)


def _chat(targets: VendorTargets, clock: Clock, paces: Paces | None) -> Slack | SlackBot:
    if targets.slack_token is None:
        return Slack.connect(targets.slack_url.get_secret_value(), clock, paces=paces)
    token = targets.slack_token.get_secret_value()
    return SlackBot.connect(targets.slack_api_url, token, targets.slack_channel, clock, paces=paces)
