"""Where Prometheus and Alertmanager are, and how they are asked, for the commands that ask them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from vcci_platform.asking import Asker, Bounds, client_for
from vcci_platform.cli.access import Given
from vcci_platform.errors import PlatformError
from vcci_platform.live.alertmanager import AlertmanagerApi
from vcci_platform.live.prometheus import PrometheusApi
from vcci_platform.settings import Settings

__all__ = ["NowhereToAsk", "asked", "nowhere", "prometheus_asker"]


class NowhereToAsk(PlatformError):
    """No address was given of what should be asked."""

    exit_code = 2


def nowhere(option: str) -> NowhereToAsk:
    """Return the error for an address that neither an option nor the environment gives."""
    return NowhereToAsk(f"{option}: expected an address such as http://prometheus:9090, found none")


@contextmanager
def asked(
    settings: Settings, access: Given, prometheus: str | None, alertmanager: str | None
) -> Generator[tuple[PrometheusApi | None, AlertmanagerApi | None]]:
    """Yield both programs at the addresses of the options, else of the environment; None for one that has none."""
    with ExitStack() as stack:
        watcher = manager = None
        if url := prometheus or settings.prometheus_url:
            watcher = PrometheusApi(stack.enter_context(prometheus_asker(settings, access, url)))
        if url := alertmanager or settings.alertmanager_url:
            client = stack.enter_context(client_for(access.alertmanager(settings)))
            manager = AlertmanagerApi(Asker(client, "Alertmanager", url))
        yield watcher, manager


@contextmanager
def prometheus_asker(settings: Settings, access: Given, url: str, bounds: Bounds | None = None) -> Generator[Asker]:
    """Yield what asks the Prometheus at an address."""
    with client_for(access.prometheus(settings)) as client:
        yield Asker(client, "Prometheus", url, bounds)
