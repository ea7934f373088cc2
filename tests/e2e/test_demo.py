"""`vcci demo outage` as a person runs it, with clocks so fast that it is over in a minute or two."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCALE = 60
DEMO_SECONDS = 480


def outage(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the demonstration and return its exit code and what it said."""
    said = folder / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "vcci_platform.cli", "demo", "outage", *arguments],
            cwd=folder,
            # None of these may be reached: a demonstration is not for the people behind them.
            env={
                **os.environ,
                "NO_COLOR": "1",
                "TMPDIR": str(folder),
                "PAGERDUTY_ROUTING_KEY": "k" * 32,
                "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        code = process.wait(DEMO_SECONDS)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
        print(said.read_text())
    return code, said.read_text()


@pytest.mark.timeout(DEMO_SECONDS + 60)
def test_an_outage_is_shown_from_the_fault_to_the_end_of_the_incident(tmp_path):
    code, said = outage(tmp_path, "--time-scale", str(SCALE))

    assert code == 0, said
    chapters = [
        "every promise is kept",
        "A fault begins: 50% of the requests to the service end in an exception",
        "APIHighErrorRate P0 is firing",
        "a page arrived, critical, it rang once",
        "Nobody acknowledges",
        "nobody has acknowledged this P0",
        "The fault ends",
        "APIHighErrorRate P0 is over",
        "The incident is watched",
        "the page is resolved",
    ]
    places = [said.find(chapter) for chapter in chapters]
    assert -1 not in places, [chapter for chapter, place in zip(chapters, places, strict=True) if place == -1]
    # That the alert is over and that the incident is watched are seen by two looks: either may be told first.
    over = chapters.index("APIHighErrorRate P0 is over")
    assert [*places[:over], *sorted(places[over : over + 2]), *places[over + 2 :]] == sorted(places)
    assert "the status page shows API as major outage" in said
    assert "the status page shows API as operational" in said
    assert re.search(r"paged after \(it rang once\)\s+\d", said)
    assert re.search(r"The page's runbook opens: http://127\.0\.0\.1:\d+/high-error-rate", said)
    assert f"Clocks run {SCALE} times faster" in said
    assert f"clocks {SCALE} times faster · api-errors SLI" in said
    failed = re.search(r"([\d,]+) were answered with a server error", said)
    assert failed is not None
    assert int(failed[1].replace(",", "")) > 10
    assert list(tmp_path.glob("vcci-demo-*")) == []
