"""Promises of other formats as a spec of ours."""
