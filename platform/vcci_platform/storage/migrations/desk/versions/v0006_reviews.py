"""Reviews with their action items, and what was gathered when an incident opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text  # the JSON columns of PostgreSQL are rendered with it
from sqlalchemy.dialects import postgresql

from vcci_platform.storage import columns

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carry the tables forward."""
    document = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = columns.Moment(timezone=True)
    op.create_table(
        "review",
        sa.Column("incident_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("touched", sa.Boolean(), nullable=False),
        sa.Column("content", document, nullable=False),
        sa.Column("impact", document, nullable=False),
        sa.Column("impact_start", moment, nullable=True),
        sa.Column("impact_end", moment, nullable=True),
        sa.Column("drafted_at", moment, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("published_at", moment, nullable=True),
        sa.Column("published_by", sa.String(length=200), nullable=False),
        sa.Column("sent_to_page_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_review_incident_id_incident")),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_review")),
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index("ix_review_stage", ["stage"], unique=False)
    op.create_table(
        "action_item",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("done_at", moment, nullable=True),
        sa.Column("done_by", sa.String(length=200), nullable=False),
        sa.Column("dropped_at", moment, nullable=True),
        sa.Column("added_at", moment, nullable=False),
        sa.Column("added_by", sa.String(length=200), nullable=False),
        sa.Column("reminded_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_action_item_incident_id_incident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_item")),
    )
    with op.batch_alter_table("action_item", schema=None) as batch_op:
        batch_op.create_index("ix_action_item_incident_id", ["incident_id"], unique=False)
        batch_op.create_index("ix_action_item_due", ["due"], unique=False)
    op.create_table(
        "incident_context",
        sa.Column("incident_id", sa.String(length=40), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("gathered_at", moment, nullable=False),
        sa.Column("content", document, nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_incident_context_incident_id_incident")
        ),
        sa.PrimaryKeyConstraint("incident_id", "episode", name=op.f("pk_incident_context")),
    )


def downgrade() -> None:
    """Carry the tables back."""
    op.drop_table("incident_context")
    op.drop_table("action_item")
    op.drop_table("review")
