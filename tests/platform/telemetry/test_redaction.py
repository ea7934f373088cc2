"""Secrets never leave: not in log lines, not in spans, not in answers, not in figures."""

import logging

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from vcci_platform.problems import install as install_problems
from vcci_platform.settings import Settings
from vcci_platform.telemetry import install, logs
from vcci_platform.telemetry.health import Check, Role
from vcci_platform.telemetry.metrics import Metrics
from vcci_platform.telemetry.redaction import REDACTED, Redactor, is_sensitive, secrets_of

API_KEY = "vcci_0a1b2c3d4e5f_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6"
ROUTING_KEY = "e93facc04764012d7bfb002500d5d1a6"

SHAPES = [
    (f"key {API_KEY} refused", f"key {REDACTED} refused"),
    ("Authorization: Bearer abc.DEF-123_xyz", f"Authorization: Bearer {REDACTED}"),
    ("authorization: basic dXNlcjpwYXNz", f"authorization: basic {REDACTED}"),
    ("sent OAuth 89a2-b3c4-d5e6", f"sent OAuth {REDACTED}"),
    ("postgresql+psycopg://vcci:p@ss:w0rd@db:5432/vcci", f"postgresql+psycopg://vcci:{REDACTED}@db:5432/vcci"),
    ("redis://:onlypass@cache/0", f"redis://:{REDACTED}@cache/0"),
    ("POST https://hooks.slack.com/services/T01/B02/abcDEF123", f"POST https://hooks.slack.com/services/{REDACTED}"),
    ("routing_key='e93facc04764' sent", f"routing_key='{REDACTED}' sent"),
    ("GET /x?api_key=s3cr3tvalue&page=2", f"GET /x?api_key={REDACTED}&page=2"),
    ('{"client_secret": "abcdefgh"}', f'{{"client_secret": "{REDACTED}"}}'),
]


@pytest.mark.parametrize(("text", "expected"), SHAPES)
def test_what_looks_like_a_secret_is_taken_out(text, expected):
    assert Redactor().text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "vcci_oldest_waiting_job_age_seconds is 311",
        "vcci_platform.telemetry.requests",
        "basic information about bearer bonds",
        "https://runbooks.vcci-platform.com/alerts/high-error-rate",
        "http://127.0.0.1:8000/v1/slos/api-errors@2026",
        "trace 0af7651916cd43dd8448eb211c80319c",
        "12 tokens used, password required",
    ],
)
def test_what_is_no_secret_stays(text):
    assert Redactor().text(text) == text


def test_a_secret_without_a_shape_is_taken_out_once_it_is_known():
    redactor = Redactor([ROUTING_KEY, 'quo"ted\\secret'])

    assert (
        redactor.text(f'{{"r":"{ROUTING_KEY}","q":"quo\\"ted\\\\secret"}}') == f'{{"r":"{REDACTED}","q":"{REDACTED}"}}'
    )


def test_a_word_too_short_to_be_told_from_language_is_left():
    assert Redactor(["guest"]).text("a guest arrived") == "a guest arrived"


@pytest.mark.parametrize(
    "key",
    ["password", "api_key", "X-Api-Key", "Authorization", "cookie", "routing_key", "hook_token", "token", "pepper",
     "client_secret", "webhook_url", "DATABASE_PASSWORD"],
)  # fmt: skip
def test_keys_of_secrets_are_known(key):
    assert is_sensitive(key)


@pytest.mark.parametrize("key", ["queue", "tokens_used", "incident_id", "dedup_key", "key", "path", "author"])
def test_keys_of_other_things_are_not_taken_for_those_of_secrets(key):
    assert not is_sensitive(key)


def hostile_settings():
    return Settings(
        DATABASE_URL=f"postgresql://vcci:{SECRETS['database']}@db.internal/vcci",
        BROKER_URL=f"amqp://vcci:{SECRETS['broker']}@mq.internal//",
        REDIS_URL=f"redis://:{SECRETS['redis']}@cache.internal/0",
        API_KEY_PEPPER=SECRETS["pepper"],
        DESK_HOOK_TOKEN=SECRETS["hook"],
        PAGERDUTY_ROUTING_KEY=ROUTING_KEY,
        STATUSPAGE_API_KEY=SECRETS["statuspage"],
        SLACK_WEBHOOK_URL=f"https://hooks.slack.example/services/T01/B02/{SECRETS['slack']}",
        HEARTBEAT_URL=f"https://beat.example/ping/{SECRETS['heartbeat']}",
        PROMETHEUS_URL=f"http://reader:{SECRETS['prometheus']}@prometheus.internal",
    )


