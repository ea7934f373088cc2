"""Which label says how something ended, and which of its values are failures of ours: HTTP, gRPC, or words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Status", "matters", "status_of"]

# In the order in which they are believed when a metric has several. `http_response_status_code` is OpenTelemetry's.
CODE_LABELS = (
    "status",
    "status_code",
    "code",
    "http_status",
    "http_status_code",
    "http_response_status_code",
    "response_code",
    "http_response_code",
    "response_status",
    "status_class",
    "code_class",
)
GRPC_LABELS = ("grpc_code", "grpc_status", "rpc_grpc_status_code", "rpc_response_status_code", "grpc_response_status")
WORD_LABELS = ("outcome", "result", "status", "state", "success", "error", "failed", "is_error")
PATH_LABELS = ("endpoint", "path", "route", "handler", "uri", "http_route", "url", "http_target", "view")

# https://grpc.github.io/grpc/core/md_doc_statuscodes.html, by number
GRPC_CODES = (
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
)
GRPC_OURS = frozenset({"unknown", "deadlineexceeded", "unimplemented", "internal", "unavailable", "dataloss"})
"""What the server did wrong. Source: OpenTelemetry's semantic conventions for gRPC, server spans."""

BAD_WORDS = frozenset(
    {"error", "errors", "err", "fail", "failed", "failure", "failures", "exception", "server_error", "servererror"}
    | {"timeout", "timed_out", "timedout", "dead", "dead_letter", "crashed", "aborted", "internal_error", "ko", "lost"}
)
GOOD_WORDS = frozenset(
    {"ok", "success", "successful", "succeeded", "succeed", "complete", "completed", "done", "finished", "accepted"}
    | {"processed", "delivered", "sent", "hit", "pass", "passed"}
)
THEIRS = frozenset(
    {"client_error", "clienterror", "rejected", "invalid", "bad_request", "refused", "unauthorized", "not_found"}
    | {"canceled", "cancelled", "throttled", "denied", "duplicate"}
)
"""What the caller did wrong, or wanted: neither good nor bad."""

_HTTP = re.compile(r"[1-5](\d\d|xx)", re.IGNORECASE)
_MOSTLY = 0.8


@dataclass(frozen=True)
class Status:
    """The matchers that a status label gives: which events count, which are bad, which durations are judged."""

    label: str
    values: tuple[str, ...]
    valid: str
    bad: str
    timed: str
    guessed: str


def folded(label: str) -> str:
    """Return a label's name as the lists above write it.

    >>> folded("http.response.status_code"), folded("statusCode")
    ('http_response_status_code', 'status_code')
    """
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", label)
    return re.sub(r"[^A-Za-z0-9]+", "_", parted).lower()


def matters(label: str) -> bool:
    """Return whether the values of a label are worth asking for."""
    return folded(label) in {*CODE_LABELS, *GRPC_LABELS, *WORD_LABELS, *PATH_LABELS}


def status_of(labels: Mapping[str, tuple[str, ...]]) -> Status | None:
    """Return what the labels of a metric say about good and bad, None if none of them does."""
    readings: tuple[tuple[tuple[str, ...], Callable[[str, tuple[str, ...]], Status | None]], ...] = (
        (GRPC_LABELS, _grpc),
        (CODE_LABELS, _http),
        (CODE_LABELS, _grpc_names),
        (WORD_LABELS, _words),
    )
    by_name = {folded(label): label for label in sorted(labels, reverse=True)}
    for known, read in readings:
        for name in known:
            if name in by_name:
                label = by_name[name]
                found = read(label, tuple(value for value in labels[label] if value))
                if found is not None:
                    return found
    return None


def _http(label: str, values: tuple[str, ...]) -> Status | None:
    codes = [value for value in values if _HTTP.fullmatch(value)]
    if not codes or len(codes) < _MOSTLY * len(values):
        return None
    strange = [value for value in values if value not in codes]
    words = [value for value in strange if value.lower() in BAD_WORDS]
    bad = "|".join(["5..", *(re.escape(value) for value in sorted(words))])
    seen = [value for value in codes if value[0] == "5"] + words
    guessed = "" if seen else "no 5xx seen yet"
    return Status(label, values, f'{label}!~"4.."', f'{label}=~"{_in_quotes(bad)}"', f'{label}!~"[45].."', guessed)


def _grpc(label: str, values: tuple[str, ...]) -> Status | None:
    if values and all(value.isdigit() and int(value) < len(GRPC_CODES) for value in values):
        return _of_grpc(label, values, lambda code: str(GRPC_CODES.index(code)))
    return _grpc_names(label, values)


def _grpc_names(label: str, values: tuple[str, ...]) -> Status | None:
    known = {code.lower() for code in GRPC_CODES} | {"cancelled"}
    if not values or not all(_joined(value) in known for value in values) or "ok" not in {v.lower() for v in values}:
        return None
    upper = all(value.upper() == value for value in values) and any(len(value) > 2 for value in values)
    if upper:
        return _of_grpc(label, values, lambda code: re.sub(r"([a-z])([A-Z])", r"\1_\2", code).upper())
    return _of_grpc(label, values, lambda code: code)


def _of_grpc(label: str, values: tuple[str, ...], spelled: Callable[[str], str]) -> Status:
    ours = [spelled(code) for code in GRPC_CODES if code.lower() in GRPC_OURS]
    theirs = [spelled(code) for code in GRPC_CODES if code != "OK" and code.lower() not in GRPC_OURS]
    guessed = "" if set(values) & set(ours) else "none of these seen yet"
    valid = f'{label}!~"{"|".join(theirs)}"'
    return Status(label, values, valid, f'{label}=~"{"|".join(ours)}"', f'{label}="{spelled("OK")}"', guessed)


def _words(label: str, values: tuple[str, ...]) -> Status | None:
    if values and {value.lower() for value in values} <= {"true", "false"}:
        says_good = folded(label) == "success"
        if not says_good and folded(label) not in {"error", "failed", "is_error"}:
            return None
        bad = next((value for value in values if (value.lower() == "true") != says_good), "")
        wrong = bad or ("false" if says_good else "true")
        guessed = "" if bad else f'no {label}="{wrong}" seen yet'
        return Status(label, values, "", f'{label}="{wrong}"', f'{label}!="{wrong}"', guessed)
    bad_words = [value for value in values if _worded(value) in BAD_WORDS]
    good_words = [value for value in values if _worded(value) in GOOD_WORDS]
    theirs = [value for value in values if _worded(value) in THEIRS]
    if not good_words or (not bad_words and not theirs and len(good_words) < len(values)):
        return None
    wrong = _any_of(label, "=", bad_words or ["error", "failed", "failure"])
    timed = _any_of(label, "!", [*(bad_words or ["error", "failed", "failure"]), *theirs])
    guessed = "" if bad_words else "no failure seen yet, so the value is a guess"
    return Status(label, values, _any_of(label, "!", theirs) if theirs else "", wrong, timed, guessed)


def _any_of(label: str, sign: str, values: Iterable[str]) -> str:
    wanted = sorted(set(values))
    if len(wanted) == 1:
        return f'{label}{"=" if sign == "=" else "!="}"{_in_quotes(wanted[0])}"'
    return f'{label}{sign}~"{_in_quotes("|".join(re.escape(value) for value in wanted))}"'


def _in_quotes(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _joined(value: str) -> str:
    return value.replace("_", "").replace("-", "").lower()


def _worded(value: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_")
