"""Since when a page is there as we last saw it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from vcci_platform.storage import columns

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carry the tables forward."""
    op.add_column("pager_key", sa.Column("remote_changed_at", columns.Moment(timezone=True), nullable=True))


def downgrade() -> None:
    """Carry the tables back."""
    op.drop_column("pager_key", "remote_changed_at")
