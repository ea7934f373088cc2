"""From text to specs: whichever of Sloth's inputs a document is, its declared values and the keys that nobody reads."""

from __future__ import annotations

from vcci_slo.formats.sloth.decoding import Record, Style, Unknowns
from vcci_slo.formats.sloth.documents import Kind, kind_of, split_documents
from vcci_slo.formats.sloth.errors import SlothError
from vcci_slo.formats.sloth.openslo import read_openslo
from vcci_slo.formats.sloth.spec import (
    Alert,
    Alerting,
    Document,
    Events,
    KubernetesMeta,
    Plugin,
    Plugins,
    PluginUse,
    Raw,
    Sli,
    SlothSlo,
    SlothSpec,
)
from vcci_slo.formats.sloth.yaml_tree import read_tree

__all__ = ["UNKNOWN_KIND", "read_document", "read_file"]

UNKNOWN_KIND = "invalid spec, could not load with any of the supported spec types"

_OBJECT_META = (
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)


def read_file(text: str) -> tuple[Document, ...]:
    """Return every document of a file. Raises SlothError at the first one that Sloth would not load."""
    return tuple(read_document(document) for document in split_documents(text))


def read_document(text: str) -> Document:
    """Return what one document declares. Raises SlothError, in Sloth's words, for what it would not load."""
    if not text:
        raise SlothError("spec is required")
    match kind_of(text):
        case Kind.PROMETHEUS:
            return _prometheus(text)
        case Kind.KUBERNETES:
            return _kubernetes(text)
        case Kind.OPENSLO:
            return read_openslo(text)
        case None:
            raise SlothError(UNKNOWN_KIND)


def _prometheus(text: str) -> Document:
    unknowns = Unknowns()
    try:
        tree = read_tree(text)
    except SlothError as error:
        doing = "error converting YAML to JSON"
        raise error.during(doing).during("could not unmarshall YAML spec correctly") from None
    try:
        root = Record(tree, "Spec", ("version", "service", "labels", "slo_plugins", "slos"), Style.LENIENT, unknowns)
        spec, version = _spec(root, "slo_plugins", None), root.text("version")
    except SlothError as error:
        doing = "error unmarshaling JSON: while decoding JSON"
        raise error.during(doing).during("could not unmarshall YAML spec correctly") from None
    if version != Kind.PROMETHEUS:
        raise SlothError(f'invalid spec version, should be "{Kind.PROMETHEUS}"')
    return _document(spec, unknowns)


def _kubernetes(text: str) -> Document:
    unknowns = Unknowns()
    try:
        root = Record(
            read_tree(text),
            "PrometheusServiceLevel",
            ("apiVersion", "kind", "metadata", "spec", "status"),
            Style.JSON,
            unknowns,
        )
        version, kind = root.text("apiVersion"), root.text("kind")
        meta = root.record("metadata", "ObjectMeta", _OBJECT_META)
        metadata = KubernetesMeta(
            annotations=meta.optional_texts("annotations"),
            labels=meta.texts("labels"),
            name=meta.text("name"),
            namespace=meta.text("namespace"),
        )
        body = root.record("spec", "PrometheusServiceLevelSpec", ("service", "labels", "sloPlugins", "slos"))
        spec = _spec(body, "sloPlugins", metadata)
    except SlothError as error:
        raise SlothError(f"could not decode kubernetes object {error}") from None
    if (kind, version) != ("PrometheusServiceLevel", Kind.KUBERNETES):
        raise SlothError(f'could not decode kubernetes object no kind "{kind}" is registered for version "{version}"')
    return _document(spec, unknowns)


def _document(spec: SlothSpec, unknowns: Unknowns) -> Document:
    if not spec.slos:
        raise SlothError("at least one SLO is required")
    return Document(spec, tuple(unknowns.found))


def _spec(body: Record, plugins: str, metadata: KubernetesMeta | None) -> SlothSpec:
    known = ("name", "description", "objective", "plugins", "labels", "sli", "alerting")
    return SlothSpec(
        labels=body.texts("labels"),
        service=body.text("service"),
        plugins=_plugins(body, plugins),
        slos=tuple(_slo(slo, snake=metadata is None) for slo in body.records("slos", "SLO", known)),
        metadata=metadata,
    )


def _slo(slo: Record, *, snake: bool) -> SlothSlo:
    return SlothSlo(
        alerting=_alerting(slo, snake=snake),
        description=slo.text("description"),
        labels=slo.texts("labels"),
        name=slo.text("name"),
        objective=slo.number("objective"),
        plugins=_plugins(slo, "plugins"),
        sli=_sli(slo.record("sli", "SLI", ("raw", "events", "plugin")), snake=snake),
    )


def _sli(sli: Record, *, snake: bool) -> Sli:
    error, total, ratio = (
        ("error_query", "total_query", "error_ratio_query")
        if snake
        else ("errorQuery", "totalQuery", "errorRatioQuery")
    )
    events = sli.optional("events", "SLIEvents", (error, total))
    counted = None if events is None else Events(events.text(error), events.text(total))
    plugin = sli.optional("plugin", "SLIPlugin", ("id", "options"))
    use = None if plugin is None else PluginUse(plugin.text("id"), plugin.texts("options"))
    raw = sli.optional("raw", "SLIRaw", (ratio,))
    return Sli(events=counted, plugin=use, raw=None if raw is None else Raw(raw.text(ratio)))


def _alerting(slo: Record, *, snake: bool) -> Alerting:
    page, ticket = ("page_alert", "ticket_alert") if snake else ("pageAlert", "ticketAlert")
    alerting = slo.record("alerting", "Alerting", ("name", "labels", "annotations", page, ticket))
    return Alerting(
        annotations=alerting.texts("annotations"),
        labels=alerting.texts("labels"),
        name=alerting.text("name"),
        page=_alert(alerting, page),
        ticket=_alert(alerting, ticket),
    )


def _alert(alerting: Record, name: str) -> Alert:
    alert = alerting.record(name, "Alert", ("disable", "labels", "annotations"))
    return Alert(annotations=alert.texts("annotations"), disable=alert.flag("disable"), labels=alert.texts("labels"))


def _plugins(owner: Record, name: str) -> Plugins:
    plugins = owner.record(name, "SLOPlugins", ("overridePrevious", "chain"))
    chain = plugins.records("chain", "SLOPlugin", ("id", "config", "priority"))
    return Plugins(
        chain=tuple(Plugin(each.text("id"), each.data("config"), each.integer("priority")) for each in chain),
        override_previous=plugins.flag("overridePrevious"),
    )
