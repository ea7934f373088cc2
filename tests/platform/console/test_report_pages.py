"""The page that offers reports leads to them, and its form asks for any other."""

from __future__ import annotations

from urllib.parse import urlsplit


def test_the_months_and_quarters_so_far_are_offered_to_read_and_to_print(console):
    page = console.get("/reports")

    ways = [urlsplit(way).query for way in page.ways if way.startswith("/v1/reports/slo")]
    periods = ("month=2026-03", "month=2026-02", "month=2026-01", "quarter=2026-Q1", "quarter=2025-Q4")
    assert sorted(ways) == sorted(f"{period}&format={form}" for period in periods for form in ("html", "pdf"))
    assert page.text.count("so far") == 2


def test_the_form_asks_what_the_route_takes(console):
    console.counted(bad=1)
    page = console.get("/reports")
    names = [given["name"] for tag in ("input", "select") for given in page.all(tag)]

    answer = console.client.get(page.all("form")[0]["action"], params={
        "from": "2026-03-01", "to": "2026-03-02", "slo": "", "component": "api", "team": "", "format": "json",
    })  # fmt: skip

    assert sorted(names) == ["component", "format", "from", "slo", "team", "to"]
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == "component api"
    assert {promise["component"] for promise in answer.json()["promises"]} == {"api"}


def test_a_report_opens_in_the_browser_under_its_own_policy(console):
    answer = console.client.get("/v1/reports/slo", params={"month": "2026-02", "format": "html"})

    assert answer.headers["content-disposition"].startswith("inline")
    assert "sha256-" in answer.headers["content-security-policy"]


def test_a_report_the_api_and_the_console_tell_one_forecast(console):
    """Two weeks were good, and four times too much fails since an hour."""
    console.counted(minutes=14 * 24 * 60, total=14 * 24 * 1000, only="api-errors")
    console.clock.advance(hours=1)
    console.counted(bad=4, total=1000, only="api-errors")

    outlook = console.client.get("/v1/slos/api-errors").json()["outlook"]
    told = console.client.get("/v1/reports/slo", params={"slo": "api-errors", "format": "json"}).json()
    read = console.client.get("/v1/reports/slo", params={"slo": "api-errors", "format": "md"}).text

    assert outlook.startswith("gone in ")
    assert told["promises"][0]["forecast"]["words"] == outlook
    assert outlook in read
    assert outlook in console.get("/slos/api-errors").text
