"""The plugins of Sloth's own examples and tests: the share of HTTP answers that are 5xx or 429."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vcci_slo.formats.sloth import SliPlugin, SlothError
from vcci_slo.formats.sloth.go import quote

__all__ = ["answers_of"]

_FILTER = re.compile(r'([^=]+="[^=,"]+",)+')


def answers_of(series: str) -> SliPlugin:
    """Return the plugin that reads a counter of answers by `job` and `code`. It wants the labels `owner` and `tier`."""

    def plugin(_: Mapping[str, str], labels: Mapping[str, str], options: Mapping[str, str]) -> str:
        if "job" not in options:
            raise SlothError("job options is required")
        for name in ("owner", "tier"):
            if not labels.get(name):
                raise SlothError(f"invalid labels: {quote(name)} label is required")
        mine = f'{_filter(options.get("filter", ""))}job="{options["job"]}"'
        return (
            f'\nsum(rate({series}{{ {mine},code=~"(5..|429)" }}[{{{{.window}}}}]))\n/\n'
            f"sum(rate({series}{{ {mine} }}[{{{{.window}}}}]))"
        )

    return plugin


def _filter(given: str) -> str:
    if not given:
        return ""
    matchers = given.strip("{}").strip(",") + ","
    if not _FILTER.search(matchers):
        raise SlothError(f"invalid prometheus filter: {matchers}")
    return matchers
