-- What the HTTP source and the command line read.

-- name: receipts_of_event
-- The history of one event, oldest first.
SELECT seq, source, id, subject, status, problems, warnings, ledger, origin, at
FROM receipts WHERE source = %(source)s AND id = %(id)s ORDER BY seq

-- name: receipts
-- After a position oldest first (to follow), else the newest, oldest of them first.
-- *prefixes* are the sources that the asker may speak for; a receipt for unreadable bytes has no source.
SELECT * FROM (
    SELECT seq, source, id, subject, status, problems, warnings, ledger, origin, at FROM receipts
    WHERE seq > %(after)s
        AND (%(source)s::text IS NULL OR source = %(source)s)
        AND (%(id)s::text IS NULL OR id = %(id)s)
        AND (%(subject)s::text IS NULL OR subject = %(subject)s)
        AND (%(status)s::text IS NULL OR status = %(status)s)
        AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
        AND (%(prefixes)s::text[] IS NULL OR source = 'unknown'
            OR EXISTS (SELECT FROM unnest(%(prefixes)s::text[]) AS prefix WHERE starts_with(source, prefix)))
    ORDER BY CASE WHEN %(after)s > 0 THEN seq ELSE -seq END
    LIMIT %(limit)s
) AS found ORDER BY seq

-- name: flags
-- Each flag at its present stage, in the order in which they last moved.
SELECT * FROM (
    SELECT * FROM flags
    WHERE seq > %(after)s
        AND (%(subject)s::text IS NULL OR subject = %(subject)s)
        AND (%(rule)s::text IS NULL OR rule = %(rule)s)
        AND (%(type)s::text IS NULL OR stage = %(type)s)
        AND (%(since)s::date IS NULL OR on_day >= %(since)s)
    ORDER BY CASE WHEN %(after)s > 0 THEN seq ELSE -seq END
    LIMIT %(limit)s
) AS found ORDER BY seq

-- name: leads
-- Each lead in its latest version; `type` is the trigger.
SELECT * FROM (
    SELECT * FROM leads
    WHERE seq > %(after)s
        AND (%(subject)s::text IS NULL OR subject = %(subject)s)
        AND (%(rule)s::text IS NULL OR rule = %(rule)s)
        AND (%(type)s::text IS NULL OR trigger = %(type)s)
        AND (%(since)s::date IS NULL OR on_day >= %(since)s)
    ORDER BY CASE WHEN %(after)s > 0 THEN seq ELSE -seq END
    LIMIT %(limit)s
) AS found ORDER BY seq

-- name: flag
-- By its id or the beginning of it.
SELECT * FROM flags WHERE starts_with(flag_id, %(flag)s) LIMIT 2

-- name: subject
-- The state of one subject, and the ledger offset that it rests on.
SELECT subject, kind, stage, last_day, ledger_partition, ledger_offset, state FROM subjects WHERE subject = %(subject)s

-- name: timeline
-- In the order of what happened.
SELECT * FROM timeline WHERE subject = %(subject)s ORDER BY day, at, seq

-- name: history
-- All that this side was told of a subject, in the order in which it was told.
SELECT kind, type, rule, instance, trigger, due_day, day, matter, ce_source, ce_id, envelope, body
FROM feed WHERE subject = %(subject)s ORDER BY seq

-- name: newest
-- The positions from which to follow.
SELECT (SELECT coalesce(max(seq), 0) FROM feed) AS feed, (SELECT coalesce(max(seq), 0) FROM receipts) AS receipts

-- name: counts
-- How much is here, by kind.
SELECT kind, count(*) AS count FROM feed GROUP BY kind ORDER BY kind

-- name: feed_begins
-- The place before all that is here, or after it.
SELECT partition, CASE WHEN %(latest)s THEN next_offset ELSE first_offset END AS next_offset
FROM offsets WHERE topic = %(topic)s

-- name: feed_after
-- What comes after a place in each partition. Records of one partition become visible in their order, so nothing that
-- becomes visible later lies before a place that was handed out. A partition that the place does not name is new.
SELECT record.* FROM offsets
CROSS JOIN LATERAL (
    SELECT seq, ce_source, ce_id, subject, kind, type, rule, at, envelope::text AS envelope, body::text AS body,
        topic_partition, topic_offset
    FROM feed
    WHERE topic_partition = partition AND topic_offset >= coalesce((%(place)s::jsonb ->> partition::text)::bigint, 0)
    ORDER BY topic_offset LIMIT %(limit)s
) AS record
WHERE topic = %(topic)s ORDER BY record.seq LIMIT %(limit)s
