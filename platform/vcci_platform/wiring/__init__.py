"""The composition root: settings in, parts that know each other out. Nothing else chooses an adapter.

Each process has a module of its own, and imports no more than it runs: the desk knows nothing of the service.
"""

from __future__ import annotations

__all__: list[str] = []
