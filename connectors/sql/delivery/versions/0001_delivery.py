"""What was sent to whom: positions, receivers, deliveries, attempts, alerts."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    for table in ("alerts", "attempts", "deliveries", "receivers", "positions"):
        op.execute(f"DROP TABLE {table}")
