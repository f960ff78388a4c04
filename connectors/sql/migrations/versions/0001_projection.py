"""The projection of one side: subjects, feed, receipts, offsets, digests, faults, and three views."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    for view in ("timeline", "leads", "flags"):
        op.execute(f"DROP VIEW {view}")
    for table in ("faults", "digests", "offsets", "receipts", "feed", "subjects"):
        op.execute(f"DROP TABLE {table}")
