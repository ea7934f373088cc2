"""Pyrra's ServiceLevelObjectives: read with its checks, and what its alerts mean."""
