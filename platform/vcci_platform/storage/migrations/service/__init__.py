"""Migrations of the service's store."""
