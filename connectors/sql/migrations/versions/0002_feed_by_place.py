"""An index for those who follow the feed by its place in Kafka."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX feed_by_place ON feed (topic_partition, topic_offset)")


def downgrade() -> None:
    op.execute("DROP INDEX feed_by_place")
