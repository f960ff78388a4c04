"""What must still wait is found by its time: few rows, however many wait behind them."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX deliveries_held ON deliveries (receiver, next_at) WHERE state = 'waiting'")


def downgrade() -> None:
    op.execute("DROP INDEX deliveries_held")
