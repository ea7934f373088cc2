"""Every level that was asked for help, in place of the highest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from vcci_platform.storage import columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

HIGHEST = 9

incident = sa.table("incident", sa.column("level", sa.Integer), sa.column("asked", columns.Document))


def upgrade() -> None:
    """Carry the tables forward: whoever had reached a level was asked on every one below it."""
    op.add_column("incident", sa.Column("asked", columns.Document, nullable=False, server_default="[1]"))
    for level in range(2, HIGHEST + 1):
        asked = list(range(1, level + 1))
        op.execute(incident.update().where(incident.c.level == level).values(asked=asked))
    op.drop_column("incident", "level")


def downgrade() -> None:
    """Carry the tables back: the highest level that was asked."""
    op.add_column("incident", sa.Column("level", sa.Integer(), nullable=False, server_default="1"))
    rows = op.get_bind().execute(sa.select(incident.c.asked).distinct()).scalars()
    for asked in list(rows):
        op.execute(incident.update().where(incident.c.asked == asked).values(level=max(asked)))
    op.drop_column("incident", "asked")
