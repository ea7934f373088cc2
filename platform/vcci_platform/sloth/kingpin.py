"""Flags as Sloth's command line reads them: everywhere on the line, from the environment, and refused in its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vcci_platform.errors import PlatformError

__all__ = ["Command", "Flag", "Parsed", "WrongUsage", "parse"]


_PAIR = re.compile(r"([^:=]*)[:=](.*)", re.DOTALL)


class WrongUsage(PlatformError):
    """The arguments are not those of a command."""


@dataclass(frozen=True)
class Flag:
    """One flag. `switch` takes no value, `repeats` collects them, `pairs` collects KEY=VALUE or KEY:VALUE."""

    name: str
    help: str
    short: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    switch: bool = False
    repeats: bool = False
    pairs: bool = False
    required: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that stands in for the flag; several values of one have lines of their own."""
        return f"SLOTH_{self.name.upper().replace('-', '_')}"


@dataclass(frozen=True)
class Command:
    """A command with its flags, beside those that every command has."""

    name: str
    help: str
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True)
class Parsed:
    """What was asked for. `command` is empty where only help was wanted."""

    command: str
    values: Mapping[str, tuple[str, ...]]
    wants_help: bool = False
    wants_version: bool = False

    def text(self, name: str) -> str:
        """Return the value of a flag, empty if it has none."""
        return self.values[name][0] if self.values.get(name) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the values of a flag that repeats."""
        return self.values.get(name, ())

    def switch(self, name: str) -> bool:
        """Return whether a switch is on."""
        return self.text(name) == "true"

    def pairs(self, name: str) -> dict[str, str]:
        """Return the pairs of a flag; later ones win."""
        found: dict[str, str] = {}
        for text in self.texts(name):
            if match := _PAIR.fullmatch(text):
                found[match[1]] = match[2]
        return found


def parse(
    arguments: Sequence[str],
    *,
    shared: Sequence[Flag],
    commands: Sequence[Command],
    environment: Mapping[str, str],
) -> Parsed:
    """Return what the arguments ask for. Raises WrongUsage, in Sloth's words, for what no command takes."""
    line = _Line(shared, commands)
    for word in _words(arguments):
        line.take(word)
    return line.done(environment)


@dataclass(frozen=True)
class _Word:
    text: str
    literal: bool = False  # after `--`, where nothing is a flag


def _words(arguments: Sequence[str]) -> Iterator[_Word]:
    literal = False
    for text in arguments:
        if text == "--" and not literal:
            literal = True
        else:
            yield _Word(text, literal)


class _Line:
    def __init__(self, shared: Sequence[Flag], commands: Sequence[Command]) -> None:
        self.shared, self.commands = shared, commands
        self.command: Command | None = None
        self.given: dict[str, list[str]] = {}
        self.waiting: tuple[Flag, str] | None = None
        self.wants = {"help": False, "version": False}

    @property
    def flags(self) -> dict[str, Flag]:
        mine = self.command.flags if self.command else ()
        return {flag.name: flag for flag in (*self.shared, *mine)}

    def take(self, word: _Word) -> None:
        if self.waiting is not None:
            (flag, name), self.waiting = self.waiting, None
            if word.text.startswith("-") and word.text != "-" and not word.literal:
                raise WrongUsage(f"expected argument for flag '{name}'")
            self.set(flag, word.text)
        elif word.literal or not word.text.startswith("-") or word.text == "-":
            self.positional(word.text)
        elif word.text.startswith("--"):
            self.long(word.text[2:])
        else:
            self.shorts(word.text[1:])

    def positional(self, text: str) -> None:
        if self.command is not None:
            raise WrongUsage(f"unexpected {text}")
        found = next((command for command in self.commands if command.name == text), None)
        if found is None and text != "help":
            raise WrongUsage(f'expected command but got "{text}"')
        self.command = found
        self.wants["help"] = self.wants["help"] or found is None

    def long(self, text: str) -> None:
        name, equals, value = text.partition("=")
        if name in self.wants:
            self.wants[name] = True
            return
        negated = name.removeprefix("no-") if name.startswith("no-") and name not in self.flags else ""
        flag = self.flags.get(negated or name)
        if flag is None or (negated and not flag.switch):
            raise WrongUsage(f"unknown long flag '--{name}'")
        if flag.switch:
            self.set(flag, value if equals else ("false" if negated else "true"))
        elif equals:
            self.set(flag, value)
        else:
            self.waiting = (flag, f"--{name}")

    def shorts(self, letters: str) -> None:
        for position, letter in enumerate(letters):
            flag = next((flag for flag in self.flags.values() if flag.short == letter), None)
            if flag is None and letter == "h":
                self.wants["help"] = True
                continue
            if flag is None:
                raise WrongUsage(f"unknown short flag '-{letter}'")
            if flag.switch:
                self.set(flag, "true")
                continue
            if rest := letters[position + 1 :]:
                self.set(flag, rest)
            else:
                self.waiting = (flag, f"-{letter}")
            return

    def set(self, flag: Flag, value: str) -> None:
        if self.given.get(flag.name) and not (flag.repeats or flag.pairs):
            raise WrongUsage(f"flag '{flag.name}' cannot be repeated")
        self.given.setdefault(flag.name, []).append(_checked(flag, value))

    def done(self, environment: Mapping[str, str]) -> Parsed:
        if self.waiting is not None:
            raise WrongUsage(f"expected argument for flag '{self.waiting[1]}'")
        name = self.command.name if self.command else ""
        if self.command is None or any(self.wants.values()):  # without a command, Sloth tells how it is used
            wants_version = self.wants["version"]
            return Parsed(name, {}, wants_help=not wants_version or self.wants["help"], wants_version=wants_version)
        values = {flag.name: self._value(flag, environment) for flag in self.flags.values()}
        missing = [f"'--{flag.name}'" for flag in self.flags.values() if flag.required and not values[flag.name]]
        if missing:
            raise WrongUsage(f"required flag(s) {', '.join(missing)} not provided")
        return Parsed(name, values)

    def _value(self, flag: Flag, environment: Mapping[str, str]) -> tuple[str, ...]:
        if flag.name in self.given:
            return tuple(self.given[flag.name])
        if inherited := environment.get(flag.variable, ""):
            lines = inherited.splitlines() if flag.repeats or flag.pairs else [inherited]
            return tuple(_checked(flag, line) for line in lines if line)
        return (flag.default,) if flag.default else ()


def _checked(flag: Flag, value: str) -> str:
    if flag.switch and value.lower() not in {"true", "false", "1", "0", "t", "f"}:
        raise WrongUsage(f'strconv.ParseBool: parsing "{value}": invalid syntax')
    if flag.switch:
        return "true" if value.lower() in {"true", "1", "t"} else "false"
    if flag.choices and value not in flag.choices:
        raise WrongUsage(f"enum value must be one of {','.join(flag.choices)}, got '{value}'")
    if flag.pairs and not _PAIR.fullmatch(value):
        raise WrongUsage(f"expected KEY=VALUE got '{value}'")
    return value