NAMES = ("database", "broker", "redis", "pepper", "hook", "statuspage", "slack", "heartbeat", "prometheus", "header")
SECRETS = {name: f"{name}qLmZ{number}secretvalue" for number, name in enumerate(NAMES, start=11)}
EVERY_SECRET = (*SECRETS.values(), ROUTING_KEY, API_KEY)


def test_every_secret_of_the_settings_is_known():
    redactor = Redactor(secrets_of(hostile_settings()))

    for name, secret in SECRETS.items():
        if name not in {"header", "slack", "heartbeat"}:
            assert redactor.text(f"x {secret} y") == f"x {REDACTED} y"
    assert redactor.text(f"https://beat.example/ping/{SECRETS['heartbeat']}") == REDACTED


@pytest.mark.parametrize("variable", ["PROMETHEUS_HEADERS", "ALERTMANAGER_HEADERS"])
def test_the_value_of_each_header_is_a_secret_by_itself(variable):
    """Only all of them as one text were once known, which no log line ever holds."""
    values = ["Basic dmNjaTpxTG1aMjE=", "qLmZ22secretvalue", "https://who:qLmZ23@shop.example/a secret"]
    text = "\n".join(f"X-Own-{number}: {value}" for number, value in enumerate(values)) + "\nX-Scope-OrgID: shop\n"

    redactor = Redactor(secrets_of(Settings(**{variable: text})))

    for value in (*values, "dmNjaTpxTG1aMjE="):
        assert redactor.text(f"sent {value!r} there") == f"sent '{REDACTED}' there"
    assert redactor.text("the shop is open") == "the shop is open"


def test_each_of_several_secrets_is_one():
    redactor = Redactor(secrets_of(Settings(PAGERDUTY_WEBHOOK_SECRETS="qLmZ31secretvalue, qLmZ32secretvalue")))

    assert redactor.text("qLmZ32secretvalue or qLmZ31secretvalue") == f"{REDACTED} or {REDACTED}"


def test_settings_that_hide_nothing_teach_nothing():
    assert secrets_of(Settings()) == []


def leaky_application(settings):
    """An application whose every mistake has a secret in it."""
    app, metrics = FastAPI(telemetry={"tracing": False}), Metrics()
    install_problems(app)
    log = logs.get("leaky")

    @app.get("/leak/{what}")
    def leak(what: str) -> None:
        assert what
        headers = {"Authorization": f"Bearer {SECRETS['header']}", "x": [{"api_key": SECRETS["header"]}]}
        log.info("things_were_said", settings=settings.model_dump(), url=settings.service_database, headers=headers)
        logging.getLogger("httpx").warning("POST %s", settings.slack_webhook_url.get_secret_value())
        logging.getLogger("pagerduty").error("failed with %r", {"routing_key": ROUTING_KEY})
        raise ConnectionError(f"{settings.service_database} {settings.broker_url.get_secret_value()} {API_KEY}")

    def broken():
        raise ConnectionError(settings.redis_url.get_secret_value())

    install(app, settings, metrics, [Check("redis", Role.SHARED, broken)])
    return app


def test_no_secret_of_settings_addresses_or_headers_is_ever_in_a_log_an_answer_or_a_figure(log_lines, capfd):
    settings = hostile_settings()
    logs.configure("DEBUG", secrets=secrets_of(settings))
    client = TestClient(leaky_application(settings), raise_server_exceptions=False)

    answers = "".join(
        client.get(path, headers={"authorization": f"Bearer {API_KEY}", "cookie": SECRETS["header"]}).text
        for path in (f"/leak/{API_KEY}", f"/nowhere/{API_KEY}", "/health/ready", "/health/metrics")
    )
    written = capfd.readouterr().err

    assert written.count("\n") >= 6
    assert "things_were_said" in written
    assert "ConnectionError" in written
    for secret in EVERY_SECRET:
        assert secret not in written
        assert secret not in answers
