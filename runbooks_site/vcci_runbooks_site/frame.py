"""What makes pages a site: the builder's settings with navigation, the style sheet, the index for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

import yaml

from vcci_runbooks_site.content import Article
from vcci_runbooks_site.crowds import in_navigation
from vcci_runbooks_site.facts import priorities_of, slo_priorities
from vcci_runbooks_site.index_pages import declared
from vcci_runbooks_site.markdown import MARK
from vcci_runbooks_site.names import WATCHDOG, names_of
from vcci_slo.plan import Plan

__all__ = ["INDEX", "STYLE", "index", "settings", "style"]

INDEX: Final = "runbooks.json"
STYLE: Final = "assets/runbooks.css"

# Only what works without the network: no emoji, no mermaid, no links that appear by themselves.
_EXTENSIONS: Final[Sequence[str | Mapping[str, Any]]] = (
    "admonition",
    "attr_list",
    "def_list",
    "md_in_html",
    "tables",
    {"toc": {"permalink": True, "toc_depth": "2-3"}},
    "pymdownx.details",
    "pymdownx.superfences",
    {"pymdownx.highlight": {"pygments_lang_class": True, "default_lang": "text"}},
    {"pymdownx.tasklist": {"custom_checkbox": True, "clickable_checkbox": True}},
)


def settings(
    plan: Plan,
    components: Sequence[str],
    procedures: Sequence[Article],
    decisions: Sequence[Article],
    *,
    reviews: bool = False,
) -> str:
    """Return the settings that Zensical reads, in the format of MkDocs; of `reviews` only their list is in the menu."""
    named = in_navigation(plan)
    promises = [{name: f"{slos[0].runbook}.md"} for name, slos in declared(plan).items() if named]
    navigation: list[Mapping[str, Any]] = [
        {"You have been woken": "index.md"},
        {
            "Alerts": [
                {"By name": "alerts.md"},
                {"By severity": "severities.md"},
                {"By service": "services.md"},
                *({alert.name: f"{alert.runbook}.md"} for alert in plan.alerts if named),
                {WATCHDOG: "watchdog.md"},
            ]
        },
        {"Promises": [{"All": "promises.md"}, *promises]},
        {"Escalation": "escalation.md"},
    ]
    if procedures:
        navigation.insert(3, {"Procedures": [{"All": "procedures/index.md"}, *_nav(procedures)]})
    if components and named:
        titles = {component.name: component.title for component in plan.components}
        navigation.append({"Components": [{titles[name]: f"components/{name}.md"} for name in components]})
    if reviews:
        navigation.append({"Incident reviews": "reviews/index.md"})
    if decisions:
        navigation.append({"Decisions": [{"All": "decisions/index.md"}, *_nav(decisions)]})
    names = names_of(plan)
    lower = {slug.lower() for slug in names.values()}
    config: dict[str, Any] = {
        "site_name": f"{plan.title}: runbooks",
        "site_description": f"What to do when an alert of {plan.title} rings",
        **({"site_url": f"{plan.links.runbooks}/"} if plan.links.runbooks else {}),
        "docs_dir": "docs",
        "site_dir": "site",
        "use_directory_urls": True,
        "strict": True,
        "theme": {
            "name": "material",
            "language": "en",
            "font": False,
            "icon": {"logo": "lucide/life-buoy"},
            "features": ["content.code.copy", "navigation.indexes", "navigation.top", "search.highlight", "toc.follow"],
            "palette": [_palette("light", "default", "dark"), _palette("dark", "slate", "light")],
        },
        "extra_css": [STYLE],
        "plugins": [
            "search",
            "tags",
            # A name that differs from its page by capitals only would be the same file on some machines.
            {
                "redirects": {
                    "redirect_maps": {
                        f"{name}.md": f"{slug}.md" for name, slug in sorted(names.items()) if name.lower() not in lower
                    }
                }
            },
        ],
        "markdown_extensions": [each if isinstance(each, str) else dict(each) for each in _EXTENSIONS],
        "nav": navigation,
    }
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=120)
    return f"# {MARK} from {plan.source}. Do not edit.\n{text}"


def _nav(articles: Sequence[Article]) -> list[Mapping[str, str]]:
    return [{article.title: article.path} for article in articles]


def _palette(media: str, scheme: str, other: str) -> Mapping[str, Any]:
    icon = "lucide/sun" if media == "light" else "lucide/moon"
    return {
        "media": f"(prefers-color-scheme: {media})",
        "scheme": scheme,
        "toggle": {"icon": icon, "name": f"Switch to {other} mode"},
    }


def index(plan: Plan) -> str:
    """Return the index for programs: every page with its names, so that a name in a message leads to it."""
    other: dict[str, list[str]] = {}
    for name, slug in names_of(plan).items():
        other.setdefault(slug, []).append(name)
    pages: list[dict[str, Any]] = [
        {"page": "watchdog", "title": WATCHDOG, "kind": "watchdog", "team": plan.team, "priorities": []}
    ]
    pages += [
        {
            "page": alert.runbook,
            "title": alert.name,
            "kind": "alert",
            "team": alert.team,
            "priorities": list(priorities_of(alert)),
        }
        for alert in plan.alerts
    ]
    pages += [
        {
            "page": slos[0].runbook,
            "title": name,
            "kind": "promise",
            "team": slos[0].team,
            "priorities": sorted({priority for slo in slos for priority in slo_priorities(slo)}),
        }
        for name, slos in declared(plan).items()
    ]
    for page in pages:
        page["names"] = other.get(page["page"], [])
    return json.dumps({"$comment": f"{MARK}. Do not edit.", "pages": pages}, indent=2, ensure_ascii=False) + "\n"


def style() -> str:
    """Return the style sheet."""
    return files("vcci_runbooks_site").joinpath("assets/runbooks.css").read_text(encoding="utf-8")
