"""The service's pages: who comes in, what is shown of a file, and that nobody sees what is another's."""

from __future__ import annotations

import csv
import io
import re
import time

import pytest
from fastapi.testclient import TestClient

from support.processes import wait_until
from support.service import HEADER, PURCHASES, running_service
from vcci_platform.console.session import COOKIE

ADDRESS = "http://127.0.0.1:8000"
OURS = {"Sec-Fetch-Site": "same-origin"}
HOSTILE = '"""><script>alert(1)</script>"'
UPLOAD_PAGES = ("", "/lines", "/gaps", "/by/category", "/by/supplier", "/by/sector", "/lines.csv", "/gaps.csv")


class Visitor:
    """A browser at the service's console."""

    def __init__(self, service) -> None:
        self.service = service
        self.client = TestClient(service.client.app, base_url=ADDRESS, raise_server_exceptions=False)

    def sign_in(self, key: str, **form: str):
        return self.post("/sign-in", {"key": key, **form})

    def get(self, path: str):
        return self.client.get(path, follow_redirects=False)

    def post(self, path: str, data=None, headers=OURS, **extra):
        return self.client.post(path, data=data or {}, headers=headers, follow_redirects=False, **extra)

    def send(self, content: bytes, name: str = "p.csv", headers=OURS, **form: str):
        return self.post("/uploads", form, headers, files={"file": (name, content, "text/csv")})


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running_service(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="module")
def acme(service):
    return service.customer("acme")


@pytest.fixture(scope="module")
def upload(acme):
    hostile = f"2022-07-01,{HOSTILE},{HOSTILE},541511,1700.00,USD\n2022-07-02,=1+1,{{{{ 7 * 7 }}}},541511,1.00,USD\n"
    identity = acme.upload(PURCHASES + hostile.encode(), name="<b>bought<b>.csv")
    acme.settled(identity)
    return identity


@pytest.fixture
def visitor(service):
    return Visitor(service)


@pytest.fixture
def guest(visitor, acme):
    assert visitor.sign_in(acme.key).status_code == 303
    return visitor


def test_without_a_key_there_is_only_the_way_in(visitor, upload):
    assert "API key" in visitor.get("/").text
    for page in UPLOAD_PAGES:
        answer = visitor.get(f"/uploads/{upload}{page}")
        assert answer.status_code == 401
        assert "bought" not in answer.text
    assert visitor.send(PURCHASES).status_code == 401


def test_the_cookie_names_the_key_and_does_not_hold_it(visitor, acme):
    answer = visitor.sign_in(f" {acme.key}\n")

    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 303
    assert acme.key.split("_")[2] not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie  # plain HTTP, on loopback


def test_over_https_the_cookie_is_sent_nowhere_else(service, acme):
    client = TestClient(service.client.app, base_url="https://127.0.0.1:8000")

    answer = client.post("/sign-in", data={"key": acme.key}, headers=OURS, follow_redirects=False)

    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "Paste an API key."),
        ("vcci_11", "was it cut when copied?"),
        ("vcci_0123456789ab_" + "x" * 43, "not one of this service"),
    ],
)
def test_a_wrong_key_gets_a_clear_answer_is_counted_and_not_echoed(visitor, service, key, words):
    before = sum(service.metric("vcci_auth_failures_total", reason=reason) for reason in ("malformed", "unknown"))

    answer = visitor.sign_in(key)

    assert answer.status_code == 401
    assert words in answer.text
    assert "set-cookie" not in answer.headers
    assert not key or key not in answer.text
    after = sum(service.metric("vcci_auth_failures_total", reason=reason) for reason in ("malformed", "unknown"))
    assert after == before + 1


def test_a_revoked_key_ends_its_sessions_at_once(visitor, service):
    customer = service.customer("short")
    visitor.sign_in(customer.key)
    assert "Send a file" in visitor.get("/").text

    service.parts.tenancy.revoke(customer.key.split("_")[1])

    assert "Send a file" not in visitor.get("/").text


@pytest.mark.parametrize("cookie", ["", "x", "key_1.99999999999.00", "é"])
def test_a_forged_cookie_opens_nothing(visitor, cookie):
    answer = visitor.client.get("/", headers={"Cookie": f"{COOKIE}={cookie}".encode()})

    assert "Send a file" not in answer.text


def test_signing_out_takes_the_cookie_away(guest):
    guest.post("/sign-out")

    assert "Send a file" not in guest.get("/").text


def test_after_signing_in_one_comes_to_the_page_that_was_asked_for(visitor, acme, upload):
    assert f'value="/uploads/{upload}/lines?after=2"' in visitor.get(f"/uploads/{upload}/lines?after=2").text
    assert visitor.sign_in(acme.key, then=f"/uploads/{upload}").headers["location"] == f"/uploads/{upload}"
    assert visitor.sign_in(acme.key, then="//evil.example").headers["location"] == "/"


