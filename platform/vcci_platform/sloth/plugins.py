'''Plugins from folders: files named `plugin.py`, as Sloth takes `plugin.go`. Go cannot run here.

An SLI plugin makes the error ratio query of an objective, with `{{.window}}` where the window goes:

    """The share of requests that a gateway refused."""

    SLI_PLUGIN_VERSION = "prometheus/v1"
    SLI_PLUGIN_ID = "acme/gateway"

    def sli_plugin(meta, labels, options):
        """meta: service, slo, objective. labels: the service's. options: what stands in the spec. All are texts."""
        if "route" not in options:
            raise ValueError("the option route is required")
        requests = f'sum(rate(gateway_requests_total{{route="{options["route"]}"%s}}[{{{{.window}}}}]))'
        return requests % ',refused="true"' + " / " + requests % ""

An SLO plugin is a step of the chain that makes the rules of an objective. It is made of its config, and returns the
work with other rules; see `vcci_alerts.sloth.Work`:

    """Evaluates the error ratios once a minute."""

    from dataclasses import replace
    from datetime import timedelta

    PLUGIN_VERSION = "prometheus/slo/v1"
    PLUGIN_ID = "acme/each-minute/v1"

    def new_plugin(config):
        def step(work):
            sli = replace(work.rules.sli, interval=timedelta(minutes=1))
            return replace(work, rules=replace(work.rules, sli=sli))
        return step

Whatever a plugin raises is told as Sloth tells a failing plugin. A Go plugin whose id has an equivalent here is stood
in for by it (`vcci_alerts.sloth.SLI_PLUGINS`, `SLO_PLUGINS`); another is named when a spec asks for it.
'''

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from vcci_alerts.sloth import SLI_PLUGINS, SLO_PLUGINS, Plugin, PluginFactory, Work
from vcci_platform.sloth.discovery import files_in
from vcci_platform.sloth.log import Log
from vcci_slo.formats.sloth import SliPlugin, SlothError
from vcci_slo.formats.sloth.go import quote

__all__ = ["Plugins", "load_plugins"]

SLI_VERSION = "prometheus/v1"
SLO_VERSION = "prometheus/slo/v1"

_GO_ID = re.compile(r'^\s*(?:const\s+)?(?P<sli>SLI)?PluginID\s*=\s*"(?P<id>[^"]+)"', re.MULTILINE)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Plugins:
    """Every plugin by its id: those that Sloth brings along, and those of the folders."""

    sli: Mapping[str, SliPlugin]
    slo: Mapping[str, PluginFactory]


def load_plugins(folders: Iterable[str], log: Log) -> Plugins:
    """Return the plugins that specs may use. Raises SlothError where two have one id, or a file is no plugin."""
    sli: dict[str, SliPlugin] = {}
    slo: dict[str, PluginFactory] = {}
    for path in _files(folders):
        if path.name.endswith("plugin.go"):
            continue
        module = _imported(path)
        if hasattr(module, "SLI_PLUGIN_ID"):
            _add(sli, _identity(module, path, "SLI_PLUGIN", SLI_VERSION), _sli(module, path))
        elif hasattr(module, "PLUGIN_ID"):
            _add(slo, _identity(module, path, "PLUGIN", SLO_VERSION), _slo(module, path))
        else:
            raise SlothError(f"could not load {path} as any kind of plugin: it has no PLUGIN_ID and no SLI_PLUGIN_ID")
    if twice := sorted(slo.keys() & SLO_PLUGINS.keys() - {"integration-tests/plugin1"}):
        raise SlothError(f"plugin {quote(twice[0])} already loaded")
    known = Plugins({**SLI_PLUGINS, **sli}, {**SLO_PLUGINS, **slo})
    return _with_refusals(known, _files(folders), log)


def _files(folders: Iterable[str]) -> Iterator[Path]:
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise SlothError(f"could not walk dir: stat {folder}: no such file or directory")
        for path in files_in(folder):
            if path.name.endswith(("plugin.py", "plugin.go")):
                yield path


