"""Sentences with a value in them: `{value}` and `{label}` become Prometheus' template, and what it prints.

`printed` answers as Prometheus does, so that the tests of rules can demand the exact words. Source: prometheus,
template/template.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from vcci_alerts.errors import AlertsError
from vcci_slo.plan import Unit

__all__ = ["fill", "printed"]

_PLACEHOLDER = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)\}")
_ACTION = re.compile(
    r"\{\{ \$(?:value(?: \| (?P<function>\w+)(?: \"(?P<format>[^\"]*)\")?)?|labels\.(?P<label>\w+)) \}\}"
)

VALUES: Mapping[Unit, str] = {
    "ratio": "{{ $value | humanizePercentage }}",
    "seconds": "{{ $value | humanizeDuration }}",
    "bytes": "{{ $value | humanize1024 }}B",
    "boolean": '{{ $value | printf "%.0f" }}',
    "messages": '{{ $value | printf "%.0f" }}',
    "count": '{{ $value | printf "%.0f" }}',
    "state": '{{ $value | printf "%.0f" }}',
    "per-second": "{{ $value | humanize }}/s",
    "kilograms": "{{ $value | humanize }} kg",
}


def fill(owner: str, sentence: str, unit: Unit, labels: frozenset[str] | None) -> str:
    """Return the template of a sentence; `labels` are those that the alert can have, None if that is not known.

    >>> fill("HighQueueDepth", "{queue} has {value} waiting", "messages", frozenset({"queue"}))
    '{{ $labels.queue }} has {{ $value | printf "%.0f" }} waiting'

    Raises AlertsError for a label that the measure cannot have, and for any other brace.
    """

    def put(found: re.Match[str]) -> str:
        name = found[1]
        if name == "value":
            return VALUES[unit]
        if labels is not None and name not in labels:
            known = ", ".join(f"{{{label}}}" for label in ("value", *sorted(labels)))
            raise AlertsError(owner, f"one of {known} in its words", f"{{{name}}} in {sentence!r}")
        return f"{{{{ $labels.{name} }}}}"

    if "{{" in sentence or re.search(r"[{}]", _PLACEHOLDER.sub("", sentence)):
        raise AlertsError(owner, "words with {value} or {label} and no other brace", repr(sentence))
    return _PLACEHOLDER.sub(put, sentence)


def printed(template: str, value: float, labels: Mapping[str, str]) -> str:
    """Return what Prometheus prints for a template of `fill`.

    >>> printed("{{ $value | humanizePercentage }} of {{ $labels.queue }}", 0.0151, {"queue": "emissions"})
    '1.51% of emissions'
    """

    def say(found: re.Match[str]) -> str:
        if found["label"]:
            return labels.get(found["label"], "")
        match found["function"]:
            case "humanizePercentage":
                return f"{value * 100:.4g}%"
            case "humanizeDuration":
                return _duration(value)
            case "humanize1024":
                return _scaled(value, 1024, ("ki", "Mi", "Gi", "Ti", "Pi", "Ei"))
            case "humanize":
                return _humanized(value)
            case _:
                return found["format"] % value

    return _ACTION.sub(say, template)


def _scaled(value: float, base: int, prefixes: tuple[str, ...]) -> str:
    prefix = ""
    for larger in prefixes:
        if abs(value) < base:
            break
        prefix = larger
        value /= base
    return f"{value:.4g}{prefix}"


def _small(value: float) -> str:
    prefix = ""
    for smaller in ("m", "u", "n", "p"):
        if abs(value) >= 1:
            break
        prefix = smaller
        value *= 1000
    return f"{value:.4g}{prefix}"


def _humanized(value: float) -> str:
    if value == 0:
        return "0"
    return _scaled(value, 1000, ("k", "M", "G", "T", "P", "E")) if abs(value) >= 1 else _small(value)


def _duration(value: float) -> str:
    if value == 0:
        return "0s"
    if abs(value) < 1:
        return f"{_small(value)}s"
    sign, whole = "-" if value < 0 else "", int(abs(value))
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    return f"{sign}{minutes}m {seconds}s" if minutes else f"{value:.4g}s"
