CREATE TABLE eventcore_checkpoints (
    subscription TEXT PRIMARY KEY CHECK (subscription <> ''),
    position     BLOB NOT NULL CHECK (length(position) = 16)
) STRICT, WITHOUT ROWID;

CREATE TABLE eventcore_events (
    position    INTEGER PRIMARY KEY,
    version     INTEGER NOT NULL,
    stream_id   TEXT    NOT NULL CHECK (stream_id <> ''),
    event_id    BLOB    NOT NULL CHECK (length(event_id) = 16),
    type        TEXT    NOT NULL CHECK (type <> ''),
    recorded_at INTEGER NOT NULL, -- nanoseconds since 1970, UTC
    metadata    BLOB,             -- NULL: none
    data        BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX eventcore_events_by_stream ON eventcore_events (stream_id, version);

CREATE TRIGGER eventcore_events_in_order BEFORE INSERT ON eventcore_events
WHEN NEW.position IS NOT (SELECT ifnull(max(position), 0) + 1 FROM eventcore_events)
  OR NEW.version IS NOT (SELECT ifnull(max(version), 0) + 1 FROM eventcore_events WHERE stream_id = NEW.stream_id)
BEGIN
    SELECT RAISE(ABORT, 'eventcore: events are appended in order: INSERT refused');
END;

CREATE TRIGGER eventcore_events_no_delete BEFORE DELETE ON eventcore_events
BEGIN
    SELECT RAISE(ABORT, 'eventcore: events are immutable: DELETE refused');
END;

CREATE TRIGGER eventcore_events_no_update BEFORE UPDATE ON eventcore_events
BEGIN
    SELECT RAISE(ABORT, 'eventcore: events are immutable: UPDATE refused');
END;

CREATE TABLE eventcore_leases (
    subscription TEXT    PRIMARY KEY CHECK (subscription <> ''),
    token        INTEGER NOT NULL,
    held         INTEGER NOT NULL -- 0 or 1; always 0 in a file
) STRICT, WITHOUT ROWID;

CREATE TABLE eventcore_migrations (
    version INTEGER PRIMARY KEY,
    name    TEXT NOT NULL
) STRICT;

CREATE TABLE eventcore_snapshots (
    name    TEXT    NOT NULL CHECK (name <> ''),
    schema  INTEGER NOT NULL,
    streams TEXT    NOT NULL, -- JSON: [{"stream": ..., "version": ...}, ...]
    state   BLOB    NOT NULL,
    PRIMARY KEY (name, schema)
) STRICT;

