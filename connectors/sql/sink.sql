-- What the PostgreSQL sink writes, each batch in one transaction.

-- name: begin_offset
-- A partition that is new to this database begins where the topic does.
INSERT INTO offsets (topic, partition, first_offset, next_offset)
VALUES (%(topic)s, %(partition)s, %(begin)s, %(begin)s)
ON CONFLICT DO NOTHING

-- name: offsets
-- Where to go on reading.
SELECT topic, partition, next_offset, complete_from FROM offsets

-- name: advance_offset
-- Touches no row when somebody else has advanced it: then the batch is rolled back and read anew.
UPDATE offsets SET next_offset = %(next)s, complete_from = %(complete_from)s
WHERE topic = %(topic)s AND partition = %(partition)s AND next_offset = %(expected)s

-- name: put_subject
-- The higher ledger offset wins; the same offset again carries the same bytes, or newer rules on the same facts.
INSERT INTO subjects (subject, kind, stage, last_day, ledger_partition, ledger_offset, state)
VALUES (%(subject)s, %(kind)s, %(stage)s, %(last_day)s, %(ledger_partition)s, %(ledger_offset)s, %(state)s::json)
ON CONFLICT (subject) DO UPDATE SET
    kind = excluded.kind, stage = excluded.stage, last_day = excluded.last_day,
    ledger_partition = excluded.ledger_partition, ledger_offset = excluded.ledger_offset, state = excluded.state
WHERE subjects.ledger_offset <= excluded.ledger_offset

-- name: put_feed
-- A record that was delivered twice has the same name twice.
INSERT INTO feed (ce_source, ce_id, subject, kind, type, matter, rule, instance, trigger, due_day, day, at,
    ledger_partition, ledger_offset, envelope, body, topic_partition, topic_offset)
VALUES (%(ce_source)s, %(ce_id)s, %(subject)s, %(kind)s, %(type)s, %(matter)s, %(rule)s, %(instance)s, %(trigger)s,
    %(due_day)s, %(day)s, %(at)s, %(ledger_partition)s, %(ledger_offset)s, %(envelope)s::jsonb, %(body)s::jsonb,
    %(topic_partition)s, %(topic_offset)s)
ON CONFLICT (ce_source, ce_id, subject) DO NOTHING

-- name: put_receipt
-- As with the feed.
INSERT INTO receipts (receipt_id, source, id, subject, status, problems, warnings, ledger, origin, at,
    topic_partition, topic_offset)
VALUES (%(receipt_id)s, %(source)s, %(id)s, %(subject)s, %(status)s, %(problems)s::jsonb, %(warnings)s::jsonb,
    %(ledger)s, %(origin)s, %(at)s, %(topic_partition)s, %(topic_offset)s)
ON CONFLICT (receipt_id) DO NOTHING

-- name: put_fault
-- What cannot be read is kept.
INSERT INTO faults (topic, partition, "offset", reason, value)
VALUES (%(topic)s, %(partition)s, %(offset)s, %(reason)s, %(value)s)
ON CONFLICT DO NOTHING

-- name: partition_is_ahead
-- Whether this database already holds states younger than the tick: then the two cannot be compared.
SELECT EXISTS (SELECT FROM subjects WHERE ledger_partition = %(partition)s AND ledger_offset > %(offset)s)

-- name: partition_states
-- All that the digest of a partition is taken of.
SELECT subject, state::text FROM subjects WHERE ledger_partition = %(partition)s

-- name: put_digest
-- The first digest of a day stands.
INSERT INTO digests (partition, day, "offset", count, digest)
VALUES (%(partition)s, %(day)s, %(offset)s, %(count)s, %(digest)s)
ON CONFLICT DO NOTHING

-- name: digests_to_send
-- Oldest first.
SELECT partition, day, "offset", count, digest FROM digests WHERE NOT sent ORDER BY day, partition LIMIT 500

-- name: digest_sent
-- Only after Kafka has acknowledged it.
UPDATE digests SET sent = true WHERE partition = %(partition)s AND day = %(day)s

-- name: tell
-- Wakes those who follow.
SELECT pg_notify('fajian_projection', '')
