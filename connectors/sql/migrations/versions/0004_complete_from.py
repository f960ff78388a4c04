"""From where on `case.state` has been read without a gap that compaction left."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE offsets ADD COLUMN complete_from bigint NOT NULL DEFAULT 0")


def downgrade() -> None:
    op.execute("ALTER TABLE offsets DROP COLUMN complete_from")
