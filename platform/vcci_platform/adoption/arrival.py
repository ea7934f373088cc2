"""The way from a Prometheus to a starter spec: survey, guess, measure, write, and check that it is valid."""

from __future__ import annotations

from vcci_platform.adoption.catalog import Catalog, Job
from vcci_platform.adoption.events import MOST_SIGNALS, events_of
from vcci_platform.adoption.exporters import Reading, kind_of, readings_of
from vcci_platform.adoption.measuring import Read, counted, read
from vcci_platform.adoption.pledges import Found
from vcci_platform.adoption.prometheus import Questions
from vcci_platform.adoption.settling import settled
from vcci_platform.adoption.starter import head, starter
from vcci_platform.adoption.survey import survey

__all__ = ["arrive"]


def arrive(questions: Questions, file: str = "vcci.yaml") -> str:
    """Return the text of a starter spec for what a Prometheus holds: the same answers give the same text."""
    catalog = survey(questions)
    found = tuple(_look(questions, catalog, job) for job in catalog.jobs)
    return settled(starter(catalog, found), head(catalog), file)


def _look(questions: Questions, catalog: Catalog, job: Job) -> Found:
    guesses = events_of(job)
    kind, _ = kind_of(job.metrics)
    seen: list[tuple[Reading, Read]] = []
    silent: list[str] = []
    for reading in readings_of(kind or "other", job.metrics):
        value = read(questions, catalog, job, reading, past=reading.limit is not None or reading.unit == "seconds")
        if value is None:
            silent.append(reading.name)
        else:
            seen.append((reading, value))
    return Found(
        job=job,
        events=tuple((one, counted(questions, catalog, job, one)) for one in guesses[:MOST_SIGNALS]),
        readings=tuple(seen),
        silent=tuple(silent),
        more=tuple(one.metric for one in guesses[MOST_SIGNALS:]),
    )
