"""Wrong input of every kind: each gets a clear answer, is kept where it was a file, and is counted."""

from __future__ import annotations

from datetime import date

import pytest

from support.service import HEADER, PURCHASES, purchases, running_service
from vcci_platform.carbon.intake import Reading
from vcci_platform.carbon.paging import cursor
from vcci_platform.carbon.uploads import GLANCE_BYTES, glance

MOST = 50_000


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running_service(tmp_path_factory.mktemp("service"), max_upload_bytes=MOST) as service:
        yield service


@pytest.fixture(scope="module")
def acme(service):
    return service.customer("Acme")


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (b"", "empty", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", "not-csv", ""),
        (HEADER.encode(), "no-rows", "not one row"),
        (b"date,supplier,amount\n2022-01-01,Acme,11\n", "missing-columns", "currency"),
        ((HEADER + "2022-03-01,M\u00fcller,x,541511,1,USD\n").encode("latin-1"), "not-utf8", ""),
    ],
)
def test_a_file_that_is_no_such_csv_is_refused_with_the_reason(service, acme, content, code, told):
    before = service.metric("vcci_uploads_total", outcome="rejected")

    response = acme.send(content)

    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == code
    assert told in response.text
    assert service.metric("vcci_uploads_total", outcome="rejected") == before + 1


def test_a_refused_file_is_kept_and_shown_with_its_reason(service, acme):
    acme.send(b"date,supplier\n2022-01-01,Acme\n", name="half.csv")

    upload = acme.get("/v1/uploads", limit=1).json()["items"][0]
    results = acme.get(f"/v1/uploads/{upload['id']}/results")

    assert (upload["filename"], upload["status"], upload["jobs"]) == ("half.csv", "rejected", [])
    assert upload["refusal"]["code"] == "missing-columns"
    assert service.parts.files.get(f"uploads/{upload['id']}/raw") == b"date,supplier\n2022-01-01,Acme\n"
    assert results.status_code == 409
    assert "rejected" in results.json()["detail"]


def test_a_type_that_is_no_csv_is_refused(acme):
    response = acme.send(PURCHASES, kind="application/pdf")

    assert response.status_code == 415
    assert "application/pdf" in response.json()["detail"]


def test_a_file_above_the_limit_is_refused_and_one_below_is_taken(acme):
    small = purchases(800)
    large = purchases(1400)
    assert len(small) < MOST < len(large)

    refused = acme.send(large)

    assert refused.status_code == 413
    assert refused.json()["code"] == "too-large"
    assert str(MOST) in refused.json()["detail"]
    assert acme.send(small).status_code == 202


def test_a_huge_body_is_refused_by_its_announced_length_before_it_is_read(service):
    response = service.client.post(
        "/v1/uploads", headers={"Content-Length": str(10**12), "Content-Type": "multipart/form-data; boundary=b"}
    )

    assert response.status_code == 413
    assert response.headers["Content-Type"] == "application/problem+json"
    assert service.metric("http_requests_total", method="POST", endpoint="/v1/uploads", status="413") >= 1


def test_a_huge_body_without_a_length_is_refused_while_it_arrives(service, acme):
    sent = 0

    def endless():
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(1000):
            sent += 10_000
            yield b"x" * 10_000

    headers = {"Authorization": f"Bearer {acme.key}", "Content-Type": "multipart/form-data; boundary=b"}
    response = service.client.post("/v1/uploads", content=endless(), headers=headers)

    assert response.status_code == 413
    assert response.json()["code"] == "too-large"


def test_a_request_without_a_file_says_so(service, acme):
    response = service.client.post("/v1/uploads", headers={"Authorization": f"Bearer {acme.key}"})

    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": "body.file", "reason": "expected a value, found none"}]


def test_an_unknown_grouping_names_the_known_ones(acme):
    response = acme.get("/v1/uploads/upl_11/results", by="colour")

    assert response.status_code == 422
    assert "'category', 'supplier' or 'sector'" in response.json()["errors"][0]["reason"]


BEYOND_64_BITS = cursor(10**20)


@pytest.mark.parametrize("cursor", ["!", "bm90IGEgbnVtYmVy", "\u00e9", BEYOND_64_BITS])
def test_a_cursor_that_the_list_never_gave_is_refused(acme, cursor):
    upload = acme.settled(acme.upload())["id"]

    response = acme.get(f"/v1/uploads/{upload}/lines", cursor=cursor)

    assert response.status_code == 422
    assert response.json()["code"] == "invalid-cursor"


def test_a_first_row_that_is_longer_than_the_first_look_is_a_row():
    """The first look ended behind the header, so the sender was told that there is not one row."""
    content = (HEADER + f"2022-01-01,Acme,{'x' * GLANCE_BYTES},541511,1,USD\n").encode()

    assert glance(content, Reading(), date(2026, 1, 1)) is None


@pytest.mark.parametrize("limit", [0, 1001, "many"])
def test_a_limit_outside_its_bounds_is_refused(acme, limit):
    assert acme.get("/v1/uploads", limit=limit).status_code == 422


def test_results_that_are_not_there_yet_are_a_conflict_and_not_an_empty_list(service, acme, monkeypatch):
    monkeypatch.setattr(service.parts.post, "send", lambda *_, **__: True)
    upload = acme.upload()

    response = acme.get(f"/v1/uploads/{upload}/results")

    assert response.status_code == 409
    assert response.json()["code"] == "no-results"
    assert "'received'" in response.json()["detail"]


def test_a_name_with_a_path_and_odd_characters_is_only_a_name(acme):
    upload = acme.settled(acme.upload(name="..\\..\\etc/pass\u202ewd.csv"))

    assert upload["filename"] == "pass\ufffdwd.csv"


def test_a_wrong_column_far_behind_the_first_look_is_found_by_the_job(acme):
    content = purchases(900) + b'2022-01-01,"never closed,x,541511,1,USD\n'

    upload = acme.settled(acme.upload(content))

    assert upload["status"] == "calculated"
    assert upload["rows_rejected"] >= 1