def test_a_file_that_is_sent_by_form_becomes_results(guest):
    answer = guest.send(PURCHASES, once="form-11")
    again = guest.send(PURCHASES, once="form-11")

    where = answer.headers["location"]
    assert answer.status_code == 303
    assert again.headers["location"] == where
    wait_until(lambda: "In total" in guest.get(where).text, what="no results")
    page = guest.get(where).text
    assert "Lines calculated</dt><dd>3</dd>" in page
    assert "The currency is empty." in page
    assert "epa-scef/" in page


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"a,b\n1,2\n", "p.csv", "The file is kept as upload"),
        (b"", "", "Choose a CSV file first."),
    ],
)
def test_a_file_that_is_none_is_refused_on_the_page(guest, content, name, words):
    answer = guest.send(content, name) if name else guest.post("/uploads")

    assert answer.status_code == 422
    assert words in answer.text


def test_a_reading_that_does_not_exist_is_refused(guest):
    assert guest.send(PURCHASES, date_order="backwards").status_code == 422


def test_another_tenant_sees_nothing_of_it(visitor, service, upload):
    other = service.customer(f"other-{time.monotonic_ns()}")
    visitor.sign_in(other.key)

    assert upload not in visitor.get("/").text
    for page in UPLOAD_PAGES:
        answer = visitor.get(f"/uploads/{upload}{page}")
        assert answer.status_code == 404
        assert "bought" not in answer.text
        nothing = visitor.get(f"/uploads/upl_nothing{page}").text
        assert timeless(answer.text.replace(upload, "x")) == timeless(nothing.replace("upl_nothing", "x"))


def timeless(page: str) -> str:
    """Return what a page says, without the second in which it was made."""
    return re.sub(r"\d\d:\d\d:\d\d", "", page.split("<main")[1])


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}])
def test_a_form_of_another_site_is_not_taken(guest, acme, headers):
    assert guest.send(PURCHASES, headers=headers).status_code == 403
    assert guest.post("/sign-in", {"key": acme.key}, headers).status_code == 403
    assert guest.post("/sign-out", {}, headers).status_code == 403


def test_hostile_names_of_files_suppliers_and_things_stay_words(guest, upload):
    for page in ("", "/lines", "/gaps", "/by/supplier"):
        text = guest.get(f"/uploads/{upload}{page}").text
        assert "<script>alert" not in text
        assert "<b>bought" not in text
        assert "&lt;b&gt;bought" in text
    assert "{{ 7 * 7 }}" in guest.get(f"/uploads/{upload}/lines").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in guest.get(f"/uploads/{upload}/by/supplier").text


def test_the_download_has_every_line_and_no_formula(guest, acme, upload):
    answer = guest.get(f"/uploads/{upload}/lines.csv")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    lines = acme.get(f"/v1/uploads/{upload}/lines").json()["items"]
    assert [float(row["kg_co2e"]) for row in rows] == [line["kg_co2e"] for line in lines]
    assert {row["supplier"] for row in rows} >= {"Acme GmbH", "'=1+1"}
    assert answer.headers["content-disposition"] == f'attachment; filename="{upload}-lines.csv"'


def test_the_gaps_can_be_downloaded(guest, upload):
    rows = list(csv.DictReader(io.StringIO(guest.get(f"/uploads/{upload}/gaps.csv").text)))

    assert [(row["row"], row["reason"]) for row in rows] == [("5", "currency_missing"), ("6", "naics_unknown")]


def test_every_link_of_every_page_answers(guest, upload):
    seen, waiting = set(), ["/", f"/uploads/{upload}"]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = guest.get(path)
        assert answer.status_code == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            own = {part.split('"')[0] for part in answer.text.split('href="')[1:]}
            waiting += [
                url for url in own if url.startswith("/") and url.split("#")[0] not in seen and url not in waiting
            ]
    assert {f"/uploads/{upload}{page}" for page in UPLOAD_PAGES if page != "/by/category"} <= seen


def test_a_rejected_file_tells_why_on_its_page(guest, acme):
    refused = acme.send((HEADER.replace("supplier", "who") + "x\n").encode(), name="odd.csv")
    assert refused.status_code == 422

    identity = refused.json()["detail"].rpartition("upload ")[2].rstrip(".")
    page = guest.get(f"/uploads/{identity}")

    assert "Rejected" in page.text
    assert guest.get(f"/uploads/{identity}/lines").status_code == 409


def test_lists_go_on_where_a_page_ends(guest, acme):
    content = HEADER + "".join(f"2022-03-11,Supplier {n},Thing,541511,{n + 1}.50,USD\n" for n in range(130))
    identity = acme.upload(content.encode())
    acme.settled(identity)

    first = guest.get(f"/uploads/{identity}/lines").text

    assert f'href="/uploads/{identity}/lines?after=101"' in first
    assert "Supplier 129" in guest.get(f"/uploads/{identity}/lines?after=101").text
    assert "All others" in guest.get(f"/uploads/{identity}").text
    assert f'href="/uploads/{identity}/by/supplier?after=100"' in guest.get(f"/uploads/{identity}/by/supplier").text


def test_a_spec_that_cannot_be_read_takes_links_away_and_no_page(tmp_path):
    with running_service(tmp_path, spec=tmp_path / "nothing.yaml") as service:
        answer = Visitor(service).get("/")

    assert answer.status_code == 200
    assert "Sandbox: nobody will be woken." in answer.text
