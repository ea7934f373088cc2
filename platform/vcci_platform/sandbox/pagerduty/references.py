"""References: how PagerDuty's answers name a thing that they do not show whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vcci_platform.sandbox.pagerduty.account import Account, Priority
from vcci_platform.sandbox.pagerduty.incident import Agent, Incident

__all__ = ["Links", "Namer", "whole_seconds"]


@dataclass(frozen=True, slots=True)
class Links:
    """Where the API and the page of the sandbox answer."""

    api: str = "https://127.0.0.1:8021"
    page: str = "http://127.0.0.1:8020"


def whole_seconds(moment: datetime) -> str:
    """Return the moment as the vendor writes it."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Namer:
    """Names things of an account; what has been deleted since keeps its id and loses its name."""

    account: Account
    links: Links

    def reference(self, kind: str, path: str, identifier: str, summary: str) -> dict[str, Any]:
        """Return a reference of this kind."""
        return {
            "id": identifier,
            "type": kind,
            "summary": summary,
            "self": f"{self.links.api}/{path}/{identifier}",
            "html_url": f"{self.links.page}/#{identifier}",
        }

    def user(self, identifier: str) -> dict[str, Any]:
        """Return a user's reference."""
        name = self.account.users[identifier].form.name if identifier in self.account.users else "a deleted user"
        return self.reference("user_reference", "users", identifier, name)

    def service(self, identifier: str) -> dict[str, Any]:
        """Return a service's reference."""
        known = identifier in self.account.services
        name = self.account.services[identifier].form.name if known else "a deleted service"
        return self.reference("service_reference", "services", identifier, name)

    def policy(self, identifier: str) -> dict[str, Any]:
        """Return an escalation policy's reference."""
        known = identifier in self.account.policies
        name = self.account.policies[identifier].form.name if known else "a deleted policy"
        return self.reference("escalation_policy_reference", "escalation_policies", identifier, name)

    def schedule(self, identifier: str) -> dict[str, Any]:
        """Return a schedule's reference."""
        known = identifier in self.account.schedules
        name = self.account.schedules[identifier].form.name if known else "a deleted schedule"
        return self.reference("schedule_reference", "schedules", identifier, name)

    def target(self, kind: str, identifier: str) -> dict[str, Any]:
        """Return the reference of whoever a rule or a request tells."""
        if kind.startswith("user"):
            return self.user(identifier)
        return self.schedule(identifier) if kind.startswith("schedule") else self.policy(identifier)

    def incident(self, incident: Incident) -> dict[str, Any]:
        """Return an incident's reference."""
        title = f"[#{incident.number}] {incident.summary}"
        return self.reference("incident_reference", "incidents", incident.id, title)

    def priority(self, priority: Priority) -> dict[str, Any]:
        """Return a priority whole, as every incident shows it."""
        return self.reference("priority", "priorities", priority.id, priority.name) | {
            "name": priority.name,
            "description": priority.description,
        }

    def agent(self, agent: Agent | None) -> dict[str, Any] | None:
        """Return who did something; None is PagerDuty itself."""
        if agent is None:
            return None
        return self.user(agent.id) if agent.kind == "user" else self.service(agent.id)
