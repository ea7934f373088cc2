"""The web pages people look at: made on the server, complete without JavaScript, from our own files alone.

`desk` and `service` are never imported together: each belongs to a process of its own.
"""

from __future__ import annotations

__all__: list[str] = []
