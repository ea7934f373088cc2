"""The process around an incident: its nature, who does what, what is to be done, and whose silence is an alarm."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from vcci_platform.storage import columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carry the tables forward."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = columns.Moment(timezone=True)
    op.create_table(
        "incident_role",
        sa.Column("incident_id", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_role_incident_id_incident")),
        sa.PrimaryKeyConstraint("incident_id", "role", name=op.f("pk_incident_role")),
    )
    op.create_table(
        "task",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.String(length=40), nullable=False),
        sa.Column("checklist", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("milestone", sa.String(length=20), nullable=False),
        sa.Column("due_at", moment, nullable=True),
        sa.Column("done_at", moment, nullable=True),
        sa.Column("done_by", sa.String(length=200), nullable=False),
        sa.Column("added_by", sa.String(length=200), nullable=False),
        sa.Column("added_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_task_incident_id_incident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("incident_id", "checklist", "text", name=op.f("uq_task_incident_id_checklist_text")),
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.add_column(sa.Column("nature", sa.String(length=20), nullable=False, server_default="fault"))
        batch_op.add_column(sa.Column("signed_at", moment, nullable=True))
        batch_op.add_column(sa.Column("held_until", moment, nullable=True))
    with op.batch_alter_table("pager_key", schema=None) as batch_op:
        batch_op.add_column(sa.Column("remote_id", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("remote_status", sa.String(length=20), nullable=True))
        batch_op.create_index("ix_pager_key_remote_id", ["remote_id"], unique=False)
    with op.batch_alter_table("status_post", schema=None) as batch_op:
        batch_op.add_column(sa.Column("remote_status", sa.String(length=20), nullable=True))
    with op.batch_alter_table("heartbeat", schema=None) as batch_op:
        batch_op.add_column(sa.Column("alarmed_at", moment, nullable=True))


def downgrade() -> None:
    """Carry the tables back."""
    with op.batch_alter_table("heartbeat", schema=None) as batch_op:
        batch_op.drop_column("alarmed_at")
    with op.batch_alter_table("status_post", schema=None) as batch_op:
        batch_op.drop_column("remote_status")
    with op.batch_alter_table("pager_key", schema=None) as batch_op:
        batch_op.drop_index("ix_pager_key_remote_id")
        batch_op.drop_column("remote_status")
        batch_op.drop_column("remote_id")
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.drop_column("held_until")
        batch_op.drop_column("signed_at")
        batch_op.drop_column("nature")
    op.drop_table("task")
    op.drop_table("incident_role")
