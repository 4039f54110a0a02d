//! Real SQLite over the disk: WAL mode, locks, faults, and what a crash may and may not take.

#![cfg(test)]

use fusion_crashfs::rusqlite::{self, Connection, ErrorCode, OpenFlags, ffi};
use fusion_crashfs::{Crash, Disk, Faults};

const TABLE: &str = "CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT NOT NULL)";

fn open(disk: &Disk, synchronous: &str) -> rusqlite::Result<Connection> {
    let db = disk.connect("app.db")?;
    let mode: String = db.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))?;
    assert_eq!(mode, "wal");
    db.execute_batch(&format!("PRAGMA synchronous={synchronous}"))?;
    Ok(db)
}

fn insert(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.execute("INSERT INTO t VALUES (?1, ?2)", (id, "x".repeat(300))).map(drop)
}

fn count(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
}

fn code(result: rusqlite::Result<()>) -> ErrorCode {
    result.unwrap_err().sqlite_error_code().unwrap()
}

fn integrity(db: &Connection) -> String {
    db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap()
}

#[test]
fn two_connections_share_a_database_in_wal_mode() {
    let disk = Disk::new(1);
    let a = open(&disk, "FULL").unwrap();
    let b = open(&disk, "FULL").unwrap();
    a.execute_batch(TABLE).unwrap();
    insert(&a, 1).unwrap();
    assert_eq!(count(&b).unwrap(), 1);

    b.execute_batch("BEGIN; SELECT count(*) FROM t").unwrap();
    assert_eq!(count(&b).unwrap(), 1);
    insert(&a, 2).unwrap();
    assert_eq!(count(&b).unwrap(), 1, "a reader sees one state");
    let late = b.execute_batch("INSERT INTO t VALUES (9, '')").unwrap_err();
    assert_eq!(late.sqlite_error().unwrap().extended_code, ffi::SQLITE_BUSY_SNAPSHOT);
    b.execute_batch("COMMIT").unwrap();
    assert_eq!(count(&b).unwrap(), 2);

    let all: (i64, i64, i64) = a
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .unwrap();
    assert_eq!(all.0, 0);
    assert_eq!(disk.files().get("app.db-wal").unwrap().len(), 0);
    drop((a, b));
    let names: Vec<_> = disk.files().into_keys().collect();
    assert_eq!(names, ["app.db"], "the last connection to close removes the WAL");
}

#[test]
fn a_second_writer_is_busy() {
    for wal in [true, false] {
        let disk = Disk::new(1);
        let a = disk.connect("app.db").unwrap();
        let b = disk.connect("app.db").unwrap();
        if wal {
            a.execute_batch("PRAGMA journal_mode=WAL").unwrap();
        }
        a.execute_batch(TABLE).unwrap();
        a.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert_eq!(code(b.execute_batch("BEGIN IMMEDIATE")), ErrorCode::DatabaseBusy);
        insert(&a, 1).unwrap();
        a.execute_batch("COMMIT").unwrap();
        b.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert_eq!(count(&b).unwrap(), 1);
        b.execute_batch("COMMIT").unwrap();
    }
}

#[test]
fn threads_share_a_database() {
    let disk = Disk::new(1);
    open(&disk, "FULL").unwrap().execute_batch(TABLE).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let disk = disk.clone();
            scope.spawn(move || {
                let db = open(&disk, "FULL").unwrap();
                for n in 0..50 {
                    while let Err(error) = insert(&db, thread * 100 + n) {
                        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
                    }
                }
            });
        }
    });
    let db = open(&disk, "FULL").unwrap();
    assert_eq!((count(&db).unwrap(), integrity(&db)), (200, "ok".to_owned()));
}

