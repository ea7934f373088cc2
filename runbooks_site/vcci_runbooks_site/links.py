"""Where the buttons of a page lead: addresses that are filled in, so that nobody types at three in the morning."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import quote

__all__ = ["graph", "relink", "silence"]

_LINK: Final = re.compile(r"\[(?P<label>[^\]]*)\]\((?P<page>[^)\s:]+?\.md)(?P<anchor>#[^)\s]*)?\)")
_FENCE: Final = re.compile(r"^\s*(`{3,}|~{3,})")


def graph(prometheus: str, expression: str) -> str:
    """Return the page of Prometheus that draws an expression over the last hour."""
    return f"{prometheus}/graph?g0.expr={quote(expression, safe='')}&g0.tab=0&g0.range_input=1h"


def silence(alertmanager: str, *alerts: str) -> str:
    """Return Alertmanager's form for a new silence, with its matcher filled in."""
    matcher = f'alertname="{alerts[0]}"' if len(alerts) == 1 else f'alertname=~"{"|".join(alerts)}"'
    return f"{alertmanager}/#/silences/new?filter={quote('{' + matcher + '}', safe='')}"


def relink(text: str, *, source: str, target: str, moved: Callable[[str], str], known: Collection[str]) -> str:
    """Return Markdown whose links between pages lead on after it moved from `source` to `target`.

    Hand-written pages link to each other as files in their own folder do; `moved` says where each of them ends. A link
    to a page that is not `known` becomes plain words: the plan may lack what the writer had in mind.
    """

    def follow(found: re.Match[str]) -> str:
        there = moved(posixpath.normpath(posixpath.join(posixpath.dirname(source), found["page"])))
        if there not in known:
            return found["label"]
        relative = posixpath.relpath(there, posixpath.dirname(target) or ".")
        return f"[{found['label']}]({relative}{found['anchor'] or ''})"

    lines: list[str] = []
    closing = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if closing:
            closing = "" if mark and mark[1].startswith(closing) else closing
            lines.append(line)
        elif mark:
            closing = mark[1]
            lines.append(line)
        else:
            lines.append(_LINK.sub(follow, line))
    return "\n".join(lines)
