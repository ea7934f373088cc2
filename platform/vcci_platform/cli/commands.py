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
_ACCESS = "Who may use the service"
_RUN = "Run one process at a time"

COMMANDS: Final[Mapping[str, Entry]] = {
    "up": Entry("vcci_platform.cli.up", "Start everything on this machine and print the addresses", _START),
    "demo": Entry(
        "vcci_platform.cli.demo", "Break a platform of its own, and show what follows until it has recovered", _START
    ),
    "init": Entry("vcci_platform.cli.init", "Write a starter spec, or one of what a Prometheus holds", _START),
    "import": Entry("vcci_platform.cli.imports", "Write a spec from the alerting rules that a team has", _START),
    "spec": Entry("vcci_platform.cli.spec", "Check a spec, or print the JSON Schema of specs", _SPEC),
    "plan": Entry(
        "vcci_platform.cli.plan", "Print the plan of a spec: every default filled, every name decided", _SPEC
    ),
    "convert": Entry(
        "vcci_platform.cli.convert",
        "Turn specs of Sloth, OpenSLO and Pyrra into ours, and ours into the first two",
        _SPEC,
    ),
    "generate": Entry(
        "vcci_platform.cli.generate", "Write the rules, routes, dashboards and runbooks of a spec, or check them", _SPEC
    ),
    "sloth": Entry("vcci_platform.cli.sloth", "Do what Sloth v0.16 does, byte for byte, with its flags", _SPEC),
    "diff": Entry("vcci_platform.cli.diff", "Say what changes between two specs, in words for a review", _SPEC),
    "drift": Entry(
        "vcci_platform.cli.drift", "Say where a live Prometheus and Alertmanager differ from the spec", _SPEC
    ),
    "now": Entry("vcci_platform.cli.now", "Say in one screen what fires, what burns and who is on call", _WATCH),
    "why": Entry("vcci_platform.cli.why", "Say why an alert fires or does not, whom it wakes, when it is over", _WATCH),
    "slo": Entry("vcci_platform.cli.slo", "Look at promises: status, account, gate, reports, backtests", _WATCH),
    "incident": Entry(
        "vcci_platform.cli.incident", "List incidents, read their timelines, report and move them", _WATCH
    ),
    "drill": Entry("vcci_platform.cli.drill", "Play a game day: every deadline of an incident, met or missed", _WATCH),
    "oncall": Entry("vcci_platform.cli.oncall", "Who is on call, the next handoffs, and notes for one", _WATCH),
    "page": Entry("vcci_platform.cli.page", "Send a real test page down the configured path", _WATCH),
    "pagerduty": Entry("vcci_platform.cli.pagerduty", "The spec against a PagerDuty account, and into it", _SPEC),
    "tenant": Entry("vcci_platform.cli.tenant", "Make and list tenants and their API keys", _ACCESS),
    "api": Entry("vcci_platform.cli.api", "Run the service, and without a broker the worker of its jobs", _RUN),
    "worker": Entry("vcci_platform.cli.worker", "Run a worker of the queues of a broker", _RUN),
    "scheduler": Entry(
        "vcci_platform.cli.scheduler", "Run the scheduler: it sends again the jobs whose message was lost", _RUN
    ),
    "desk": Entry("vcci_platform.cli.desk", "Run the incident desk; its people, outbox and inbox", _RUN),
    "runbooks": Entry("vcci_platform.cli.runbooks", "Build or serve the runbook site", _RUN),
    "sandbox": Entry("vcci_platform.cli.sandbox", "Run the stand-ins for PagerDuty, Statuspage and Slack", _RUN),
}


def available(commands: Mapping[str, Entry] = COMMANDS) -> dict[str, Entry]:
    """Return the commands whose module exists, in the order of the table. Nothing is imported to find out."""
    return {name: entry for name, entry in commands.items() if find_spec(entry.module) is not None}
