"""Sloth's rules from Sloth's specs, byte for byte, oddities included. The native rules are made beside this package."""

from __future__ import annotations

from vcci_alerts.sloth.generator import VERSION, Generated, Options, generate, generate_all, rules_text
from vcci_alerts.sloth.plugins import SLO_PLUGINS
from vcci_alerts.sloth.sli_plugins import SLI_PLUGINS
from vcci_alerts.sloth.work import Group, Info, Plugin, PluginFactory, Rule, Rules, Tier, Work

__all__ = [
    "SLI_PLUGINS",
    "SLO_PLUGINS",
    "VERSION",
    "Generated",
    "Group",
    "Info",
    "Options",
    "Plugin",
    "PluginFactory",
    "Rule",
    "Rules",
    "Tier",
    "Work",
    "generate",
    "generate_all",
    "rules_text",
]
