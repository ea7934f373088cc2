"""Rehearsals: what the spec would do in an incident, and game days with a report of every deadline."""
