-- What the delivery queue asks of its tables. Times come from the connector, so that all of it follows one clock.

-- name: add_receiver
-- As soon as its table stands in the connector's file.
INSERT INTO receivers (receiver, channel, changed_at) VALUES (%(receiver)s, %(channel)s, %(now)s)
ON CONFLICT (receiver) DO NOTHING

-- name: receiver
-- Whether it is open.
SELECT state, reason FROM receivers WHERE receiver = %(receiver)s

-- name: disable
-- It wants no more. Its messages wait.
UPDATE receivers SET state = 'disabled', reason = %(reason)s, changed_at = %(now)s
WHERE receiver = %(receiver)s AND state = 'enabled'

-- name: enable
-- A person has mended it.
UPDATE receivers SET state = 'enabled', reason = NULL, changed_at = %(now)s WHERE receiver = %(receiver)s
RETURNING receiver

-- name: positions
-- Where to go on reading.
SELECT partition, next_offset FROM positions WHERE receiver = %(receiver)s AND topic = %(topic)s

-- name: begin_position
-- Where a new receiver begins stays so, whenever it first hears something.
INSERT INTO positions (receiver, topic, partition, next_offset)
VALUES (%(receiver)s, %(topic)s, %(partition)s, %(next)s) ON CONFLICT DO NOTHING

-- name: advance
-- In the transaction of the deliveries. Never back: two connectors on one table repeat, and change nothing.
UPDATE positions SET next_offset = %(next)s
WHERE receiver = %(receiver)s AND topic = %(topic)s AND partition = %(partition)s AND next_offset < %(next)s

-- name: put
-- The same message again is the same row.
INSERT INTO deliveries (receiver, message_id, subject, kind, type, event, place, next_at, queued_at)
VALUES (%(receiver)s, %(message_id)s, %(subject)s, %(kind)s, %(type)s, %(event)s, %(place)s, %(now)s, %(now)s)
ON CONFLICT (receiver, message_id) DO NOTHING

-- name: due
-- The oldest messages that may go now: none whose subject has an earlier one that must still wait. Those are looked
-- up in one object: a join would be planned for the few rows of a quiet day, and be hopeless for a long queue.
WITH held AS MATERIALIZED (
    SELECT coalesce(jsonb_object_agg(subject, first), '{}') AS subjects FROM (
        SELECT subject, min(seq) AS first FROM deliveries
        WHERE receiver = %(receiver)s AND state = 'waiting' AND next_at > %(now)s GROUP BY subject
    ) AS each
)
SELECT seq, message_id, subject, event, attempts, rung FROM deliveries AS each CROSS JOIN held
WHERE receiver = %(receiver)s AND state = 'waiting' AND subject <> ALL (%(busy)s::text[])
    AND coalesce(seq < (held.subjects ->> subject)::bigint, true)
ORDER BY seq LIMIT %(limit)s

-- name: bundle
-- Which messages belong to the digest of a day is settled before it is sent.
UPDATE deliveries SET bundle = %(day)s
WHERE receiver = %(receiver)s AND state = 'waiting' AND bundle IS NULL AND queued_at < %(before)s

-- name: next_bundle
-- The oldest digest that has not gone out.
SELECT seq, message_id, subject, event, attempts, rung, bundle, next_at FROM deliveries
WHERE receiver = %(receiver)s AND state = 'waiting' AND bundle = (
    SELECT min(bundle) FROM deliveries WHERE receiver = %(receiver)s AND state = 'waiting'
)
ORDER BY seq LIMIT %(limit)s

-- name: note_attempt
-- With the next.
INSERT INTO attempts (delivery, number, at, took_ms, status, detail)
VALUES (%(seq)s, %(number)s, %(at)s, %(took_ms)s, %(status)s, %(detail)s)
ON CONFLICT (delivery, number) DO NOTHING

-- name: move
-- What ended stays ended, should two connectors have sent it.
UPDATE deliveries SET state = %(state)s, attempts = %(number)s, rung = %(rung)s, next_at = %(next_at)s, detail = %(detail)s,
    ended_at = CASE WHEN %(state)s <> 'waiting' THEN %(at)s::timestamptz END
