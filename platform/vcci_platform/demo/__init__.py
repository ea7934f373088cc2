"""Demonstrations on a platform of their own: real faults in real requests, and what becomes of them."""

from __future__ import annotations

from vcci_platform.demo.outage import Fault, Outage, Report, StepMissed
from vcci_platform.demo.story import Scene, news
from vcci_platform.demo.traffic import Traffic
from vcci_platform.demo.watcher import Watcher

__all__ = ["Fault", "Outage", "Report", "Scene", "StepMissed", "Traffic", "Watcher", "news"]
