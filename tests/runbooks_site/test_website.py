"""The built site: every link that a page or a pager holds leads to a page, and nothing asks anybody else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from vcci_runbooks_site import BuildError
from vcci_runbooks_site.website import build
from vcci_slo.plan import Plan

# What makes a browser ask by itself; an address behind <a> waits for a click.
ASKING = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
}
ASKING_RELATIONS = {
    "stylesheet",
    "icon",
    "preload",
    "prefetch",
    "preconnect",
    "dns-prefetch",
    "modulepreload",
    "manifest",
}


class Resources(HTMLParser):
    """The addresses that a page asks for by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ASKING:
            self.found.append(given.get(ASKING[tag]) or "")
        if tag == "link" and set((given.get("rel") or "").split()) & ASKING_RELATIONS:
            self.found.append(given.get("href") or "")


def test_every_runbook_url_of_the_plan_is_a_page(plan: Plan, site: Path):
    urls = {alert.runbook_url for alert in plan.alerts} | {slo.runbook_url for slo in plan.slos}

    missing = [url for url in urls if not (site / urlsplit(url).path.strip("/") / "index.html").is_file()]

    assert len(urls) == len(plan.alerts) + len({slo.declared for slo in plan.slos})
    assert missing == []


def test_the_name_of_an_alert_is_an_address_on_any_web_server(site: Path):
    page = (site / "APIHighErrorRate" / "index.html").read_text(encoding="utf-8")

    assert 'url=../high-error-rate/"' in page


def test_the_index_for_programs_names_every_page(plan: Plan, site: Path):
    listed = json.loads((site / "runbooks.json").read_text(encoding="utf-8"))["pages"]

    by_page = {entry["page"]: entry for entry in listed}
    assert by_page["high-error-rate"] == {
        "page": "high-error-rate",
        "title": "APIHighErrorRate",
        "kind": "alert",
        "team": "platform",
        "priorities": ["P0", "P1"],
        "names": ["APIHighErrorRate"],
    }
    assert {alert.runbook for alert in plan.alerts} | {slo.runbook for slo in plan.slos} < set(by_page)
    assert all((site / page / "index.html").is_file() for page in by_page)


def test_no_page_asks_anybody_else_for_anything(site: Path):
    pages = [path for path in site.rglob("*.html") if "http-equiv" not in path.read_text(encoding="utf-8")]
    assert len(pages) > 40

    for path in pages:
        reader = Resources()
        reader.feed(path.read_text(encoding="utf-8"))
        outside = [url for url in reader.found if urlsplit(url).netloc]
        assert not outside, f"{path}: {outside}"
    for path in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import\s+)[\"']?(?:https?:)?//", path.read_text(encoding="utf-8")), path


def test_a_link_that_leads_nowhere_stops_the_build_with_the_words_of_the_builder(tmp_path: Path):
    docs = tmp_path / "generated" / "docs"
    docs.mkdir(parents=True)
    (tmp_path / "generated" / "mkdocs.yml").write_text(
        "site_name: X\nstrict: true\ntheme: {name: material, font: false}\n"
    )
    (docs / "index.md").write_text("# X\n\n[gone](gone.md)\n")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "kept").write_text("kept")

    with pytest.raises(BuildError, match="page does not exist") as failed:
        build(tmp_path / "generated", tmp_path / "site")

    assert "index.md:3" in failed.value.output
    assert "Traceback" not in failed.value.output
    assert "\x1b" not in failed.value.output
    assert (tmp_path / "site" / "kept").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generated", "site"]


def test_an_anchor_that_leads_nowhere_stops_the_build_too(tmp_path: Path):
    docs = tmp_path / "generated" / "docs"
    docs.mkdir(parents=True)
    (tmp_path / "generated" / "mkdocs.yml").write_text("site_name: X\ntheme: {name: material, font: false}\n")
    (docs / "index.md").write_text("# X\n\n[gone](#gone)\n")

    with pytest.raises(BuildError, match="anchor"):
        build(tmp_path / "generated", tmp_path / "site")


def test_a_site_replaces_the_one_that_is_there(site: Path, tmp_path: Path):
    docs = tmp_path / "generated" / "docs"
    docs.mkdir(parents=True)
    (tmp_path / "generated" / "mkdocs.yml").write_text("site_name: X\ntheme: {name: material, font: false}\n")
    (docs / "index.md").write_text("# X\n")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.html").write_text("old")

    build(tmp_path / "generated", tmp_path / "site")

    assert (tmp_path / "site" / "index.html").is_file()
    assert not (tmp_path / "site" / "old.html").exists()


def test_without_generated_pages_the_refusal_says_how_to_get_them(tmp_path: Path):
    with pytest.raises(BuildError, match="run `vcci generate` first"):
        build(tmp_path, tmp_path / "site")
