-- Where streams stand: hot, narrow, about 130 to a page. `last` is the row that the next one links to; `uses` counts the
-- queue entries that point here.
CREATE TABLE streams(
    id INTEGER PRIMARY KEY,
    head INTEGER NOT NULL,
    last INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    uses INTEGER NOT NULL
) STRICT;

-- What streams are called: cold.
CREATE TABLE names(
    stream INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- What happened, in the order of commits. `prev` is the stream's row before, 0 for its first; the body holds `n` records
-- from place `first` on.
CREATE TABLE journal(
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    prev INTEGER NOT NULL,
    first INTEGER NOT NULL,
    n INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- What is to be done. `state` is 0 ready, 1 later (claimable when due), 2 held by a session; `flags` is 1 ephemeral,
-- 2 owns blobs; `woken` is the queue that somebody woke it into while it was held.
CREATE TABLE queue(
    id INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    due INTEGER NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    session INTEGER,
    stream INTEGER,
    dedup TEXT,
    flags INTEGER NOT NULL,
    woken TEXT,
    sum INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX queue_ready ON queue(queue, priority DESC, due, id) WHERE state = 0;
CREATE INDEX queue_later ON queue(queue, due, id) WHERE state = 1;
CREATE INDEX queue_held ON queue(queue, session, id) WHERE state = 2;
CREATE UNIQUE INDEX queue_dedup ON queue(dedup) WHERE dedup IS NOT NULL;

-- Dead letters leave the hot table.
CREATE TABLE dead(
    id INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    dedup TEXT,
    stream TEXT,
    attempts INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    body BLOB NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

-- Who promised to be alive. Sessions that ended are remembered for a while, so that they cannot come back.
CREATE TABLE sessions(
    id INTEGER PRIMARY KEY,
    until INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    info TEXT NOT NULL
) STRICT;

-- What things are now.
CREATE TABLE records(
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    tag TEXT NOT NULL,
    sum INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY(kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX records_tag ON records(kind, tag, id);

-- Big things once per content, and who needs them: a stream's id, or the negated id of a queue entry.
CREATE TABLE blobs(
    hash BLOB NOT NULL UNIQUE,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE blob_refs(
    hash BLOB NOT NULL,
    owner INTEGER NOT NULL,
    PRIMARY KEY(hash, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_refs_owner ON blob_refs(owner);

-- The last ids given out, so that none is ever given twice.
CREATE TABLE counters(
    id INTEGER PRIMARY KEY CHECK (id = 0),
    journal INTEGER NOT NULL,
    queue INTEGER NOT NULL
) STRICT;
INSERT INTO counters VALUES (0, 0, 0);

-- Queues in which an entry that was there before became claimable: the hint for other processes. Only the newest are kept.
CREATE TABLE bells(
    id INTEGER PRIMARY KEY,
    queue TEXT NOT NULL
) STRICT;
