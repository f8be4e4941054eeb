-- How far subscriptions have come. Positions are 16 bytes in big-endian order, so that
-- they compare as the bytes do: the server has no unsigned numbers.
CREATE TABLE eventcore_checkpoints (
    subscription text  COLLATE "C" PRIMARY KEY CHECK (subscription <> ''),
    position     bytea NOT NULL CHECK (octet_length(position) = 16)
);

-- The last token that was given for each subscription. Whether there is a leader is told
-- by an advisory lock, which ends with its session.
CREATE TABLE eventcore_leases (
    subscription text   COLLATE "C" PRIMARY KEY CHECK (subscription <> ''),
    token        bigint NOT NULL
);

-- Folded states. They may be deleted at any time. A name can be too long for an index and
-- need not be UTF-8: convert_from(name, 'UTF8') shows one that is.
CREATE TABLE eventcore_snapshots (
    name_sha256 bytea  NOT NULL,
    schema      bigint NOT NULL,
    name        bytea  NOT NULL CHECK (octet_length(name) > 0),
    streams     text   NOT NULL, -- JSON: [{"stream": ..., "version": ...}, ...]
    state       bytea  NOT NULL,
    PRIMARY KEY (name_sha256, schema)
);
