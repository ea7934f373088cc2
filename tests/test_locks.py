"""The lock files hold what pyproject.toml asks for, by hash, and name no place to fetch it from."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = {"requirements.lock": "build", "requirements-dev.lock": "dev"}
PYTHONS = ("3.11.2", "3.11.9", "3.12.0", "3.13.0")


def asked_for(group: str) -> Iterator[Requirement]:
    """Yield the requirements of the project and of one dependency group, with the groups that it includes."""
    yield from map(Requirement, PROJECT["project"]["dependencies"])
    for entry in PROJECT["dependency-groups"][group]:
        if isinstance(entry, dict):
            yield from map(Requirement, PROJECT["dependency-groups"][entry["include-group"]])
        else:
            yield Requirement(entry)


def locked(lock: str, python: str) -> dict[str, Requirement]:
    """Return what the lock installs on Linux with this Python, by name."""
    environment = {
        **default_environment(),
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line.removesuffix("\\")) for line in lines if re.match(r"[A-Za-z0-9]", line)]
    wanted = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(environment)]
    names = [canonicalize_name(pin.name) for pin in wanted]
    assert len(names) == len(set(names)), f"{lock} locks a package twice for Python {python}"
    return dict(zip(names, wanted, strict=True))


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_locked_at_a_version_that_fits(lock, python):
    pins = locked(lock, python)

    unlocked = [
        str(requirement)
        for requirement in asked_for(LOCKS[lock])
        if (pin := pins.get(canonicalize_name(requirement.name))) is None
        or not requirement.specifier.contains(next(iter(pin.specifier)).version, prereleases=True)
    ]

    assert unlocked == [], "run `make lock`"


@pytest.mark.parametrize("python", PYTHONS)
def test_developing_changes_no_version_of_what_runs(python):
    runtime, developing = locked("requirements.lock", python), locked("requirements-dev.lock", python)

    assert {name: str(pin.specifier) for name, pin in runtime.items()}.items() <= {
        name: str(pin.specifier) for name, pin in developing.items()
    }.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_locked_by_hash_and_nothing_by_address(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned = re.findall(r"^\S+==[^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", text, flags=re.MULTILINE)

    assert len(pinned) == len(re.findall(r"^[A-Za-z0-9]", text, flags=re.MULTILINE))
    assert re.findall(r"://|--index|--find-links|file:", text) == []