WHERE seq = %(seq)s AND state = 'waiting'

-- name: put_alert
-- Once for each cause.
INSERT INTO alerts (alert_id, receiver, kind, detail, delivery, at)
VALUES (%(alert_id)s, %(receiver)s, %(kind)s, %(detail)s, %(delivery)s, %(at)s)
ON CONFLICT (alert_id) DO NOTHING

-- name: hasten
-- The receiver is back: nobody waits for the end of a long pause.
UPDATE deliveries SET next_at = %(now)s WHERE receiver = %(receiver)s AND state = 'waiting' AND next_at > %(now)s

-- name: counts
-- For metrics and lists. Delivered ones are not counted here: there may be millions.
SELECT
    (SELECT count(*) FROM deliveries WHERE receiver = %(receiver)s AND state = 'waiting') AS waiting,
    (SELECT count(*) FROM deliveries WHERE receiver = %(receiver)s AND state = 'failed') AS failed,
    (SELECT queued_at FROM deliveries WHERE receiver = %(receiver)s AND state = 'waiting' ORDER BY seq LIMIT 1) AS oldest

-- name: clean
-- Old rows that ended well, some at a time. What failed stays until a person has dealt with it.
DELETE FROM deliveries WHERE seq IN (
    SELECT seq FROM deliveries
    WHERE receiver = %(receiver)s AND state = 'delivered' AND ended_at < %(before)s
    ORDER BY ended_at LIMIT 5000
)

-- name: list
-- All receivers, what waits for them, what failed, and what their operators have not seen yet.
SELECT receiver, channel, state, reason, changed_at,
    (SELECT count(*) FROM deliveries AS d WHERE d.receiver = r.receiver AND d.state = 'waiting') AS waiting,
    (SELECT count(*) FROM deliveries AS d WHERE d.receiver = r.receiver AND d.state = 'delivered') AS delivered,
    (SELECT count(*) FROM deliveries AS d WHERE d.receiver = r.receiver AND d.state = 'failed') AS failed,
    (SELECT min(queued_at) FROM deliveries AS d WHERE d.receiver = r.receiver AND d.state = 'waiting') AS oldest_waiting,
    (SELECT count(*) FROM alerts AS a WHERE a.receiver = r.receiver AND a.seen_at IS NULL) AS alerts
FROM receivers AS r ORDER BY receiver

-- name: log
-- The newest deliveries, oldest of them first, each with its attempts.
SELECT * FROM (
    SELECT d.seq, d.receiver, d.message_id, d.subject, d.type, d.place, d.state, d.attempts, d.queued_at, d.next_at, d.ended_at, d.detail,
        (SELECT coalesce(json_agg(json_build_object('number', a.number, 'at', a.at, 'took_ms', a.took_ms,
            'status', a.status, 'detail', a.detail) ORDER BY a.number), '[]') FROM attempts AS a WHERE a.delivery = d.seq) AS history
    FROM deliveries AS d
    WHERE (%(receiver)s::text IS NULL OR d.receiver = %(receiver)s)
        AND (%(state)s::text IS NULL OR d.state = %(state)s)
        AND (%(subject)s::text IS NULL OR d.subject = %(subject)s)
        AND (%(message_id)s::text IS NULL OR starts_with(d.message_id, %(message_id)s))
    ORDER BY d.seq DESC LIMIT %(limit)s
) AS found ORDER BY seq

-- name: redeliver
-- Once more from the first rung; the log of what was tried stays.
UPDATE deliveries SET state = 'waiting', rung = 0, bundle = NULL, next_at = %(now)s, ended_at = NULL
WHERE receiver = %(receiver)s AND CASE WHEN %(message_id)s::text IS NULL THEN state = 'failed'
    ELSE message_id = %(message_id)s AND state <> 'waiting' END
RETURNING seq, message_id

-- name: see
-- A person has dealt with it.
UPDATE alerts SET seen_at = %(now)s WHERE receiver = %(receiver)s AND seen_at IS NULL
    AND (%(deliveries)s::bigint[] IS NULL OR delivery = ANY (%(deliveries)s))
