"""What a new account holds, so that the sandbox can page before anybody has configured it."""

from __future__ import annotations

from typing import Any, Final

from vcci_platform.sandbox.constants import PAGERDUTY_FROM
from vcci_platform.sandbox.pagerduty.account_forms import PolicyForm, ScheduleForm, ServiceForm, UserForm

__all__ = ["FIRST_POLICY", "FIRST_SCHEDULES", "FIRST_SERVICE", "FIRST_USERS"]


def _user(name: str, email: str, title: str) -> UserForm:
    return UserForm(name=name, email=email, job_title=title)


FIRST_USERS: Final = {
    "PUSER01": _user("Ada Primary", "ada@sandbox.test", "Engineer"),
    "PUSER02": _user("Ben Secondary", "ben@sandbox.test", "Engineer"),
    "PUSER03": _user("Cleo Manager", "cleo@sandbox.test", "Engineering manager"),
    "PUSER04": _user("Dora Director", "dora@sandbox.test", "Director of engineering"),
    "PUSER05": _user("Emil Officer", "emil@sandbox.test", "CTO"),
    "PUSER06": _user("The incident desk", PAGERDUTY_FROM, "Program"),
}

WEEK: Final = 604_800


def _schedule(name: str, *user_ids: str) -> ScheduleForm:
    layer: dict[str, Any] = {
        "name": "Weekly",
        "start": "2020-01-06T09:00:00-05:00",
        "rotation_virtual_start": "2020-01-06T09:00:00-05:00",
        "rotation_turn_length_seconds": WEEK,
        "users": [{"user": {"id": user_id, "type": "user_reference"}} for user_id in user_ids],
    }
    return ScheduleForm.model_validate({"name": name, "time_zone": "America/New_York", "schedule_layers": [layer]})


FIRST_SCHEDULES: Final = {
    "PSCHED1": _schedule("Primary on-call", "PUSER01", "PUSER02"),
    "PSCHED2": _schedule("Secondary on-call", "PUSER02", "PUSER01"),
}


def _level(minutes: int, *targets: tuple[str, str]) -> dict[str, Any]:
    references = [{"id": identifier, "type": f"{kind}_reference"} for kind, identifier in targets]
    return {"escalation_delay_in_minutes": minutes, "targets": references}


FIRST_POLICY: Final = PolicyForm.model_validate(
    {
        "name": "vcci on-call",
        "escalation_rules": [
            _level(30, ("schedule", "PSCHED1")),
            _level(30, ("schedule", "PSCHED2"), ("user", "PUSER03")),
            _level(60, ("user", "PUSER04"), ("user", "PUSER05")),
        ],
    }
)

FIRST_SERVICE: Final = ServiceForm.model_validate(
    {
        "name": "vcci",
        "escalation_policy": {"id": "PPOLICY", "type": "escalation_policy_reference"},
        "acknowledgement_timeout": 1800,  # the vendor's defaults for a service that is made in its UI
        "auto_resolve_timeout": 14400,
        "incident_urgency_rule": {"type": "constant", "urgency": "severity_based"},
    }
)
