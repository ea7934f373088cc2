"""The commands and flags of Sloth v0.16, and three of our own."""

from __future__ import annotations

from typing import Final

from vcci_alerts.sloth import VERSION
from vcci_platform.sloth.kingpin import Command, Flag

__all__ = ["COMMANDS", "DEFAULT_TRANSFORM", "SHARED", "help_text"]

DEFAULT_TRANSFORM: Final = "sloth.dev/k8stransform/prom-operator-prometheus-rule/v1"

SHARED: Final = (
    Flag("debug", "Enable debug mode.", switch=True),
    Flag("no-log", "Disable logger.", switch=True),
    Flag("no-color", "Disable logger color.", switch=True),
    Flag("logger", "Selects the logger type.", default="default", choices=("default", "json")),
    Flag("sloth-version-label", "What the rules call the version that made them (not in Sloth).", default=VERSION),
)

_EXCLUDE = Flag("fs-exclude", "Regex of paths of discovered specs to leave out.", short="e")
_INCLUDE = Flag("fs-include", "Regex of paths of discovered specs to take alone; --fs-exclude wins.", short="n")
_COMMON = (
    Flag("extra-labels", "Label for every rule (KEY=VALUE, can be repeated).", short="l", pairs=True),
    Flag("plugins-path", "Folder of SLI and SLO plugins in Python (can be repeated).", short="p", repeats=True),
    Flag("slo-period-windows-path", "Folder of a windows catalog that replaces the built-in one."),
    Flag("default-slo-period", "The period of the SLOs.", default="30d"),
    Flag("slo-plugins", "SLO plugin as JSON: id, priority, config (can be repeated).", short="s", repeats=True),
    Flag("disable-default-slo-plugins", "Run none of the default SLO plugins.", switch=True),
    Flag("strict", "Refuse keys that Sloth does not read (not in Sloth).", switch=True),
)

COMMANDS: Final = (
    Command(
        "generate",
        "Generates Prometheus SLOs.",
        (
            Flag("input", "Spec, or a folder that is searched for specs; then --out is a folder too.", short="i"),
            Flag("out", "Where the rules go; `-` is the standard output.", short="o", default="-"),
            _EXCLUDE,
            _INCLUDE,
            Flag("disable-recordings", "Write no recording rules.", switch=True),
            Flag("disable-alerts", "Write no alerts.", switch=True),
            Flag("k8s-transform-plugin-id", "What makes Kubernetes objects of rules.", default=DEFAULT_TRANSFORM),
            *_COMMON,
        ),
    ),
    Command(
        "validate",
        "Validates the SLO manifests and generation of Prometheus SLOs.",
        (
            Flag("input", "Folder that is searched for specs, or one spec.", short="i", required=True),
            _EXCLUDE,
            _INCLUDE,
            Flag("ignore-slo-duplicates", "Let several specs hold the same SLO.", switch=True),
            *_COMMON,
        ),
    ),
    Command("version", "Shows version."),
)


def help_text(command: str = "") -> str:
    """Return how a command, or the whole, is used."""
    chosen = next((each for each in COMMANDS if each.name == command), None)
    if chosen is None:
        lines = [f"  {each.name:<10} {each.help}" for each in COMMANDS]
        usage = ["usage: vcci sloth [<flags>] <command> [<args> ...]", "", "Commands:", *lines]
        return "\n".join([*usage, "", "Flags:", *_described(SHARED)])
    usage = [f"usage: vcci sloth {chosen.name} [<flags>]", "", chosen.help, "", "Flags:"]
    plugins = ["", "How to write a plugin: python -m pydoc vcci_platform.sloth.plugins"]
    return "\n".join([*usage, *_described((*chosen.flags, *SHARED)), *(plugins if chosen.flags else [])])


def _described(flags: tuple[Flag, ...]) -> list[str]:
    """Return a line for each flag: its names, what it is for, its default and its environment variable."""
    lines = []
    for flag in flags:
        value = "" if flag.switch else "=KEY=VALUE ..." if flag.pairs else "=VALUE ..." if flag.repeats else "=VALUE"
        name = f"{f'-{flag.short}, ' if flag.short else '    '}--{flag.name}{value}"
        default = f" [{flag.default}]" if flag.default else ""
        lines.append(f"  {name:<42} {flag.help}{default} (${flag.variable})")
    return lines
