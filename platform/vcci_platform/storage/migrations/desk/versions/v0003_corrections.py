"""Corrections of accounts, and who changed what about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text  # the JSON columns of PostgreSQL are rendered with it
from sqlalchemy.dialects import postgresql

from vcci_platform.storage import columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carry the tables forward."""
    document = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = columns.Moment(timezone=True)
    op.create_table(
        "correction",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("content", document, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("withdrawn_at", moment, nullable=True),
        sa.Column("delivery_key", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("delivery_key", name=op.f("uq_correction_delivery_key")),
    )
    op.create_table(
        "correction_history",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("correction_id", sa.String(length=40), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["correction.id"], name=op.f("fk_correction_history_correction_id_correction")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction_history")),
    )
    with op.batch_alter_table("correction_history", schema=None) as batch_op:
        batch_op.create_index("ix_correction_history_correction_id", ["correction_id"], unique=False)
    _refuse_changes_of_the_history()


def downgrade() -> None:
    """Carry the tables back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER correction_history_is_append_only ON correction_history")
        op.execute("DROP FUNCTION refuse_change_of_correction_history()")
    with op.batch_alter_table("correction_history", schema=None) as batch_op:
        batch_op.drop_index("ix_correction_history_correction_id")
    op.drop_table("correction_history")
    op.drop_table("correction")


def _refuse_changes_of_the_history() -> None:
    """Let the database itself keep what was written; SQLite drops its triggers with the table."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change_of_correction_history() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the history of corrections is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER correction_history_is_append_only BEFORE UPDATE OR DELETE ON correction_history "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_correction_history()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER correction_history_refuses_{change.lower()} BEFORE {change} ON correction_history "
            "BEGIN SELECT RAISE(ABORT, 'the history of corrections is append-only'); END"
        )
