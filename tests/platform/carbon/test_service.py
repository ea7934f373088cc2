"""The journey of a file through the embedded service: sent, imported, calculated, read."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from support.service import PURCHASES, purchases, running_service


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running_service(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture(scope="module")
def acme(service):
    return service.customer("Acme")


@pytest.fixture(scope="module")
def settled(acme):
    """An upload of five rows that has its results."""
    return acme.settled(acme.upload())


def pages(acme, path, **params):
    """Return all items of a list, read in parts."""
    items, cursor = [], None
    while True:
        page = acme.get(path, **params, **({"cursor": cursor} if cursor else {})).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def test_an_upload_is_taken_with_the_place_where_it_can_be_watched(acme):
    response = acme.send(PURCHASES, name="ledger.csv")

    body = response.json()
    assert response.status_code == 202
    assert response.headers["Location"] == f"/v1/uploads/{body['upload']['id']}"
    assert body["upload"]["filename"] == "ledger.csv"
    assert body["upload"]["size_bytes"] == len(PURCHASES)
    assert body["job"]["queue"] == "data_import"
    assert body["job"]["kind"] == "import_purchases"
    acme.settled(body["upload"]["id"])


def test_every_row_ends_as_a_line_or_as_a_gap(settled):
    assert settled["status"] == "calculated"
    assert settled["progress"] == 1
    assert settled["rows_total"] == 5
    assert settled["rows_rejected"] == 1
    assert (settled["totals"]["lines"], settled["totals"]["rows_with_gaps"]) == (3, 2)
    assert [(job["kind"], job["status"]) for job in settled["jobs"]] == [
        ("import_purchases", "succeeded"),
        ("calculate_purchases", "succeeded"),
    ]
    assert settled["jobs"][0]["next_job_id"] == settled["jobs"][1]["id"]


def test_a_line_can_be_calculated_again_from_its_lineage(acme, settled):
    page = acme.get(f"/v1/uploads/{settled['id']}/lines").json()

    assert [line["row"] for line in page["items"]] == [2, 3, 4]
    for line in page["items"]:
        steps = line["amount"] * line["rate_to_usd"] * line["deflator"] * line["factor_kg_per_usd"]
        assert line["kg_co2e"] == pytest.approx(steps, rel=1e-12)
        assert line["factor_id"] == f"epa-scef/1.3.0/{line['naics']}"
    assert page["items"][0]["rate_to_usd"] == 1
    assert page["lineage"]["factor_release"] == "1.3.0"
    assert page["lineage"]["formula"].startswith("spend-based/1:")


def test_gaps_tell_row_field_reason_and_what_was_found(acme, settled):
    gaps = acme.get(f"/v1/uploads/{settled['id']}/gaps").json()["items"]

    assert [(gap["row"], gap["reason"], gap["field"], gap["value"]) for gap in gaps] == [
        (5, "currency_missing", "currency", None),
        (6, "naics_unknown", "naics", "999999"),
    ]


@pytest.mark.parametrize("by", ["category", "supplier", "sector"])
def test_each_grouping_adds_up_to_the_total_from_the_largest_down(acme, settled, by):
    page = acme.get(f"/v1/uploads/{settled['id']}/results", by=by).json()

    amounts = [item["kg_co2e"] for item in page["items"]]
    assert sum(amounts) == pytest.approx(settled["totals"]["kg_co2e"], abs=1e-5)
    assert amounts == sorted(amounts, reverse=True)
    assert sum(item["lines"] for item in page["items"]) == 3
    assert sum(item["share"] for item in page["items"]) == pytest.approx(1)
    assert page["by"] == by


def test_results_are_grouped_under_the_names_people_know(acme, settled):
    by = {
        dimension: [
            item["label"] for item in acme.get(f"/v1/uploads/{settled['id']}/results", by=dimension).json()["items"]
        ]
        for dimension in ("category", "supplier", "sector")
    }

    assert by["category"] == ["Purchased goods and services"]
    assert sorted(by["supplier"]) == ["Acme GmbH", "Bolt Ltd"]
    assert "Manufacturing" in by["sector"]


def test_lists_come_in_parts_that_neither_repeat_nor_skip(acme):
    upload = acme.settled(acme.upload(purchases(25)))["id"]

    rows = [line["row"] for line in pages(acme, f"/v1/uploads/{upload}/lines", limit=7)]
    suppliers = [item["key"] for item in pages(acme, f"/v1/uploads/{upload}/results", by="supplier", limit=2)]

    assert rows == list(range(2, 27))
    assert len(suppliers) == len(set(suppliers)) == 7


def test_uploads_are_listed_newest_first_and_in_parts(service):
    bolt = service.customer("Bolt")
    sent = [bolt.upload() for _ in range(3)]
    for upload in sent:
        bolt.settled(upload)

    listed = pages(bolt, "/v1/uploads", limit=2)

    assert [upload["id"] for upload in listed] == sent[::-1]
    assert all(upload["totals"]["lines"] == 3 for upload in listed)


def test_the_same_key_with_the_same_file_is_the_same_upload(service, acme):
    accepted = service.metric("vcci_uploads_total", outcome="accepted")
    first = acme.send(PURCHASES, headers={"Idempotency-Key": "march"})
    acme.settled(first.json()["upload"]["id"])

    again = acme.send(PURCHASES, headers={"Idempotency-Key": "march"})

    assert again.status_code == 202
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["upload"]["id"] == first.json()["upload"]["id"]
    assert again.json()["job"]["id"] == first.json()["job"]["id"]
    assert service.metric("vcci_uploads_total", outcome="accepted") == accepted + 1


def test_the_same_key_with_another_file_is_refused(acme):
    acme.send(PURCHASES, headers={"Idempotency-Key": "april"})

    other = acme.send(purchases(2), headers={"Idempotency-Key": "april"})

    assert other.status_code == 422
    assert other.json()["code"] == "idempotency-key-reused"


def test_two_tenants_may_use_the_same_idempotency_key(service, acme):
    other = service.customer("Cable Inc")
    mine = acme.send(PURCHASES, headers={"Idempotency-Key": "may"}).json()["upload"]["id"]

    theirs = other.send(PURCHASES, headers={"Idempotency-Key": "may"}).json()["upload"]["id"]

    assert mine != theirs


def test_a_tenant_never_sees_what_belongs_to_another(service, acme, settled):
    stranger = service.customer("Stranger")
    paths = [f"/v1/uploads/{settled['id']}{part}" for part in ("", "/results", "/lines", "/gaps")]
    paths.append(f"/v1/jobs/{settled['jobs'][0]['id']}")

    answers = [stranger.get(path) for path in paths]
    nobodys = stranger.get("/v1/uploads/upl_nobody")

    assert [acme.get(path).status_code for path in paths] == [200] * 5
    assert [answer.status_code for answer in answers] == [404] * 5
    assert stranger.get("/v1/uploads").json() == {"items": [], "next_cursor": None}
    assert nobodys.json()["detail"].replace("upl_nobody", "X") == answers[0].json()["detail"].replace(
        settled["id"], "X"
    )


def test_what_the_sender_states_about_dates_and_decimals_is_used(acme):
    content = (
        b"date;supplier;description;naics;amount;currency\n"
        b"03/04/2022;Acme;Steel;331110;1.234;USD\n"
    )  # fmt: skip
    silent = acme.settled(acme.upload(content))
    stated = acme.settled(acme.upload(content, data={"date_order": "day-first", "decimal_mark": "comma"}))

    lines = acme.get(f"/v1/uploads/{stated['id']}/lines").json()["items"]

    assert silent["totals"]["lines"] == 0
    assert [(line["date"], line["amount"]) for line in lines] == [("2022-04-03", 1234.0)]


def test_work_leaves_its_traces_in_the_metrics(service, acme):
    finished = service.metric("vcci_jobs_finished_total", queue="emissions", outcome="succeeded")
    lines = service.metric("vcci_lines_calculated_total", category="1")
    gaps = service.metric("vcci_line_gaps_total", reason="naics_unknown")
    acme.settled(acme.upload())

    assert service.metric("vcci_jobs_finished_total", queue="emissions", outcome="succeeded") == finished + 1
    assert service.metric("vcci_lines_calculated_total", category="1") == lines + 3
    assert service.metric("vcci_line_gaps_total", reason="naics_unknown") == gaps + 1
    assert service.metric("vcci_oldest_uncalculated_upload_age_seconds") == 0
    assert service.metric("vcci_oldest_waiting_job_age_seconds", queue="data_import") == 0
    assert service.metric("vcci_active_tenants") >= 1


def test_every_route_answers_with_a_declared_shape(service):
    schema = service.client.get("/openapi.json").json()

    for path, methods in schema["paths"].items():
        if path.startswith("/v1/"):
            for method, operation in methods.items():
                success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
                assert "$ref" in success["content"]["application/json"]["schema"], f"{method} {path}"


def test_a_surprise_is_a_problem_document_that_tells_nothing_of_the_inside(tmp_path):
    with running_service(tmp_path) as service:
        acme = service.customer("Acme")
        with service.parts.database.write() as connection:
            connection.execute(text("DROP TABLE aggregate"))
            connection.execute(text("ALTER TABLE upload RENAME TO hidden"))
        response = acme.get("/v1/uploads")

    assert response.status_code == 500
    assert response.json()["code"] == "internal-error"
    assert "upload" not in response.json()["detail"]
