"""Annotations as sentences of the spec: `{value}` and `{label}` in place of Go templates."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["LONGEST", "runbook_of", "sentence"]

LONGEST = 900
_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_LABEL = re.compile(r"(?:\$labels|\.Labels)\.([a-zA-Z_][a-zA-Z0-9_]*)(?:\s*\|.*)?")
_VALUE = re.compile(
    r"(?:(?:printf|humanize\w*|title|toUpper)\s+)?(?:\"[^\"]*\"\s+)?\(?(?:\$value|\.Value)\)?(?:\s*\|.*)?"
)
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def sentence(
    text: str, *, labels: frozenset[str] | None, known: Mapping[str, str], is_share: bool
) -> tuple[str, tuple[str, ...]]:
    """Return a sentence, and what of it was lost.

    `labels` are those that the alert can have, None if that is not known; `known` the values of those that are fixed.

    >>> sentence("{{ $labels.job }} is at {{ $value | humanize }}", labels=None, known={}, is_share=False)
    ('{job} is at {value}', ())
    """
    lost: list[str] = []

    def put(found: re.Match[str]) -> str:
        action = found[1]
        if label := _LABEL.fullmatch(action):
            name = label[1]
            if name in known and (labels is None or name not in labels):
                return _plain(known[name])
            if labels is None or name in labels:
                return f"\0{name}\1"
            lost.append(f"the label {name}, which the result does not have")
            return f"its {name}"
        if _VALUE.fullmatch(action):
            return "\0value\1"
        lost.append(f"{{{{ {action} }}}} of a template")
        return "…"

    filled = _plain(_ACTION.sub(put, text))
    words = " ".join(filled.replace("\0", "{").replace("\1", "}").split())
    if is_share:
        words = re.sub(r"\{value\} ?%", "{value}", words)
    if len(words) > LONGEST:
        lost.append(f"the end of a text of {len(words)} letters")
        words = f"{words[:LONGEST].rpartition(' ')[0]} …"
        # A placeholder that was cut in two is none.
        words = re.sub(r"\{[^}]*$", "…", words)
    return words, tuple(lost)


def _plain(text: str) -> str:
    return text.replace("{", "(").replace("}", ")")


def runbook_of(url: str) -> str:
    """Return the name of a runbook's page from its address, nothing if it tells none.

    >>> runbook_of("https://runbooks.example/alerts/Node-Disk_Full.md")
    'node-disk-full'
    """
    last = url.rstrip("/").rpartition("#")[2].rpartition("/")[2].partition("?")[0]
    name = re.sub(r"\.(md|html?)$", "", last).lower()
    name = re.sub(r"[^a-z0-9]+", "-", name).strip("-")
    return name if _SLUG.fullmatch(name) and name != "index" and len(name) <= 80 else ""
