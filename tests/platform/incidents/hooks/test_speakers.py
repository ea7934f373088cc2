"""Who may speak at the hooks: secrets are renewed while the desk runs."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from pydantic import SecretStr

from support.console import open_desk
from vcci_platform.incidents.hooks.speakers import Kept, lines
from vcci_platform.incidents.oncall.secrets_file import SECRETS_FILE, keep


def test_a_renewed_secret_of_pagerduty_holds_at_once_and_the_old_one_until_it_is_taken_out(tmp_path: Path) -> None:
    body = b'{"event": {"id": "01PING"}}'
    secret = "PAGERDUTY_WEBHOOK_SECRETS"

    with open_desk(tmp_path) as desk:

        def answer(secret: str) -> int:
            signed = "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            headers = {"X-PagerDuty-Signature": signed}
            return int(desk.client.post("/v1/hooks/pagerduty", content=body, headers=headers).status_code)

        before = [answer("old"), answer("new")]
        keep(tmp_path / SECRETS_FILE, {secret: SecretStr("old")})
        first = [answer("old"), answer("new")]
        keep(tmp_path / SECRETS_FILE, {secret: SecretStr("new")})
        both = [answer("old"), answer("new")]
        (tmp_path / SECRETS_FILE).write_text(f"{secret}=new\n")
        after = [answer("old"), answer("new")]

    assert (before, first, both, after) == ([403, 403], [202, 403], [202, 202], [403, 202])


def test_a_renewed_token_of_alertmanager_holds_at_once(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("old\n")

    with open_desk(tmp_path, hook_token_file=file) as desk:

        def answer(token: str) -> int:
            headers = {"Authorization": f"Bearer {token}"}
            return int(desk.client.post("/v1/hooks/alertmanager", content=b"{}", headers=headers).status_code)

        before = [answer("old"), answer("new"), answer("")]
        file.write_text("new\nold\n")
        both = [answer("old"), answer("new"), answer("")]
        file.unlink()
        kept = [answer("old"), answer("new"), answer("")]

    assert (before, both, kept) == ([202, 401, 401], [202, 202, 401], [202, 202, 401])


def test_a_file_that_was_never_there_lets_nobody_in(tmp_path: Path) -> None:
    assert Kept(tmp_path / "nothing", lines)() == ()
