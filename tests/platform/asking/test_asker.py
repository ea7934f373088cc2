"""Questions to programs that are ill, hidden behind something, or something else; nothing costs more than allowed."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator

import httpx
import pytest

from vcci_platform.asking import (
    Asker,
    AskingError,
    Bounds,
    NotAllowed,
    OddAnswer,
    Refused,
    TooMuch,
    Unreachable,
    WrongAddress,
    address_of,
    data_of,
    shown,
)

URL = "http://someone:hidden-word@prometheus.example:9090/prefix"
PLACE = "http://prometheus.example:9090/prefix"


def asker(
    answer: Callable[[httpx.Request], httpx.Response], bounds: Bounds | None = None, url: str = URL, **options
) -> Asker:
    return Asker(httpx.Client(transport=httpx.MockTransport(answer)), "Prometheus", url, bounds, **options)


def failing(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    return answer


def test_an_answer_is_its_json():
    assert asker(lambda _: httpx.Response(200, json={"data": [11]})).get("/api/v1/x") == {"data": [11]}


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (failing(httpx.ConnectError("Connection refused")), Unreachable, f"at {PLACE} does not answer: Connection"),
        (
            failing(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")),
            Unreachable,
            "self-signed certificate; --ca-file names",
        ),
        (failing(httpx.ReadTimeout("slow")), TooMuch, "takes more than 20 s for query"),
        (lambda _: httpx.Response(401), NotAllowed, "did not accept how we introduce ourselves (401)"),
        (
            lambda _: httpx.Response(302, headers={"location": "https://me:hidden-word@sso/start?token=hidden-word"}),
            OddAnswer,
            "sends us on to https://sso/start (302), as login pages do",
        ),
        (
            lambda _: httpx.Response(200, html="<!doctype html><html><title>Sign\n in</title>"),
            OddAnswer,
            "a web page titled 'Sign? in'; is a proxy or a login in between?",
        ),
        (lambda _: httpx.Response(502, text="Bad gateway"), OddAnswer, "it answers 502 with 'Bad gateway'"),
        (lambda _: httpx.Response(200, content=b""), OddAnswer, "it answers 200 with nothing"),
        (lambda _: httpx.Response(200, content=b'{"data": ["\\ud800"]}'), OddAnswer, "does not answer as Prometheus"),
        (lambda _: httpx.Response(200, json=[1]), OddAnswer, "JSON of another form"),
        (lambda _: httpx.Response(200, json={"status": "success"}), OddAnswer, "JSON without `data`"),
        (lambda _: httpx.Response(200, content=b"[" * 100_000), OddAnswer, "it answers 200 with '[[["),
        (
            lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, content=b"not compressed"),
            OddAnswer,
            "its answer is compressed, and it is not",
        ),
        (
            lambda _: httpx.Response(400, json={"status": "error", "error": "parse error: unclosed\nparenthesis"}),
            Refused,
            "refused: 400 parse error: unclosed?parenthesis",
        ),
        (lambda _: httpx.Response(404, json={"detail": "no promise 'x'"}), Refused, "refused: 404 no promise 'x'"),
        (lambda _: httpx.Response(400, json="bad matcher"), Refused, "refused: 400 bad matcher"),
    ],
)
def test_what_is_no_answer_is_told_in_one_line_without_secrets(answer, error, says):
    with pytest.raises(error) as told:
        data_of(asker(answer), "query", {"query": "up"})

    assert isinstance(told.value, AskingError)
    assert told.value.exit_code == 2
    assert says in str(told.value)
    assert PLACE in str(told.value)
    assert "hidden-word" not in str(told.value)
    assert len(str(told.value).splitlines()) == 1
    assert len(str(told.value)) < 400


def test_who_does_not_say_who_he_is_is_told_how():
    with pytest.raises(
        NotAllowed, match=r"wants to know who asks \(401\): give --token, --user or --header, or set PRO"
    ):
        asker(lambda _: httpx.Response(401), url="http://prometheus:9090").get("/api/v1/query")


def test_an_answer_that_grows_without_end_is_cut_off():
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 1024
            yield b" " * 1024

    with pytest.raises(TooMuch, match="answers metadata with more than 1 MiB"):
        asker(lambda _: httpx.Response(200, content=endless()), Bounds(answer_bytes=1024 * 1024)).get(
            "/api/v1/metadata"
        )

    assert sent < 2 * 1024 * 1024


def test_a_small_answer_that_unfolds_into_a_large_one_is_cut_off():
    bomb = gzip.compress(b" " * 64 * 1024 * 1024)

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-encoding": "gzip"}, content=iter([bomb]))

    with pytest.raises(TooMuch, match="more than 1 MiB"):
        asker(answer, Bounds(answer_bytes=1024 * 1024)).get("/api/v1/metadata")


def test_an_answer_that_drips_is_cut_off_by_the_clock():
    now = [0.0]

    def drops() -> Iterator[bytes]:
        while True:
            now[0] += 1.0
            yield b" "

    one = asker(lambda _: httpx.Response(200, content=drops()), Bounds(answer_seconds=5), monotonic=lambda: now[0])

    with pytest.raises(TooMuch, match="takes more than 5 s for targets"):
        one.get("/api/v1/targets")

    assert now[0] < 10


def test_no_more_is_asked_when_time_or_questions_are_used_up():
    now = [0.0]
    bounds = Bounds(all_seconds=10, questions=2)
    one = asker(lambda _: httpx.Response(200, json=11), bounds, monotonic=lambda: now[0])
    one.get("/a")
    now[0] = 9.0
    one.get("/b")

    with pytest.raises(TooMuch, match="was asked 2 questions in 9 s, and no more"):
        one.get("/c")

    late = asker(lambda _: httpx.Response(200, json=11), Bounds(all_seconds=10), monotonic=lambda: now[0])
    now[0] = 20.0
    with pytest.raises(TooMuch, match="was asked 0 questions in 11 s"):
        late.get("/a")


def test_user_and_password_of_the_address_are_sent_there_and_nowhere_else():
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(307, headers={"location": "https://elsewhere.example/"})

    with pytest.raises(OddAnswer):
        asker(answer).get("/api/v1/query")

    assert [str(one.url) for one in seen] == [f"{PLACE}/api/v1/query"]
    assert httpx.BasicAuth("someone", "hidden-word")._auth_header == seen[0].headers["Authorization"]


def test_a_client_that_introduces_itself_does_so_whatever_the_address_says():
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(200, json={})

    client = httpx.Client(transport=httpx.MockTransport(answer), headers={"Authorization": "Bearer eleven"})
    Asker(client, "Prometheus", URL).get("/")

    assert seen == ["Bearer eleven"]


def test_a_question_too_long_for_an_address_goes_in_a_form():
    seen: list[tuple[str, int]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, len(request.content)))
        return httpx.Response(200, json={"data": 11})

    one = asker(answer)
    data_of(one, "query", {"query": "x" * 1_999})
    data_of(one, "query", {"query": "x" * 2_001})

    assert seen == [("GET", 0), ("POST", 2_007)]


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("http://prometheus:9090/", "http://prometheus:9090"),
        (" https://host/prefix/graph?g0.expr=up ", "https://host/prefix"),
        ("http://host/prefix/api/v1", "http://host/prefix"),
        ("http://[::1]:9090/query", "http://[::1]:9090"),
        ("http://me:word@host:9090/", "http://me:word@host:9090"),
    ],
)
def test_an_address_is_what_a_person_copied(typed, address):
    assert address_of(typed) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost:9090",
        "ftp://x",
        "http://",
        "http://x:99999",
        "http://x:eleven",
        "file:///etc/passwd",
        "http://[x",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(WrongAddress, match="expected the address of Prometheus"):
        address_of(text)


def test_a_password_in_a_wrong_address_is_not_repeated():
    with pytest.raises(WrongAddress) as caught:
        address_of("ftp://someone:hidden-word@x")

    assert "hidden-word" not in str(caught.value)
    assert shown("http://me:secret@x:port") == "http://x:port"