def _with_refusals(known: Plugins, files: Iterable[Path], log: Log) -> Plugins:
    """Add what to say when a spec asks for a Go plugin that nothing here stands in for."""
    sli, slo = dict(known.sli), dict(known.slo)
    for path in files:
        if not path.name.endswith("plugin.go"):
            continue
        match = _GO_ID.search(path.read_text(encoding="utf-8", errors="replace"))
        if match is None:
            log.error("A plugin written in Go has no id and is left out", path=path)
        elif match["id"] in (sli if match["sli"] else slo):
            log.info("A plugin written in Go is stood in for by its equivalent", plugin=match["id"], path=path)
        else:
            why = f"{quote(match['id'])} ({path}) is written in Go and cannot run here; write it as {path.name[:-3]}.py"
            log.error("A plugin written in Go cannot run here", plugin=match["id"], path=path)
            if match["sli"]:
                sli[match["id"]] = _refusing(why)
            else:
                slo[match["id"]] = _refusing(why)
    return Plugins(sli, slo)


def _refusing(why: str) -> Callable[..., Any]:
    def refuse(*_: object) -> Any:
        raise SlothError(f"plugin {why}")

    return refuse


def _imported(path: Path) -> ModuleType:
    name = f"vcci_sloth_plugin_{abs(hash(str(path.resolve()))):x}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SlothError(f"could not load {path} as any kind of plugin")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        _guarded(lambda: spec.loader.exec_module(module) if spec.loader else None)
    except SlothError as error:
        raise error.during(f"could not load {path} as any kind of plugin") from None
    return module


def _identity(module: ModuleType, path: Path, prefix: str, version: str) -> str:
    found = getattr(module, f"{prefix}_VERSION", "")
    if found != version:
        wrong = f"unsupported plugin version: {found or 'none'}, expected {prefix}_VERSION = {quote(version)}"
        raise SlothError(f"could not load {path} as any kind of plugin: {wrong}")
    id_ = getattr(module, f"{prefix}_ID")
    if not isinstance(id_, str) or not id_:
        raise SlothError(f"could not load {path} as any kind of plugin: {prefix}_ID is no text")
    return id_


def _add(plugins: dict[str, Result], id_: str, plugin: Result) -> None:
    if id_ in plugins:
        raise SlothError(f"plugin {quote(id_)} already loaded")
    plugins[id_] = plugin


def _function(module: ModuleType, path: Path, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if not callable(found):
        raise SlothError(f"could not load {path} as any kind of plugin: it has no function {name}")
    function: Callable[..., Any] = found
    return function


def _sli(module: ModuleType, path: Path) -> SliPlugin:
    function = _function(module, path, "sli_plugin")

    def plugin(meta: Mapping[str, str], labels: Mapping[str, str], options: Mapping[str, str]) -> str:
        query = _guarded(lambda: function(dict(meta), dict(labels), dict(options)))
        if not isinstance(query, str):
            raise SlothError(f"expected a query as text, found {type(query).__name__}")
        return query

    return plugin


def _slo(module: ModuleType, path: Path) -> PluginFactory:
    factory = _function(module, path, "new_plugin")

    def made(config: Any) -> Plugin:
        step = _guarded(lambda: factory(config))
        if not callable(step):
            raise SlothError(f"expected a function of the work from new_plugin, found {type(step).__name__}")

        def guarded(work: Work) -> Work:
            done = _guarded(lambda: step(work))
            if not isinstance(done, Work):
                raise SlothError(f"expected the work back, found {type(done).__name__}")
            return done

        return guarded

    return made


def _guarded(call: Callable[[], Any]) -> Any:
    """Carry out what another team wrote; whatever it raises refuses the objective."""
    try:
        return call()
    except SlothError:
        raise
    except Exception as error:
        raise SlothError(str(error) or type(error).__name__) from error
