"""What follows from an effect that arrived or was given up: a line of the timeline, and another way. Pure."""

from __future__ import annotations

from vcci_platform.incidents import outbox
from vcci_platform.incidents.decisions import SYSTEM, Cancel, Decision, FallBack, PageLevel, Record, Tell, TimerKind
from vcci_platform.incidents.outbox import Effect, Kind, Target
from vcci_platform.incidents.ports import Delivered, Failed

__all__ = ["done_instead", "told_of"]


def told_of(effect: Effect, outcome: Delivered) -> tuple[Decision, ...]:
    """Return what the timeline says of a delivery, nothing for the chat's small talk."""
    tries = f" after {effect.attempts} attempts" if effect.attempts > 1 else ""
    text = {
        Kind.TRIGGER: f"PagerDuty took the page{tries}",
        Kind.ACKNOWLEDGE: f"PagerDuty took the acknowledgement{tries}",
        Kind.RESOLVE: f"PagerDuty took the resolve{tries}",
        Kind.SHOW: f"the status page shows {effect.body.get('status')}{tries}",
        Kind.POSTMORTEM: f"the status page has the review{tries}",
        Kind.FALLBACK: f"the page went out through Slack{tries}",
        Kind.ESCALATE: f"PagerDuty asks level {effect.body.get('level')}{tries}",
        Kind.MAIL: f"mail went to {', '.join(effect.body.get('to', ()))}{tries}",
    }.get(effect.kind)
    if effect.target is Target.RESPONDERS and effect.kind is Kind.REWORD:
        text = f"the page in PagerDuty is called {effect.body.get('title')}{tries}"
    if effect.target is Target.SECOND_PAGER:
        text = f"the second PagerDuty service took the {'page' if effect.kind is Kind.TRIGGER else effect.kind}{tries}"
    if text is None:
        return ()
    if missing := outcome.receipt.get("unknown_components"):
        text = f"{text}; it has no component named {', '.join(missing)}"
    if outcome.receipt.get("nothing"):
        text = f"the status page needed no change: {outcome.receipt['nothing']}"
    return (Record(f"{effect.kind}_delivered", text, by=effect.target.value),)


def done_instead(effect: Effect, outcome: Failed, *, wanted: bool) -> tuple[Decision, ...]:
    """Return what is done about an effect that died: who is not called in this way, is called in another.

    What was called off meanwhile, because the incident is over or rings under another key, is no longer `wanted`.
    """
    text = f"{effect.target} did not take {effect.kind} and asking again will not help: {outcome.error}"
    line = Record("effect_dead", text, by=SYSTEM)
    if not wanted or effect.target is Target.SLACK:
        return (line,)
    if effect.kind is Kind.ESCALATE:
        return line, PageLevel(effect.body["level"], f"PagerDuty could not be asked to: {outcome.error}")
    if (effect.target, effect.kind) in outbox.CALLS:
        return line, Cancel((TimerKind.FALLBACK,)), FallBack(f"PagerDuty refused the page: {outcome.error}")
    return line, Tell(text, attention="here")
