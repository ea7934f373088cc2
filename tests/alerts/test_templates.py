"""What Prometheus prints for a value; expected texts are those of Prometheus' own tests and of a running one."""

from __future__ import annotations

import pytest

from vcci_alerts.templates import VALUES, fill, printed
from vcci_slo.plan import Unit


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("ratio", 0.0525, "5.25%"),
        ("ratio", 0.123456, "12.35%"),
        ("ratio", 1.0, "100%"),
        ("seconds", 0.0, "0s"),
        ("seconds", 0.1234567, "123.5ms"),
        ("seconds", 1.05, "1.05s"),
        ("seconds", 60.0, "1m 0s"),
        ("seconds", 3600.0, "1h 0m 0s"),
        ("seconds", 86400.0, "1d 0h 0m 0s"),
        ("seconds", -86400.0, "-1d 0h 0m 0s"),
        ("bytes", 1024.0, "1kiB"),
        ("bytes", 1048576.0, "1MiB"),
        ("messages", 1050.4, "1050"),
        ("per-second", 2000000.0, "2M/s"),
        ("per-second", 0.02, "20m/s"),
        ("kilograms", 0.0, "0 kg"),
    ],
)
def test_values_are_told_in_their_unit(unit: Unit, value: float, text: str):
    assert printed(VALUES[unit], value, {}) == text


def test_labels_are_told_and_a_missing_one_is_empty():
    template = fill("Deep", "{queue} of {vhost}", "count", None)

    assert printed(template, 1.0, {"queue": "reports"}) == "reports of "
