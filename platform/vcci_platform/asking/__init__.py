"""Questions over HTTP to programs that watch: Prometheus, Alertmanager, a desk; bounded in size, time and number."""

from vcci_platform.asking.access import Access, client_for, header_of
from vcci_platform.asking.asker import Asker, Bounds, address_of, shown
from vcci_platform.asking.envelope import data_of
from vcci_platform.asking.errors import (
    AskingError,
    NotAllowed,
    OddAnswer,
    Refused,
    TooMuch,
    Unreachable,
    WrongAccess,
    WrongAddress,
)

__all__ = [
    "Access",
    "Asker",
    "AskingError",
    "Bounds",
    "NotAllowed",
    "OddAnswer",
    "Refused",
    "TooMuch",
    "Unreachable",
    "WrongAccess",
    "WrongAddress",
    "address_of",
    "client_for",
    "data_of",
    "header_of",
    "shown",
]
