"""Which sessions of browsers have ended before their time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from vcci_platform.storage import columns

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carry the tables forward."""
    op.create_table(
        "ended_session",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("ended_at", columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    """Carry the tables back."""
    op.drop_table("ended_session")
