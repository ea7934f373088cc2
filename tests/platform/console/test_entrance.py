"""The door of the desk: open while nobody was added, then for those alone who show a token or its cookie."""

from __future__ import annotations

import pytest

from vcci_platform.console.session import DESK_COOKIE, LASTS
from vcci_platform.incidents import people
from vcci_platform.incidents.access import digest
from vcci_platform.incidents.testing import alert
from vcci_platform.telemetry.endpoints import endpoints

OURS = {"Sec-Fetch-Site": "same-origin"}
OPEN = "Nobody signs in: whoever reaches this machine may act."
PUBLIC = ("/health/", "/v1/hooks/", "/assets/", "/docs/assets", "/sign-in", "/sign-out")


def added(console, *ranks):
    database = console.office.desk.database
    with database.write() as connection:
        for rank in ranks:
            people.add(connection, rank.title(), rank, "", digest(f"token-{rank}"), console.clock.now())


def signed_in(console, rank, then="/"):
    console.client.cookies.clear()
    form = {"token": f"token-{rank}", "then": then}
    return console.client.post("/sign-in", data=form, headers=OURS, follow_redirects=False)


@pytest.mark.parametrize("path", ["/", "/incidents", "/slos", "/reports", "/desk", "/outbox", "/on-call", "/people"])
def test_while_nobody_was_added_every_page_says_that_nobody_signs_in(console, path):
    assert OPEN in console.get(path).text


def test_from_the_first_person_on_no_route_answers_a_stranger(console):
    added(console, "admin")
    app = console.client.app
    asked = 0

    for endpoint in endpoints(app.routes):
        path = endpoint.template.replace("{", "").replace("}", "")
        if path.startswith(PUBLIC):
            continue
        for method in sorted(endpoint.methods):
            answer = console.client.request(method, path, follow_redirects=False)
            asked += 1
            if path.startswith(("/v1/", "/openapi.json")):
                assert answer.status_code == 401, f"{method} {path} answers {answer.status_code}"
                assert answer.headers["WWW-Authenticate"] == "Bearer"
            else:
                assert answer.status_code == 303, f"{method} {path} answers {answer.status_code}"
                assert answer.headers["location"].startswith("/sign-in?then=/")

    assert asked > 60


@pytest.mark.parametrize("path", ["/health/live", "/health/metrics", "/assets/console.css", "/sign-in"])
def test_probes_files_and_the_entrance_stay_open(console, path):
    added(console, "admin")

    assert console.client.get(path).status_code == 200


def test_hooks_keep_tokens_of_their_own(console):
    added(console, "admin")

    answer = console.client.post("/v1/hooks/alertmanager", json={}, headers={"Authorization": "Bearer token-admin"})

    assert answer.status_code == 401


def test_on_another_address_everybody_signs_in_and_the_entrance_says_how_the_first_token_is_made(
    open_console, tmp_path
):
    with open_console(tmp_path, host="0.0.0.0") as console:
        assert console.client.get("/v1/incidents").status_code == 401
        page = console.get("/sign-in")

        assert OPEN not in page.text
        assert 'vcci desk people add "Your name" --rank admin' in page.text


def test_a_token_gives_a_cookie_and_the_page_that_was_asked_for(console):
    added(console, "responder")
    asked = console.client.get("/incidents?state=open", follow_redirects=False).headers["location"]

    answer = signed_in(console, "responder", then="/incidents?state=open")
    cookie = answer.headers["set-cookie"]

    assert asked == "/sign-in?then=/incidents%3Fstate%3Dopen"
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents?state=open")
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "token-responder" not in cookie
    page = console.get("/incidents")
    assert "Responder responder Sign out" in page.text
    assert OPEN not in page.text


@pytest.mark.parametrize("then", ["//evil.example", "https://evil.example", "/\\evil.example", "/v1/incidents", "x"])
def test_nobody_is_led_elsewhere(console, then):
    added(console, "viewer")

    assert signed_in(console, "viewer", then=then).headers["location"] == "/"


def test_a_wrong_token_is_told_without_saying_it_back(console):
    added(console, "viewer")

    answer = console.client.post("/sign-in", data={"token": "token-secret-11"}, headers=OURS)

    assert answer.status_code == 401
    assert "Nobody has this token, or it was taken away." in answer.text
    assert "token-secret-11" not in answer.text
    assert DESK_COOKIE not in console.client.cookies


