"""The engine over HTTP, in the real service: right answers, problems at their places, hostile specs that harm none."""

from __future__ import annotations

import io
import json
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from support.engine import post
from support.service import Customer, Service, running_service
from vcci_alerts import RENDERERS
from vcci_platform.engine.model import TASKS
from vcci_platform.telemetry.metrics import ENGINE_TASKS
from vcci_slo.explanation import explain
from vcci_slo.load import load_plan
from vcci_slo.testing import a_spec

YAML = {"Content-Type": "application/yaml"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that gives a spec four seconds and 400 MiB, with one worker and room for one more spec to wait."""
    home = tmp_path_factory.mktemp("small")
    with running_service(home, engine_seconds=4, engine_memory_mib=400, engine_workers=1, engine_waiting=1) as running:
        yield running


def test_a_spec_without_mistakes_is_valid(customer: Customer) -> None:
    answer = post(customer, "validate", a_spec())

    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "valid": True,
        "name": "shop",
        "counts": {"components": 1, "promises": 1, "alerts": 1, "dashboards": 1},
        "promises": ["errors"],
    }


def test_json_is_a_spec_too(customer: Customer) -> None:
    data = yaml.safe_load(a_spec(slos__errors__about='Zwölf "Dinge" \N{PILE OF POO}'))

    answers = [
        post(customer, "validate", json.dumps(data, indent="\t", ensure_ascii=ascii_), kind="application/json")
        for ascii_ in (True, False)
    ]

    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text


def test_every_problem_is_told_with_its_place(customer: Customer) -> None:
    text = a_spec(slos__errors__objective=0.999, slos__other={"good": "api.missing", "objective": "99%"})

    answer = post(customer, "validate", text)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "invalid-spec"
    assert [error["path"] for error in problem["errors"]] == ["slos.errors.objective", "slos.other.good"]
    first = problem["errors"][0]
    assert text.splitlines()[first["line"] - 1].strip() == "objective: 0.999"
    assert (first["suggestion"], first["reason"]) == (
        "99.9%",
        "expected a percentage with its unit such as 99.9%, found 0.999",
    )


def test_a_query_that_is_no_promql_is_told(customer: Customer) -> None:
    unclosed = {"errors": "sum(rate(a[WINDOW])", "total": "sum(rate(b[WINDOW]))"}
    promise = {"good": "api.free", "objective": "99%"}

    answer = post(customer, "validate", a_spec(components__api__signals__free=unclosed, slos__calm=promise))

    assert answer.status_code == 422
    assert "PromQL" in answer.text


def test_a_plan_says_everything_that_is_decided(customer: Customer) -> None:
    answer = post(customer, "plan", a_spec())

    (slo,) = answer.json()["slos"]
    assert (slo["name"], slo["percent"], slo["window"]) == ("errors", "99.9%", "30d")
    assert [tier["name"] for tier in slo["tiers"]] == ["fast", "slow", "steady", "creep"]


def test_a_promise_is_explained_as_on_the_command_line(customer: Customer) -> None:
    answer = post(customer, "explain", a_spec(), params={"slo": "errors"})

    (promise,) = answer.json()["promises"]
    assert (promise["slo"]["name"], promise["slo"]["percent"]) == ("errors", "99.9%")
    assert [told["tier"]["name"] for told in promise["tiers"]] == ["fast", "slow", "steady", "creep"]
    plan = load_plan(a_spec())
    assert promise["bad"] == explain(plan, plan.slo("errors")).bad


def test_a_promise_that_is_not_there_is_told_with_the_nearest(customer: Customer) -> None:
    answer = post(customer, "explain", a_spec(), params={"slo": "eror"})

    assert answer.status_code == 422
    assert "did you mean errors?" in answer.json()["detail"]


def test_what_is_generated_is_what_the_command_writes(customer: Customer) -> None:
    answer = post(customer, "generate", a_spec(), params={"only": "rules"})

    plan = load_plan(a_spec())
    expected = {f"alerts/{path}": text for path, text in RENDERERS["rules"](plan).items()}
    assert answer.json()["files"] == expected or {path.partition("rules/")[2] for path in answer.json()["files"]} == {
        path.partition("rules/")[2] for path in expected
    }
    assert len(expected) > 2


def test_everything_can_be_had_packed_and_is_the_same_each_time(customer: Customer) -> None:
    answers = [post(customer, "generate", a_spec(), headers={"Accept": "application/zip"}) for _ in range(2)]

    assert answers[0].headers["content-type"] == "application/zip"
    assert answers[0].content == answers[1].content
    with zipfile.ZipFile(io.BytesIO(answers[0].content)) as archive:
        names = archive.namelist()
    assert any(name.endswith("rules/slo-errors.yml") for name in names)
    assert len(names) > 20


def test_an_output_that_nobody_knows_is_refused(customer: Customer) -> None:
    answer = post(customer, "generate", a_spec(), params={"only": "poems"})

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-output")


@pytest.mark.parametrize(
    ("task", "body"), [("explain?slo=erors", a_spec()), ("validate", '{"spec": "vcci/v1"'), ("validate", "x: 1")]
)
def test_every_refusal_is_one_whole_sentence(task: str, body: str, customer: Customer) -> None:
    """One began small and ended with a question mark and a full stop."""
    kind = "application/json" if body.startswith("{") else "application/yaml"

    detail = post(customer, task, body, kind=kind).json()["detail"]

    assert detail[0].isupper()
    assert detail[-1] in ".?"
    assert detail[-2] not in ".?"


def test_without_a_key_nothing_is_worked_on(service: Service) -> None:
    answer = service.client.post("/v1/engine/validate", content=a_spec(), headers=YAML)

    assert answer.status_code == 401


def test_keys_are_held_to_their_rate(tmp_path: Path) -> None:
    with running_service(tmp_path, requests_per_minute=1) as service:
        customer = service.customer("eager")

        answers = [post(customer, "validate", "x: 1") for _ in range(4)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)


def test_another_kind_of_body_is_refused(customer: Customer) -> None:
    assert post(customer, "validate", b"<spec/>", kind="application/xml").status_code == 415
    assert post(customer, "backtest", b"x", kind="text/csv").status_code == 415


def test_a_spec_names_no_files(customer: Customer, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("teams: {}")

    answers = [
        post(customer, "validate", a_spec(slos=None) + f"include: {{slos: {name}}}\n")
        for name in (str(secret), "/etc/passwd")
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert "root:" not in answers[1].text
    assert answers[0].json()["errors"][0]["path"] == "include.slos"


def _bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 10)]
    return "\n".join(lines)


def _many(count: int) -> str:
    return (
        a_spec(slos=None)
        + "slos:\n"
        + "".join(f"  s{n}: {{good: api.requests, objective: 99%}}\n" for n in range(count))
    )


HOSTILE = {
    "a body over the limit": ("x" * (1024 * 1024 + 1), 413),
    "anchors that multiply": (_bomb(), 422),
    "a deep list": ("[" * 100_000, 422),
    "a deep map": ("".join(f"{' ' * depth}a:\n" for depth in range(1200)), 422),
    "a hundred thousand promises": (_many(100_000)[: 1024 * 1024 - 40].rpartition("\n")[0] + "\n", 422),
    "no text": (b"\xff\xfe\x00", 422),
    "control characters": ("spec: \x00", 422),
    "a Python object": ("!!python/object/apply:os.system ['true']", 422),
    "a huge number": ("spec: " + "9" * 100_000, 422),
    "a name without an end": ("metadata: {name: " + "a" * 500_000 + "}", 422),
    "nothing": ("", 422),
    "two documents": ("spec: vcci/v1\n---\nspec: vcci/v1\n", 422),
    "half a character": (
        'spec: vcci/v1\nmetadata: {name: x, owner: y, title: "\\ud800"}\ncomponents: {a: {kind: http}}\n',
        422,
    ),
    "a pattern that never ends": (
        a_spec(components__api__signals__requests__bad='status=~"(((((a+)+)+)+)+)+$"'),
        200,
    ),
}


@pytest.mark.parametrize(("body", "status"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_spec_gets_a_clear_answer_and_the_service_lives(
    body: str | bytes, status: int, customer: Customer
) -> None:
    answer = post(customer, "validate", body)

    assert answer.status_code == status, answer.text[:500]
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]
    assert customer.client.get("/health/live").status_code == 200


def test_a_deep_json_is_refused(customer: Customer) -> None:
    answer = post(customer, "validate", "[" * 50_000 + "]" * 50_000, kind="application/json")

    assert answer.status_code == 422


def test_a_spec_that_takes_too_long_is_given_up_while_the_service_answers(small: Service) -> None:
    customer = small.customer("slow")
    slow = _many(4000)
    seen: list[int] = []
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            status = small.client.get("/health/live").status_code
            if not done.is_set():
                seen.append(status)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        answer = post(customer, "generate", slow)
    finally:
        done.set()
        watcher.join()

    assert (answer.status_code, answer.json()["code"]) == (422, "too-expensive"), answer.text[:300]
    assert set(seen) == {200}, "it answered before the work was given up"


def test_memory_ends_before_the_machine_does(tmp_path: Path) -> None:
    rows = "".join(f"{second},9,1\n" for second in range(1_700_000_000, 1_701_000_000))

    with running_service(tmp_path, engine_memory_mib=256, engine_seconds=60) as service:
        customer = service.customer("greedy")
        body = json.dumps({"spec": a_spec(), "history": f"time,total,bad\n{rows}"})
        answer = post(customer, "backtest", body, kind="application/json")
        after = post(customer, "validate", "x: 1")

    assert (answer.status_code, answer.json()["code"]) == (422, "too-expensive"), answer.text[:300]
    assert "MiB of memory" in answer.json()["detail"]
    assert after.json()["code"] == "invalid-spec"


def test_more_than_there_is_room_for_is_told_to_come_again(tmp_path: Path) -> None:
    with running_service(tmp_path, engine_workers=1, engine_waiting=1) as narrow, ThreadPoolExecutor(6) as crowd:
        customer = narrow.customer("crowd")
        answers = list(crowd.map(lambda _: post(customer, "validate", a_spec()), range(6)))

    codes = [answer.status_code for answer in answers]
    busy = [answer for answer in answers if answer.status_code == 503]
    assert set(codes) == {200, 503}
    assert codes.count(200) >= 2
    assert all(answer.headers["retry-after"] == "5" and answer.json()["code"] == "engine-busy" for answer in busy)


def test_each_task_has_its_counter_from_the_start(service: Service) -> None:
    assert set(TASKS) == set(ENGINE_TASKS)
    assert all(service.metric("vcci_engine_specs_total", task=task, outcome="busy") == 0 for task in TASKS)


def test_every_posted_spec_is_counted_by_what_came_of_it(service: Service, customer: Customer) -> None:
    name = "vcci_engine_specs_total"
    before = {outcome: service.metric(name, task="plan", outcome=outcome) for outcome in ("answered", "refused")}

    post(customer, "plan", a_spec())
    post(customer, "plan", "x: 1")

    for outcome, count in before.items():
        assert service.metric(name, task="plan", outcome=outcome) == count + 1


def test_the_reference_of_the_api_describes_the_engine(service: Service) -> None:
    paths = service.client.get("/openapi.json").json()["paths"]

    for task in ("validate", "plan", "generate", "explain", "backtest"):
        operation = paths[f"/v1/engine/{task}"]["post"]
        assert operation["summary"]
        assert operation["requestBody"]["content"]
        assert {"401", "413", "422", "429", "503"} <= operation["responses"].keys()
        assert "1,048,576 bytes" in operation["requestBody"]["description"]
        assert "20 seconds of work and 1024 MiB" in operation["requestBody"]["description"]
    assert "application/zip" in paths["/v1/engine/generate"]["post"]["responses"]["200"]["content"]


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with running_service(tmp_path / "home") as service:
        post(service.customer("tidy"), "validate", a_spec())

    assert [path.name for path in tmp_path.iterdir()] == ["home"]