/// Commits 30 rows and cuts the power; tells how many are left, or `None` if it is no database any more.
fn rows_after_power_loss(seed: u64, synchronous: &str, faults: Faults) -> Option<i64> {
    let disk = Disk::new(seed);
    let db = open(&disk, "FULL").unwrap();
    db.execute_batch(TABLE).unwrap();
    db.execute_batch(&format!("PRAGMA synchronous={synchronous}; PRAGMA wal_autocheckpoint=10"))
        .unwrap();
    disk.set_faults(faults);
    for id in 0..30 {
        insert(&db, id).unwrap();
    }
    disk.crash(Crash::Power);
    assert!(count(&db).is_err() && disk.crashed());
    drop(db);
    disk.restart();
    let db = disk.connect("app.db").unwrap();
    let sound = db.query_row("PRAGMA integrity_check", [], |r| r.get::<_, String>(0));
    sound.is_ok_and(|word| word == "ok").then(|| count(&db).ok()).flatten()
}

#[test]
fn a_loss_of_power_takes_only_what_was_not_synced() {
    let lying = Faults { lying_sync: true, ..Faults::default() };
    let lost = |synchronous, faults: &Faults| {
        let kept = |seed| rows_after_power_loss(seed, synchronous, faults.clone()) == Some(30);
        (0..40).filter(|seed| !kept(*seed)).count()
    };
    assert_eq!(lost("FULL", &Faults::default()), 0);
    assert!(lost("NORMAL", &Faults::default()) > 0, "NORMAL may lose the last commits");
    assert!(lost("OFF", &Faults::default()) > 0, "OFF may lose commits");
    assert!(lost("FULL", &lying) > 0, "a lying disk loses commits");
}

#[test]
fn a_dead_process_keeps_what_it_wrote() {
    let disk = Disk::new(3);
    let db = open(&disk, "OFF").unwrap();
    db.execute_batch(TABLE).unwrap();
    insert(&db, 1).unwrap();
    let before = disk.files();
    disk.crash(Crash::Process);
    drop(db);
    disk.restart();
    assert_eq!(disk.files(), before);
    assert_eq!(count(&open(&disk, "OFF").unwrap()).unwrap(), 1);
}

#[test]
fn a_connection_of_a_dead_process_never_touches_the_disk_again() {
    let disk = Disk::new(3);
    let zombie = open(&disk, "FULL").unwrap();
    zombie.execute_batch(TABLE).unwrap();
    insert(&zombie, 1).unwrap();
    disk.crash(Crash::Power);
    disk.restart();
    let db = open(&disk, "FULL").unwrap();
    insert(&db, 2).unwrap();
    let before = disk.files();
    assert_eq!(code(insert(&zombie, 3)), ErrorCode::SystemIoFailure);
    drop(zombie);
    assert_eq!(disk.files(), before);
    insert(&db, 3).unwrap();
    assert_eq!((count(&db).unwrap(), integrity(&db)), (3, "ok".to_owned()));
}

#[test]
fn a_full_disk_loses_nothing_and_recovers() {
    let disk = Disk::new(4);
    let db = open(&disk, "FULL").unwrap();
    db.execute_batch(TABLE).unwrap();
    disk.set_faults(Faults { capacity_bytes: Some(200_000), ..Faults::default() });
    let refused = (0..1000).find_map(|id| insert(&db, id).err().map(|error| (id, error)));
    let (id, error) = refused.unwrap();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DiskFull));
    assert!(id > 10 && disk.used_bytes() <= 200_000);
    assert_eq!(count(&db).unwrap(), id, "reads go on");
    disk.set_faults(Faults::default());
    insert(&db, id).unwrap();
    disk.crash(Crash::Power);
    drop(db);
    disk.restart();
    let db = open(&disk, "FULL").unwrap();
    assert_eq!((count(&db).unwrap(), integrity(&db)), (id + 1, "ok".to_owned()));
}

