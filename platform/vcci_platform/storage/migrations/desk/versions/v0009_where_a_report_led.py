"""Which incident a report opened or joined."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carry the tables forward."""
    op.add_column("inbox", sa.Column("incident_id", sa.String(length=40), nullable=True))


def downgrade() -> None:
    """Carry the tables back."""
    op.drop_column("inbox", "incident_id")
