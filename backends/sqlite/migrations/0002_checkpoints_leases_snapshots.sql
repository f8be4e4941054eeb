-- How far subscriptions have come. Positions are 16 bytes in big-endian order, so that
-- they compare as the bytes do.
CREATE TABLE eventcore_checkpoints (
    subscription TEXT PRIMARY KEY CHECK (subscription <> ''),
    position     BLOB NOT NULL CHECK (length(position) = 16)
) STRICT, WITHOUT ROWID;

-- The last token that was given for each subscription. Whether there is a leader is told
-- by a lock on a file beside the database. A database in memory has no such file and ends
-- with its process, as the lock does: there held tells.
CREATE TABLE eventcore_leases (
    subscription TEXT    PRIMARY KEY CHECK (subscription <> ''),
    token        INTEGER NOT NULL,
    held         INTEGER NOT NULL -- 0 or 1; always 0 in a file
) STRICT, WITHOUT ROWID;

-- Folded states. They may be deleted at any time.
CREATE TABLE eventcore_snapshots (
    name    TEXT    NOT NULL CHECK (name <> ''),
    schema  INTEGER NOT NULL,
    streams TEXT    NOT NULL, -- JSON: [{"stream": ..., "version": ...}, ...]
    state   BLOB    NOT NULL,
    PRIMARY KEY (name, schema)
) STRICT;
