"""The first line of `vcci why`: it alone must answer."""

from datetime import timedelta

import pytest

from support.witness import NOW, Witness, active
from vcci_platform.cli.why import headline
from vcci_platform.live.alertmanager import Silence, Treated
from vcci_platform.live.drift import wanted_delivery
from vcci_platform.live.reasons import why
from vcci_slo.promql.matchers import Matcher
from vcci_slo.testing import a_plan

PLAN = a_plan()
BURNS = {"ratio_rate1h": 0.05, "ratio_rate5m": 0.2, "errors:increase1h": 500.0, "count_over_time": 12.0}
BURNING = active("ErrorsBudgetBurn", slo="errors", tier="fast", priority="P1")


def first_line(name, witness, **options):
    return headline(why(PLAN, name, witness, wanted_delivery(PLAN), NOW, **options)).plain


def test_what_fires_says_since_when_and_by_how_much():
    said = first_line("ErrorsBudgetBurn/fast", Witness(BURNS, (BURNING,)))

    assert said == (
        "ErrorsBudgetBurn fires since 08:50 UTC (10 minutes): P1 fast; "
        "error ratio in the last 1h (long window): 5%, limit 1.44%"
    )


def test_what_is_quiet_says_which_half_keeps_it_so():
    said = first_line("ErrorsBudgetBurn/fast", Witness(BURNS | {"ratio_rate5m": 0.0002}))

    assert said == "ErrorsBudgetBurn does not fire; error ratio in the last 5m (short window): 0.02%, fires above 1.44%"


def test_what_is_pending_says_when_it_fires():
    said = first_line("ApiProbeDown", Witness({"probe": 0.0}, (active("ApiProbeDown", "pending", priority="P0"),)))

    assert said.startswith("ApiProbeDown is pending since 08:50 UTC (10 minutes): it fires at 08:52:00 UTC, P0")


def test_what_has_no_data_says_of_what():
    said = first_line("ErrorsBudgetBurn/fast", Witness({"errors:": 1.0, "count_over_time": 1.0}))

    assert said.startswith("ErrorsBudgetBurn is not judged: no data for error ratio in the last 1h (long window), ")


@pytest.mark.parametrize(
    ("silenced", "inhibited", "words"),
    [(("11",), (), "a silence hides it"), ((), ("f",), "held back by ErrorsBudgetBurn")],
)
def test_what_nobody_is_told_of_says_so(silenced, inhibited, words):
    labels = {**BURNING.labels, "severity": "warning", "long": "1h", "short": "5m"}
    treated = Treated("f", labels, "suppressed", silenced, inhibited, ("P1",), NOW)
    silence = Silence("11", (Matcher("slo", "=", "errors"),), NOW, NOW + timedelta(hours=1), "ann", "x", "active")

    said = first_line("ErrorsBudgetBurn/fast", Witness(BURNS, (BURNING,)), treated=(treated,), silences=(silence,))

    assert said.endswith(f"; nobody is told: {words}")


def test_a_part_that_it_does_not_have_is_told():
    assert first_line("ErrorsBudgetBurn/never", Witness()) == "ErrorsBudgetBurn has no rule of that tier or severity"
