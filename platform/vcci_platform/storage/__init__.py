"""Databases, column types, identifiers and migrations."""
