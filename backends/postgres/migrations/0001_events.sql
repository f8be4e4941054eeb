-- The one row that every append of events locks. Whoever holds it is the only one to
-- give out versions and positions until it has committed.
CREATE TABLE eventcore_head (
    id       boolean PRIMARY KEY DEFAULT true CHECK (id),
    position bigint  NOT NULL
);

INSERT INTO eventcore_head (position) VALUES (0);

-- Payloads are bytea, because a store returns the very same bytes; jsonb does not. The
-- collation C orders stream IDs by their bytes, which makes a prefix a range.
CREATE TABLE eventcore_events (
    position    bigint      PRIMARY KEY,
    version     bigint      NOT NULL,
    recorded_at timestamptz NOT NULL,
    event_id    uuid        NOT NULL,
    stream_id   text        COLLATE "C" NOT NULL CHECK (stream_id <> ''),
    type        text        COLLATE "C" NOT NULL CHECK (type <> ''),
    metadata    bytea, -- NULL: none
    data        bytea       NOT NULL
);

CREATE UNIQUE INDEX eventcore_events_by_stream ON eventcore_events (stream_id, version);

CREATE FUNCTION eventcore_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'eventcore: events are immutable: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER eventcore_events_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON eventcore_events
    FOR EACH STATEMENT EXECUTE FUNCTION eventcore_refuse();