#[test]
fn a_failed_sync_refuses_the_commit_and_harms_no_other() {
    for seed in 0..40 {
        let disk = Disk::new(seed);
        let db = open(&disk, "FULL").unwrap();
        db.execute_batch(TABLE).unwrap();
        insert(&db, 1).unwrap();
        let next = disk.syncs() + 1;
        disk.set_faults(Faults { failing_syncs: Some(next..next + 1), ..Faults::default() });
        assert_eq!(code(insert(&db, 2)), ErrorCode::SystemIoFailure);
        disk.crash(Crash::Power);
        drop(db);
        disk.restart();
        let db = open(&disk, "FULL").unwrap();
        let first: i64 = db.query_row("SELECT min(id) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!((first, integrity(&db)), (1, "ok".to_owned()), "seed {seed}");
    }
}

#[test]
fn failing_operations_are_errors_and_the_next_ones_are_not() {
    let disk = Disk::new(5);
    let db = open(&disk, "FULL").unwrap();
    db.execute_batch(TABLE).unwrap();
    let next = disk.ops() + 1;
    disk.set_faults(Faults { failing_ops: Some(next..next + 1), ..Faults::default() });
    assert_eq!(code(insert(&db, 1)), ErrorCode::SystemIoFailure);
    assert!(disk.trace().last().unwrap().contains("I/O error"), "{:?}", disk.trace());
    insert(&db, 1).unwrap();
    assert_eq!(count(&db).unwrap(), 1);
}

#[test]
fn time_belongs_to_the_disk() {
    let disk = Disk::new(6);
    disk.set_time_ms(1_000_000_000_123);
    let db = disk.connect("app.db").unwrap();
    let now = |sql: &str| db.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(now("SELECT strftime('%s %f', 'now')"), "1000000000 40.123");
    db.execute_batch(TABLE).unwrap();
    let other = disk.connect("app.db").unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(code(insert(&db, 1)), ErrorCode::DatabaseBusy);
    assert!(disk.time_ms() >= 1_000_000_004_000, "the busy handler slept on the disk's clock");
}

#[test]
fn a_connection_may_outlive_its_disk() {
    let disk = Disk::new(7);
    let db = open(&disk, "FULL").unwrap();
    let name = disk.vfs().to_owned();
    drop(disk);
    db.execute_batch(TABLE).unwrap();
    insert(&db, 1).unwrap();
    db.execute_batch("PRAGMA journal_mode=DELETE").unwrap();
    assert_eq!(count(&db).unwrap(), 1);
    let late = Connection::open_with_flags_and_vfs("a.db", OpenFlags::default(), name.as_str());
    assert!(late.is_err(), "the name is gone");
}

#[test]
fn files_go_in_and_out() {
    let first = Disk::new(8);
    let db = first.connect("dir/app.db").unwrap();
    db.execute_batch(TABLE).unwrap();
    insert(&db, 1).unwrap();
    let files = first.files();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["dir/app.db"]);

    let second = Disk::new(9);
    second.load("copy.db", files.get("dir/app.db").unwrap());
    second.crash(Crash::Power);
    second.restart();
    let copy = second.connect("copy.db").unwrap();
    assert_eq!(count(&copy).unwrap(), 1);
    assert_eq!(second.ops(), 0, "to load is no operation");

    drop(copy);
    assert!(second.flip("copy.db", 4096 + 5, 0xFF) && !second.flip("none", 0, 1));
    let broken = second.connect("copy.db").unwrap();
    let word = broken.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_ne!(word.unwrap_or_default(), "ok");
}

#[test]
fn failing_reads_are_errors() {
    let disk = Disk::new(10);
    disk.connect("app.db").unwrap().execute_batch(TABLE).unwrap();
    let db = disk.connect("app.db").unwrap();
    disk.set_faults(Faults { failing_reads: Some(1..u64::MAX), ..Faults::default() });
    assert_eq!(count(&db).unwrap_err().sqlite_error_code(), Some(ErrorCode::SystemIoFailure));
    disk.set_faults(Faults::default());
    assert_eq!(count(&db).unwrap(), 0);
}
