-- The global order is the order of the rows. Columns that filters test come before
-- the payload, so that skipping a large event does not read it.
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

CREATE TRIGGER eventcore_events_no_update BEFORE UPDATE ON eventcore_events
BEGIN
    SELECT RAISE(ABORT, 'eventcore: events are immutable: UPDATE refused');
END;

CREATE TRIGGER eventcore_events_no_delete BEFORE DELETE ON eventcore_events
BEGIN
    SELECT RAISE(ABORT, 'eventcore: events are immutable: DELETE refused');
END;

-- INSERT OR REPLACE deletes rows without firing a DELETE trigger. An event can only
-- follow the last one, in its stream and in the global order, so that there is never
-- a row to replace and never a gap.
CREATE TRIGGER eventcore_events_in_order BEFORE INSERT ON eventcore_events
WHEN NEW.position IS NOT (SELECT ifnull(max(position), 0) + 1 FROM eventcore_events)
  OR NEW.version IS NOT (SELECT ifnull(max(version), 0) + 1 FROM eventcore_events WHERE stream_id = NEW.stream_id)
BEGIN
    SELECT RAISE(ABORT, 'eventcore: events are appended in order: INSERT refused');
END;
