-- What one side holds of the bus. Everything here can be built anew from the topics.

-- The latest state of each subject. `state` is json, not jsonb: it keeps the very bytes that the digest is taken of.
CREATE TABLE subjects (
    subject          text PRIMARY KEY,
    kind             text NOT NULL,
    stage            text,
    last_day         date,
    ledger_partition integer NOT NULL,
    ledger_offset    bigint NOT NULL,
    state            json NOT NULL
);
CREATE INDEX subjects_by_ledger ON subjects (ledger_partition, ledger_offset);

-- Everything that this side was told, once, in the order in which it came.
CREATE TABLE feed (
    seq              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ce_source        text NOT NULL,
    ce_id            text NOT NULL,
    subject          text NOT NULL,
    kind             text NOT NULL CHECK (kind IN ('fact', 'flag', 'lead', 'alert')),
    type             text NOT NULL,
    matter           text,           -- the flag or lead that this record is about
    rule             text,
    instance         text,
    trigger          text,
    due_day          date,
    day              date NOT NULL,  -- of a fact: its day; of a flag or lead: the day of the tick
    at               timestamptz NOT NULL,
    ledger_partition integer,
    ledger_offset    bigint,
    envelope         jsonb NOT NULL,
    body             jsonb NOT NULL,
    topic_partition  integer NOT NULL,
    topic_offset     bigint NOT NULL,
    UNIQUE (ce_source, ce_id, subject)
);
CREATE INDEX feed_by_subject ON feed (subject, seq);
CREATE INDEX feed_by_matter ON feed (matter, seq DESC) WHERE matter IS NOT NULL;
CREATE INDEX feed_by_kind ON feed (kind, seq);

-- What became of each event that this side submitted, one row per message of the bus.
CREATE TABLE receipts (
    seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receipt_id text NOT NULL UNIQUE,
    source     text NOT NULL,
    id         text NOT NULL,
    subject    text,
    status     text NOT NULL CHECK (status IN ('accepted', 'rejected', 'recorded', 'duplicate', 'conflict')),
    problems   jsonb NOT NULL,
    warnings   jsonb NOT NULL,
    ledger     text,           -- topic/partition/offset in the ledger
    origin     text,           -- topic/partition/offset in the inbox
    at         timestamptz NOT NULL,
    topic_partition integer NOT NULL,
    topic_offset    bigint NOT NULL
);
CREATE INDEX receipts_by_event ON receipts (source, id, seq);

-- How far each topic is applied. Written in the transaction of the rows: this, and nothing else, is the truth.
CREATE TABLE offsets (
    topic        text NOT NULL,
    partition    integer NOT NULL,
    first_offset bigint NOT NULL,  -- where the topic began when we began
    next_offset  bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- What this side holds after a tick, until the bus has been told.
CREATE TABLE digests (
    partition integer NOT NULL,
    day       date NOT NULL,
    "offset"  bigint NOT NULL,
    count     bigint NOT NULL,
    digest    text NOT NULL,
    sent      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (partition, day)
);
CREATE INDEX digests_to_send ON digests (day) WHERE NOT sent;

-- Records that could not be read: put aside with their reason, counted in the metrics, never skipped in silence.
CREATE TABLE faults (
    topic     text NOT NULL,
    partition integer NOT NULL,
    "offset"  bigint NOT NULL,
    reason    text NOT NULL,
    value     bytea,
    PRIMARY KEY (topic, partition, "offset")
);

-- The present stage of each flag. The owner's answer travels in the flags that come after it.
CREATE VIEW flags AS
SELECT DISTINCT ON (flag.matter)
    flag.matter AS flag_id, flag.subject, flag.rule, flag.instance, flag.type AS stage, flag.due_day,
    flag.day AS on_day, flag.body ->> 'owed_by' AS owed_by, flag.body ->> 'side' AS side,
    flag.body -> 'answer' ->> 'answer' AS answer, flag.at, flag.seq, flag.body
FROM feed AS flag
WHERE flag.kind = 'flag'
ORDER BY flag.matter, flag.seq DESC;

-- The latest version of each lead. Leads are unverified (未经核实) until a prosecutor screens them.
CREATE VIEW leads AS
SELECT DISTINCT ON (lead.matter)
    lead.matter AS lead_id, lead.subject, lead.trigger, lead.rule, lead.instance, lead.due_day,
    lead.day AS on_day, lead.at, lead.seq, lead.body, screened.body ->> 'decision' AS screened
FROM feed AS lead
LEFT JOIN LATERAL (
    SELECT said.body FROM feed AS said
    WHERE said.matter = lead.matter AND said.type = 'LeadScreened' ORDER BY said.seq DESC LIMIT 1
) AS screened ON true
WHERE lead.kind = 'lead'
ORDER BY lead.matter, lead.seq DESC;

-- All that is known of a subject, by the day on which it happened or was flagged.
CREATE VIEW timeline AS
SELECT subject, day, at, kind, type, rule, instance, trigger, due_day, matter, ce_source, ce_id,
    ledger_partition, ledger_offset, seq, body
FROM feed;
