"""A site of thousands of pages: no list is too long to read, no page holds all the others, every link leads."""

from __future__ import annotations

import yaml

from vcci_runbooks_site import render
from vcci_runbooks_site.website import build
from vcci_slo.testing import a_plan

REQUESTS = {"events": "http_requests_total", "bad": 'status=~"5.."'}
LISTS = ("index", "alerts", "promises", "severities")


def many(services, each):
    """Return a plan of some services with a probe and some promises each."""
    return a_plan(
        components={
            f"svc-{n}": {
                "kind": "http",
                "selector": f'job="svc-{n}"',
                "probe": {"url": f"https://{n}.example/", "fails_for": {"P0": "2m"}},
                "signals": {"requests": REQUESTS},
            }
            for n in range(services)
        },
        slos={
            f"svc-{n}-p{i}": {"good": f"svc-{n}.requests", "objective": "99%"}
            for n in range(services)
            for i in range(each)
        },
    )


def parted(count):
    """Return a plan with one promise for each of so many endpoints."""
    signals = {"requests": {**REQUESTS, "each": {"endpoint": "api.queues"}}}
    return a_plan(
        components__api__queues=[f"endpoint-{n}" for n in range(count)],
        components__api__signals=signals,
        slos={"errors": {"good": "api.requests", "objective": "99%"}},
    )


def test_long_lists_have_a_line_for_each_component_that_leads_to_its_list():
    files = render(many(21, 10), {})

    alerts, promises, severities, start = (
        files[f"docs/{name}.md"] for name in ("alerts", "promises", "severities", "index")
    )

    assert "| [Svc 20](components/svc-20.md#promises) | 10 |" in promises
    assert "| [Svc 20](components/svc-20.md#promises) | 21 |" in alerts
    assert "[Watchdog](watchdog.md)" in alerts
    assert "| [Svc 20](components/svc-20.md#promises) | 10 |" in severities
    assert "| [Svc 20](components/svc-20.md#promises) | 11 |" in start
    assert all(f"svc-20-p{n}.md" in files["docs/components/svc-20.md"] for n in range(10))


def test_ten_times_the_promises_of_a_component_do_not_make_the_lists_longer():
    few, most = (render(many(20, each), {}) for each in (11, 110))

    for name in LISTS:
        path = f"docs/{name}.md"
        assert len(most[path]) - len(few[path]) < 300, name
    assert max(len(text) for path, text in most.items() if path.startswith("docs/svc-")) < 20_000


def test_no_page_holds_the_names_of_all_others():
    """A page of a site holds its whole navigation, so that with all names the site grew with the square."""
    navigation = yaml.safe_load(render(many(21, 10), {})["mkdocs.yml"])["nav"]

    assert len(yaml.safe_dump(navigation)) < 1000


def test_a_promise_of_many_parts_has_a_page_that_can_be_read():
    plan = parted(300)
    page = render(plan, {})["docs/errors.md"]

    assert len(plan.slos) == 300
    assert len(page) < 100_000
    assert "280 more differ in their labels only; `vcci slo explain errors-endpoint-20` tells of one." in page
    assert "280 more" in page


def test_a_site_of_many_pages_is_built_with_every_link_leading_somewhere(tmp_path):
    for path, text in render(many(21, 10), {}).items():
        (tmp_path / "generated" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "generated" / path).write_text(text)

    build(tmp_path / "generated", tmp_path / "site")

    assert (tmp_path / "site" / "svc-20-p9" / "index.html").is_file()
    assert (tmp_path / "site" / "components" / "svc-20" / "index.html").is_file()
