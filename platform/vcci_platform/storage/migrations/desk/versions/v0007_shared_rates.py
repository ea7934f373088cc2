"""The vendors' rates, counted by every desk of a store together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from vcci_platform.storage import columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carry the tables forward."""
    op.create_table(
        "rate_slot",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("free_at", columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", "number", name=op.f("pk_rate_slot")),
    )


def downgrade() -> None:
    """Carry the tables back."""
    op.drop_table("rate_slot")
