"""What holds for every page of the desk's console: its links answer, it loads only our files, everybody can read it."""

from __future__ import annotations

import pytest

from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.testing import alert

LANDMARKS = ("header", "main", "footer")


def crawl(console):
    """Return every page that can be reached from the first one, by its address."""
    found, waiting = {}, ["/"]
    while waiting:
        path = waiting.pop()
        response = console.client.get(path)
        assert response.status_code == 200, f"{path} answers {response.status_code}"
        if path.startswith("/v1/") or not response.headers["content-type"].startswith("text/html"):
            found[path] = None  # a document of the API, such as a report, which is a file of its own
            continue
        page = console.get(path)
        found[path] = page
        waiting += sorted(page.ways - set(found) - set(waiting))
    return found


@pytest.fixture(params=["empty", "normal", "incident"], scope="module")
def pages(request, open_console, tmp_path_factory):
    """Every page of the console, in each of three situations."""
    with open_console(tmp_path_factory.mktemp("desk")) as console:
        if request.param != "empty":
            console.counted(bad=0)
        if request.param == "incident":
            console.counted(bad=400, minutes=20)
            incident = console.hear(alert(), alert(name="Other", priority=Priority.P1, summary=""))
            console.clock.advance(minutes=2)
            console.act(incident, action="acknowledge", by="ada", why="looking")
        return {path: page for path, page in crawl(console).items() if page is not None}


def test_every_link_answers_and_every_section_is_reached(pages):
    assert {"/", "/slos", "/incidents", "/desk", "/reports", "/slos/api-errors?over=30d"} <= set(pages)


def test_a_page_loads_nothing_but_our_own_files_and_runs_nothing_inline(pages):
    for path, page in pages.items():
        for tag, address in page.addresses:
            if tag != "a":
                assert address.startswith("/"), f"{path}: <{tag}> {address}"
                assert not address.startswith("//")
        for tag, given in page.tags:
            assert not any(name == "style" or name.startswith("on") for name in given), f"{path}: <{tag} {given}>"
        assert page.all("style") == []
        assert all("src" in given for given in page.all("script"))


def test_a_page_can_be_read_by_ear_and_used_by_keyboard(pages):
    for path, page in pages.items():
        tags = [tag for tag, _ in page.tags]
        assert tags.count("h1") == 1, path
        assert all(tags.count(landmark) >= 1 for landmark in LANDMARKS), path
        identities = [given["id"] for _, given in page.tags if "id" in given]
        assert sorted(set(identities)) == sorted(identities), f"{path}: an id stands twice"
        for _, given in page.tags:
            for name in ("aria-labelledby", "for"):
                assert set(given.get(name, "").split()) <= set(identities), f"{path}: {given}"
        for given in page.all("svg"):
            assert given.get("aria-hidden") == "true" or (
                given.get("role") == "img" and ("aria-label" in given or "aria-labelledby" in given)
            )
        for given in page.all("input") + page.all("textarea"):
            assert given.get("type") == "hidden" or any(label.get("for") == given["id"] for label in page.all("label"))
        assert page.all("html")[0]["lang"] == "en"


def test_the_policy_of_a_page_forbids_everything_that_is_not_ours(console):
    policy = console.client.get("/").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_files_are_kept_by_the_browser_under_an_address_that_changes_with_them(console):
    page = console.get("/")
    for tag, address in page.addresses:
        if tag in {"link", "script"}:
            answer = console.client.get(address)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
            assert "https://" not in answer.text


def test_a_file_that_is_not_there_is_a_clear_404(console):
    assert console.client.get("/assets/..%2Fpages.py").status_code == 404
    assert console.client.get("/assets/nothing.css").json()["code"] == "not-found"
