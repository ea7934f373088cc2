"""Plans that are not the platform's: a dozen lines, another team, strange words, clocks that run fast."""

from __future__ import annotations

import re

import pytest

from vcci_platform.cli.init import STARTER
from vcci_runbooks_site import ContentError, PageNameError, render
from vcci_runbooks_site.names import names_of
from vcci_runbooks_site.website import build
from vcci_slo import load_plan
from vcci_slo.testing import a_plan

ALERT = {"measure": "api.oldest", "above": {"P2": "5m"}, "summary": "{value} old"}


def test_a_spec_of_a_dozen_lines_gets_a_site_with_first_steps(tmp_path):
    files = render(load_plan(STARTER), {})

    page = files["docs/api-errors.md"]
    assert "vcci now" in page
    assert (
        "curl -sS -o /dev/null -m 10 -w '%{http_code} in %{time_total} s\\n' http://127.0.0.1:8000/health/ready" in page
    )
    assert "### 1. A change" in page
    assert "nobody has written steps for it yet" in page
    for path, text in files.items():
        (tmp_path / "generated" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "generated" / path).write_text(text)

    build(tmp_path / "generated", tmp_path / "site")

    assert (tmp_path / "site" / "api-errors" / "index.html").is_file()
    assert (tmp_path / "site" / "api-probe-down" / "index.html").is_file()


def test_pages_about_another_platform_are_left_out(content):
    files = render(a_plan(), content)

    assert not [path for path in files if "procedures" in path or "decisions" in path]
    assert "vcci-production" not in "".join(files.values())


def test_hand_written_pages_must_say_what_they_are_about():
    with pytest.raises(ContentError, match=r"about\.md:1: expected a head that names the platform"):
        render(a_plan(), {"procedures/x.md": "# X"})


def test_a_link_to_what_this_plan_does_not_have_becomes_plain_words(content):
    spec = a_plan(metadata__name="vcci", alerts={"High": {**ALERT, "runbook": "high-error-rate"}})

    page = render(spec, content)["docs/high-error-rate.md"]

    assert "[Roll back](procedures/rollback.md)" in page
    assert "(database-down.md)" not in page
    assert "DatabaseDown fires" in page


def test_words_of_a_spec_are_shown_as_they_are():
    plan = a_plan(
        metadata__title="<b>Shop</b> | a_b*c",
        alerts={"High": {**ALERT, "summary": "A|b <script>alert(1)</script> {value} `x` [y](z)", "because": "1 | 2"}},
    )

    files = render(plan, {})

    page = files["docs/high.md"]
    assert "<script>" not in "".join(files.values())
    assert r"A\|b &lt;script&gt;alert(1)&lt;/script&gt; *value* \`x\` \[y\](z)" in page


def test_fast_clocks_are_said_on_every_page_and_windows_shrink():
    files = render(a_plan(time_scale=60), {})

    for path, text in files.items():
        if path.endswith(".md"):
            assert "Demonstration: clocks run 60 times faster" in text, path
    page = files["docs/errors.md"]
    assert "in the last 1 minute, and still in the last 5 seconds" in page
    assert "average month" not in page


def test_two_things_never_share_an_address():
    with pytest.raises(PageNameError, match=r"alerts\.High: .* found 'escalation', which is the page of escalation"):
        render(a_plan(alerts={"High": {**ALERT, "runbook": "escalation"}}), {})


def test_without_links_there_are_no_buttons_that_lead_nowhere():
    files = render(a_plan(), {})

    assert not re.findall(r"\]\(/?\)|\]\(/(?:graph|#)", "".join(files.values()))
    assert "md-button" not in files["docs/errors.md"]


def test_every_name_of_an_alert_leads_to_its_page(plan):
    names = names_of(plan)

    assert names["APIHighErrorRate"] == "high-error-rate"
    assert names["DatabaseDownNoData"] == "database-down"
    assert names["ApiLatencyP99BudgetBurn"] == "api-latency"
    assert names["JobSuccessReportsNoData"] == "job-success"
    assert names["Watchdog"] == "watchdog"
