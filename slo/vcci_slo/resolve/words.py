"""The words of an incident: what the spec does not say is said as ever, and what it says fits where it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vcci_slo import plan, wording
from vcci_slo.resolve.findings import Findings
from vcci_slo.spec.document import Spec
from vcci_slo.spec.section import nearest
from vcci_slo.spec.source import Path
from vcci_slo.spec.words import WordsSpec

__all__ = ["words"]

HERE: Path = ("incidents", "words")

# https://developer.statuspage.io/#operation/postPagesPageIdIncidents
PUBLIC_TITLE_CHARACTERS = 255
PUBLIC_BODY_CHARACTERS = 25_000
NEXT_UPDATE_CHARACTERS = 60
"""` Next update by Wed 30 September, 14:30 UTC.`, which follows every sentence to the public."""

# https://docs.slack.dev/reference/block-kit/blocks/header-block
HEADLINE_CHARACTERS = 150

# RFC 5322, 2.1.1: a line of a mail
SUBJECT_CHARACTERS = 998

LONGEST_SAID = 4000
"""What a person may send at once."""

MOST_NAMED = 3
"""So many components are counted when a text is measured; where more are touched, the title is cut at its end."""

LONGEST = {
    "severity": "P0",
    "title": "t" * 60,
    "state": "investigating",
    "news": "n" * 40,
    "text": "t" * LONGEST_SAID,
    "began": "23:59 UTC on 30 September",
}
"""Values as long as they come, or, of a title and news, as much of them as must be read."""

WORST_SEEN = "may not work for some of you"


@dataclass(frozen=True)
class _Shape:
    """What one kind of text may and must say, and how long it may be once its gaps are filled."""

    may: tuple[str, ...]
    limit: int
    must: tuple[str, ...] = ()


_SENTENCE = _Shape(wording.PUBLIC, PUBLIC_BODY_CHARACTERS - NEXT_UPDATE_CHARACTERS)
_SHAPES: Mapping[tuple[str, str], _Shape] = {
    ("public", "title"): _Shape(wording.PUBLIC, PUBLIC_TITLE_CHARACTERS, ("what",)),
    ("mail", "subject"): _Shape(tuple(gap for gap in wording.LETTER if gap != "text"), SUBJECT_CHARACTERS, ("news",)),
    ("mail", "text"): _Shape(wording.LETTER, PUBLIC_BODY_CHARACTERS, ("text",)),
    ("chat", "headline"): _Shape(wording.INSIDE, HEADLINE_CHARACTERS, ("severity",)),
}
_READY = _Shape(wording.PUBLIC, LONGEST_SAID)


def words(spec: Spec, findings: Findings) -> plan.Words:
    """Return what is said in an incident; each text of the spec is checked, and is used in place of the usual one."""
    written = (spec.incidents.words if spec.incidents else None) or WordsSpec.model_validate({})
    values = _longest(spec)
    for section in ("public", "mail", "chat"):
        for name, text in _given(written, section).items():
            _check((*HERE, section, name), text, _SHAPES.get((section, name), _SENTENCE), values, findings)
    for name, text in written.ready.items():
        _check((*HERE, "ready", name), text, _READY, values, findings)
    return plan.Words(
        plan.PublicWords(**_given(written, "public")),
        plan.MailWords(**_given(written, "mail")),
        plan.ChatWords(**_given(written, "chat")),
        tuple(written.ready.items()),
    )


def _given(written: WordsSpec, section: str) -> dict[str, str]:
    return {name: text for name, text in vars(getattr(written, section)).items() if text is not None}


def _check(path: Path, text: str, shape: _Shape, values: Mapping[str, str], findings: Findings) -> None:
    if not text:
        findings.add(path, "words", "an empty text; without the key the usual words are said")
        return
    if not wording.is_closed(text):
        findings.add(path, "each { closed by } around a name, such as {what}", repr(text))
        return
    known = ", ".join(f"{{{name}}}" for name in shape.may)
    used = wording.gaps(text)
    for name in dict.fromkeys(used):
        if name not in shape.may:
            meant = nearest(name, shape.may)
            findings.add(path, f"only these in braces: {known}", f"{{{name}}}", f"{{{meant}}}" if meant else "")
    for name in shape.must:
        if name not in used:
            findings.add(path, f"a text that says {{{name}}}", repr(text))
    length = len(wording.fill(text, {name: values[name] for name in shape.may}))
    if length > shape.limit:
        findings.add(path, f"at most {shape.limit} characters", f"{length} when its gaps are filled with long values")


def _longest(spec: Spec) -> Mapping[str, str]:
    """Return long values for every gap, by the names of components that the public knows."""
    names = sorted(spec.status_page.components if spec.status_page else (), key=len, reverse=True)[:MOST_NAMED]
    what = " and ".join(names) or "our service"
    return LONGEST | {"what": what, "impact": " and ".join(f"{name} {WORST_SEEN}" for name in names or ["our service"])}
