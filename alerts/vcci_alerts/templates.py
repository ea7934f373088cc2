"""Sentences with a value in them: `{value}` and `{label}` become Prometheus' template, and what it prints.

`printed` answers as Prometheus does, so that the tests of rules can demand the exact words. Source: prometheus,
template/template.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote_plus

from vcci_alerts.errors import AlertsError
from vcci_slo.plan import Unit

__all__ = ["asked", "chosen", "fill", "of_part", "printed"]

_PLACEHOLDER = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)\}")
_ACTION = re.compile(
    r"\{\{ \$(?:value(?: \| (?P<function>\w+)(?: \"(?P<format>[^\"]*)\")?)?|labels\.(?P<label>\w+)) \}\}"
)

_ASKED = re.compile(
    r"\{\{ with (?:query|printf) `(?P<query>[^`]*)`[^}]*\}\}(?P<before>[^{]*)\{\{ \. \| first \| value \| "
    r"(?P<function>\w+)(?: \"(?P<format>[^\"]*)\")? \}\}\{\{ else \}\}(?P<otherwise>[^{]*)\{\{ end \}\}"
)

_CHOSEN = re.compile(r"\{\{ with \$labels\.(?P<label>\w+) \}\}(?P<before>[^{]*)\{\{ \. \| urlquery \}\}\{\{ end \}\}")

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


def asked(query: str, by: Sequence[str], shown: str, otherwise: str, *, before: str = "") -> str:
    """Return the template of a number that Prometheus looks up when it writes the words; `otherwise` if there is none.

    `by` are labels of the alert that the series of the query have too.

    >>> asked('spent{slo="a"}', (), "humanizePercentage", "?")
    '{{ with query `spent{slo="a"}` }}{{ . | first | value | humanizePercentage }}{{ else }}?{{ end }}'
    """
    if by:
        labels = "".join(f" $labels.{label}" for label in by)
        query = f"printf `{of_part(query, by)}`{labels} | query"
    else:
        query = f"query `{query}`"
    return f"{{{{ with {query} }}}}{before}{{{{ . | first | value | {shown} }}}}{{{{ else }}}}{otherwise}{{{{ end }}}}"


def chosen(label: str) -> str:
    """Return the template of a choice in the address of a dashboard; nothing if the alert has no such label.

    >>> chosen("cluster")
    '{{ with $labels.cluster }}&var-cluster={{ . | urlquery }}{{ end }}'
    """
    return f"{{{{ with $labels.{label} }}}}&var-{label}={{{{ . | urlquery }}}}{{{{ end }}}}"


def of_part(query: str, by: Sequence[str]) -> str:
    """Return the format of a query whose selectors ask for one part of what labels keep apart.

    >>> of_part('spent{slo="a"}', ["cluster"])
    'spent{slo="a",cluster=%[1]q}'
    """
    chosen = "".join(f",{label}=%[{place}]q" for place, label in enumerate(by, start=1))
    return query.replace("}", f"{chosen}}}")


def printed(
    template: str, value: float, labels: Mapping[str, str], answers: Mapping[str, float | None] | None = None
) -> str:
    """Return what Prometheus prints for a template of `fill`; `answers` are what it finds for queries of `asked`.

    >>> printed("{{ $value | humanizePercentage }} of {{ $labels.queue }}", 0.0151, {"queue": "emissions"})
    '1.51% of emissions'
    """

    def say(found: re.Match[str]) -> str:
        if found["label"]:
            return labels.get(found["label"], "")
        return _shown(found, value)

    def choice(found: re.Match[str]) -> str:
        value = labels.get(found["label"], "")
        return found["before"] + quote_plus(value) if value else ""

    def answer(found: re.Match[str]) -> str:
        number = (answers or {}).get(found["query"])
        return found["otherwise"] if number is None else found["before"] + _shown(found, number)

    return _ACTION.sub(say, _CHOSEN.sub(choice, _ASKED.sub(answer, template)))


def _shown(found: re.Match[str], value: float) -> str:
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
