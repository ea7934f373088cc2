"""Keys of accounts that are kept apart by labels: `errors{cluster="a"}` is a part of `errors`."""

from __future__ import annotations

from urllib.parse import quote_plus

from vcci_platform.reliability.samples import Labels
from vcci_slo.plan import Slo
from vcci_slo.promql.matchers import Matcher, parse_matchers

__all__ = ["LONGEST_KEY", "MOST_GROUPS", "group_of_key", "key_of_group", "page_of_group"]

LONGEST_KEY = 200
"""What the store holds. A part with longer values counts in the whole only."""

MOST_GROUPS = 200
"""Parts of one promise. A label without bounds, such as the name of a user, is no part of a promise."""


def key_of_group(account: str, labels: Labels) -> str:
    """Return the key of a part of an account; that of the whole, where there are no labels.

    >>> key_of_group("errors", (("cluster", "a"), ("zone", "1")))
    'errors{cluster="a",zone="1"}'
    """
    inside = ",".join(str(Matcher(label, "=", value)) for label, value in labels)
    return f"{account}{{{inside}}}" if inside else account


def group_of_key(key: str) -> tuple[str, Labels]:
    """Return the account and the labels of a key.

    >>> group_of_key('errors{cluster="a"}')
    ('errors', (('cluster', 'a'),))
    """
    account, opened, inside = key.partition("{")
    if not opened:
        return key, ()
    return account, tuple((matcher.label, matcher.value) for matcher in parse_matchers(inside[:-1]))


def page_of_group(slo: Slo, labels: Labels) -> str:
    """Return the address of the page that shows one part of a promise, as the alerts of Prometheus say it."""
    chosen = "".join(f"&var-{label}={quote_plus(value)}" for label, value in labels if value)
    return slo.dashboard_url + chosen if "?" in slo.dashboard_url else slo.dashboard_url
