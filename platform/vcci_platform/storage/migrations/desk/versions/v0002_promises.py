"""Promises: what was counted, the last look at each target, verdicts, and what changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text  # the JSON columns of PostgreSQL are rendered with it
from sqlalchemy.dialects import postgresql

from vcci_platform.storage import columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carry the tables forward."""
    document = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = columns.Moment(timezone=True)
    op.create_table(
        "sli_change",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sli_change")),
    )
    op.create_table(
        "sli_increment",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("account", sa.String(length=200), nullable=False),
        sa.Column("start", moment, nullable=False),
        sa.Column("end", moment, nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("bad", sa.Float(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sli_increment")),
    )
    with op.batch_alter_table("sli_increment", schema=None) as batch_op:
        batch_op.create_index("ix_sli_increment_account_end", ["account", "end"], unique=False)
    op.create_table(
        "sli_look",
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("samples", document, nullable=False),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_sli_look")),
    )
    op.create_table(
        "sli_verdict",
        sa.Column("key", sa.String(length=500), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("last_true", moment, nullable=False),
        sa.Column("fired_at", moment, nullable=True),
        sa.Column("over_at", moment, nullable=True),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.Column("labels", document, nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sli_verdict")),
    )


def downgrade() -> None:
    """Carry the tables back."""
    op.drop_table("sli_verdict")
    op.drop_table("sli_look")
    with op.batch_alter_table("sli_increment", schema=None) as batch_op:
        batch_op.drop_index("ix_sli_increment_account_end")
    op.drop_table("sli_increment")
    op.drop_table("sli_change")
