"""What PagerDuty said about who is on call, so that a restart does not forget it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from vcci_platform.storage import columns

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carry the tables forward."""
    op.create_table(
        "roster_answer",
        sa.Column("id", columns.RowNumber, autoincrement=True, nullable=False),
        sa.Column("schedule", sa.String(length=200), nullable=False),
        sa.Column("since", columns.Moment(timezone=True), nullable=False),
        sa.Column("until", columns.Moment(timezone=True), nullable=False),
        sa.Column("told_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("duties", columns.Document, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_answer")),
    )
    op.create_index("ix_roster_answer_schedule", "roster_answer", ["schedule"])


def downgrade() -> None:
    """Carry the tables back."""
    op.drop_index("ix_roster_answer_schedule", "roster_answer")
    op.drop_table("roster_answer")
