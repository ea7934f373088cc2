"""People who may use the desk, and what they did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text  # the JSON columns of PostgreSQL are rendered with it
from sqlalchemy.dialects import postgresql

from vcci_platform.storage import columns

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carry the tables forward."""
    document = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = columns.Moment(timezone=True)
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("rank", sa.String(length=20), nullable=False),
        sa.Column("contact", sa.String(length=60), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("revoked_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_person_token_digest")),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index(
            "ix_person_one_of_a_name",
            ["name"],
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        )
    op.create_table(
        "audit",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("rank", sa.String(length=20), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", document, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_subject", ["subject"], unique=False)
    _refuse_changes_of_the_audit()


def downgrade() -> None:
    """Carry the tables back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_is_append_only ON audit")
        op.execute("DROP FUNCTION refuse_change_of_audit()")
    op.drop_table("audit")
    op.drop_table("person")


def _refuse_changes_of_the_audit() -> None:
    """Let the database itself keep what was written; SQLite drops its triggers with the table."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON audit "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_refuses_{change.lower()} BEFORE {change} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )
