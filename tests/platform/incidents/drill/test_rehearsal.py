"""Drills in virtual time: people who are in time, people who are late, and scripts that nobody can play."""

from __future__ import annotations

from datetime import timedelta

import pytest

from vcci_platform.incidents.drill.deadlines import Verdict
from vcci_platform.incidents.drill.rehearsal import rehearse
from vcci_platform.incidents.drill.report import DrillReport, document, markdown
from vcci_platform.incidents.drill.script import Act, WrongScript, default_script, read_script
from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.testing import manual_policy

MINUTE = timedelta(minutes=1)
POLICY = manual_policy()


def played(text: str, priority: Priority = Priority.P0) -> DrillReport:
    return rehearse(read_script(text, "day.yaml", priority, POLICY), POLICY)


def verdicts(report: DrillReport) -> dict[str, tuple[str, float]]:
    return {one.name: (one.verdict.value, one.spare / MINUTE) for one in report.deadlines}


@pytest.mark.parametrize("priority", [Priority.P0, Priority.P1, Priority.P2])
def test_people_who_do_what_the_severity_asks_miss_nothing(priority: Priority) -> None:
    report = rehearse(default_script(priority, POLICY, "api"), POLICY)

    assert report.passed, markdown(report)
    assert report.deadlines
    assert all(one.verdict is Verdict.MET for one in report.deadlines)


def test_every_deadline_of_a_p0_is_in_the_report() -> None:
    report = rehearse(default_script(Priority.P0, POLICY, "api"), POLICY)

    assert verdicts(report) == {
        "page delivered": ("met", 1),
        "status page told": ("met", 1),
        "acknowledged": ("met", 1),
        "assessed": ("met", 2),
        "update 1": ("met", 3),
        "update 2": ("met", 3),
        "update 3": ("met", 3),
        "escalated to level 2": ("met", 0),
        "review written": ("met", pytest.approx(0.2 * 48 * 60)),
    }


def test_late_people_are_told_by_how_much() -> None:
    report = played(
        """
        steps:
          - {after: 7m, do: acknowledge, by: ada}
          - {after: 13m, do: investigate, by: ada}
          - {after: 18m, do: update, by: ada, say: We look for it.}
          - {after: 50m, do: monitor, by: ada}
        """
    )

    assert verdicts(report) == {
        "page delivered": ("met", 1),
        "status page told": ("met", 1),
        "acknowledged": ("missed", -2),
        "assessed": ("missed", -3),
        "update 1": ("missed", -3),
        "update 2": ("missed", 33 - 50),
        "update 3": ("missed", 48 - 50),
        "escalated to level 2": ("met", 0),
        "review written": ("missed", -1),
    }
    assert not report.passed
    assert "| acknowledged | +0:05:00 | +0:07:00 | **missed** by 2 minutes |" in markdown(report)


def test_what_was_not_due_yet_is_pending_and_fails_nobody() -> None:
    report = played("steps: [{after: 1m, do: acknowledge, by: ada}, {after: 2m, do: investigate, by: ada}]")

    assert verdicts(report)["escalated to level 2"][0] == "pending"
    assert verdicts(report)["update 1"] == ("missed", -2)
    assert verdicts(report)["update 2"] == ("pending", 13)


def test_a_commander_who_holds_the_clock_misses_no_escalation() -> None:
    report = played(
        """
        steps:
          - {after: 2m, do: acknowledge, by: ada}
          - {after: 25m, do: hold, by: ada, for: 30m, say: The fix is rolling out.}
          - {after: 40m, do: monitor, by: ada}
        """
    )

    assert "escalated to level 2" not in verdicts(report)


def test_an_act_that_the_desk_refuses_stands_in_the_report() -> None:
    report = played("steps: [{after: 1m, do: acknowledge, by: ada}, {after: 2m, do: acknowledge, by: bob}]")

    (refused,) = report.refused
    assert refused.startswith("bob could not acknowledge: an incident that is acknowledged cannot acknowledge;")
    assert document(report)["refused"] == list(report.refused)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "day.yaml: expected YAML, found"),
        ("steps: []", "day.yaml: steps: expected a list of steps, found []"),
        ("step: []", "day.yaml.step: expected one of component, steps, title"),
        ("steps: [7]", "day.yaml: steps[0]: expected a map, found 7"),
        ("steps: [{after: 5, do: review}]", "day.yaml: steps[0].after: expected a duration with its unit"),
        ("steps: [{after: 5m, do: sleep}]", "day.yaml: steps[0].do: expected one of acknowledge, investigate,"),
        ("steps: [{after: 5m, do: update}]", "day.yaml: steps[0].say: expected the words of update, found nothing"),
        (
            "steps: [{after: 5m, do: escalate, say: help, level: 9}]",
            "day.yaml: steps[0].level: expected one of the levels 1, 2, 3, 4, found 9",
        ),
    ],
)
def test_a_mistake_in_a_script_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(WrongScript) as caught:
        read_script(text, "day.yaml", Priority.P0, POLICY)

    assert told in str(caught.value)


def test_the_steps_of_a_script_are_played_in_the_order_of_time() -> None:
    script = read_script(
        "steps: [{after: 9m, do: investigate}, {after: 2m, do: acknowledge}]", "day.yaml", Priority.P0, POLICY
    )

    assert [step.act for step in script.steps] == [Act.ACKNOWLEDGE, Act.INVESTIGATE]
