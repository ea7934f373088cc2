"""The pure core: the spec, the plan, and the arithmetic of promises."""
