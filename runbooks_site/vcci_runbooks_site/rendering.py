"""From the plan and the hand-written pages to the files of the site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import yaml

from vcci_runbooks_site import frame, index_pages, people, people_pages
from vcci_runbooks_site.alert_page import alert_page
from vcci_runbooks_site.component_page import component_page
from vcci_runbooks_site.content import Article, Guide, article, guide
from vcci_runbooks_site.errors import ContentError
from vcci_runbooks_site.links import relink
from vcci_runbooks_site.markdown import page
from vcci_runbooks_site.names import moved, pages
from vcci_runbooks_site.slo_page import slo_page
from vcci_slo.plan import Plan

__all__ = ["ABOUT", "about", "orphans", "render"]


ABOUT: Final = "about.md"
"""Says in its head which platform the hand-written pages are about; they are of no use for another."""

ARTICLES = ("procedures", "decisions", "reviews")
"""The folders whose pages stand for themselves."""

_PROCEDURES = "Things that are done by hand, each with what it needs, what it changes, and how it is taken back."
_DECISIONS = "Choices that were hard to make: the situation, the decision, what follows from it, what else was weighed."

_REVIEWS = "What happened, why, and what was done so that it does not come back; the newest first. Without blame."


def render(plan: Plan, content: Mapping[str, str]) -> Mapping[str, str]:
    """Return every file of the site by its path below `runbooks_site/generated`.

    `content` holds the hand-written pages by their path. Pages about something that this plan does not have are left
    out, as are all of them if they are about another platform. Raises ContentError for a page that is not as it must
    be, and PageNameError if two pages would have one address.
    """
    pages(plan)
    written = _Written(plan, content)
    procedures, decisions, reviews = (written.articles(folder) for folder in ARTICLES)
    paths = frozenset(each.path for each in procedures)
    docs: dict[str, str] = {
        "index.md": index_pages.start_page(plan, procedures),
        "alerts.md": index_pages.alerts_page(plan),
        "promises.md": index_pages.promises_page(plan),
        "severities.md": index_pages.severities_page(plan),
        "services.md": index_pages.services_page(plan),
        "escalation.md": people_pages.escalation_page(plan),
        "watchdog.md": people_pages.watchdog_page(plan, written.guide("alerts", "watchdog")),
    }
    for alert in plan.alerts:
        docs[f"{alert.runbook}.md"] = alert_page(plan, alert, written.guide("alerts", alert.runbook), paths)
    for slos in index_pages.declared(plan).values():
        slug = slos[0].runbook
        docs[f"{slug}.md"] = slo_page(plan, slos, written.guide("slos", slug), paths)
    for component in plan.components:
        docs[f"components/{component.name}.md"] = component_page(plan, component, written.component(component.name))
    docs |= _folder(plan, "procedures", "Procedures", _PROCEDURES, procedures)
    docs |= _folder(plan, "decisions", "Decisions", _DECISIONS, decisions)
    docs |= _folder(plan, "reviews", "Incident reviews", _REVIEWS, reviews[::-1])
    files = {f"docs/{path}": text for path, text in docs.items()}
    files["docs/" + frame.STYLE] = frame.style()
    files["docs/" + frame.INDEX] = frame.index(plan)
    names = [component.name for component in plan.components]
    return {
        "mkdocs.yml": frame.settings(plan, names, procedures, decisions, reviews=bool(reviews)),
        **dict(sorted(files.items())),
    }


def orphans(plan: Plan, content: Mapping[str, str]) -> tuple[str, ...]:
    """Return the hand-written pages that belong to nothing in the plan."""
    slugs = {
        "alerts": {"watchdog", *(alert.runbook for alert in plan.alerts)},
        "slos": {slo.runbook for slo in plan.slos},
        "components": {component.name for component in plan.components},
    }
    lost: list[str] = []
    for path in content:
        folder, _, rest = path.partition("/")
        if path == ABOUT or (folder in ARTICLES and "/" not in rest):
            continue
        if rest.removesuffix(".md") not in slugs.get(folder, set()):
            lost.append(path)
    return tuple(sorted(lost))


class _Written:
    """The hand-written pages that are about this platform, read when they are asked for."""

    def __init__(self, plan: Plan, content: Mapping[str, str]) -> None:
        self._content = content if content and about(content) == plan.name else {}
        self._known = known_pages(plan, self._content)

    def guide(self, folder: str, slug: str) -> Guide | None:
        path = f"{folder}/{slug}.md"
        return guide(path, self._relinked(path)) if path in self._content else None

    def component(self, name: str) -> Article | None:
        path = f"components/{name}.md"
        return article(path, self._relinked(path)) if path in self._content else None

    def articles(self, folder: str) -> list[Article]:
        paths: Iterable[str] = sorted(path for path in self._content if path.startswith(f"{folder}/"))
        return [article(path, self._relinked(path)) for path in paths]

    def _relinked(self, path: str) -> str:
        return relink(self._content[path], source=path, target=moved(path), moved=moved, known=self._known)


def known_pages(plan: Plan, content: Mapping[str, str]) -> frozenset[str]:
    """Return every page that the site will have, by its path below docs."""
    own = {"index.md", "alerts.md", "promises.md", "severities.md", "services.md", "escalation.md", "watchdog.md"}
    own |= {f"{slug}.md" for slug in pages(plan)}
    own |= {f"components/{component.name}.md" for component in plan.components}
    for folder in ARTICLES:
        found = {path for path in content if path.startswith(f"{folder}/")}
        own |= found | ({f"{folder}/index.md"} if found else set())
    return frozenset(own)


def about(content: Mapping[str, str]) -> str:
    """Return the name of the platform that the hand-written pages are about."""
    text = content.get(ABOUT, "")
    head = text.split("---\n")[1] if text.startswith("---\n") and text.count("---\n") > 1 else ""
    read = yaml.safe_load(head) if head else None
    name = read.get("platform") if isinstance(read, dict) else None
    if not isinstance(name, str):
        raise ContentError(ABOUT, 1, "a head that names the platform, such as 'platform: vcci'", repr(text[:40]))
    return name


def _folder(plan: Plan, folder: str, title: str, lead: str, articles: list[Article]) -> dict[str, str]:
    if not articles:
        return {}
    docs = {f"{folder}/index.md": index_pages.articles_page(plan, title, lead, articles)}
    for each in articles:
        parts = [people.banner(plan), f"# {each.title}", f"*{each.purpose}*", each.body, _reviewed(each)]
        docs[each.path] = page(title=each.title, sources=[f"content/{each.path}"], parts=parts)
    return docs


def _reviewed(each: Article) -> str:
    return f'<small class="vcci-reviewed">Last reviewed on {each.reviewed.isoformat()}.</small>'
