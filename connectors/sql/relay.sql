-- What the outbox source asks of the table `fajian_outbox`.

-- Order. Rows of one subject go out by `seq`, which follows the order in which they were committed wherever one
-- insert could have known of the other: the later one asks for its number after the earlier one was committed.
-- Only one relay at a time has a subject: it holds an advisory lock for it until its transaction ends, and that
-- is after the rows are marked. Whoever comes next reads in a new statement, and so sees the marks.

-- name: subjects_waiting
-- Whose turn it might be, the longest waiting first. The limit inside keeps a long queue cheap to look at.
SELECT subject FROM (
    SELECT subject, seq FROM fajian_outbox WHERE state = 'waiting' ORDER BY seq LIMIT 10 * %(limit)s
) AS oldest GROUP BY subject ORDER BY min(seq) LIMIT %(limit)s

-- name: own_subjects
-- Skip the subjects that another relay has at the moment.
SELECT subject FROM unnest(%(subjects)s::text[]) AS subject
WHERE pg_try_advisory_xact_lock(hashtextextended('fajian_outbox ' || current_schema() || ' ' || subject, 0))

-- name: rows_waiting
-- The oldest rows of the subjects that we have, within a size that fits the memory. What is too large for any
-- event is not even read. Times and bodies are read as text: nothing in a row can keep the others waiting.
SELECT seq, id, source, type, subject, occurred_at, recorded_at, data, attributes FROM (
    SELECT seq, id, source, type, subject, attributes::text AS attributes,
        coalesce(to_char(occurred_at AT TIME ZONE interval '8 hours', 'YYYY-MM-DD"T"HH24:MI:SS.US'), occurred_at::text) AS occurred_at,
        coalesce(to_char(recorded_at AT TIME ZONE interval '8 hours', 'YYYY-MM-DD"T"HH24:MI:SS.US'), recorded_at::text) AS recorded_at,
        CASE WHEN octet_length(data::text) <= %(most_bytes)s THEN data::text END AS data,
        sum(least(octet_length(data::text), %(most_bytes)s)) OVER (ORDER BY seq) AS bytes
    FROM (
        SELECT * FROM fajian_outbox
        WHERE state = 'waiting' AND subject = ANY (%(subjects)s) ORDER BY seq LIMIT %(limit)s
    ) AS mine
) AS measured WHERE bytes <= 8 * %(most_bytes)s ORDER BY seq

-- name: mark_published
-- The receipt may have come first.
UPDATE fajian_outbox SET
    inbox = %(inbox)s, published_at = now(),
    state = CASE WHEN state = 'waiting' THEN %(state)s ELSE state END,
    problems = coalesce(problems, %(problems)s::jsonb), warnings = coalesce(warnings, %(warnings)s::jsonb)
WHERE seq = %(seq)s

-- name: count_waiting
-- For the metrics.
SELECT count(*) AS count FROM (
    SELECT FROM fajian_outbox WHERE state = 'waiting' LIMIT 100000
) AS waiting

-- name: put_receipt
-- A row only ever moves on in this order. Publishing again after a crash is answered `duplicate`; what was
-- recorded stays so. A rejected row whose dead letter was repaired is recorded in the end.
WITH ranks AS (
    SELECT * FROM (VALUES ('waiting', 0), ('published', 1), ('accepted', 2), ('rejected', 3), ('conflict', 3),
        ('duplicate', 3), ('recorded', 4)) AS ranks (state, rank)
)
UPDATE fajian_outbox AS outbox SET
    state = %(status)s, receipt_at = %(at)s,
    problems = CASE WHEN %(status)s = 'recorded' THEN NULL
        WHEN %(problems)s::jsonb = '[]' THEN problems ELSE %(problems)s::jsonb END,
    warnings = CASE WHEN %(warnings)s::jsonb = '[]' THEN warnings ELSE %(warnings)s::jsonb END,
    ledger = coalesce(%(ledger)s, ledger)
FROM ranks AS old, ranks AS new
WHERE outbox.source = %(source)s AND outbox.id = %(id)s
    AND old.state = outbox.state AND new.state = %(status)s AND new.rank > old.rank

-- name: receipt_offsets
-- Where to go on reading receipts.
SELECT partition, next_offset FROM fajian_outbox_receipts WHERE topic = %(topic)s

-- name: put_receipt_offset
-- In the transaction of the receipts.
INSERT INTO fajian_outbox_receipts (topic, partition, next_offset) VALUES (%(topic)s, %(partition)s, %(next)s)
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset

-- name: try_receipts
-- One relay brings the receipts, the others stand by.
SELECT pg_try_advisory_lock(hashtextextended('fajian_outbox receipts ' || current_schema(), 0)) AS ours

-- name: clean
-- Old rows that ended well, some at a time. What was rejected, or conflicts, stays until a person has seen it.
DELETE FROM fajian_outbox WHERE seq IN (
    SELECT seq FROM fajian_outbox
    WHERE state IN ('recorded', 'duplicate') AND receipt_at < now() - make_interval(days => %(keep_days)s)
    ORDER BY receipt_at LIMIT 5000
)
