"""The door: who gets in, what the others are told, what is counted and logged."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.service import running_service
from vcci_platform.tenancy.limits import RequestLimit
from vcci_platform.tenancy.model import digest


@pytest.fixture
def service(tmp_path):
    with running_service(tmp_path) as service:
        yield service


def test_a_bearer_token_and_an_api_key_header_both_open_the_door(service):
    acme = service.customer("Acme")

    by_bearer = acme.get("/v1/tenant")
    by_header = service.client.get("/v1/tenant", headers={"X-API-Key": acme.key})

    assert by_bearer.status_code == by_header.status_code == 200
    assert by_bearer.json() == by_header.json()
    assert by_bearer.json()["name"] == "Acme"


@pytest.mark.parametrize(
    ("headers", "reason", "told"),
    [
        ({}, "missing", "vcci tenant create"),
        ({"Authorization": "Basic YTpi"}, "malformed", "another scheme"),
        ({"Authorization": "Bearer nonsense"}, "malformed", "was it cut"),
        ({"X-API-Key": "vcci_0123456789ab_" + "s" * 43}, "unknown", "not one of this service"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_is_counted(service, headers, reason, told):
    before = service.metric("vcci_auth_failures_total", reason=reason)

    response = service.client.get("/v1/tenant", headers=headers)

    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="vcci"'
    assert response.json()["code"] == "unauthenticated"
    assert told in response.json()["detail"]
    assert service.metric("vcci_auth_failures_total", reason=reason) == before + 1


def test_an_expired_and_a_revoked_key_are_told_so(service):
    acme = service.customer("Acme")
    tenancy = service.parts.tenancy
    _, expired = tenancy.create_key(acme.tenant_id, "short", timedelta(microseconds=1))
    key, revoked = tenancy.create_key(acme.tenant_id, "gone")
    tenancy.revoke(key.id)

    answers = [service.client.get("/v1/tenant", headers={"X-API-Key": key}).json() for key in (expired, revoked)]

    assert "expired at" in answers[0]["detail"]
    assert "was revoked at" in answers[1]["detail"]
    assert service.metric("vcci_auth_failures_total", reason="expired") == 1
    assert service.metric("vcci_auth_failures_total", reason="revoked") == 1


def test_every_route_under_v1_is_closed_to_strangers(service):
    schema = service.client.get("/openapi.json").json()
    open_routes = [
        (method, path)
        for path, methods in schema["paths"].items()
        if path.startswith("/v1/")
        for method in methods
        if service.client.request(method, path).status_code != 401
    ]

    assert len(schema["paths"]) > 5
    assert open_routes == []


def test_a_tenant_sees_and_revokes_its_own_keys(service):
    acme, bolt = service.customer("Acme"), service.customer("Bolt")
    spare, text = service.parts.tenancy.create_key(acme.tenant_id, "spare")

    mine = acme.get("/v1/keys").json()["items"]
    stranger = service.client.delete(f"/v1/keys/{spare.id}", headers={"X-API-Key": bolt.key})
    revoked = service.client.delete(f"/v1/keys/{spare.id}", headers={"X-API-Key": acme.key})

    assert [(key["name"], key["current"]) for key in mine] == [("test", True), ("spare", False)]
    assert not any("digest" in key for key in mine)
    assert stranger.status_code == 404
    assert revoked.json()["revoked_at"] is not None
    assert service.client.get("/v1/tenant", headers={"X-API-Key": text}).status_code == 401


def test_the_log_names_the_prefix_and_never_the_key(service, capsys):
    acme = service.customer("Acme")
    broken = acme.key[:-1] + ("A" if acme.key[-1] != "A" else "B")

    service.client.get("/v1/tenant", headers={"X-API-Key": broken})

    logged = "".join(capsys.readouterr())
    assert "authentication failed" in logged
    assert broken.split("_")[1] in logged
    assert broken.split("_", 2)[2] not in logged
    assert digest(b"", broken) not in logged


def test_a_key_that_asks_too_often_is_told_when_to_come_back(tmp_path):
    with running_service(tmp_path, requests_per_minute=11) as service:
        acme, bolt = service.customer("Acme"), service.customer("Bolt")
        answers = [acme.get("/v1/tenant") for _ in range(12)]
        other = bolt.get("/v1/tenant")

    assert [answer.status_code for answer in answers] == [200] * 11 + [429]
    assert [int(answer.headers["RateLimit-Remaining"]) for answer in answers[:11]] == list(range(10, -1, -1))
    refused = answers[11]
    assert refused.json()["code"] == "too-many-requests"
    assert refused.headers["RateLimit-Limit"] == "11"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert other.status_code == 200


@pytest.mark.needs("redis")
def test_with_redis_two_replicas_count_together(redis_url):
    one, two = RequestLimit(3, redis_url), RequestLimit(3, redis_url)

    spent = [limit.spend("key_11") for limit in (one, two, one, two)]

    assert [allowance.allowed for allowance in spent if allowance] == [True, True, True, False]


def test_a_lost_redis_takes_nobody_with_it(free_port):
    limit = RequestLimit(3, f"redis://127.0.0.1:{free_port()}/0")

    assert limit.spend("key_11") is None
