"""Alembic's scripts: one environment, and the versions of the service's and of the desk's store."""
