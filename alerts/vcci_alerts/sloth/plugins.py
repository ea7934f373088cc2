"""Which plugins run over an objective, and in what order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from vcci_alerts.sloth.contrib_plugins import CONTRIB, labels_of_info
from vcci_alerts.sloth.core_plugins import CORE, DEFAULT_CHAIN
from vcci_alerts.sloth.work import Plugin, PluginFactory
from vcci_slo.formats.sloth import Plugins, SlothError
from vcci_slo.formats.sloth.go import quote
from vcci_slo.formats.sloth.spec import Plugin as Declared

__all__ = ["SLO_PLUGINS", "chain_of"]

SLO_PLUGINS: Mapping[str, PluginFactory] = MappingProxyType(
    {**CORE, **CONTRIB, "integration-tests/plugin1": labels_of_info}
)
"""Every plugin that Sloth brings along, by id, and the one of its integration tests."""


def chain_of(
    declared: Plugins,
    *,
    app: tuple[Declared, ...],
    default: bool,
    known: Mapping[str, PluginFactory],
) -> tuple[Plugin, ...]:
    """Return the steps: those below priority zero, the default ones, then the rest.

    Equal priorities keep their order: those of the command line, of the group, of the objective. A declaration that
    overrides what came before does without the first and the default ones.
    """
    steps = declared.chain if declared.override_previous else (*app, *declared.chain)
    usual = default and not declared.override_previous
    ordered = sorted(steps, key=lambda step: step.priority)
    made = [(step.priority, _made(step, known)) for step in ordered]
    defaults: Iterator[Plugin] = (known[id_](None) for id_ in DEFAULT_CHAIN) if usual else iter(())
    before = (plugin for priority, plugin in made if priority < 0)
    after = (plugin for priority, plugin in made if priority >= 0)
    return (*before, *defaults, *after)


def _made(step: Declared, known: Mapping[str, PluginFactory]) -> Plugin:
    factory = known.get(step.id)
    if factory is None:
        raise SlothError(
            f"could not get SLO plugin {quote(step.id)}: plugin {quote(step.id)} not found: resource not found"
        )
    try:
        return factory(step.config)
    except SlothError as error:
        doing = f"could create SLO plugin {quote(step.id)}"  # Sloth's own words
        raise error.during("could not create plugin").during(doing) from None