def test_a_form_of_another_site_signs_nobody_in(console):
    added(console, "viewer")

    answer = console.client.post("/sign-in", data={"token": "token-viewer"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert DESK_COOKIE not in console.client.cookies


def test_a_session_ends_by_signing_out_by_time_and_when_its_person_is_gone(console):
    added(console, "admin", "viewer")

    signed_in(console, "viewer")
    assert console.client.get("/incidents", follow_redirects=False).status_code == 200
    console.client.post("/sign-out", headers=OURS)
    assert console.client.get("/incidents", follow_redirects=False).status_code == 303

    signed_in(console, "viewer")
    console.clock.advance(minutes=LASTS.total_seconds() / 60 + 1)
    assert console.client.get("/incidents", follow_redirects=False).status_code == 303

    signed_in(console, "viewer")
    with console.office.desk.database.write() as connection:
        people.revoke(connection, "Viewer", console.clock.now())
    assert console.client.get("/incidents", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    ("referer", "then"),
    [("http://127.0.0.1:8010/incidents/inc_1", "/incidents/inc_1"), ("http://[", "/"), ("", "/")],
)
def test_a_form_that_comes_after_the_session_is_not_taken_and_says_so(console, referer, then):
    """It led to the first page, as if it had been taken."""
    added(console, "admin")

    headers = {**OURS, "Referer": referer}
    answer = console.client.post("/incidents/inc_1/notes", headers=headers, follow_redirects=False)
    page = console.get(answer.headers["location"])

    assert answer.headers["location"] == f"/sign-in?then={then}&unsent=yes"
    assert "Your session had ended when you sent a form: nothing of it was taken." in page.text
    assert "nothing of it was taken" not in console.get("/sign-in").text


def test_a_forged_cookie_opens_nothing(console):
    added(console, "admin")
    signed_in(console, "admin")
    real = console.client.cookies[DESK_COOKIE]
    number, until, mark = real.split(".")

    for forged in (f"{number}.{int(until) + 1}.{mark}", f"{number}.{until}.{mark[:-1]}0x", number, "", "a.b.c"):
        console.client.cookies.clear()
        answer = console.client.get("/incidents", headers={"Cookie": f"{DESK_COOKIE}={forged}"}, follow_redirects=False)
        assert answer.status_code == 303, forged


def test_a_session_reads_the_api_but_what_changes_something_there_takes_a_token(console):
    incident = console.hear(alert())
    added(console, "admin")
    signed_in(console, "admin")
    path = f"/v1/incidents/{incident.id}"

    assert console.client.get(path).status_code == 200
    assert console.client.post(f"{path}/notes", json={"text": "forged"}, headers=OURS).status_code == 401
    token = {"Authorization": "Bearer token-admin"}
    assert console.client.post(f"{path}/notes", json={"text": "mine"}, headers=token).status_code == 200


def test_to_take_time_out_of_an_account_takes_a_commander(console):
    added(console, "responder", "commander")

    def withdraw(rank):
        token = {"Authorization": f"Bearer token-{rank}"}
        return console.client.delete("/v1/corrections/nothing?who=a&why=b", headers=token).status_code

    assert (withdraw("responder"), withdraw("commander")) == (403, 404)


def test_security_incidents_stay_out_of_pages_and_reports_of_those_who_may_not_see_them(console):
    incident = console.hear(alert(summary="An intruder reads invoices"))
    console.act(incident, path="security", by="grace", why="a breach")
    console.counted(bad=400, minutes=20)
    added(console, "viewer", "commander")

    signed_in(console, "viewer")
    for path in ("/", "/incidents", "/outbox", f"/incidents/{incident.id}"):
        answer = console.client.get(path)
        assert answer.status_code == (404 if path.endswith(incident.id) else 200)
        assert "intruder" not in answer.text.lower(), path
    account = console.client.get("/v1/slos/api-errors/account").text
    report = console.client.get("/v1/reports/slo?format=json&slo=api-errors").text
    signed_in(console, "commander")

    assert "intruder" not in (account + report).lower()
    assert incident.id not in account + report
    assert "An intruder reads invoices" in console.get(f"/incidents/{incident.id}").text
    assert "security: few see this" in console.get(f"/incidents/{incident.id}").text


@pytest.mark.parametrize(
    "path", ["/incidents/%00", "/v1/incidents/%00", "/incidents?text=%00", "/v1/incidents?text=a%00b"]
)
def test_a_zero_byte_in_an_address_is_refused_with_words(console, path):
    """PostgreSQL keeps none: such an address was an error of ours."""
    answer = console.client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (400, "zero-byte")


def test_who_signed_out_is_out_with_every_copy_of_the_cookie(console):
    """The cookie opened pages and the API for twelve hours more: signing out only asked the browser to forget it."""
    added(console, "admin")
    signed_in(console, "admin")
    copied = console.client.cookies[DESK_COOKIE]
    signed_in(console, "admin")
    other = console.client.cookies[DESK_COOKIE]

    console.client.cookies.clear()
    console.client.cookies.set(DESK_COOKIE, copied)
    assert console.client.get("/v1/incidents").status_code == 200
    console.client.post("/sign-out", headers=OURS, follow_redirects=False)

    console.client.cookies.clear()
    console.client.cookies.set(DESK_COOKIE, copied)
    assert console.client.get("/v1/incidents").status_code == 401
    assert console.client.get("/incidents", follow_redirects=False).status_code == 303
    console.client.cookies.clear()
    console.client.cookies.set(DESK_COOKIE, other)
    assert console.client.get("/v1/incidents").status_code == 200, "the other browser stays"


def test_an_open_desk_answers_no_name_that_was_made_to_point_at_it(console):
    """Any page could read and act through the browser of somebody who runs a desk on their machine."""
    pages = [console.client.get(path, headers={"Host": "evil.example"}) for path in ("/", "/v1/incidents")]

    assert [page.status_code for page in pages] == [403, 403]
    assert console.client.get("/health/live", headers={"Host": "evil.example"}).status_code == 200


@pytest.mark.parametrize("sent", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_an_open_desk_does_nothing_for_the_page_of_another_site(console, sent):
    refused = console.client.post("/v1/desk/outbox/1/retry", headers=sent)

    assert (refused.status_code, refused.json()["code"]) == (403, "another-site")
    assert console.client.post("/v1/desk/outbox/1/retry").status_code == 404, "a program says nothing, and is heard"


@pytest.mark.parametrize("name", ["desk", "Desk", "PagerDuty", "a/b", "..", "."])
def test_nobody_is_called_what_a_program_is_or_what_no_address_can_hold(console, name):
    """What a person named desk did was no sign of anybody at work; a/b could not be revoked over HTTP."""
    refused = console.client.post("/v1/desk/people", json={"name": name, "rank": "admin"})
    report = {"title": "x", "priority": "P3", "system": "vcci", "by": name}

    assert refused.status_code == 422
    assert console.client.post("/v1/incidents", json=report).status_code == 422


def test_what_each_rank_may_change_over_the_api_stands_in_one_table(console):
    """Every route that changes something is asked by each rank; one that is new joins the table, with its rank."""
    ranks = ("admin", "commander", "responder", "viewer")
    added(console, *ranks)
    least = {}

    for endpoint in endpoints(console.client.app.routes):
        if not endpoint.template.startswith("/v1/") or endpoint.template.startswith(PUBLIC):
            continue
        path = endpoint.template.replace("{number}", "4711").replace("{", "").replace("}", "")
        for method in sorted({*endpoint.methods} - {"GET", "HEAD"}):
            may = [
                rank
                for rank in ranks
                if console.client.request(method, path, headers={"Authorization": f"Bearer token-{rank}"}).status_code
                != 403
            ]
            assert may == list(ranks[: len(may)]), f"{method} {path} is for {may}"
            least[f"{method} {endpoint.template}"] = may[-1]

    higher = {name: rank for name, rank in least.items() if rank != "responder"}
    assert higher == {
        "POST /v1/incidents/{incident_id}/hold": "commander",
        "POST /v1/incidents/{incident_id}/status-page": "commander",
        "POST /v1/incidents/{incident_id}/review/status-page": "commander",
        "POST /v1/corrections": "commander",
        "DELETE /v1/corrections/{name}": "commander",
        "POST /v1/desk/outbox/{number}/retry": "admin",
        "POST /v1/desk/inbox/{number}/retry": "admin",
        "POST /v1/desk/people": "admin",
        "DELETE /v1/desk/people/{name}": "admin",
    }
    assert len(least) > 20
