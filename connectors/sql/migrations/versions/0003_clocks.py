"""Clocks as rows, and an index for those who ask what is due."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CLOCKS = """
CREATE VIEW clocks AS
SELECT subject, clock ->> 'rule' AS rule, clock ->> 'instance' AS instance, clock ->> 'owed_by' AS owed_by,
    left(clock ->> 'due_day', 10)::date AS due_day, clock ->> 'status' AS status,
    ledger_partition, ledger_offset
FROM subjects CROSS JOIN LATERAL json_array_elements(coalesce(state -> 'clocks', '[]')) AS clock
"""


def upgrade() -> None:
    op.execute(CLOCKS)
    op.execute("CREATE INDEX feed_by_due_day ON feed (due_day, seq) WHERE due_day IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX feed_by_due_day")
    op.execute("DROP VIEW clocks")
