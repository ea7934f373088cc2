"""What every test may ask for: real components, fresh databases, private servers; and nobody's own settings."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Callable, Generator
from functools import cache
from pathlib import Path
from typing import TypeVar

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

from support import components, databases, monitoring, ports, promtool
from support.processes import Server
from vcci_platform.settings import Settings

ServerType = TypeVar("ServerType", bound=Server)
JOURNEYS = "tests/e2e/"
TOGETHER = (JOURNEYS, "tests/integration/test_wheel")
"""What one worker runs: files that must not compete, and those that share what takes long to make."""

POLITENESS = 5
"""How much nicer than a journey everything else is: what watches real clocks gets the processor when it asks for it."""


def pytest_configure(config: pytest.Config) -> None:
    """Take the platform's settings out of the environment: no test may meet the databases of whoever runs it."""
    # Tests start hundreds of processes, and each would compile the whole code again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for field in Settings.model_fields.values():
        if field.alias:
            os.environ.pop(field.alias, None)
    # Where a run must be repeatable the examples of property tests are the same each time; people explore new ones. No
    # deadline: how long an example takes on a busy machine says nothing about the law.
    hypothesis.settings.register_profile("explore", deadline=None)
    hypothesis.settings.register_profile("repeat", deadline=None, derandomize=True)
    hypothesis.settings.load_profile("repeat" if os.environ.get("CI") == "true" else "explore")


class TogetherByFile(LoadFileScheduling):
    """Hands out whole files, so that what a module sets up is set up once, and all journeys as one.

    A journey starts a whole platform and watches real clocks, so two of them must not compete: one worker walks through
    them from the start, as they take longest, while the others run everything else. There are more workers than cores,
    since journeys and tests of real components wait more than they work.
    """

    def _split_scope(self, nodeid: str) -> str:
        shared = next((start for start in TOGETHER if nodeid.startswith(start)), None)
        return shared or super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> TogetherByFile:
    """Share the tests out by file, in the order of collection, whatever `--dist` says."""
    config.option.loadscopereorder = False
    return TogetherByFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage after the collection only: what it makes stays until the end, and is not looked at again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the journeys, then with what talks to real components; refuse one that nothing knows how to find.

    What takes long comes early, so that no worker is left with it at the end.
    """
    real = {item.path for item in items if item.get_closest_marker("needs")}
    items.sort(key=lambda item: (not item.nodeid.startswith(JOURNEYS), item.path not in real))
    for item in items:
        for mark in item.iter_markers("needs"):
            unknown = [name for name in mark.args if name not in components.COMPONENTS]
            if unknown or not mark.args:
                known = ", ".join(components.COMPONENTS)
                raise pytest.UsageError(f"{item.nodeid}: needs{mark.args!r}: expected some of {known}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose component is missing; fail it where nothing may be missing."""
    if "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.startswith(JOURNEYS):
        _step_back()
    for mark in item.iter_markers("needs"):
        for component in mark.args:
            if reason := components.missing(component):
                components.absent(component, reason)


@cache
def _step_back() -> None:
    """Let the journeys go first from now on; a worker that has begun with other tests never walks through one."""
    os.nice(POLITENESS)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were left out, and why."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _, found, why = reason.partition(components.LEFT_OUT)
        if found:
            reasons[f"left out: needs {why.strip()}"] += 1
        elif promtool.UNPROVEN in reason:
            reasons[reason[reason.index(promtool.UNPROVEN) :]] += 1
    if reasons:
        terminalreporter.section("left out")
        for why, count in sorted(reasons.items()):
            terminalreporter.write_line(f"{count} test{'s' if count > 1 else ''} {why}")


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A function that returns a free loopback port."""
    return ports.free_port


@pytest.fixture
def postgresql_url() -> Generator[str]:
    """The URL of an empty PostgreSQL database."""
    with databases.fresh_postgresql() as url:
        yield url


@pytest.fixture
def rabbitmq_url() -> Generator[str]:
    """The URL of an empty virtual host on RabbitMQ."""
    with databases.fresh_rabbitmq() as url:
        yield url


@pytest.fixture
def redis_url() -> Generator[str]:
    """The URL of an empty Redis database."""
    with databases.fresh_redis() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_cluster() -> Generator[Path]:
    """A PostgreSQL cluster that was never started, from which private servers are copied."""
    with databases.new_postgresql_cluster() as folder:
        yield folder


@pytest.fixture
def private_postgresql(postgresql_cluster: Path) -> Generator[databases.PostgreSQL]:
    """A PostgreSQL of the test's own: `url`, `start`, `stop`, `crash`, `freeze`, `thaw`."""
    with databases.private_postgresql(postgresql_cluster) as server:
        yield server


@pytest.fixture
def private_redis() -> Generator[databases.Redis]:
    """A Redis of the test's own: `url`, `start`, `stop`, `crash`, `freeze`, `thaw`."""
    with databases.private_redis() as server:
        yield server


@pytest.fixture
def private_rabbitmq() -> Generator[databases.RabbitMQ]:
    """A RabbitMQ node of the test's own: `url`, `metrics_url`, `start`, `stop`, `crash`."""
    with databases.private_rabbitmq() as server:
        yield server


@pytest.fixture
def prometheus_process(tmp_path: Path) -> Generator[Callable[..., monitoring.Prometheus]]:
    """A function that starts Prometheus: `start(configuration, *flags, port=None)`."""
    yield from _starter(lambda *given, **named: monitoring.Prometheus(given[0], tmp_path, *given[1:], **named))


@pytest.fixture
def alertmanager_process(tmp_path: Path) -> Generator[Callable[..., monitoring.Alertmanager]]:
    """A function that starts Alertmanager: `start(configuration, *flags, port=None)`."""
    yield from _starter(lambda *given, **named: monitoring.Alertmanager(given[0], tmp_path, *given[1:], **named))


def _starter(make: Callable[..., ServerType]) -> Generator[Callable[..., ServerType]]:
    """Yield a function that makes and starts a server; every one of them is stopped at the end."""
    started: list[ServerType] = []

    def start(*arguments: object, **options: object) -> ServerType:
        server = make(*arguments, **options)
        started.append(server)
        server.start()
        return server

    yield start
    for server in reversed(started):
        server.stop()
