-- Building the projection anew beside the one in use, then changing places.
-- `fajian` is in use, `fajian_next` is being built; both have the same tables.

-- name: start_after
-- New rows follow the old ones, so that whoever follows by position misses nothing.
SELECT setval(pg_get_serial_sequence('fajian_next.feed', 'seq'), greatest(1, (SELECT max(seq) FROM fajian.feed))),
    setval(pg_get_serial_sequence('fajian_next.receipts', 'seq'), greatest(1, (SELECT max(seq) FROM fajian.receipts)))

-- name: keep_feed
-- What Kafka no longer holds is carried over from the projection in use.
INSERT INTO fajian_next.feed OVERRIDING SYSTEM VALUE
SELECT old.* FROM fajian.feed AS old JOIN fajian_next.offsets ON topic = %(feed)s AND partition = old.topic_partition
WHERE old.topic_offset < first_offset
ON CONFLICT DO NOTHING

-- name: keep_receipts
-- As with the feed.
INSERT INTO fajian_next.receipts OVERRIDING SYSTEM VALUE
SELECT old.* FROM fajian.receipts AS old
JOIN fajian_next.offsets ON topic = %(receipts)s AND partition = old.topic_partition
WHERE old.topic_offset < first_offset
ON CONFLICT DO NOTHING

-- name: keep_digests
-- What the bus was told is not told again.
INSERT INTO fajian_next.digests SELECT * FROM fajian.digests ON CONFLICT DO NOTHING

-- name: retire
-- One transaction with the next: readers see the old projection or the new one.
ALTER SCHEMA fajian RENAME TO fajian_old

-- name: promote
-- The sink in use finds other offsets here, and goes on from them.
ALTER SCHEMA fajian_next RENAME TO fajian

-- name: discard
-- The old one has served.
DROP SCHEMA fajian_old CASCADE

-- name: clear_next
-- What an interrupted rebuild left.
DROP SCHEMA IF EXISTS fajian_next CASCADE;
DROP SCHEMA IF EXISTS fajian_old CASCADE
