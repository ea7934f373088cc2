"""The name of every step at which the desk dies in `test_desk_dies.py`: each transaction, each call to a vendor.

`test_fault_points.py` holds this list against the desk's code, so that nothing new is without a death of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["SENT", "TRANSACTIONS", "steps"]

NOTHING_ELSE = ("",)

TRANSACTIONS: Mapping[str, tuple[str, ...]] = {
    "Desk.accept": ("alertmanager", "evaluator", "pagerduty", "person", "stumbling"),
    "Desk.watch_watchdogs": NOTHING_ELSE,
    "Desk.understand_next": ("alertmanager", "evaluator", "pagerduty", "person", "watchdog", "stumbling"),
    "Desk._stumbled": NOTHING_ELSE,
    "Desk._ring": (
        "page",
        "fallback",
        "acknowledge",
        "assess",
        "update",
        "escalate",
        "monitor",
        "review",
        "respond",
        "forgotten",
        "late_update",
        "task",
        "still_fires",
    ),
    "Desk.act": NOTHING_ELSE,
    "Desk.command": NOTHING_ELSE,
    "Dispatcher.recover": NOTHING_ELSE,
    "Dispatcher.step": ("pagerduty", "statuspage", "slack", "mail", "second-pager", "responders"),
    "Dispatcher._delivered": (
        "pagerduty trigger",
        "pagerduty acknowledge",
        "pagerduty resolve",
        "statuspage show",
        "statuspage postmortem",
        "slack say",
        "slack prompt",
        "slack fallback",
        "slack reword",
        "mail mail",
        "second-pager trigger",
        "second-pager acknowledge",
        "second-pager resolve",
        "responders escalate",
        "responders reword",
    ),
    "Dispatcher._postponed": ("pagerduty trigger", "slack reword"),
    "Dispatcher._dead": ("pagerduty trigger", "mail mail", "responders escalate"),
    "Reconciler._compare_page": ("triggered", "acknowledged", "resolved", "missing"),
    "Reconciler._compare_post": ("investigating", "identified", "monitoring", "resolved"),
    "Reviewer.draft": ("episode 1", "episode 2"),
    "Reviewer.remind": NOTHING_ELSE,
    "Reviewer.edit": NOTHING_ELSE,
    "Reviewer.move": ("in-review", "published"),
    "Reviewer.measure": NOTHING_ELSE,
    "Reviewer.change_item": NOTHING_ELSE,
    "Reviewer.tell_public": NOTHING_ELSE,
    "Onlooker._keep": NOTHING_ELSE,
    "RosterShelf.keep": NOTHING_ELSE,
    "add_person": NOTHING_ELSE,
    "Access.end_session": NOTHING_ELSE,
    "revoke_person": NOTHING_ELSE,
    "retry_effect": ("pagerduty trigger", "mail mail"),
    "retry_letter": NOTHING_ELSE,
    "SharedPace.take": NOTHING_ELSE,
    "SharedPace._change": NOTHING_ELSE,
}
"""Every function of the desk that writes, with what it should have died at while it wrote it."""

SENT: Mapping[str, tuple[str, str]] = {
    "pager.page": ("pagerduty", "trigger"),
    "pager.acknowledge": ("pagerduty", "acknowledge"),
    "pager.resolve": ("pagerduty", "resolve"),
    "status_page.show": ("statuspage", "show"),
    "reviews.review": ("statuspage", "postmortem"),
    "chat.say by the bot": ("slack", "say"),
    "chat.say by the webhook": ("slack", "say"),
    "chat.amend by the bot": ("slack", "reword"),
    "mailer.send": ("mail", "mail"),
    "second_pager.page": ("second-pager", "trigger"),
    "second_pager.acknowledge": ("second-pager", "acknowledge"),
    "second_pager.resolve": ("second-pager", "resolve"),
    "responders.escalate_under": ("responders", "escalate"),
    "responders.join_under": ("responders", "escalate"),
    "responders.rename_under": ("responders", "reword"),
}
"""Every call to a vendor, with the row of the outbox that says so when it was made a second time."""


def steps() -> set[str]:
    """Return the name of every fault point."""
    written = {
        f"{function}{f' of {about}' if about else ''}: {when} its commit"
        for function, subjects in TRANSACTIONS.items()
        for about in subjects
        for when in ("before", "after")
    }
    return written | {f"{call}: {when}" for call in SENT for when in ("before it is sent", "sent and not marked")}
