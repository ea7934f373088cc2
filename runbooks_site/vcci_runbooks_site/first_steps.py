"""First steps for a page that nobody has written by hand: true of every component, filled in from the plan."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from vcci_runbooks_site.content import step_text
from vcci_runbooks_site.facts import namespace, roles
from vcci_runbooks_site.markdown import code, escape, fence
from vcci_slo.plan import Component, Plan

__all__ = ["causes", "fastest", "is_it_real", "stop_it"]


@dataclass(frozen=True)
class _Step:
    title: str
    effect: str
    command: str
    expect: str
    undo: str = ""


def is_it_real(plan: Plan, component: Component, expression: str, promise: str = "") -> str:
    """Return the steps that tell a fault from a false alarm."""
    steps = [
        _Step(
            "See what else is wrong",
            "read-only",
            "vcci now",
            "what fires, what burns, the last change, and who is on call. Several names of one system are one fault.",
        )
    ]
    if promise:
        steps.append(
            _Step(
                "Read the promise",
                "read-only",
                "vcci slo status",
                f"a burn rate of {code(promise)} above 1. Unknown means that data is missing, which is not health.",
            )
        )
    if plan.links.prometheus:
        query = shlex.quote(f"query={expression}")
        steps.append(
            _Step(
                "Ask for the value itself",
                "read-only",
                f"curl -sG {plan.links.prometheus}/api/v1/query --data-urlencode {query}",
                'a result that is not empty while it is true. `"result":[]` means that it is over, or that the data '
                "is gone: look at the section on missing data.",
            )
        )
    if component.probe is not None and component.probe.url.startswith("http"):
        steps.append(
            _Step(
                "Knock from outside",
                "read-only",
                f"curl -sS -o /dev/null -m 10 -w '%{{http_code}} in %{{time_total}} s\\n' {component.probe.url}",
                "`200` in less than a second. Anything else is what users get.",
            )
        )
    if component.runs is not None:
        steps.append(
            _Step(
                "Look at what runs, and since when",
                "read-only",
                f"kubectl get pods{_in(plan)} -l app={component.runs.deployment} -o wide",
                f"{component.runs.replicas[0]} or more pods that are `Running` and ready, without restarts in the last "
                "minutes.",
            )
        )
    return _printed(steps)


def stop_it(plan: Plan, component: Component) -> str:
    """Return what usually helps: take the last change back, else ask for help before time runs out."""
    if component.runs is None:
        who = roles(plan.escalation.who(2)) or f"the team {escape(component.team)}"
        return (
            f"Nothing here is known to be safe for {escape(component.title)} in every case. Take back the last change "
            f"to it; without one, ask {who} now rather than later."
        )
    deployment = component.runs.deployment
    history = f"kubectl rollout history deployment/{deployment}{_in(plan)}"
    undo = f"kubectl rollout undo deployment/{deployment}{_in(plan)}"
    watch = f"kubectl rollout status deployment/{deployment}{_in(plan)} --timeout=10m"
    return _printed(
        [
            _Step("Was there a change?", "read-only", history, "the revisions; compare with when it began."),
            _Step(
                "Take the last change back",
                "changes state",
                f"{undo}\n{watch}",
                "`successfully rolled out`, and the value returns within the window of the alert.",
                f"`{undo}` once more brings the newer revision back.",
            ),
            _Step(
                "Start it anew",
                "changes state",
                f"kubectl rollout restart deployment/{deployment}{_in(plan)}\n{watch}",
                "`successfully rolled out`. If that helped, keep the logs from before: they hold the reason.",
                "not needed; the revision stays the same.",
            ),
        ]
    )


def fastest(component: Component) -> str:
    """Return the mitigation to try first."""
    if component.runs is None:
        return "Take back the last change to it, if one is younger than the fault."
    return f"Take back the last change of `{component.runs.deployment}`, if it is younger than the fault."


def causes(plan: Plan, component: Component) -> str:
    """Return where to look, ranked by how often it is the reason."""
    found = [
        (
            "### 1. A change\n\n**Verify:** the fault is younger than a deployment, a configuration or a flag; "
            "`vcci now` shows the last change.\n\n**Fix:** take it back first, understand it later."
        )
    ]
    for need in component.needs:
        title = escape(plan.component(need).title)
        found.append(
            f"### {len(found) + 1}. {title} does not answer\n\n**Verify:** alerts of {title} fire, or "
            f"[its page](components/{need}.md) shows it down.\n\n**Fix:** go on with that page; this one follows."
        )
    found.append(
        f"### {len(found) + 1}. More load than it can carry\n\n**Verify:** the rate on the dashboard is above what is "
        "usual at this hour.\n\n**Fix:** add capacity, or refuse the one who causes it."
    )
    return "\n\n".join(found)


def _in(plan: Plan) -> str:
    found = namespace(plan)
    return f" -n {shlex.quote(found)}" if found else ""


def _printed(steps: Sequence[_Step]) -> str:
    out: list[str] = []
    for number, step in enumerate(steps, start=1):
        out += [step_text(number, step.title, step.effect), fence("bash", step.command), f"**Expect:** {step.expect}"]
        if step.undo:
            out.append(f"**Undo:** {step.undo}")
    return "\n\n".join(out)
