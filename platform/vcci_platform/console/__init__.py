"""The web pages people look at: made on the server, complete without JavaScript, from our own files alone."""

from __future__ import annotations

from vcci_platform.console.chrome import Chrome, desk_chrome, service_chrome
from vcci_platform.console.desk import desk_console
from vcci_platform.console.service import ServiceDoor, service_console

__all__ = ["Chrome", "ServiceDoor", "desk_chrome", "desk_console", "service_chrome", "service_console"]
