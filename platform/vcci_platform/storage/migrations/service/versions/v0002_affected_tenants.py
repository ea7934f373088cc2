"""Count failed and slow requests by tenant."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from vcci_platform.storage import columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carry the tables forward."""
    moment = columns.Moment(timezone=True)
    op.create_table(
        "request_count",
        sa.Column("process", sa.String(length=40), nullable=False),
        sa.Column("starts_at", moment, nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("slow", sa.Integer(), nullable=False),
        sa.Column("untold", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("process", "starts_at", name=op.f("pk_request_count")),
    )
    with op.batch_alter_table("request_count") as table:
        table.create_index("ix_request_count_starts_at", ["starts_at"], unique=False)
    op.create_table(
        "tenant_trouble",
        sa.Column("process", sa.String(length=40), nullable=False),
        sa.Column("starts_at", moment, nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("endpoint", sa.String(length=200), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("slow", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_tenant_trouble_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("process", "starts_at", "tenant_id", "endpoint", name=op.f("pk_tenant_trouble")),
    )
    with op.batch_alter_table("tenant_trouble") as table:
        table.create_index("ix_tenant_trouble_starts_at", ["starts_at"], unique=False)


def downgrade() -> None:
    """Carry the tables back."""
    op.drop_table("tenant_trouble")
    op.drop_table("request_count")
