"""What to do: the plan and the hand-written procedures as a site of runbooks."""
