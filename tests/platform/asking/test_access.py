"""How a client introduces itself, and what is refused before anything is sent."""

from __future__ import annotations

import httpx
import pytest
from pydantic import SecretStr

from vcci_platform.asking import Access, WrongAccess, client_for, header_of
from vcci_platform.settings import Settings


def sent(access: Access) -> httpx.Headers:
    """Return the headers of a request that this access sends."""
    with client_for(access) as client:
        request = client.build_request("GET", "http://prometheus:9090/")
        return (client.auth.auth_flow(request).send(None) if client.auth else request).headers


def test_nobody_is_introduced_without_being_asked():
    assert "Authorization" not in sent(Access())


def test_a_token_a_user_and_headers_are_sent():
    assert sent(Access(token=SecretStr("eleven")))["Authorization"] == "Bearer eleven"
    assert sent(Access(user="reader", password=SecretStr("twelve")))["Authorization"] == "Basic cmVhZGVyOnR3ZWx2ZQ=="
    assert sent(Access(headers=(header_of("X-Scope-OrgID: shop", "here"),)))["X-Scope-OrgID"] == "shop"


@pytest.mark.parametrize("access", [Access(token=SecretStr("eleven")), Access(user="reader")])
def test_a_header_of_ones_own_wins(access):
    own = Access(token=access.token, user=access.user, headers=(header_of("authorization: Signed xyz", "here"),))

    assert sent(own)["Authorization"] == "Signed xyz"


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"token": SecretStr("a"), "user": "b"}, "expected a token or a user with a password, found both"),
        ({"password": SecretStr("hidden-word")}, "expected a user for the password"),
        ({"token": SecretStr("hidden-word\n")}, "the token: expected plain letters"),
        ({"token": SecretStr("")}, "the token: expected plain letters"),
    ],
)
def test_what_contradicts_itself_is_refused(parts, says):
    with pytest.raises(WrongAccess, match=says) as told:
        client_for(Access(**parts))

    assert "hidden-word" not in str(told.value)


@pytest.mark.parametrize("header", ["hidden-word", ": hidden-word", "Na me: hidden-word", "Name: hidden-word\r\nA: b"])
def test_a_wrong_header_is_refused_without_being_repeated(header):
    with pytest.raises(WrongAccess, match="--header, number 11: expected 'Name: value'") as told:
        header_of(header, "--header, number 11")

    assert "hidden-word" not in str(told.value)


def test_a_file_without_certificates_is_refused(tmp_path):
    (tmp_path / "empty.pem").write_text("no certificate")

    with pytest.raises(WrongAccess, match=r"empty.pem: expected certificates in PEM"):
        client_for(Access(ca_file=tmp_path / "empty.pem"))
    with pytest.raises(WrongAccess, match=r"absent.pem: expected a file with certificates, found No such file"):
        client_for(Access(ca_file=tmp_path / "absent.pem"))
    with pytest.raises(WrongAccess, match="found both"):
        Access(ca_file=tmp_path / "empty.pem", insecure=True)


def test_a_wrong_proxy_is_refused_without_being_repeated():
    with pytest.raises(WrongAccess, match="the proxy: expected an address") as told:
        client_for(Access(proxy=SecretStr("gopher://hidden-word@x")))

    assert "hidden-word" not in str(told.value)


def test_proxies_of_the_machine_are_not_used(monkeypatch):
    """A token went through whatever proxy a shell had in its environment."""
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://proxy.example:3128")

    with client_for(Access()) as client:
        assert client._mounts == {}
    with client_for(Access(proxy=SecretStr("http://own.example:3128"))) as client:
        assert len(client._mounts) == 1


def test_the_environment_keeps_both_programs_apart(monkeypatch):
    monkeypatch.setenv("PROMETHEUS_TOKEN", "eleven")
    monkeypatch.setenv("PROMETHEUS_HEADERS", "X-Scope-OrgID: shop\n\nX-Other: 13\n")
    monkeypatch.setenv("ALERTMANAGER_USER", "reader")
    monkeypatch.setenv("ALERTMANAGER_PASSWORD", "twelve")
    settings = Settings()

    assert sent(settings.prometheus_access)["Authorization"] == "Bearer eleven"
    assert sent(settings.prometheus_access)["X-Scope-OrgID"] == "shop"
    assert sent(settings.prometheus_access)["X-Other"] == "13"
    assert sent(settings.alertmanager_access)["Authorization"] == "Basic cmVhZGVyOnR3ZWx2ZQ=="
    assert "eleven" not in repr(settings)
    assert "shop" not in repr(settings)


def test_a_wrong_header_of_the_environment_is_told_by_its_line(monkeypatch):
    monkeypatch.setenv("PROMETHEUS_HEADERS", "X-Good: 1\nhidden-word")

    with pytest.raises(WrongAccess, match="PROMETHEUS_HEADERS, line 2: expected") as told:
        _ = Settings().prometheus_access

    assert "hidden-word" not in str(told.value)
