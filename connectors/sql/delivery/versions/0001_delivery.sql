-- What this side sends on, to whom, and what became of it. It stands in a schema of its own, for it cannot be built
-- anew from the topics as the projection can: a rebuild leaves it alone.

-- How far each receiver has taken over the feed. Moves in the transaction of the deliveries.
CREATE TABLE positions (
    receiver    text NOT NULL,
    topic       text NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (receiver, topic, partition)
);

-- Who receives. A disabled receiver gets nothing; what it should get waits until a person enables it.
CREATE TABLE receivers (
    receiver   text PRIMARY KEY,
    channel    text NOT NULL CHECK (channel IN ('webhook', 'mail')),
    state      text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled')),
    reason     text,
    changed_at timestamptz NOT NULL
);

-- One row for each message to each receiver. `event` is the very text that goes out.
CREATE TABLE deliveries (
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receiver     text NOT NULL,
    message_id   text NOT NULL,
    subject      text NOT NULL,
    kind         text NOT NULL,
    type         text NOT NULL,
    event        text NOT NULL,
    place        text NOT NULL,         -- topic/partition/offset in the feed
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts     integer NOT NULL DEFAULT 0,
    rung         integer NOT NULL DEFAULT 0,  -- attempts since it was last sent on its way
    next_at      timestamptz,           -- not before; empty once it has ended
    queued_at    timestamptz NOT NULL,
    ended_at     timestamptz,
    detail       text,                  -- how the last attempt ended
    bundle       text,                  -- the digest that it is part of
    UNIQUE (receiver, message_id)
);
CREATE INDEX deliveries_waiting ON deliveries (receiver, seq) WHERE state = 'waiting';
CREATE INDEX deliveries_waiting_by_subject ON deliveries (receiver, subject, seq) WHERE state = 'waiting';
CREATE INDEX deliveries_failed ON deliveries (receiver, seq) WHERE state = 'failed';
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE state = 'delivered';
CREATE INDEX deliveries_by_subject ON deliveries (subject, seq);

-- The proof: each attempt, and how it ended.
CREATE TABLE attempts (
    delivery bigint NOT NULL REFERENCES deliveries (seq) ON DELETE CASCADE,
    number   integer NOT NULL,
    at       timestamptz NOT NULL,
    took_ms  integer NOT NULL,
    status   integer,                   -- HTTP or SMTP; empty where none came
    detail   text NOT NULL,
    PRIMARY KEY (delivery, number)
);

-- What the operators of this side must know. Written in the transaction of what it tells of; stays until it is seen.
CREATE TABLE alerts (
    alert_id text PRIMARY KEY,          -- named after its cause: a repeat is the same row
    receiver text NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('failed', 'disabled')),
    detail   text NOT NULL,
    delivery bigint,
    at       timestamptz NOT NULL,
    seen_at  timestamptz
);
CREATE INDEX alerts_unseen ON alerts (at) WHERE seen_at IS NULL;
