"""Migrations of the desk's store."""
