"""A signed cookie that names a key or a person by its id: the key or token itself never lies in the browser."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["COOKIE", "DESK_COOKIE", "DESK_PURPOSE", "LASTS", "Sessions"]

COOKIE = "vcci-session"
DESK_COOKIE = "vcci-desk-session"  # another name: browsers send a host's cookies to every port
LASTS = timedelta(hours=12)
PURPOSE = b"console-session"
DESK_PURPOSE = b"desk-session"


@dataclass(frozen=True)
class Sessions:
    """Makes and reads cookies under a secret that every replica of the service knows. Whether the key still holds is
    asked of the database at each request, so a revoked key ends its sessions at once. A cookie made for one purpose
    opens nothing under another.
    """

    secret: bytes
    purpose: bytes = PURPOSE

    def cookie(self, key_id: str, now: datetime) -> str:
        """Return the cookie of somebody who has just shown the key with this id."""
        words = f"{key_id}.{round((now + LASTS).timestamp())}"
        return f"{words}.{self._mark(words)}"

    def key_id(self, cookie: str, now: datetime) -> str | None:
        """Return the key that a cookie names; None when it is not ours or has run out."""
        words, _, mark = cookie.rpartition(".")
        if not hmac.compare_digest(mark.encode(), self._mark(words).encode()):
            return None
        key_id, _, until = words.rpartition(".")
        return key_id if int(until) > now.timestamp() else None

    def _mark(self, words: str) -> str:
        key = hmac.digest(self.secret, self.purpose, "sha256")
        return hmac.new(key, words.encode(), hashlib.sha256).hexdigest()
