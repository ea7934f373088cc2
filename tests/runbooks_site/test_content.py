"""Hand-written pages: what is refused, in words that name the place, and how what is right is shown."""

from __future__ import annotations

import pytest

from vcci_runbooks_site import ContentError
from vcci_runbooks_site.content import article, guide

GUIDE = """\
---
broke: Nothing arrives.
fastest: Open the tap.
reviewed: 2026-11-23
---
## Meaning

The pipe is dry.

## Is it real?

### Listen [read-only]

```bash
# ## Impact
ls
```

Expect: silence.

## Impact

Thirst.

## Mitigation

### Open the tap [changes state]

```bash
true
```

Expect: water.

Undo: close it.

## Diagnosis

### Frost

Verify: it is cold.

Fix: wait.

### Drought

Verify: it is dry.

Fix: move.
"""


def refusal(text: str) -> str:
    with pytest.raises(ContentError) as refused:
        guide("alerts/dry.md", text)
    return str(refused.value)


def test_steps_and_causes_are_numbered_and_marked():
    found = guide("alerts/dry.md", GUIDE)

    assert found.broke == "Nothing arrives."
    assert found.real.startswith("### 1. Listen <span")
    assert ">read-only</span>" in found.real
    assert "**Expect:** silence." in found.real
    assert ">changes state</span>" in found.mitigation
    assert "**Undo:** close it." in found.mitigation
    assert "### 1. Frost" in found.diagnosis
    assert "### 2. Drought" in found.diagnosis


def test_what_stands_in_a_block_of_code_is_no_heading():
    assert "# ## Impact" in guide("alerts/dry.md", GUIDE).real


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("---\nbroke: Nothing arrives.\n", "", 1, "a head between two lines of ---"),
        ("fastest: Open the tap.\n", "", 2, "exactly broke, fastest, reviewed in the head"),
        ("broke: Nothing arrives.", "broke:", 2, "words for broke"),
        ("2026-11-23", "yesterday", 2, "a date such as 2026-11-23 for reviewed"),
        ("## Meaning", "## Purpose", 6, "each of Meaning, Is it real?, Impact, Mitigation, Diagnosis once"),
        ("Thirst.\n", "", 21, "words in the section Impact"),
        (" [read-only]", "", 12, "one of [read-only], [changes state], [destructive] after a step"),
        (" [read-only]", " [harmless]", 12, "one of [read-only], [changes state], [destructive] after a step"),
        ("```bash\n# ## Impact\nls\n```\n", "", 12, "a command in the step"),
        ("Expect: silence.\n", "", 12, "a line 'Expect: ...' below the heading"),
        ("Undo: close it.\n", "", 27, "a line 'Undo: ...' below the heading"),
        ("Fix: wait.\n", "", 39, "a line 'Fix: ...' below the heading"),
    ],
)
def test_what_is_missing_is_named_with_its_line(old, new, line, expected):
    said = refusal(GUIDE.replace(old, new, 1))

    assert said.startswith(f"alerts/dry.md:{line}: expected {expected}"), said


def test_a_step_that_only_looks_needs_no_undo():
    assert "Undo" not in guide("alerts/dry.md", GUIDE).real


def test_an_article_has_a_title_and_its_steps_follow_the_same_rules():
    text = (
        "---\npurpose: Go back.\nreviewed: 2026-11-23\n---\n# Roll back\n\n## Steps\n\n### Undo it [changes state]\n\n"
    )
    right = text + "```bash\ntrue\n```\n\nExpect: quiet.\n\nUndo: again.\n"

    assert article("procedures/back.md", right).title == "Roll back"
    with pytest.raises(ContentError, match=r"procedures/back\.md:9: expected a command in the step"):
        article("procedures/back.md", text + "Expect: quiet.\n\nUndo: again.\n")
    with pytest.raises(ContentError, match=r"procedures/back\.md:5: expected a title such as '# Roll back'"):
        article("procedures/back.md", right.replace("# Roll back\n", "Roll back\n"))
    with pytest.raises(ContentError, match=r"procedures/back.md:9: expected one of \[read-only\]"):
        article("procedures/back.md", right.replace("changes state", "changes everything"))
