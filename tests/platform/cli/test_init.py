"""`vcci init --prometheus` at its edge: what is sent, what is refused, and that nothing is overwritten."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vcci_platform.asking import NotAllowed, WrongAccess
from vcci_platform.cli.init import SpecExists, app


@pytest.fixture
def guarded() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a proxy that lets nobody in, and the headers that it saw."""
    seen: list[dict[str, str]] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(dict(self.headers))
            self.send_response(401)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_token_of_the_environment_and_headers_are_sent_and_not_shown(guarded, monkeypatch, folder):
    url, seen = guarded
    monkeypatch.setenv("PROMETHEUS_TOKEN", "hidden-word-11")

    done = CliRunner().invoke(app, ["--prometheus", url, "--header", "X-Scope-OrgID: hidden-word-12"])

    assert isinstance(done.exception, NotAllowed)
    assert [(one["Authorization"], one["X-Scope-OrgID"]) for one in seen] == [
        ("Bearer hidden-word-11", "hidden-word-12")
    ]
    assert "hidden-word" not in done.output + str(done.exception)
    assert list(folder.iterdir()) == [], "nothing was written"


def test_a_header_that_is_given_wins_over_the_token(guarded, monkeypatch):
    url, seen = guarded
    monkeypatch.setenv("PROMETHEUS_TOKEN", "eleven")

    CliRunner().invoke(app, ["--prometheus", url, "--header", "Authorization: Basic dHdlbHZl"])

    assert [one["Authorization"] for one in seen] == ["Basic dHdlbHZl"]


@pytest.mark.parametrize("header", ["hidden-word", ": hidden-word", "Na me: hidden-word", "Name: hidden-word\r\nA: b"])
def test_a_wrong_header_is_refused_without_being_repeated(guarded, header):
    url, seen = guarded

    done = CliRunner().invoke(app, ["--prometheus", url, "--header", header])

    assert isinstance(done.exception, WrongAccess)
    assert "hidden-word" not in done.output + str(done.exception)
    assert seen == []


def test_a_header_for_nobody_is_refused():
    done = CliRunner().invoke(app, ["--header", "A: b"])

    assert isinstance(done.exception, WrongAccess)


def test_a_spec_that_is_there_is_kept_and_prometheus_is_not_even_asked(guarded, folder):
    url, seen = guarded
    (folder / "vcci.yaml").write_text("mine", encoding="utf-8")

    done = CliRunner().invoke(app, ["--prometheus", url])

    assert isinstance(done.exception, SpecExists)
    assert (folder / "vcci.yaml").read_text(encoding="utf-8") == "mine"
    assert seen == []


def test_without_a_prometheus_the_starter_is_written(folder):
    done = CliRunner().invoke(app, [])

    assert done.exit_code == 0
    assert "api-availability" in (folder / "vcci.yaml").read_text(encoding="utf-8")
