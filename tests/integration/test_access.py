"""A real Prometheus and Alertmanager behind a password, a certificate and a bearer token: each command gets in."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import trustme
import yaml

from support.monitoring import Alertmanager, Prometheus
from support.ports import free_port
from support.promtool import run, write
from vcci_alerts import Receivers, alertmanager
from vcci_platform.cli.root import run as vcci_with
from vcci_platform.clock import SystemClock
from vcci_platform.reliability.assemble import with_prometheus
from vcci_platform.reliability.sources import SourceUnavailable
from vcci_platform.settings import Settings
from vcci_platform.storage.database import connect
from vcci_slo import load_plan
from vcci_slo.testing import a_spec

pytestmark = pytest.mark.needs("prometheus", "alertmanager")

USER, PASSWORD, TOKEN = "reader", "word-12", "token-13"
HASH = "$2b$04$O8ccLefgdF61Gn8G/XieHe7f82V1ZoZu/q9OAeox.jQjkxNfcawha"
"""bcrypt of the password, at the lowest cost."""

MINUTES = 90


@dataclass(frozen=True)
class Guarded:
    """Where each of them is, and the file that a client must trust."""

    folder: Path
    prometheus: str
    alertmanager: str
    token: str
    authority: Path

    @property
    def password(self) -> tuple[str, ...]:
        return ("--user", f"{USER}:{PASSWORD}", "--ca-file", str(self.authority))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Generator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    identity = authority.issue_cert("127.0.0.1")
    identity.private_key_pem.write_to_path(folder / "server.key")
    identity.cert_chain_pems[0].write_to_path(folder / "server.pem")
    web = {
        "tls_server_config": {"cert_file": "server.pem", "key_file": "server.key"},
        "basic_auth_users": {USER: HASH},
    }
    write(folder, {"web.yml": yaml.safe_dump(web), "vcci.yaml": a_spec(), "recorded.txt": _recorded()})
    write(folder, {"prometheus.yml": yaml.safe_dump({"scrape_configs": []}), "token": "t", "key": "k"})
    receivers = Receivers("http://127.0.0.1:9/hook", str(folder / "token"), "http://127.0.0.1:9/e", str(folder / "key"))
    write(folder, {alertmanager.PATH: alertmanager.configuration(load_plan(a_spec()), receivers)})
    with ExitStack() as stack:
        watcher, manager = _prometheus(folder), _alertmanager(folder)
        stack.enter_context(watcher)
        stack.enter_context(manager)
        yield Guarded(folder, watcher.url, manager.url, stack.enter_context(_proxy(watcher.url)), folder / "ca.pem")


def _recorded() -> str:
    """Return the samples of the last 90 minutes: 100 requests a minute, of which one fails."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    lines = ["# TYPE http_requests counter"]
    for status, each in (("200", 99), ("503", 1)):
        for minute in range(MINUTES):
            at = (now - timedelta(minutes=MINUTES - minute)).timestamp()
            labels = f'job="shop-api",instance="a",status="{status}"'
            lines.append(f"http_requests_total{{{labels}}} {each * minute} {at:.0f}")
    return "\n".join([*lines, "# EOF", ""])


class SecuredPrometheus(Prometheus):
    """Its readiness is asked as everything else is: with a password, over TLS."""

    def _is_ready(self) -> bool:
        return _ready(self.url)


class SecuredAlertmanager(Alertmanager):
    """The same of an Alertmanager."""

    def _is_ready(self) -> bool:
        return _ready(self.url)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", auth=(USER, PASSWORD), verify=False, timeout=30).is_success
    except httpx.TransportError:
        return False


def _prometheus(folder: Path) -> Prometheus:
    made = run("promtool", "tsdb", "create-blocks-from", "openmetrics", "recorded.txt", "data", folder=folder)
    assert made.returncode == 0, made.stderr
    port = free_port()
    (folder / "data").rename(folder / f"prometheus-{port}")
    server = SecuredPrometheus(folder / "prometheus.yml", folder, f"--web.config.file={folder / 'web.yml'}", port=port)
    server.url = server.url.replace("http://", "https://")
    return server


def _alertmanager(folder: Path) -> Alertmanager:
    server = SecuredAlertmanager(folder / alertmanager.PATH, folder, f"--web.config.file={folder / 'web.yml'}")
    server.url = server.url.replace("http://", "https://")
    return server


@contextmanager
def _proxy(behind: str) -> Generator[str]:
    """Yield the address of a proxy under a path that lets in whoever has the token, and sends others to a login."""
    client = httpx.Client(base_url=behind, auth=(USER, PASSWORD), verify=False, timeout=30)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on("GET", b"")

        def do_POST(self) -> None:
            self._pass_on("POST", self.rfile.read(int(self.headers["Content-Length"])))

        def _pass_on(self, method: str, body: bytes) -> None:
            if not self.path.startswith("/team/"):
                self._say(404, "text/plain", b"404 page not found")
            elif not hmac.compare_digest(self.headers.get("Authorization", ""), f"Bearer {TOKEN}"):
                self._say(302, "text/html", b"")
            else:
                kind = {"Content-Type": self.headers["Content-Type"]} if body else {}
                found = client.request(method, self.path.removeprefix("/team"), content=body, headers=kind)
                self._say(found.status_code, found.headers["Content-Type"], found.content)

        def _say(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "https://login.example/?next=secret-14")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/team"
    finally:
        server.shutdown()
        server.server_close()
        client.close()


