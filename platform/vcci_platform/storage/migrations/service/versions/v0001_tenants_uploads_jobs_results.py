"""Make the tables of tenants, keys, uploads, jobs, calculations and results."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text  # the JSON columns of PostgreSQL are rendered with it
from sqlalchemy.dialects import postgresql

from vcci_platform.storage import columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Carry the tables forward."""
    op.create_table(
        "aggregate",
        sa.Column(
            "calculation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("dimension", sa.String(length=20), nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kg_co2e", sa.Double(), nullable=False),
        sa.Column("share", sa.Double(), nullable=True),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("amount_usd", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("calculation_id", "dimension", "position", name=op.f("pk_aggregate")),
    )
    op.create_table(
        "line_gap",
        sa.Column(
            "calculation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("calculation_id", "position", name=op.f("pk_line_gap")),
    )
    op.create_table(
        "line_result",
        sa.Column(
            "calculation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("naics", sa.String(length=6), nullable=False),
        sa.Column("amount", sa.Double(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("repeats_row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("category", sa.SmallInteger(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sector", sa.String(length=8), nullable=False),
        sa.Column("factor_id", sa.String(length=80), nullable=False),
        sa.Column("rate_to_usd", sa.Double(), nullable=False),
        sa.Column("amount_usd", sa.Double(), nullable=False),
        sa.Column("deflator", sa.Double(), nullable=False),
        sa.Column("amount_factor_usd", sa.Double(), nullable=False),
        sa.Column("factor_kg_per_usd", sa.Double(), nullable=False),
        sa.Column("kg_co2e", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("calculation_id", "row", name=op.f("pk_line_result")),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("name", name=op.f("uq_tenant_name")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("expires_at", columns.Moment(timezone=True), nullable=True),
        sa.Column("revoked_at", columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_api_key_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_key_prefix")),
    )
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.create_index("ix_api_key_tenant_id", ["tenant_id"], unique=False)

    op.create_table(
        "job",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column("dedup_key", sa.String(length=120), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attempts_allowed", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(length=40), nullable=True),
        sa.Column("lease_until", columns.Moment(timezone=True), nullable=True),
        sa.Column("enqueue_after", columns.Moment(timezone=True), nullable=False),
        sa.Column("enqueued", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("refusal", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=True),
        sa.Column("next_job_id", sa.String(length=40), nullable=True),
        sa.Column("created_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("waiting_since", columns.Moment(timezone=True), nullable=False),
        sa.Column("started_at", columns.Moment(timezone=True), nullable=True),
        sa.Column("finished_at", columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_job_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_job_dedup_key")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_status_enqueue_after", ["status", "enqueue_after"], unique=False)
        batch_op.create_index("ix_job_status_queue_waiting_since", ["status", "queue", "waiting_since"], unique=False)
        batch_op.create_index("ix_job_subject_id", ["subject_id"], unique=False)
        batch_op.create_index("ix_job_tenant_id_id", ["tenant_id", "id"], unique=False)

    op.create_table(
        "upload",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_key", sa.String(length=255), nullable=False),
        sa.Column("intake_key", sa.String(length=255), nullable=True),
        sa.Column(
            "reading", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False
        ),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("refusal", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=True),
        sa.Column("rows_total", sa.Integer(), nullable=True),
        sa.Column("rows_rejected", sa.Integer(), nullable=True),
        sa.Column("rows_repeated", sa.Integer(), nullable=True),
        sa.Column("rows_blank", sa.Integer(), nullable=True),
        sa.Column(
            "ignored_columns", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=True
        ),
        sa.Column("calculation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("settled_at", columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_upload_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.create_index("ix_upload_settled_at_created_at", ["settled_at", "created_at"], unique=False)
        batch_op.create_index("ix_upload_tenant_id_id", ["tenant_id", "id"], unique=False)
        batch_op.create_index("uq_upload_idempotency_key", ["tenant_id", "idempotency_key"], unique=True)

    op.create_table(
        "calculation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("upload_id", sa.String(length=40), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column(
            "lineage", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False
        ),
        sa.Column("lines", sa.Integer(), nullable=True),
        sa.Column("rows_with_gaps", sa.Integer(), nullable=True),
        sa.Column("kg_co2e", sa.Double(), nullable=True),
        sa.Column("credit_kg_co2e", sa.Double(), nullable=True),
        sa.Column("repeated_kg_co2e", sa.Double(), nullable=True),
        sa.Column("amount_usd", sa.Double(), nullable=True),
        sa.Column("started_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("completed_at", columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_calculation_job_id_job")),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name=op.f("fk_calculation_upload_id_upload")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calculation")),
    )
    with op.batch_alter_table("calculation", schema=None) as batch_op:
        batch_op.create_index("ix_calculation_job_id", ["job_id"], unique=False)
        batch_op.create_index("ix_calculation_upload_id", ["upload_id"], unique=False)


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("calculation", schema=None) as batch_op:
        batch_op.drop_index("ix_calculation_upload_id")
        batch_op.drop_index("ix_calculation_job_id")

    op.drop_table("calculation")
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.drop_index("uq_upload_idempotency_key")
        batch_op.drop_index("ix_upload_tenant_id_id")
        batch_op.drop_index("ix_upload_settled_at_created_at")

    op.drop_table("upload")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("ix_job_tenant_id_id")
        batch_op.drop_index("ix_job_subject_id")
        batch_op.drop_index("ix_job_status_queue_waiting_since")
        batch_op.drop_index("ix_job_status_enqueue_after")

    op.drop_table("job")
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.drop_index("ix_api_key_tenant_id")

    op.drop_table("api_key")
    op.drop_table("tenant")
    op.drop_table("line_result")
    op.drop_table("line_gap")
    op.drop_table("aggregate")
