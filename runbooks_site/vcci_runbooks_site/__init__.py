"""What to do: the plan and the hand-written procedures as a site of runbooks."""

from __future__ import annotations

from vcci_runbooks_site.errors import BuildError, ContentError, PageNameError, RunbooksError
from vcci_runbooks_site.rendering import orphans, render

__all__ = ["BuildError", "ContentError", "PageNameError", "RunbooksError", "orphans", "render"]
