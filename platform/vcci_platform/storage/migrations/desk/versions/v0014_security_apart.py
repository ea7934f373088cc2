"""Of one system at most one fault is open; incidents of security stand beside it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INDEX = "ix_incident_one_open_per_system"


def upgrade() -> None:
    """Carry the tables forward."""
    _replace("open AND nature = 'fault'")


def downgrade() -> None:
    """Carry the tables back; refused by the store while a fault and an incident of security of one system are open."""
    _replace("open")


def _replace(condition: str) -> None:
    op.drop_index(INDEX, table_name="incident")
    only = sa.text(condition)
    op.create_index(INDEX, "incident", ["system"], unique=True, sqlite_where=only, postgresql_where=only)