COMMANDS = {
    "init": (0, ("init", "--force")),
    "why": (0, ("why", "errors", "--json")),
    "drift": (1, ("drift", "--json")),
    "validate": (1, ("spec", "validate", "--live", "--json")),
    "backtest": (0, ("slo", "backtest", "errors", "--last", "80m", "--json")),
    "suggest": (2, ("slo", "suggest", "errors", "--last", "80m", "--json")),
    "report": (0, ("slo", "report", "errors", "--spec", "vcci.yaml", "--format", "json")),
}
"""Every command that asks a Prometheus, and how it ends: no rule is loaded there, and 80 minutes suggest nothing."""

OUTSIDE = ("wants to know who asks", "did not accept", "sends us on", "does not answer")


@pytest.fixture
def vcci(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """A function that runs a command in a folder with the spec, and returns its exit code and everything it said."""
    (tmp_path / "vcci.yaml").write_text(a_spec(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")

    def call(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            vcci_with(list(arguments))
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return call


@pytest.mark.parametrize(("code", "command"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_gets_in_with_a_password_and_a_token_and_not_without(vcci, guarded, code, command):
    password = vcci(*command, "--prometheus", guarded.prometheus, *guarded.password)
    token = vcci(*command, "--prometheus", f"{guarded.token}/graph", "--token", TOKEN)
    nobody = vcci(*command, "--prometheus", guarded.prometheus, "--ca-file", str(guarded.authority))
    wrong = vcci(*command, "--prometheus", guarded.token, "--token", "hidden-word")
    untrusted = vcci(*command, "--prometheus", guarded.prometheus, "--user", f"{USER}:{PASSWORD}")

    for _, said in (password, token):
        assert not any(sign in said for sign in OUTSIDE), said
    assert (password[0], token[0]) == (code, code)
    assert "wants to know who asks (401): give --token, --user or --header" in nobody[1]
    assert "it sends us on to https://login.example/ (302), as login pages do" in wrong[1]
    assert "CERTIFICATE_VERIFY_FAILED" in untrusted[1]
    for _, said in (password, token, nobody, wrong, untrusted):
        assert not any(word in said for word in (PASSWORD, TOKEN, "hidden-word", "secret-14"))


def test_a_backtest_reads_the_same_history_through_every_door(vcci, guarded, monkeypatch):
    command = (*COMMANDS["backtest"][1], "--until", f"{datetime.now(UTC) - timedelta(minutes=5):%Y-%m-%dT%H:%MZ}")

    def figures(*arguments: str) -> str:
        code, said = vcci(*command, *arguments)
        assert code == 0, said
        return said[said.index('"outcomes"') :].partition('"source"')[0]

    by_password = figures("--prometheus", guarded.prometheus, *guarded.password)
    by_header = figures("--prometheus", guarded.token, "--header", f"Authorization: Bearer {TOKEN}")
    unchecked = figures("--prometheus", guarded.prometheus, "--user", f"{USER}:{PASSWORD}", "--insecure")
    in_address = guarded.prometheus.replace("//", f"//{USER}:{PASSWORD}@")
    by_address = figures("--prometheus", in_address, "--ca-file", str(guarded.authority))
    monkeypatch.setenv("PROMETHEUS_TOKEN", TOKEN)
    by_environment = figures("--prometheus", guarded.token)

    assert by_password == by_header == unchecked == by_address == by_environment
    assert '"total": 0' not in by_password


def test_both_programs_are_asked_each_with_its_own_secret(vcci, guarded, monkeypatch):
    both = ("drift", "--prometheus", guarded.token, "--alertmanager", guarded.alertmanager)
    monkeypatch.setenv("PROMETHEUS_TOKEN", TOKEN)
    monkeypatch.setenv("ALERTMANAGER_CA_FILE", str(guarded.authority))

    without = vcci(*both)
    monkeypatch.setenv("ALERTMANAGER_USER", USER)
    monkeypatch.setenv("ALERTMANAGER_PASSWORD", PASSWORD)
    inside = vcci(*both)

    assert without[0] == 2
    assert f"Alertmanager at {guarded.alertmanager} wants to know who asks (401)" in without[1]
    assert inside[0] == 1, "no rule is loaded, which is a difference"
    assert "is not loaded" in inside[1]


def test_the_desk_gets_in_by_its_environment(guarded, monkeypatch, tmp_path):
    monkeypatch.setenv("PROMETHEUS_CA_FILE", str(guarded.authority))
    plan, database = load_plan(a_spec()), connect(f"sqlite:///{tmp_path / 'desk.db'}")

    def rules() -> object:
        settings = Settings()
        desk = with_prometheus(plan, database, SystemClock(), guarded.prometheus, settings.prometheus_access)
        try:
            return desk.source.alerts()
        finally:
            desk.close()

    with pytest.raises(SourceUnavailable, match="wants to know who asks"):
        rules()
    monkeypatch.setenv("PROMETHEUS_USER", USER)
    monkeypatch.setenv("PROMETHEUS_PASSWORD", PASSWORD)
    assert rules() == ()
    database.close()


def test_a_wrong_base_path_says_what_answered(vcci, guarded):
    code, said = vcci("drift", "--prometheus", guarded.token.removesuffix("/team"), "--token", TOKEN)

    assert code == 2
    assert "it answers 404 with '404 page not found'" in said
