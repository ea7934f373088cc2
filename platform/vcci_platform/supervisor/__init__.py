"""The supervisor: starts the platform's processes on this machine, keeps them running, and ends them together."""

from __future__ import annotations

from vcci_platform.supervisor.blueprint import Blueprint, clean_environment, draw
from vcci_platform.supervisor.household import AlreadyRunning, read_state
from vcci_platform.supervisor.keeper import ChildFailed, Crash, Keeper, how_it_ended
from vcci_platform.supervisor.newcomer import Newcomer, SampleFailed, Summary, demo_key
from vcci_platform.supervisor.policy import PortTaken
from vcci_platform.supervisor.running import Audience, Interrupted, Running, running

__all__ = [
    "AlreadyRunning",
    "Audience",
    "Blueprint",
    "ChildFailed",
    "Crash",
    "Interrupted",
    "Keeper",
    "Newcomer",
    "PortTaken",
    "Running",
    "SampleFailed",
    "Summary",
    "clean_environment",
    "demo_key",
    "draw",
    "how_it_ended",
    "read_state",
    "running",
]
