"""Slack's markup as safe HTML: links, bold and code, with everything else escaped."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

__all__ = ["mrkdwn"]

# <https://a.example/path|words>, *bold*, `code`; https://docs.slack.dev/messaging/formatting-message-text
_TOKEN: Final = re.compile(
    r"<(?P<url>https?://[^|>\s]+)(?:\|(?P<words>[^>]*))?>|(?<!\w)\*(?P<bold>[^*\n]+)\*(?!\w)|`(?P<code>[^`\n]+)`"
)


def mrkdwn(text: str) -> Markup:
    """Return the text as HTML.

    >>> print(mrkdwn("*P1* see <https://a.example/x|the runbook> &amp; <script>"))
    <b>P1</b> see <a href="https://a.example/x" rel="noreferrer">the runbook</a> &amp; &lt;script&gt;
    """
    parts: list[Markup] = []
    end = 0
    for match in _TOKEN.finditer(text):
        parts.append(_plain(text[end : match.start()]))
        end = match.end()
        if match["url"]:
            parts.append(
                Markup('<a href="{}" rel="noreferrer">{}</a>').format(
                    _unescaped(match["url"]), _unescaped(match["words"] or match["url"])
                )
            )
        elif match["bold"]:
            parts.append(Markup("<b>{}</b>").format(_unescaped(match["bold"])))
        else:
            parts.append(Markup("<code>{}</code>").format(_unescaped(match["code"])))
    parts.append(_plain(text[end:]))
    return Markup().join(parts)


def _plain(text: str) -> Markup:
    return escape(_unescaped(text))


def _unescaped(text: str) -> str:
    """Return the text without Slack's three escapes, so that ours is the only escaping."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
