"""The server of the runbook site: every spelling leads to a page, and nothing leads anywhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from vcci_platform.runbooks import RunbooksFailed, create_app

INDEX = {
    "pages": [
        {"page": "high-error-rate", "title": "APIHighErrorRate", "names": ["APIHighErrorRate"]},
        {"page": "api-latency", "title": "api-latency", "names": ["api-latency-p95", "ApiLatencyP95BudgetBurn"]},
        {"page": "watchdog", "title": "Watchdog", "names": ["Watchdog"]},
    ]
}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    for page in ("high-error-rate", "api-latency", "watchdog", "components/api", "APIHighErrorRate"):
        (tmp_path / page).mkdir(parents=True, exist_ok=True)
        (tmp_path / page / "index.html").write_text(f"<h1>{page}</h1>")
    (tmp_path / "index.html").write_text("<h1>start</h1>")
    (tmp_path / "404.html").write_text("<html><body>menu <h1>404 - Not found</h1></body></html>")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "x.css").write_text("body {}")
    (tmp_path / "runbooks.json").write_text(json.dumps(INDEX))
    return TestClient(create_app(tmp_path), follow_redirects=False)


@pytest.mark.parametrize("address", ["/", "/high-error-rate/", "/components/api/", "/assets/x.css", "/runbooks.json"])
def test_what_is_there_is_served(client: TestClient, address: str):
    assert client.get(address).status_code == 200
    assert client.head(address).status_code == 200


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/high-error-rate", "/high-error-rate/"),
        ("/HIGH-ERROR-RATE/", "/high-error-rate/"),
        ("/APIHighErrorRate", "/high-error-rate/"),
        ("/APIHighErrorRate/", "/high-error-rate/"),
        ("/apihigherrorrate", "/high-error-rate/"),
        ("/api-high-error-rate", "/high-error-rate/"),
        ("/Watchdog", "/watchdog/"),
        ("/ApiLatencyP95BudgetBurn", "/api-latency/"),
        ("/components/API", "/components/api/"),
        ("/high-error-rate?from=pager&x=1", "/high-error-rate/?from=pager&x=1"),
    ],
)
def test_every_spelling_leads_to_the_page(client: TestClient, address: str, page: str):
    answer = client.get(address)

    assert (answer.status_code, answer.headers["location"]) == (301, page)


@pytest.mark.parametrize("address", ["//evil.example", "/https://evil.example", "/%2F%2Fevil.example"])
def test_no_address_sends_anybody_elsewhere(client: TestClient, address: str):
    answer = client.get(f"http://testserver{address}")

    assert answer.status_code == 404
    assert "location" not in answer.headers


def test_a_name_that_nothing_has_gets_those_that_come_near(client: TestClient):
    answer = client.get("/high-eror-rates")

    assert answer.status_code == 404
    assert "menu" in answer.text
    assert '<a href="/high-error-rate/">APIHighErrorRate</a>' in answer.text
    assert "404 - Not found" not in answer.text


def test_a_part_of_a_name_is_enough_to_be_near(client: TestClient):
    assert '<a href="/api-latency/">api-latency</a>' in client.get("/latency").text


def test_what_was_asked_is_shown_as_text(client: TestClient):
    answer = client.get("/<script>alert(1)</script>")

    assert answer.status_code == 404
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


@pytest.mark.parametrize("address", ["/../conftest.py", "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fx", "/.hidden"])
def test_nothing_outside_the_site_is_served(client: TestClient, address: str):
    assert client.get(address).status_code == 404


def test_nothing_can_be_written(client: TestClient):
    assert client.post("/high-error-rate/").status_code == 405
    assert client.put("/assets/x.css").status_code == 405


def test_browsers_are_told_to_ask_nobody_else(client: TestClient):
    for address in ("/", "/nowhere", "/APIHighErrorRate"):
        headers = client.get(address).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"


def test_a_folder_without_a_site_is_refused_with_what_to_do(tmp_path: Path):
    with pytest.raises(RunbooksFailed, match=r"expected a built runbook site in .*; `vcci runbooks build`"):
        create_app(tmp_path)
