"""The environment decides by the variables that are ours, and by no others."""

from __future__ import annotations

from pathlib import Path

from vcci_platform.settings import Settings


def test_variables_of_the_machine_are_not_ours(monkeypatch):
    """`HOME` named the folder of the databases, and `HOST` the address to listen on."""
    monkeypatch.setenv("HOME", "/elsewhere")
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setenv("SPEC", "other.yaml")

    settings = Settings()

    assert (settings.home, settings.host, settings.spec) == (Path(".vcci"), "127.0.0.1", None)


def test_our_variables_are_read_and_arguments_win(monkeypatch):
    monkeypatch.setenv("VCCI_HOME", "/data")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///x.db")

    assert Settings().home == Path("/data")
    assert Settings().service_database == "sqlite:///x.db"
    assert Settings(home=Path("/other")).home == Path("/other")
