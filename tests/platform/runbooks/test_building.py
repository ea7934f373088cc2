"""Building the site of this machine: with its own addresses, only when something changed, refusals in a sentence."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from vcci_platform import runbooks
from vcci_platform.runbooks import RunbooksFailed, build, plan_here
from vcci_platform.settings import Settings
from vcci_slo.testing import a_plan


def test_embedded_the_buttons_lead_to_this_machine_or_are_left_out(tmp_path: Path):
    links = plan_here(Settings(home=tmp_path, api_port=8111, desk_port=8112)).links

    assert (links.desk, links.api) == ("http://127.0.0.1:8112", "http://127.0.0.1:8111")
    assert (links.prometheus, links.alertmanager) == ("", "")


def test_beside_prometheus_its_addresses_are_shown_and_the_spec_knows_the_rest(tmp_path: Path):
    settings = Settings(
        home=tmp_path, prometheus_url="http://127.0.0.1:9111/", alertmanager_url="http://127.0.0.1:9112"
    )

    links = plan_here(settings).links

    assert (links.prometheus, links.alertmanager) == ("http://127.0.0.1:9111", "http://127.0.0.1:9112")
    assert links.desk == "https://desk.vcci-platform.com"


def test_the_site_is_built_once_and_again_only_when_its_pages_change(tmp_path: Path):
    out = tmp_path / "home" / "runbooks"

    assert build(a_plan(), out) is True
    assert build(a_plan(), out) is False
    assert build(a_plan(metadata__title="Another"), out) is True
    assert "Another" in (out / "index.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in out.parent.iterdir()) == ["runbooks", "runbooks.sha256"]


def test_a_site_that_somebody_deleted_is_built_again(tmp_path: Path):
    out = tmp_path / "runbooks"
    build(a_plan(), out)
    (out / "index.html").unlink()

    assert build(a_plan(), out) is True


def test_a_file_in_the_way_is_refused_and_left_alone(tmp_path: Path):
    (tmp_path / "runbooks").write_text("mine")

    with pytest.raises(RunbooksFailed, match="expected a folder or nothing at"):
        build(a_plan(), tmp_path / "runbooks")
    assert (tmp_path / "runbooks").read_text() == "mine"


def test_two_pages_at_one_address_are_refused_in_one_sentence(tmp_path: Path):
    alert = {"measure": "api.oldest", "above": {"P2": "5m"}, "summary": "{value} old", "runbook": "alerts"}

    with pytest.raises(RunbooksFailed, match="expected a runbook name of its own, found 'alerts'"):
        build(a_plan(alerts={"Old": alert}), tmp_path / "runbooks")


def test_a_port_that_is_taken_is_told_with_the_variable(tmp_path: Path, free_port):
    port = free_port()
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(RunbooksFailed, match="VCCI_RUNBOOKS_PORT"),
    ):
        runbooks.serve(Settings(home=tmp_path, runbooks_port=port))
    assert not (tmp_path / "runbooks").exists()
