"""The program `vcci`: it finds its commands without importing them, and tells failures in one sentence."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.metadata import version

import pytest
import typer
from pydantic import ValidationError

from vcci_platform.cli.commands import COMMANDS, Entry, available
from vcci_platform.cli.root import explain, root, run
from vcci_platform.errors import PlatformError
from vcci_platform.settings import Settings
from vcci_slo import SpecError, SpecProblem

HERE = Entry("commands_of_a_test", "Eleven in one line")


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """A table with one command that exists; what it does is given by the environment variable of the test."""
    (tmp_path / "commands_of_a_test.py").write_text(
        "import typer\n"
        "app = typer.Typer()\n"
        "ended = None\n"
        "@app.command()\n"
        "def eleven(number: int = 11) -> None:\n"
        "    if ended is not None:\n"
        "        raise ended\n"
        "    typer.echo(f'number {number}')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, HERE.module, raising=False)
    table = {"eleven": HERE, "twelve": Entry("no_such_module_of_a_test", "Twelve")}
    monkeypatch.setattr("vcci_platform.cli.root.COMMANDS", table)
    monkeypatch.setattr("vcci_platform.cli.root.root", lambda: root(table))
    return table


def ended(arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        run(arguments)
    printed = capsys.readouterr()
    return exit_.value.code, printed.out, printed.err


def test_every_command_of_the_table_that_exists_has_an_app():
    for name, entry in available().items():
        assert isinstance(getattr(import_module(entry.module), entry.attribute), typer.Typer), name


def test_a_command_whose_module_does_not_exist_is_left_out(commands, capsys):
    code, out, _ = ended(["--help"], capsys)

    assert code == 0
    assert "Eleven in one line" in out
    assert "twelve" not in out


def test_the_help_imports_no_command(commands, capsys):
    ended(["--help"], capsys)

    assert HERE.module not in sys.modules


def test_a_called_command_is_imported_and_run_with_its_options(commands, capsys):
    assert ended(["eleven", "--number", "13"], capsys) == (0, "number 13\n", "")


def test_the_help_of_a_command_shows_its_own_options_only(commands, capsys):
    code, out, _ = ended(["eleven", "--help"], capsys)

    assert code == 0
    assert "--number" in out
    assert "completion" not in out


def test_the_version_is_that_of_the_distribution(commands, capsys):
    assert ended(["--version"], capsys) == (0, f"vcci {version('vcci')}\n", "")


def test_the_help_says_what_every_command_ends_with(commands, capsys):
    _, out, _ = ended(["--help"], capsys)

    told = " ".join(out.split())
    assert "ends with 0 when it is done" in told
    assert "with 1 when the answer is no" in told
    assert "with 2 when it was asked wrongly" in told


def test_a_mistyped_command_is_told_with_the_nearest(commands, capsys):
    code, _, err = ended(["elven"], capsys)

    assert code == 2
    assert "Did you mean 'eleven'?" in err


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (PlatformError("expected eleven, found twelve"), 1, "vcci: expected eleven, found twelve\n"),
        (SpecError([SpecProblem("a.yaml", 11, 12, "slos", "a map", "text")]), 2, "vcci: a.yaml:11:12: slos: expected"),
        (
            SpecError([SpecProblem("a.yaml", line, 1, "slos", "a map", "text") for line in (11, 12)]),
            2,
            "a.yaml:11:1: slos: expected a map, found text\na.yaml:12:1: ",
        ),
        (FileNotFoundError(2, "No such file or directory", "a.csv"), 1, "vcci: a.csv: No such file or directory\n"),
    ],
)
def test_an_expected_failure_is_told_in_a_sentence_without_traceback(commands, capsys, monkeypatch, error, code, says):
    monkeypatch.setattr(import_module(HERE.module), "ended", error)

    found, _, err = ended(["eleven"], capsys)

    assert found == code
    assert err.startswith(says)
    assert "Traceback" not in err


def test_a_surprise_keeps_its_traceback(commands, monkeypatch):
    monkeypatch.setattr(import_module(HERE.module), "ended", ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        run(["eleven"])


def test_an_interrupt_ends_with_130(commands, capsys, monkeypatch):
    monkeypatch.setattr(import_module(HERE.module), "ended", KeyboardInterrupt())

    assert ended(["eleven"], capsys)[0] == 130


def test_a_wrong_environment_variable_is_named(monkeypatch):
    monkeypatch.setenv("VCCI_API_PORT", "eighty")

    with pytest.raises(ValueError, match="VCCI_API_PORT") as wrong:
        Settings()

    sentence, code = explain(wrong.value)
    assert (code, sentence.startswith("the environment is not as expected: VCCI_API_PORT: ")) == (2, True)


def test_the_help_loads_neither_the_service_nor_its_libraries():
    """What is not imported takes no time: measured, `vcci --help` answers in a fifth of a second."""
    heavy = ("fastapi", "sqlalchemy", "polars", "celery", "numpy", "pydantic")
    program = (
        "import sys\n"
        "from vcci_platform.cli.root import run\n"
        "try:\n    run(['--help'])\n"
        f"except SystemExit:\n    print('loaded', [name for name in {heavy!r} if name in sys.modules])\n"
    )

    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60).stdout

    assert out.splitlines()[-1] == "loaded []"
    assert all(f" {name} " in out for name in available(COMMANDS))


@pytest.mark.parametrize("url", ["foo://x", "postgresql+psycopg://user:hidden-word@127.0.0.1:1/none"])
def test_a_database_that_cannot_be_used_is_one_sentence_without_its_secret(tmp_path, url):
    """Both were a traceback of several screens."""
    environment = {"DATABASE_URL": url, "VCCI_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "vcci_platform.cli", "tenant", "create", "Acme"]

    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 1
    assert done.stderr.startswith("vcci: the database cannot be used: ")
    assert len(done.stderr.splitlines()) == 1
    assert "hidden-word" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"), [("VCCI_SANDBOX_PORT", "99999"), ("VCCI_API_PORT", "-1"), ("VCCI_TIME_SCALE", "5000")]
)
def test_a_figure_of_the_environment_outside_its_bounds_is_named(monkeypatch, name, value):
    """A port beyond the largest one got as far as the socket, and ended in a traceback."""
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError) as caught:
        Settings()

    assert name in explain(caught.value)[0]
