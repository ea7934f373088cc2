"""The two collections of tables: the service's and the desk's, which share nothing."""

from __future__ import annotations

from sqlalchemy import MetaData

__all__ = ["NAMING_CONVENTION", "desk_metadata", "service_metadata"]

# Names that do not depend on the database, so that a migration can name the constraint it changes on both.
NAMING_CONVENTION = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

service_metadata = MetaData(naming_convention=NAMING_CONVENTION)
"""Tables of the service: tenants, uploads, jobs, results. A feature declares its own in its `tables.py`."""

desk_metadata = MetaData(naming_convention=NAMING_CONVENTION)
"""Tables of the incident desk, in a store of its own."""
