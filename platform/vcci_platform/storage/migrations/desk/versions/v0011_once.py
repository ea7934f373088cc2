"""Under which Idempotency-Key something was done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carry the tables forward."""
    op.add_column("audit", sa.Column("once_key", sa.String(length=64), nullable=True))
    op.add_column("audit", sa.Column("once_words", sa.String(length=64), nullable=True))
    op.create_index("ix_audit_once_key", "audit", ["once_key"], unique=True)


def downgrade() -> None:
    """Carry the tables back."""
    op.drop_index("ix_audit_once_key", "audit")
    op.drop_column("audit", "once_words")
    op.drop_column("audit", "once_key")
