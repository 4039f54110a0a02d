//! The step to schema 3: rows move into tables in which names and ids are packed.

use rusqlite::Connection;

use super::key::{pack, pack_name};
use super::word::{Word, from_text};

/// Moves the rows of schema 2, and drops its tables. Checksums stay: they cover what the values mean.
pub(super) fn repack(connection: &Connection) -> rusqlite::Result<()> {
    names(connection)?;
    documents(connection)?;
    connection.execute_batch(&format!(
        "INSERT INTO queue SELECT q.id, {}, q.priority,
            CASE q.due WHEN {} THEN '' ELSE q.due END, q.state, q.attempts, q.epoch, q.session, q.stream,
            CASE q.dedup WHEN n.name THEN q.stream ELSE q.dedup END, q.flags, {}, q.sum, q.body
            FROM queue_before q LEFT JOIN names_before n ON n.stream = q.stream;
         INSERT INTO blobs SELECT rowid, hash, body FROM blobs_before;
         INSERT INTO blob_refs SELECT b.id, r.owner FROM blob_refs_before r JOIN blobs b ON b.hash = r.hash;
         DROP TABLE queue_before; DROP TABLE names_before; DROP TABLE records_before;
         DROP TABLE blob_refs_before; DROP TABLE blobs_before",
        from_text("q.queue"),
        i64::MAX,
        from_text("q.woken"),
    ))
}

fn names(connection: &Connection) -> rusqlite::Result<()> {
    let mut read = connection.prepare("SELECT stream, name FROM names_before ORDER BY stream")?;
    let mut write = connection.prepare("INSERT INTO names VALUES (?, ?)")?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        // What is no text any more was damaged before, and stays what nobody is called.
        let name = String::from_utf8_lossy(row.get_ref(1)?.as_bytes()?).into_owned();
        write.execute((row.get::<_, i64>(0)?, pack_name(&name)))?;
    }
    Ok(())
}

fn documents(connection: &Connection) -> rusqlite::Result<()> {
    let mut read = connection.prepare(
        "SELECT kind, id, version, at, tag, sum, body FROM records_before ORDER BY kind, id",
    )?;
    let mut write = connection.prepare("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)")?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        let text = |index| -> rusqlite::Result<String> {
            Ok(String::from_utf8_lossy(row.get_ref(index)?.as_bytes()?).into_owned())
        };
        let (kind, id, tag) = (text(0)?, text(1)?, text(4)?);
        let (version, at, sum): (i64, i64, i64) = (row.get(2)?, row.get(3)?, row.get(5)?);
        let body = row.get_ref(6)?;
        write.execute((Word(&kind), pack(&id), version, at, Word(&tag), sum, body.as_bytes()?))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries, names, documents and blobs of every form, as schema 2 kept them.
    const BEFORE: &str = "
        INSERT INTO names VALUES (1, 'run/x'), (2, 'job');
        INSERT INTO queue VALUES
            (1, 'runs', 0, 9223372036854775807, 1, 0, 0, NULL, 1, 'run/x', 0, NULL, 5, x''),
            (2, 'q', 0, 9, 2, 0, 0, 7, 2, 'run/y', 0, 'runs', 5, x''),
            (3, 'q', 0, 9, 0, 0, 0, NULL, 2, 'job', 0, NULL, 5, x''),
            (4, 'q', 0, 9, 0, 0, 0, NULL, NULL, NULL, 0, 'q', 5, x'');
        INSERT INTO records VALUES ('run', 'a', 1, 2, '', 3, x'7b'),
            ('k', '0192f3a0-7d1c-7abc-8def-0123456789ab', 1, 2, 'waiting', 3, x'7b');
        INSERT INTO blobs VALUES (x'aa', x'01'), (x'bb', x'02');
        INSERT INTO blob_refs VALUES (x'aa', 1), (x'aa', 7), (x'bb', 1);";

    /// Questions, and what is found afterwards.
    const AFTER: [(&str, &str); 5] = [
        ("SELECT quote(name) AS x FROM names", "X'78' X'016A6F62'"),
        (
            "SELECT quote(queue) || quote(due) || quote(woken) AS x FROM queue",
            "1''NULL 'q'91 'q'9NULL 'q'9'q'",
        ),
        ("SELECT quote(dedup) AS x FROM queue", "1 'run/y' 2 NULL"),
        (
            "SELECT quote(kind) || quote(tag) || quote(id) AS x FROM records",
            "0''X'61' 'k'4X'1192F3A07D1C7ABC8DEF0123456789AB'",
        ),
        (
            "SELECT quote(body) || owner AS x FROM blob_refs r JOIN blobs b ON b.id = r.blob
             ORDER BY blob, owner",
            "X'01'1 X'01'7 X'02'1",
        ),
    ];

    #[test]
    fn rows_of_schema_2_are_moved_with_what_they_mean() {
        let file = Connection::open_in_memory().unwrap();
        for sql in [include_str!("0001.sql"), BEFORE, include_str!("0003.sql")] {
            file.execute_batch(sql).unwrap();
        }
        repack(&file).unwrap();
        for (question, expected) in AFTER {
            let sql = format!("SELECT group_concat(x, ' ') FROM ({question})");
            let found: String = file.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(found, expected, "{question}");
        }
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%before%'";
        assert_eq!(file.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    }
}
