"""What people write runs nothing in a browser, leads only where a reader expects, and is read in a moment."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.console.prose import EMPTY, MOST_BRACKETS, PLAIN, link, prose

PIECES = [
    "<",
    ">",
    "[",
    "](",
    ")",
    "javascript:alert(1)",
    "&#106;",
    "&lt;",
    '"',
    "'",
    "`",
    "```\n",
    "\n\n",
    "    <script>",
    "<img src=x onerror=y>",
    "![",
    "![a](b)",
    "<!--",
    "-->",
    "| a |\n|---|\n",
    "> ",
    "- ",
    "# ",
    "\\",
    "https://a.example/",
    "[1]: ",
    "[a][1]",
    "word",
    "*",
    "_",
    "\x02",
    "\x03",
    "wzxhzdk:0",
    "\t",
    "<https://b.example>",
]


class Tags(HTMLParser):
    """Every element with its attributes, as a browser reads them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a & b &amp; c &lt;d&gt;", "<p>a &amp; b &amp; c &lt;d&gt;</p>"),
        ("`a < &lt;`", "<p><code>a &lt; &amp;lt;</code></p>"),
        ("```python\nx < 1\n\ny\n```", "<pre><code>x &lt; 1\n\ny</code></pre>"),
        ("1. a\n\n```\n<b>\n```\n\nb", "<ol>\n<li>a</li>\n</ol>\n<pre><code>&lt;b&gt;</code></pre>\n<p>b</p>"),
        ("~~~\nnever ended", "<pre><code>never ended</code></pre>"),
        ("<b>bold</b>", "<p>&lt;b&gt;bold&lt;/b&gt;</p>"),
        ("<div>\na\n</div>", "<p>&lt;div&gt;\na\n&lt;/div&gt;</p>"),
        ("# Ours", "<h4>Ours</h4>"),
        ("![a graph](https://a.example/x.png)", "<p>a graph</p>"),
        ('[a](https://a.example "title")', '<p><a href="https://a.example" rel="noreferrer">a</a></p>'),
        ("[a](/incidents/inc_11#line-12)", '<p><a href="/incidents/inc_11#line-12">a</a></p>'),
        ("[a](other.md)", "<p>a</p>"),
        ("", ""),
    ],
)
def test_markdown_is_shown_as_what_it_means_and_html_as_what_was_written(written: str, shown: str) -> None:
    assert str(prose(written)) == shown


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "java&#x09;script:alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//evil.example",
        "/\\evil.example",
        "https:evil",
        "http://[",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_is_not_what_it_seems_leads_nowhere(address: str) -> None:
    assert link(address) == ""


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=25))
def test_whatever_is_written_only_harmless_elements_come_of_it(pieces: list[str]) -> None:
    read = Tags(str(prose("".join(pieces))))

    assert not read.comments
    for tag, attributes in read.found:
        assert tag in PLAIN | EMPTY | {"a"}
        allowed: dict[str, Any] = {"a": {"href", "rel"}, "p": {"class"}}
        assert set(attributes) <= allowed.get(tag, set())
        assert re.match(r"(https?://|mailto:|[/#])", attributes.get("href") or "#")


def test_a_text_that_would_take_minutes_is_shown_as_it_was_written() -> None:
    assert str(prose("[" * (MOST_BRACKETS + 1))).startswith('<p class="lines">[[[')
    assert "<p>[[[" in str(prose("[" * 10))
    assert "x" in str(prose("\n".join(f"{'    ' * depth}- x" for depth in range(120))))
