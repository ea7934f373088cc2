"""Each process imports what it runs, and no more."""

from __future__ import annotations

import subprocess
import sys

import pytest

SERVICE_ALONE = {"celery", "kombu", "obstore", "polars", "vcci_platform.carbon", "vcci_platform.wiring.service"}


def imported_by(module: str) -> set[str]:
    program = f"import sys, {module}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return set(ran.stdout.split())


@pytest.mark.parametrize("module", ["vcci_platform.desk", "vcci_platform.cli.desk", "vcci_platform.cli.tenant"])
def test_the_desk_and_the_command_of_tenants_know_nothing_of_what_calculates(module):
    assert imported_by(module) & SERVICE_ALONE == set()


def test_the_service_knows_all_of_it():
    """So that the test above cannot pass because a name was changed."""
    assert imported_by("vcci_platform.api") >= SERVICE_ALONE
