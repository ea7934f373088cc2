"""Who may send a form, or use a desk on which nobody signs in: only our own pages, opened under a name that is ours.

Browsers say where a request comes from in `Sec-Fetch-Site`, or at least in `Origin`. A name of somebody else that was
made to point here would make both agree, so the name that the browser asked for must be ours, or an address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

__all__ = ["misuse", "names_of", "refusal"]


def names_of(*urls: str) -> frozenset[str]:
    """Return the names under which these addresses are reached."""
    return frozenset(name for url in urls if (name := urlsplit(url).hostname))


def misuse(headers: Mapping[str, str], names: frozenset[str], *, safe: bool) -> str:
    """Return why a desk on which nobody signs in does not answer, empty when it does; `safe` if nothing is changed.

    Any page that a browser on this machine has open reaches such a desk, so the browser's word of where a request comes
    from counts. Programs say nothing of it, and are let in.

    >>> misuse({"host": "127.0.0.1:8010"}, frozenset(), safe=False)
    ''
    >>> misuse({"host": "127.0.0.1:8010", "origin": "https://evil.example"}, frozenset(), safe=False)
    'The request was sent by another site.'
    """
    host = headers.get("host", "")
    if not _is_ours(host, names):
        return f"The request was sent to {host!r}, which is not a name of this desk; open it under its own address."
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if safe:
        return ""
    elsewhere = site not in {None, "same-origin", "none"} or (origin is not None and urlsplit(origin).netloc != host)
    return "The request was sent by another site." if elsewhere else ""


def refusal(headers: Mapping[str, str], names: frozenset[str]) -> str:
    """Return why a form is not taken, empty when it is.

    >>> refusal({"host": "desk.example", "origin": "https://desk.example"}, frozenset({"desk.example"}))
    ''
    >>> refusal({"host": "desk.example", "sec-fetch-site": "cross-site"}, frozenset({"desk.example"}))
    'The form was sent by another site.'
    """
    host = headers.get("host", "")
    if not _is_ours(host, names):
        return f"The form was sent to {host!r}, which is not a name of this console; open it under its own address."
    site = headers.get("sec-fetch-site")
    if site is not None:
        return "" if site == "same-origin" else "The form was sent by another site."
    origin = headers.get("origin", "")
    if not origin:
        return "The browser did not say where the form comes from; programs use the API under /v1."
    return "" if urlsplit(origin).netloc == host else "The form was sent by another site."


def _is_ours(host: str, names: frozenset[str]) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
