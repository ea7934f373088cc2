"""From a Sloth spec to rules, byte for byte what Sloth v0.16 writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from vcci_alerts.sloth.plugins import SLO_PLUGINS, chain_of
from vcci_alerts.sloth.printing import kubernetes_text, named, prometheus_text
from vcci_alerts.sloth.sli_plugins import SLI_PLUGINS
from vcci_alerts.sloth.work import Group, Info, PluginFactory, Rules, Work
from vcci_slo.formats.sloth import (
    BUILT_IN,
    Catalog,
    Document,
    Kind,
    Objective,
    SliPlugin,
    SlothError,
    SlothSpec,
    UnknownKey,
    kind_of,
    objectives_of,
    read_document,
    split_documents,
)
from vcci_slo.formats.sloth.go import duration, quote
from vcci_slo.formats.sloth.spec import Plugin

__all__ = ["VERSION", "Generated", "Options", "generate", "generate_all", "rules_text"]

VERSION = "v0.16.0"
"""What Sloth's release calls itself in the rules, so that a team that changes over sees no difference."""

_LOADING = {
    Kind.PROMETHEUS: "tried loading raw prometheus SLOs spec, it couldn't",
    Kind.KUBERNETES: "tried loading Kubernetes prometheus SLOs spec, it couldn't",
    Kind.OPENSLO: "tried loading OpenSLO SLOs spec, it couldn't",
}
_MODES = {
    Kind.PROMETHEUS: "cli-gen-prom",
    Kind.KUBERNETES: "cli-gen-k8s",
    Kind.OPENSLO: "cli-gen-openslo",
}


@dataclass(frozen=True)
class Options:
    """What the command line may change."""

    period: timedelta = timedelta(days=30)
    catalog: Catalog = field(default_factory=lambda: BUILT_IN)
    extra_labels: Mapping[str, str] = field(default_factory=dict)
    disable_recordings: bool = False
    disable_alerts: bool = False
    default_plugins: bool = True
    plugins: tuple[Plugin, ...] = ()
    slo_plugins: Mapping[str, PluginFactory] = field(default_factory=lambda: SLO_PLUGINS)
    sli_plugins: Mapping[str, SliPlugin] = field(default_factory=lambda: SLI_PLUGINS)
    version: str = VERSION

    def __post_init__(self) -> None:
        if self.period not in self.catalog:
            raise SlothError(f"invalid default slo period: window period {duration(self.period)} missing")


@dataclass(frozen=True)
class Generated:
    """What one document became, and what is worth telling about it."""

    text: str
    objectives: tuple[Objective, ...]
    ignored: tuple[UnknownKey, ...] = ()
    notes: tuple[str, ...] = ()


def rules_text(
    spec: str,
    *,
    period: timedelta = timedelta(days=30),
    catalog: Catalog = BUILT_IN,
    extra_labels: Mapping[str, str] | None = None,
    version: str = VERSION,
) -> str:
    """Return Sloth's rules of a file's text. Raises SlothError for what Sloth refuses."""
    options = Options(period=period, catalog=catalog, extra_labels=extra_labels or {}, version=version)
    return "".join(each.text for each in generate_all(spec, options))


def generate_all(text: str, options: Options) -> tuple[Generated, ...]:
    """Return what each document of a file became."""
    return tuple(generate(document, options) for document in split_documents(text))


def generate(text: str, options: Options) -> Generated:
    """Return what one document became. Raises SlothError, in Sloth's words, for what Sloth refuses."""
    document = _read(text)
    spec = document.spec
    try:
        objectives = objectives_of(spec, period=options.period, sli_plugin=_finder(options.sli_plugins))
    except SlothError as error:
        raise error.during("could not map to model") from None
    try:
        done = _generated(document, objectives, options)
    except SlothError as error:
        raise error.during("could not generate Prometheus SLO rules") from None
    results = [_chosen(work.rules, options) for work in done]
    return Generated(
        text=_text(document, results, options.version),
        objectives=objectives,
        ignored=document.ignored,
        notes=tuple(note for work in done for note in work.notes),
    )


def _read(text: str) -> Document:
    kind = kind_of(text)
    try:
        return read_document(text)
    except SlothError as error:
        raise error if kind is None else error.during(_LOADING[kind]) from None


def _finder(known: Mapping[str, SliPlugin]) -> Callable[[str], SliPlugin]:
    def find(id_: str) -> SliPlugin:
        if id_ not in known:
            raise SlothError(f"plugin {quote(id_)} not found: resource not found")
        return known[id_]

    return find


def _generated(document: Document, objectives: Iterable[Objective], options: Options) -> list[Work]:
    seen: set[str] = set()
    for objective in objectives:
        if objective.id in seen:
            raise SlothError(f"invalid SLO group: SLO ID {quote(objective.id)} is repeated")
        seen.add(objective.id)
    done = []
    for objective in objectives:
        try:
            done.append(_worked(document, objective, options))
        except SlothError as error:
            raise error.during(f"could not generate {quote(objective.id)} slo") from None
    return done


def _worked(document: Document, objective: Objective, options: Options) -> Work:
    windows = options.catalog.get(objective.period)
    if windows is None:
        period = duration(objective.period)
        raise SlothError(f"could not generate SLO alerts: the {period} SLO period time window is not supported")
    kind = document.spec.kind
    work = Work(
        info=Info(options.version, _MODES[kind], kind.value),
        objective=replace(objective, labels={**objective.labels, **options.extra_labels}),
        windows=windows,
        source=document.spec,
    )
    chain = chain_of(objective.plugins, app=options.plugins, default=options.default_plugins, known=options.slo_plugins)
    try:
        for step in chain:
            work = step(work)
    except SlothError as error:
        raise error.during("slo processor failed") from None
    return replace(work, rules=named(work.rules, objective.id))


def _chosen(rules: Rules, options: Options) -> Rules:
    if options.disable_alerts:
        rules = replace(rules, alerts=Group())
    if options.disable_recordings:
        rules = replace(rules, sli=Group(), metadata=Group())
    return rules


def _text(document: Document, results: list[Rules], version: str) -> str:
    spec = document.spec
    try:
        if isinstance(spec, SlothSpec) and spec.metadata is not None:
            return kubernetes_text(results, spec.metadata, version=version)
        return prometheus_text(results, version=version)
    except SlothError as error:
        raise error.during("could not store SLOS") from None
