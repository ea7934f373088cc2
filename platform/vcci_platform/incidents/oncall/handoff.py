"""Notes for a handoff: what is open, what happened in the shift, what was noisy, what is spent, what is coming.

Written from whatever is known. A part that could not be asked stands in the notes with the reason: a quiet page must
not look like a quiet week.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from vcci_slo.freezes import Freeze
from vcci_slo.promql.durations import words

__all__ = ["Facts", "Missing", "Part", "notes"]

Item = Mapping[str, Any]
NOISY_FROM = 3
"""So often an alert must have fired in a shift to be called noisy."""

SHORT = timedelta(minutes=5)
"""An alert that was over so soon, before anybody acknowledged anything, woke somebody for nothing."""

SPENT_FROM = 0.5
NOT_KNOWN = "Not known: "
PAGE_KINDS: Final = frozenset({"trigger", "fallback"})
PAGERS: Final = frozenset({"pagerduty", "second-pager"})
ADOPTED = "page_adopted"
"""The kind of the line that tells of a page which Alertmanager has sent."""


@dataclass(frozen=True)
class Missing:
    """A part that nobody could tell, and why."""

    why: str


Part = Sequence[Item] | Missing


@dataclass(frozen=True)
class Facts:
    """What is known of a shift. Times are aware; parts are items as the desk's interface shows them.

    `open` are the incidents that are not over now, whenever they began; `incidents` those of the shift. `rota` and
    `coming` are parts of what `/v1/oncall` answers; `freezes` are the days of the shift without changes.
    """

    title: str
    team: str
    zone: str
    since: datetime
    until: datetime
    open: Part
    incidents: Part
    promises: Part
    changes: Part
    corrections: Part
    actions: Part
    desk: Item | Missing
    coming: Sequence[Item] = ()
    freezes: Sequence[Freeze] = ()
    rota: Item | None = None
    links: Mapping[str, str] = field(default_factory=dict[str, str])


def notes(facts: Facts) -> str:
    """Return the notes as Markdown."""
    zone = ZoneInfo(facts.zone)
    parts = [
        f"# Handoff of {facts.team}: {facts.title}",
        f"From {_clock(facts.since, zone)} to {_clock(facts.until, zone)} ({facts.zone}).",
        *_people(facts, zone),
        "## Open now",
        *_open(facts, zone),
        "## The shift",
        *_shift(facts, zone),
        "## Pages by hour",
        *_by_hour(facts, zone),
        "## Noisy alerts",
        *_noisy(facts),
        "## Budgets",
        *_budgets(facts),
        "## Action items",
        *_actions(facts),
        "## Changes",
        *_changes(facts, zone),
        "## Corrections",
        *_corrections(facts, zone),
        "## Coming up",
        *(
            [
                f"- {_plain(one['text'])}: {_clock(_moment(one['start']), zone)} to {_clock(_moment(one['end']), zone)}"
                for one in facts.coming
            ]
            or ["Nothing planned."]
        ),
        "## The desk",
        *_desk(facts),
    ]
    return "\n".join(_spaced(_said_once(parts)))


# --- parts ---


def _people(facts: Facts, zone: ZoneInfo) -> Iterator[str]:
    if facts.rota is None:
        return
    now = facts.rota["now"]
    following = [turn for turn in facts.rota["turns"] if _moment(turn["start"]) >= _moment(now["end"])]
    for turn, word in ((now, "On call"), *((turn, "Next") for turn in following[:1])):
        who = "; ".join(f"{duty['line']} {_plain(_named(duty))}" for duty in turn["duties"])
        yield f"- {word} from {_clock(_moment(turn['start']), zone)}: {who}"


def _named(duty: Item) -> str:
    return ", ".join(duty["who"]) or f"not known ({duty['unknown']})"


def _open(facts: Facts, zone: ZoneInfo) -> Iterator[str]:
    if isinstance(facts.open, Missing):
        yield _unknown(facts.open)
        return
    for item in facts.open:
        deadline = item.get("next_deadline")
        due = f"; next: {deadline.get('kind')} due {_clock(_moment(deadline['due_at']), zone)}" if deadline else ""
        began = _clock(_moment(item["detected_at"]), zone)
        stands = f"{item['state']}, level {item['level']}, since {began}{due}"
        yield f"- **{item['priority']}** {_linked(facts, item)}: {stands}"
    if not facts.open:
        yield "Nothing is open."


def _shift(facts: Facts, zone: ZoneInfo) -> Iterator[str]:
    if isinstance(facts.incidents, Missing):
        yield _unknown(facts.incidents)
        return
    if not facts.incidents:
        yield "No incident."
        return
    yield "| Severity | Incident | Detected | Acknowledged after | Over after | State |"
    yield "|---|---|---|---|---|---|"
    for item in sorted(facts.incidents, key=lambda one: str(one["detected_at"])):
        detected = _moment(item["detected_at"])
        cells = [
            item["priority"],
            _linked(facts, item),
            _clock(detected, zone),
            _after(item.get("acknowledged_at"), detected, "nobody"),
            _after(item.get("resolved_at"), detected, "open"),
            item["state"],
        ]
        yield f"| {' | '.join(cells)} |"


def _by_hour(facts: Facts, zone: ZoneInfo) -> Iterator[str]:
    if isinstance(facts.incidents, Missing):
        yield _unknown(facts.incidents)
        return
    pages = [at for item in facts.incidents for at in _pages(item) if facts.since <= at < facts.until]
    if not pages:
        yield "Nobody was woken."
        return
    hours = Counter(at.astimezone(zone).hour for at in pages)
    night = sum(count for hour, count in hours.items() if hour < 7 or hour >= 22)
    yield f"{len(pages)} page{'s' if len(pages) != 1 else ''}, {night} of them between 22:00 and 07:00."
    yield "```text"
    yield from (f"{hour:02}:00  {'#' * hours[hour]} {hours[hour]}" for hour in sorted(hours))
    yield "```"


def _noisy(facts: Facts) -> Iterator[str]:
    if isinstance(facts.incidents, Missing):
        yield _unknown(facts.incidents)
        return
    fired: Counter[str] = Counter()
    in_vain: Counter[str] = Counter()
    for item in facts.incidents:
        for alert in item.get("alerts") or ():
            if facts.since <= _moment(alert["starts_at"]) < facts.until:
                fired[alert["name"]] += 1
                in_vain[alert["name"]] += _was_in_vain(alert, item)
    found = [name for name in fired if fired[name] >= NOISY_FROM or in_vain[name]]
    for name in sorted(found, key=lambda name: (-fired[name], name)):
        short = f", {in_vain[name]} of them over within {words(SHORT)} before anybody looked" if in_vain[name] else ""
        yield f"- {_plain(name)}: fired {fired[name]} time{'s' if fired[name] != 1 else ''}{short}"
    if not found:
        yield f"None fired {NOISY_FROM} times or ended before anybody looked."


def _was_in_vain(alert: Item, incident: Item) -> bool:
    over = alert.get("over_at")
    return (
        over is not None and _moment(over) - _moment(alert["starts_at"]) < SHORT and not incident.get("acknowledged_at")
    )


def _budgets(facts: Facts) -> Iterator[str]:
    if isinstance(facts.promises, Missing):
        yield _unknown(facts.promises)
        return
    unobserved = [one for one in facts.promises if one["state"] == "unknown"]
    known = [one for one in facts.promises if one["state"] != "unknown"]
    spent = [one for one in known if one["budget"]["spent"] >= SPENT_FROM or one["state"] != "kept"]
    for one in sorted(spent, key=lambda one: one["budget"]["remaining"]):
        yield f"- {_plain(one['name'])}: {one['state']}, {_left(one)} of {one['objective']} over {one['window']}"
    kept = len(known) - len(spent)
    if kept:
        yield f"- {kept} other promise{'s' if kept != 1 else ''}: kept, with more than half of the budget left"
    if unobserved:
        yield f"- not known, for want of data: {_plain(', '.join(one['name'] for one in unobserved))}"
    if not facts.promises:
        yield "No promise is made."


def _left(promise: Item) -> str:
    """Return what is left of a budget; of one that is overspent, how many times it is gone."""
    remaining = promise["budget"]["remaining"]
    return f"{remaining * 100:.0f} % left" if remaining >= 0 else f"spent {1 - remaining:.1f} times"


def _actions(facts: Facts) -> Iterator[str]:
    if isinstance(facts.actions, Missing):
        yield _unknown(facts.actions)
        return
    for item in sorted(facts.actions, key=lambda one: (not one["overdue"], one["due"] or "9999")):
        who = f", {_plain(item['owner'])}" if item["owner"] else ", nobody's yet"
        late = " (**overdue**)" if item["overdue"] else ""
        due = f", due {item['due']}{late}" if item["due"] else ""
        tracker = f", {_plain(item['tracker'])}" if item["tracker"] else ""
        yield f"- {_plain(item['text'])}{who}{due}, after {item['priority']} {_plain(item['title'])}{tracker}"
    if not facts.actions:
        yield "None is open."


def _changes(facts: Facts, zone: ZoneInfo) -> Iterator[str]:
    if isinstance(facts.changes, Missing):
        yield _unknown(facts.changes)
        return
    seen = [item for item in facts.changes if facts.since <= _moment(item["at"]) < facts.until]
    for item in seen:
        at = _moment(item["at"])
        frozen = [freeze.name for freeze in facts.freezes if freeze.span.start <= at < freeze.span.end]
        within = f" (**in a freeze**: {_plain(', '.join(frozen))})" if frozen else ""
        yield f"- {_clock(at, zone)}: {_plain(item['text'])}{within}"
    if not seen:
        yield "None was seen."


def _corrections(facts: Facts, zone: ZoneInfo) -> Iterator[str]:
    """Yield the time that is taken out of accounts in the shift or later, and what was put back in the shift."""
    if isinstance(facts.corrections, Missing):
        yield _unknown(facts.corrections)
        return
    seen = False
    for item in facts.corrections:
        withdrawn = _moment(item["withdrawn_at"]) if item["withdrawn_at"] else None
        if _moment(item["until"]) <= facts.since or (withdrawn is not None and withdrawn < facts.since):
            continue
        seen = True
        span = f"{_clock(_moment(item['from']), zone)} to {_clock(_moment(item['until']), zone)}"
        often = f", {_plain(item['repeats'])}" if item["repeats"] else ""
        stands = f"; withdrawn {_clock(withdrawn, zone)}" if withdrawn else ""
        what = _plain(", ".join(item["slos"]))
        yield f"- {what}, {span}{often}: {_plain(item['why'])}, by {_plain(item['who'])}{stands}"
    if not seen:
        yield "No time is taken out of accounts."


def _desk(facts: Facts) -> Iterator[str]:
    if isinstance(facts.desk, Missing):
        yield _unknown(facts.desk)
        return
    said: list[str] = []
    quarantine = facts.desk.get("quarantine") or ()
    if quarantine:
        said.append(f"- {len(quarantine)} messages that nobody understood wait in quarantine")
    for target in facts.desk.get("outbox") or ():
        if target.get("waiting"):
            said.append(f"- {target['waiting']} messages to {target['target']} wait")
        if target.get("circuit") not in (None, "closed"):
            said.append(f"- the circuit to {target['target']} is {target['circuit']}")
        if target.get("sandboxed"):
            said.append(f"- {target['target']} is only the sandbox")
    said += [
        f"- the Watchdog of {beat['source']} is missing"
        for beat in facts.desk.get("heartbeats") or ()
        if beat.get("missing")
    ]
    yield from said or ["It works, and nothing waits."]


# --- words ---


def _pages(item: Item) -> Iterator[datetime]:
    """Yield when somebody was rung for an incident: by the desk, or by Alertmanager under a key that was adopted."""
    for effect in item.get("effects") or ():
        if effect["target"] in PAGERS and effect["kind"] in PAGE_KINDS and effect["state"] == "delivered":
            yield _moment(effect.get("ended_at") or effect["created_at"])
    for line in item.get("timeline") or ():
        if line["kind"] == ADOPTED:
            yield _moment(line["occurred_at"])


def _linked(facts: Facts, item: Item) -> str:
    desk = facts.links.get("desk", "")
    title = _plain(item["title"])
    return f"[{title}]({desk}/incidents/{item['id']})" if desk else f"{title} ({item['id']})"


def _after(moment: str | None, since: datetime, never: str) -> str:
    return words(timedelta(seconds=max(round((_moment(moment) - since).total_seconds()), 0))) if moment else never


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%a %d %b %H:%M")


def _plain(text: str) -> str:
    """Return text of others as it reads, not as Markdown: alerts and people write what they like."""
    one_line = " ".join(str(text).split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in one_line)


def _unknown(part: Missing) -> str:
    return f"{NOT_KNOWN}{_plain(part.why)}"


def _said_once(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines, each reason why something is not known only once."""
    said: set[str] = set()
    for line in lines:
        known = line.startswith(NOT_KNOWN) and line in said
        said.add(line)
        yield "Not known, for the same reason." if known else line


def _spaced(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines with an empty one around headings, tables, and fences."""
    before = ""
    for line in lines:
        starts = line.startswith(("#", "|", "```")) and not (line.startswith("|") and before.startswith("|"))
        closes = line == "```"
        if before and ((starts and not closes) or before.startswith("#")):
            yield ""
        yield line
        before = line
    yield ""
