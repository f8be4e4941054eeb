CREATE TABLE IF NOT EXISTS simrun_campaigns (
    campaign  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    spec      jsonb       NOT NULL,
    submitted timestamptz NOT NULL DEFAULT now()
);

-- A range is reported when its worker is done with it, once. worker is who has taken it last.
CREATE TABLE IF NOT EXISTS simrun_ranges (
    campaign bigint  NOT NULL REFERENCES simrun_campaigns ON DELETE CASCADE,
    number   integer NOT NULL,
    first    bigint  NOT NULL,
    seeds    bigint  NOT NULL,
    worker   text,
    taken    integer NOT NULL DEFAULT 0,
    reported timestamptz,
    error    text,
    PRIMARY KEY (campaign, number)
);

CREATE TABLE IF NOT EXISTS simrun_results (
    campaign  bigint  NOT NULL,
    number    integer NOT NULL,
    backend   text    NOT NULL,
    scenario  text    NOT NULL,
    runs      bigint  NOT NULL,
    failed    bigint  NOT NULL,
    calls     bigint  NOT NULL,
    applied   bigint  NOT NULL,
    conflicts bigint  NOT NULL,
    unknown   bigint  NOT NULL,
    overlap   bigint  NOT NULL,
    crashes   bigint  NOT NULL,
    faults    jsonb   NOT NULL,
    PRIMARY KEY (campaign, number, backend, scenario),
    FOREIGN KEY (campaign, number) REFERENCES simrun_ranges ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS simrun_failures (
    campaign  bigint NOT NULL REFERENCES simrun_campaigns ON DELETE CASCADE,
    signature text   NOT NULL,
    seed      bigint NOT NULL,
    scenario  text   NOT NULL,
    reason    text   NOT NULL,
    file      text   NOT NULL,
    found     bigint NOT NULL,
    PRIMARY KEY (campaign, signature)
);

-- In databases that are older too, where nothing is known of them: second crashes, in the middle of a recovery, and those of servers.
ALTER TABLE simrun_results
    ADD COLUMN IF NOT EXISTS again              bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS again_due          bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS restarts           bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS restarts_again     bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS restarts_again_due bigint NOT NULL DEFAULT 0;

-- What failures of a kind were shrunk to.
CREATE TABLE IF NOT EXISTS simrun_kinds (
    campaign  bigint NOT NULL REFERENCES simrun_campaigns ON DELETE CASCADE,
    kind      text   NOT NULL,
    signature text   NOT NULL,
    PRIMARY KEY (campaign, kind)
);

-- Jobs of River whose workers were lost, and whose ranges are in the queue again.
CREATE TABLE IF NOT EXISTS simrun_lost (job bigint PRIMARY KEY);

CREATE TABLE IF NOT EXISTS simrun_workers (
    name text        PRIMARY KEY,
    seen timestamptz NOT NULL DEFAULT now()
);
