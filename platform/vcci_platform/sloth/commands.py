"""`generate` and `validate` on files: everything is generated first, then written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from vcci_alerts.sloth import Generated, Options, generate
from vcci_platform.sloth.discovery import Filters, catalog_in, read, specs_in
from vcci_platform.sloth.flags import DEFAULT_TRANSFORM
from vcci_platform.sloth.kingpin import Parsed
from vcci_platform.sloth.log import Log
from vcci_platform.sloth.plugins import load_plugins
from vcci_slo.formats.sloth import BUILT_IN, Plugin, SlothError, parse_duration, split_documents
from vcci_slo.formats.sloth.go import quote

__all__ = ["STANDARD_OUTPUT", "Request", "generated_files", "validate_files"]

STANDARD_OUTPUT = Path("-")


@dataclass(frozen=True)
class Request:
    """What both commands were asked for."""

    options: Options
    strict: bool
    log: Log

    @classmethod
    def of(cls, parsed: Parsed, log: Log) -> Request:
        """Return the request of a command line. Raises SlothError for a period, plugin or folder that is none."""
        try:
            period = parse_duration(parsed.text("default-slo-period"))
        except SlothError as error:
            raise error.during("invalid SLO period duration") from None
        declared = tuple(_declared(text) for text in parsed.texts("slo-plugins"))
        try:
            plugins = load_plugins(parsed.texts("plugins-path"), log)
        except SlothError as error:
            doing = "could not create file SLO and SLI plugins repository: could not load plugins"
            raise error.during(doing).during("could not create Prometheus SLO generator") from None
        log.info("Plugins loaded", sli=len(plugins.sli), slo=len(plugins.slo))
        try:
            folder = parsed.text("slo-period-windows-path")
            catalog, warnings = catalog_in(Path(folder)) if folder else (BUILT_IN, ())
            for warning in warnings:
                log.warning(warning)
            log.info("SLO period windows loaded", windows=len(catalog))
            options = Options(
                period=period or timedelta(days=30),  # Sloth takes nothing for its default
                catalog=catalog,
                extra_labels=parsed.pairs("extra-labels"),
                disable_recordings=parsed.switch("disable-recordings"),
                disable_alerts=parsed.switch("disable-alerts"),
                default_plugins=not parsed.switch("disable-default-slo-plugins"),
                plugins=declared,
                slo_plugins=plugins.slo,
                sli_plugins=plugins.sli,
                version=parsed.text("sloth-version-label"),
            )
        except SlothError as error:
            raise error.during("could not create Prometheus SLO generator") from None
        return cls(options, strict=parsed.switch("strict"), log=log)

    def generate(self, text: str, place: Path) -> Generated:
        """Return what one document became. Raises SlothError for what Sloth refuses, or `strict` does."""
        try:
            done = generate(text, self.options)
        except SlothError as error:
            raise error.during("could not generate SLOs") from None
        for note in done.notes:
            self.log.debug(note, file=place)
        for unknown in done.ignored:
            if self.strict:
                raise SlothError(f"could not generate SLOs: {unknown}")
            self.log.warning(str(unknown), file=place)
        return done


def generated_files(parsed: Parsed, log: Log) -> Mapping[Path, str]:
    """Return the rules by the path where they belong; `-` is the standard output."""
    source, out = Path(parsed.text("input")), Path(parsed.text("out"))
    targets = dict(_targets(parsed, source, out))
    _check_transform(parsed.text("k8s-transform-plugin-id"))
    texts = {path: read(path) for path in targets}
    request = Request.of(parsed, log)
    written: dict[Path, str] = {}
    for path, target in targets.items():
        try:
            written[target] = "".join(request.generate(each, path).text for each in split_documents(texts[path]))
        except SlothError as error:
            raise error.during("could not generate SLOs") from None
        log.info("Prometheus rules written", out=target)
    return written


def _targets(parsed: Parsed, source: Path, out: Path) -> Iterator[tuple[Path, Path]]:
    if not parsed.text("input") or not source.exists():
        raise SlothError(f"stat {parsed.text('input')}: no such file or directory")
    if not source.is_dir():
        yield source, out
        return
    if not out.exists():
        raise SlothError(f"stat {out}: no such file or directory")
    if not out.is_dir():
        raise SlothError(f"the path {quote(str(out))} is not a directory, however input is a directory")
    if source.resolve() == out.resolve():
        raise SlothError(f"input and output can't be the same directory: {source.resolve()}")
    for path in specs_in(source, Filters(parsed.text("fs-exclude"), parsed.text("fs-include"))):
        yield path, out / path.relative_to(source)


def _check_transform(id_: str) -> None:
    if id_ != DEFAULT_TRANSFORM:
        raise SlothError(f"could not get k8s transform plugin: plugin {quote(id_)} not found: resource not found")


def validate_files(parsed: Parsed, log: Log) -> None:
    """Check every spec. All problems are told; then SlothError says that there were some."""
    filters = Filters(parsed.text("fs-exclude"), parsed.text("fs-include"))
    specs = specs_in(Path(parsed.text("input")), filters)
    request = Request.of(parsed, log)
    places: dict[str, Path] | None = None if parsed.switch("ignore-slo-duplicates") else {}
    count, wrong = 0, False
    for path in specs:
        documents = split_documents(read(path))
        count += len(documents)
        for document in documents:
            for problem in _problems(request, document, path, places):
                wrong = True
                log.error(problem, file=path)
        log.debug("File validated", file=path)
    if wrong:
        raise SlothError("validation failed")
    log.info("Validation succeeded", **{"slo-specs": count})


def _problems(request: Request, document: str, path: Path, places: dict[str, Path] | None) -> Iterator[str]:
    try:
        done = request.generate(document, path)
    except SlothError as error:
        yield f"invalid SLO: {error}"
        return
    for each in done.objectives:
        if places is None:
            continue
        if each.id in places:
            who = f"SLO{{service={each.service}, name={each.name}}}, ID={each.id}"
            yield f"SLO duplicated. {who} already exists in a file: {places[each.id]}"
        else:
            places[each.id] = path


def _declared(text: str) -> Plugin:
    """Return a plugin that the command line declares as JSON."""
    doing = f"could not load slo plugin declarations: could not load cmd plugin json config {quote(text)}"
    try:
        data = json.loads(text)
    except ValueError as error:
        raise SlothError(f"{doing}: {error}") from None
    if not isinstance(data, dict):
        raise SlothError(f"{doing}: json: cannot unmarshal into Go value of type commands.jsonPlugin")
    fields = {key.lower(): value for key, value in data.items()}
    id_, priority = fields.get("id", ""), fields.get("priority", 0)
    if not isinstance(id_, str) or not isinstance(priority, int) or isinstance(priority, bool):
        raise SlothError(f"{doing}: expected a text as id and a whole number as priority")
    return Plugin(id_, fields.get("config"), priority)
