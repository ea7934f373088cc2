"""Plain HTTP to what a test started: patient, and without certificates, which every client of httpx reads for 25 ms."""

from __future__ import annotations

from functools import partial

import httpx

__all__ = ["ANSWER_SECONDS", "delete", "get", "post", "put"]

ANSWER_SECONDS = 30
"""Far longer than any answer takes, unless the machine is busy with other tests."""

delete = partial(httpx.delete, verify=False, trust_env=False, timeout=ANSWER_SECONDS)
get = partial(httpx.get, verify=False, trust_env=False, timeout=ANSWER_SECONDS)
post = partial(httpx.post, verify=False, trust_env=False, timeout=ANSWER_SECONDS)
put = partial(httpx.put, verify=False, trust_env=False, timeout=ANSWER_SECONDS)
