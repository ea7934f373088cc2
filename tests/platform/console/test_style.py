"""The style: words can be read on what they stand on, in the light and in the dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import vcci_platform.console as package

CSS = (Path(package.__file__).parent / "static/console.css").read_text()
ENOUGH = 4.5  # WCAG 2.2, success criterion 1.4.3, level AA
TOGETHER = [
    ("ink", "paper"), ("quiet", "paper"), ("quiet", "card"), ("quiet", "grey-soft"), ("link", "paper"),
    ("link", "accent-soft"), ("red", "red-soft"), ("red", "card"), ("orange", "orange-soft"), ("yellow", "yellow-soft"),
    ("blue", "blue-soft"), ("green", "green-soft"), ("on-accent", "accent"), ("on-notice", "notice"),
]  # fmt: skip


def colours(*, dark: bool) -> dict[str, str]:
    light_block, dark_block = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", light_block))
    return found | (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", dark_block)) if dark else {})


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("words", "ground"), TOGETHER)
def test_words_stand_out_from_their_ground(dark, words, ground):
    found = colours(dark=dark)

    darker, lighter = sorted((luminance(found[words]), luminance(found[ground])))

    assert (lighter + 0.05) / (darker + 0.05) >= ENOUGH


def test_the_style_asks_nobody_else_for_anything():
    assert "url(" not in CSS
    assert "@import" not in CSS
