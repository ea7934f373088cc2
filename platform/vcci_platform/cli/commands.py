"""The table of commands: the name a person types, the module that carries it out, one line of help.

A feature adds a line here and a module with `app`, a `typer.Typer`. An app with one command and no callback *is* the
command (`vcci sandbox`); with several commands, or a callback, it is a group (`vcci tenant create`). A line whose
module does not exist yet is left out of the help, and the modules are imported only when their command is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

__all__ = ["COMMANDS", "Entry", "available"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, and what it does in one line."""

    module: str
    help: str
    panel: str = "Commands"
    attribute: str = "app"


_START = "Start here"
_SPEC = "The spec and what is made of it"
_WATCH = "What is happening"
_RUN = "One process at a time"

COMMANDS: Final[Mapping[str, Entry]] = {
    "up": Entry("vcci_platform.cli.up", "Start everything on this machine and print the addresses", _START),
    "demo": Entry("vcci_platform.cli.demo", "Show the loop with real faults, such as an outage", _START),
    "init": Entry("vcci_platform.cli.init", "Write a starter spec into this folder", _START),
    "spec": Entry("vcci_platform.cli.spec", "Validate the spec and print its JSON Schema", _SPEC),
    "plan": Entry("vcci_platform.cli.plan", "Print the plan: every default filled, every name decided", _SPEC),
    "generate": Entry("vcci_platform.cli.generate", "Write the artifacts of the spec, or check them", _SPEC),
    "now": Entry("vcci_platform.cli.now", "One screen: what fires, what burns, who is on call", _WATCH),
    "slo": Entry("vcci_platform.cli.slo", "Objectives, budgets and burn", _WATCH),
    "incident": Entry("vcci_platform.cli.incident", "Incidents and their timelines", _WATCH),
    "page": Entry("vcci_platform.cli.page", "Send a real test page down the configured path", _WATCH),
    "tenant": Entry("vcci_platform.cli.tenant", "Tenants and their API keys", _RUN),
    "api": Entry("vcci_platform.cli.api", "Run the service", _RUN),
    "worker": Entry("vcci_platform.cli.worker", "Run a worker of the queues", _RUN),
    "scheduler": Entry("vcci_platform.cli.scheduler", "Run the scheduler and the sweeper", _RUN),
    "desk": Entry("vcci_platform.cli.desk", "Run the incident desk", _RUN),
    "runbooks": Entry("vcci_platform.cli.runbooks", "Build or serve the runbook site", _RUN),
    "sandbox": Entry("vcci_platform.cli.sandbox", "Run the stand-ins for PagerDuty, Statuspage and Slack", _RUN),
}


def available(commands: Mapping[str, Entry] = COMMANDS) -> dict[str, Entry]:
    """Return the commands whose module exists, in the order of the table. Nothing is imported to find out."""
    return {name: entry for name, entry in commands.items() if find_spec(entry.module) is not None}
