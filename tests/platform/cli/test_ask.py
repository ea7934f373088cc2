"""What a command says when a process refuses, and what it ends with then."""

import httpx
import pytest

from vcci_platform.cli.ask import NotRunning, OtherVersion, RefusedQuestion, ask, every, refusal

URL = "http://127.0.0.1:11/v1/slos"


def answer(status, **problem):
    return httpx.Response(status, json=problem)


def test_a_refusal_speaks_in_the_words_of_who_refused():
    """The address of the question said nothing to the person who had mistyped a name."""
    error = refusal(URL, answer(404, detail="There is no promise called 'error'. Did you mean errors?"))

    assert str(error) == "There is no promise called 'error'. Did you mean errors?"


def test_each_mistake_is_named_with_its_field_and_nothing_is_said_twice():
    errors = [{"field": "query.over", "reason": "expected a span"}, {"field": "query.x", "reason": "Wrong."}]

    error = refusal(URL, answer(422, detail="Wrong.", errors=errors))

    assert str(error) == "Wrong.\nquery.over: expected a span"


@pytest.mark.parametrize(("status", "exit_code"), [(404, 2), (422, 2), (503, 2), (409, 1)])
def test_asked_wrongly_and_unanswered_are_two_and_a_no_is_one(status, exit_code):
    assert refusal(URL, answer(status, detail="So it is.")).exit_code == exit_code


def test_what_is_no_problem_document_is_shown_with_where_it_is_from():
    error = refusal(URL, httpx.Response(502, text="<html>a proxy</html>"))

    assert str(error) == f"{URL} answered 502: <html>a proxy</html>"


def test_nobody_who_listens_is_two(tmp_path):
    with pytest.raises(NotRunning) as caught:
        ask("http://127.0.0.1:9", "/v1/slos")

    assert caught.value.exit_code == 2
    assert "`vcci up` or `vcci desk` starts it" in str(caught.value)


def test_a_list_that_comes_in_parts_is_read_to_its_end(monkeypatch):
    """Of a thousand promises, two hundred were shown, and the rest was not spoken of."""
    parts = {None: (["a", "b"], "b"), "b": (["c"], "c"), "c": (["d"], None)}

    def answer(method, url, *, params, headers, timeout):
        assert headers == {"Authorization": "Bearer qLmZ11"}
        items, cursor = parts[params.get("cursor")]
        return httpx.Response(200, json={"items": items, "next_cursor": cursor})

    monkeypatch.setattr(httpx, "request", answer)
    monkeypatch.setenv("VCCI_DESK_TOKEN", "qLmZ11")

    assert every("http://desk.test", "/v1/slos") == ["a", "b", "c", "d"]


def test_what_a_desk_of_another_version_leaves_out_is_named_and_no_traceback(monkeypatch):
    monkeypatch.setattr(httpx, "request", lambda *_, **__: httpx.Response(200, json={"burn": [{"tier": "fast"}]}))

    found = ask("http://desk.test", "/v1/slos/errors")

    with pytest.raises(OtherVersion, match="expected 'long' in the answer of the desk, found tier") as caught:
        found["burn"][0]["long"]
    assert caught.value.exit_code == 2


def test_an_answer_that_is_no_json_is_shown(monkeypatch):
    monkeypatch.setattr(httpx, "request", lambda *_, **__: httpx.Response(200, text="<html>a proxy</html>"))

    with pytest.raises(RefusedQuestion, match=r"expected JSON from http://desk\.test/v1/slos, found '<html>a proxy"):
        ask("http://desk.test", "/v1/slos")
