-- Names and ids are packed (key.rs), words that are nearly always the same are numbers (word.rs), and blobs have one. The
-- program moves the rows: it knows how to pack.
DROP INDEX queue_ready;
DROP INDEX queue_later;
DROP INDEX queue_held;
DROP INDEX queue_dedup;
DROP INDEX records_tag;
DROP INDEX blob_refs_owner;
ALTER TABLE names RENAME TO names_before;
ALTER TABLE queue RENAME TO queue_before;
ALTER TABLE records RENAME TO records_before;
ALTER TABLE blobs RENAME TO blobs_before;
ALTER TABLE blob_refs RENAME TO blob_refs_before;

-- What streams are called: cold.
CREATE TABLE names(
    stream INTEGER PRIMARY KEY,
    name BLOB NOT NULL UNIQUE
) STRICT;

-- What is to be done. `state` is 0 ready, 1 later (claimable when due), 2 held by a session; `flags` is 1 ephemeral,
-- 2 owns blobs; `due` is an empty text for never; `dedup` is the number of the entry's stream when it is that one's name;
-- `woken` is the queue that somebody woke it into while it was held.
CREATE TABLE queue(
    id INTEGER PRIMARY KEY,
    queue ANY NOT NULL,
    priority INTEGER NOT NULL,
    due ANY NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    session INTEGER,
    stream INTEGER,
    dedup ANY,
    flags INTEGER NOT NULL,
    woken ANY,
    sum INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX queue_ready ON queue(queue, priority DESC, due, id) WHERE state = 0;
CREATE INDEX queue_later ON queue(queue, due, id) WHERE state = 1;
CREATE INDEX queue_held ON queue(queue, session, id) WHERE state = 2;
CREATE UNIQUE INDEX queue_dedup ON queue(dedup) WHERE dedup IS NOT NULL;

-- What things are now. No list needs an index to find what has no tag, and what succeeded (6) is the most of all there is.
CREATE TABLE records(
    kind ANY NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    tag ANY NOT NULL,
    sum INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY(kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX records_tag ON records(kind, tag, id) WHERE tag NOT IN ('', 6);

-- Big things once per content, and who needs them: a stream's id, or the negated id of a queue entry.
CREATE TABLE blobs(
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE blob_refs(
    blob INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    PRIMARY KEY(blob, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_refs_owner ON blob_refs(owner);
