"""`vcci runbooks` as people use it: an empty folder, a browser, Ctrl-C."""

from __future__ import annotations

import http.server
import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from support.browser import QUIET, browser_program
from support.wheel import Installation, clean_environment

INTERRUPTED = 130
"""How every command of `vcci` ends after Ctrl-C."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runbooks")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """The address of the site, served by a process of its own in an empty folder."""
    command = [sys.executable, "-m", "vcci_platform.cli", "runbooks", "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=folder, env=clean_environment(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            found = re.fullmatch(r"Runbooks: (http://127\.0\.0\.1:\d+)/\n", line)
            assert found, line
            yield found[1]
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == INTERRUPTED
            assert "Traceback" not in process.stdout.read()
        finally:
            process.kill()


def test_every_page_of_the_shipped_spec_answers(address: str):
    with urllib.request.urlopen(f"{address}/runbooks.json", timeout=30) as answer:
        listed = json.load(answer)["pages"]

    assert len(listed) > 15
    for entry in listed:
        for name in (entry["page"], *entry["names"]):
            with urllib.request.urlopen(f"{address}/{name}", timeout=30) as answer:
                assert answer.url == f"{address}/{entry['page']}/"
                assert entry["title"] in answer.read().decode()


def test_a_wrong_name_is_answered_with_near_ones(address: str):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/databasedwn", timeout=30)

    assert refused.value.code == 404
    assert "/database-down/" in refused.value.read().decode()


@pytest.fixture(scope="module")
def plain(address: str, folder: Path) -> Iterator[str]:
    """The same site from a server that forbids nothing, so that the site has to behave by itself."""
    site = folder / ".vcci" / "runbooks"
    (site / "indiscreet.html").write_text('<p class="md-content"><img src="http://stranger.example/pixel.gif">')
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("page", ["", "high-error-rate/", "api-latency/?q=latency", "procedures/status-page/"])
def test_a_browser_asks_nobody_but_the_site(plain: str, page: str, tmp_path: Path):
    asked = asked_by(f"{plain}/{page}", tmp_path)

    assert any(url.endswith(".css") for url in asked)
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(plain).netloc}


@pytest.mark.needs("chromium")
def test_a_page_that_asked_somebody_else_would_be_noticed(plain: str, tmp_path: Path):
    assert "http://stranger.example/pixel.gif" in asked_by(f"{plain}/indiscreet.html", tmp_path)


def asked_by(url: str, folder: Path) -> list[str]:
    """Return what a page asks for by itself, from Chromium's own log: it carries the page's origin as its initiator."""
    log = folder / "net.json"
    command = [
        *(browser_program(), *QUIET, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}"),
        *("--virtual-time-budget=5000", "--dump-dom", url),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "md-content" in done.stdout
    return started_by(log, "{0.scheme}://{0.netloc}".format(urlsplit(url)))


def started_by(log: Path, address: str) -> list[str]:
    """Return what the pages of an origin asked for."""
    text = log.read_text(encoding="utf-8")
    try:
        read = json.loads(text)
    except ValueError:  # the browser ended before it closed the list
        read = json.loads(text.rstrip().rstrip(",") + "]}")
    found = [event.get("params", {}) for event in read["events"]]
    return [
        params["url"]
        for params in found
        if "url" in params
        and params.get("initiator", "").rstrip("/") == address
        and not params["url"].startswith("data:")
    ]


def test_the_installed_wheel_builds_the_site_in_an_empty_folder(installation: Installation, empty: Path):
    said = installation.vcci("runbooks", "build", "--out", "site", cwd=empty)

    assert "Built site" in said
    assert (empty / "site" / "high-error-rate" / "index.html").is_file()
    assert (empty / "site" / "procedures" / "rollback" / "index.html").is_file()
    assert (empty / "site" / "assets" / "runbooks.css").is_file()


def test_the_installed_wheel_builds_the_site_of_a_starter_spec(installation: Installation, empty: Path):
    installation.vcci("init", cwd=empty)

    installation.vcci("runbooks", "build", "--spec", "vcci.yaml", "--out", "site", cwd=empty)

    assert (empty / "site" / "api-availability" / "index.html").is_file()
    assert not (empty / "site" / "procedures").exists()
