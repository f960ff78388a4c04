-- 发件箱 / the outbox: a table in the agency's own PostgreSQL (14 or newer), from which the connector takes events.
-- 业务系统在自己的事务里写一行，连接器负责送达并把结果写回本行。可重复执行。
-- A business system writes one row in its own transaction; the connector delivers it, and writes back what
-- became of it. Run this as the owner of the business tables; it may be run again.

CREATE TABLE IF NOT EXISTS fajian_outbox (
    -- 由业务系统填写 / written by the business system
    id            text        NOT NULL DEFAULT gen_random_uuid()::text,  -- 在 source 内唯一 / unique within source
    source        text        NOT NULL,              -- //court/皖1324
    type          text        NOT NULL,              -- MoneyPaid 或 / or cn.fajian.enforcement.money-paid.v1
    subject       text        NOT NULL,              -- 案号 / case number
    occurred_at   timestamptz NOT NULL,              -- 事实发生时间；只知日期的写 00:00 / when it happened
    recorded_at   timestamptz,                       -- 录入时间 / when it was keyed in
    data          json        NOT NULL DEFAULT '{}', -- 事件内容 / the body: fajian schema TYPE --example
    attributes    jsonb,                             -- 其他属性 / further attributes: {"correlationid": "…"}

    -- 由数据库填写 / written by the database
    seq           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at    timestamptz NOT NULL DEFAULT now(),

    -- 由连接器填写 / written by the connector
    state         text        NOT NULL DEFAULT 'waiting' CHECK (state IN
        ('waiting', 'published', 'accepted', 'recorded', 'duplicate', 'conflict', 'rejected')),
    problems      jsonb,                             -- 为何拒收 / why it was rejected: [{type, title, detail, pointer}]
    warnings      jsonb,                             -- 提醒 / what is odd about it
    inbox         text,                              -- 收件位置 / where it stands in the inbox
    ledger        text,                              -- 总账位置 / where it stands in the ledger
    published_at  timestamptz,
    receipt_at    timestamptz,                       -- 最近一次回执 / when the last receipt came

    UNIQUE (source, id)
);

CREATE INDEX IF NOT EXISTS fajian_outbox_waiting ON fajian_outbox (seq) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS fajian_outbox_waiting_by_subject ON fajian_outbox (subject, seq) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS fajian_outbox_done ON fajian_outbox (receipt_at) WHERE state IN ('recorded', 'duplicate');

-- 已读到哪里 / how far the connector has read the receipts
CREATE TABLE IF NOT EXISTS fajian_outbox_receipts (
    topic       text    NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint  NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- 提交即唤醒连接器 / a commit wakes the connector
CREATE OR REPLACE FUNCTION fajian_outbox_wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('fajian_outbox', '');
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER fajian_outbox_wake AFTER INSERT ON fajian_outbox
    FOR EACH STATEMENT EXECUTE FUNCTION fajian_outbox_wake();
