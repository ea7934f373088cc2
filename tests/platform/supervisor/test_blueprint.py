"""The blueprint: which children, which ports, which environment."""

from __future__ import annotations

import socket

import pytest
from pydantic import SecretStr

from support.ports import free_port
from vcci_platform.settings import Settings
from vcci_platform.supervisor.blueprint import TwoPrometheus, clean_environment, draw, is_free
from vcci_platform.supervisor.policy import PortTaken

BASE = {"PATH": "/usr/bin", "LANG": "C.UTF-8"}


def settings_at(tmp_path, **more) -> Settings:
    return Settings.model_construct(home=tmp_path, **more)


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def named(blueprint):
    return {spec.name: spec for stage in blueprint.stages for spec in stage}


def test_the_desk_starts_after_what_it_watches(tmp_path):
    stages = draw(settings_at(tmp_path), base=BASE, first_port=free_port()).stages

    assert [sorted(spec.name for spec in stage) for stage in stages] == [["runbooks", "sandbox", "service"], ["desk"]]


def test_every_child_is_told_every_port_and_address(tmp_path):
    first = free_port()

    blueprint = draw(settings_at(tmp_path, time_scale=30.0, faults_enabled=True), base=BASE, first_port=first)

    told = named(blueprint)["desk"].environment
    assert told["VCCI_HOME"] == str(tmp_path)
    assert told["VCCI_API_URL"] == blueprint.service == f"http://127.0.0.1:{blueprint.ports['service']}"
    assert told["VCCI_DESK_URL"] == blueprint.desk
    assert told["VCCI_RUNBOOKS_URL"] == blueprint.runbooks
    assert told["VCCI_SANDBOX_PORT"] == str(blueprint.ports["sandbox"])
    assert told["VCCI_TIME_SCALE"] == "30"
    assert told["VCCI_FAULTS"] == "1"
    assert BASE.items() <= told.items()
    assert {name: Settings().model_fields[name] for name in ()} == {}
    assert len(set(blueprint.ports.values())) == len(blueprint.ports)


def test_the_home_is_told_as_a_whole_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    blueprint = draw(Settings.model_construct(), base=BASE, first_port=free_port())

    assert named(blueprint)["service"].environment["VCCI_HOME"] == str(tmp_path / ".vcci")


def test_a_default_port_that_is_taken_moves_and_is_told(tmp_path, taken):
    settings = settings_at(tmp_path, api_port=taken)
    settings.model_fields_set.discard("api_port")  # as if it were the default

    blueprint = draw(settings, base=BASE)

    [move] = [move for move in blueprint.moves if move.name == "service"]
    assert move.wished == taken
    assert move.port == blueprint.ports["service"] != taken
    assert named(blueprint)["service"].environment["VCCI_API_PORT"] == str(move.port)


def test_a_port_from_the_environment_that_is_taken_is_an_error(tmp_path, taken, monkeypatch):
    monkeypatch.setenv("VCCI_DESK_PORT", str(taken))

    with pytest.raises(PortTaken, match=f"VCCI_DESK_PORT={taken}"):
        draw(Settings(home=tmp_path), base=BASE)


def test_addresses_from_the_environment_stay(tmp_path):
    settings = settings_at(tmp_path, runbooks_url="https://runbooks.example", desk_url="https://desk.example")

    told = named(draw(settings, base=BASE, first_port=free_port()))["desk"].environment

    assert told["VCCI_RUNBOOKS_URL"] == "https://runbooks.example"
    assert told["VCCI_DESK_URL"] == "https://desk.example"


def test_a_server_for_everybody_is_reached_by_loopback_from_here(tmp_path):
    blueprint = draw(settings_at(tmp_path, host="0.0.0.0"), base=BASE, first_port=free_port())

    assert blueprint.service.startswith("http://127.0.0.1:")


def test_with_every_vendor_configured_there_is_no_sandbox(tmp_path):
    settings = settings_at(
        tmp_path,
        pagerduty_routing_key=SecretStr("k" * 32),
        statuspage_api_key=SecretStr("eleven"),
        statuspage_page="twelve",
        slack_webhook_url=SecretStr("https://hooks.example/13"),
    )

    blueprint = draw(settings, base=BASE, first_port=free_port())

    assert blueprint.sandboxed == ()
    assert "sandbox" not in named(blueprint)


def test_with_a_broker_workers_are_processes_of_their_own(tmp_path):
    settings = settings_at(tmp_path, broker_url=SecretStr("amqp://127.0.0.1:5672//"))

    children = named(draw(settings, base=BASE, first_port=free_port()))

    assert {"worker", "scheduler"} <= set(children)
    ports = {children[name].environment["VCCI_WORKER_PORT"] for name in ("worker", "scheduler")}
    assert len(ports) == 2


def test_a_demonstration_reaches_nothing_real():
    real = {"DATABASE_URL": "postgresql://real", "PAGERDUTY_ROUTING_KEY": "real", "VCCI_API_PORT": "11", **BASE}

    assert clean_environment({**real, "VCCI_SPEC": "own.yaml"}) == {**BASE, "VCCI_SPEC": "own.yaml"}


def test_two_prometheus_are_one_too_many(tmp_path):
    settings = settings_at(tmp_path, prometheus_url="http://prometheus.example:9090")

    with pytest.raises(TwoPrometheus, match=r"found http://prometheus\.example:9090"):
        draw(settings, base=BASE, monitoring=True, first_port=free_port())


def test_secrets_of_the_environment_are_not_shown(tmp_path):
    blueprint = draw(settings_at(tmp_path), base={"DATABASE_URL": "postgresql://u:hunter2@db"}, first_port=free_port())

    assert "hunter2" not in repr(blueprint)


def test_a_port_in_use_is_not_free(taken):
    assert not is_free("127.0.0.1", taken)
    assert is_free("127.0.0.1", free_port())
