//! Crashes in every single operation of a small workload, and checks what is left.

#![cfg(test)]

use fusion_crashfs::rusqlite::{self, Connection};
use fusion_crashfs::{Crash, Disk, Faults};

/// Transactions of the workload; each writes [`ROWS`] rows, so that half a transaction can be told from a whole one.
const TRANSACTIONS: i64 = 10;
const ROWS: i64 = 3;

/// How the database is kept safe.
#[derive(Debug, Clone, Copy)]
struct Setup {
    journal: &'static str,
    synchronous: &'static str,
}

const WAL: Setup = Setup { journal: "WAL", synchronous: "FULL" };

/// Does the workload, and tells which transactions were acknowledged before the first error.
fn work(disk: &Disk, setup: Setup) -> Vec<i64> {
    let mut acknowledged = Vec::new();
    let Ok(db) = prepare(disk, setup) else { return acknowledged };
    for transaction in 0..TRANSACTIONS {
        if commit(&db, transaction).is_err() {
            break;
        }
        acknowledged.push(transaction);
        // A second connection checkpoints, so that both work through the shared memory.
        if transaction == 6 && checkpoint(disk).is_err() {
            break;
        }
    }
    acknowledged
}

/// Opens the database in the wanted mode.
///
/// The statement that sets the mode is run to its end, not to its first row: `SQLite` hands out the row `wal` before it
/// commits the change, so an I/O error comes only after that. Who misses it stays in `DELETE` mode, in which
/// `synchronous=FULL` does not make a commit sure.
fn prepare(disk: &Disk, setup: Setup) -> rusqlite::Result<Connection> {
    let db = disk.connect("app.db")?;
    let Setup { journal, synchronous } = setup;
    let modes: Vec<String> = db
        .prepare(&format!("PRAGMA journal_mode={journal}"))?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if !modes.iter().all(|mode| mode.eq_ignore_ascii_case(journal)) {
        return Err(rusqlite::Error::InvalidQuery);
    }
    db.execute_batch(&format!(
        "PRAGMA synchronous={synchronous}; PRAGMA wal_autocheckpoint=4; PRAGMA cache_size=4;
         CREATE TABLE IF NOT EXISTS t(number INTEGER, part INTEGER, body BLOB, UNIQUE(number, part))"
    ))?;
    Ok(db)
}

fn checkpoint(disk: &Disk) -> rusqlite::Result<()> {
    disk.connect("app.db")?.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))
}

fn commit(db: &Connection, number: i64) -> rusqlite::Result<()> {
    db.execute_batch("BEGIN IMMEDIATE")?;
    for part in 0..ROWS {
        let body = vec![u8::try_from(number).unwrap(); 2500];
        db.execute("INSERT INTO t VALUES (?1, ?2, ?3)", (number, part, body))?;
    }
    db.execute_batch("COMMIT")
}

/// Reads what is left after the restart; an error says what is wrong.
fn verify(disk: &Disk, setup: Setup, acknowledged: &[i64]) -> Result<(), String> {
    let fail = |error: rusqlite::Error| error.to_string();
    let db = prepare(disk, setup).map_err(fail)?;
    let word: String =
        db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(fail)?;
    if word != "ok" {
        return Err(word);
    }
    let mut statement = db
        .prepare("SELECT number, count(*) FROM t GROUP BY number ORDER BY number")
        .map_err(fail)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(fail)?;
    let found: Vec<(i64, i64)> = rows.collect::<Result<_, _>>().map_err(fail)?;
    if let Some(half) = found.iter().find(|(_, rows)| *rows != ROWS) {
        return Err(format!("half a transaction: {half:?}"));
    }
    let found: Vec<i64> = found.into_iter().map(|(number, _)| number).collect();
    if !found.starts_with(acknowledged) {
        return Err(format!("acknowledged {acknowledged:?}, found {found:?}"));
    }
    if found.len() > acknowledged.len() + 1 {
        return Err(format!("found {found:?}, only {acknowledged:?} and one more began"));
    }
    commit(&db, 100).map_err(fail)
}

/// Crashes in operation 1, 2, 3, … until the workload ends without a crash; counts the crashes and lists the failures.
fn crash_everywhere(seed: u64, crash: Crash, setup: Setup, faults: &Faults) -> (u64, Vec<String>) {
    let mut failures = Vec::new();
    for op in 1.. {
        let disk = Disk::new(seed);
        disk.set_faults(faults.clone());
        disk.crash_at(op, crash);
        let acknowledged = work(&disk, setup);
        if !disk.crashed() {
            return (op - 1, failures);
        }
        disk.restart();
        disk.set_faults(Faults::default());
        if let Err(wrong) = verify(&disk, setup, &acknowledged) {
            let trace = disk.trace().join("\n");
            failures.push(format!("{setup:?} seed {seed} op {op} {crash:?}: {wrong}\n{trace}"));
        }
    }
    (0, failures)
}

fn assert_safe(setup: Setup, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        for crash in [Crash::Process, Crash::Power] {
            let (crashes, failures) = crash_everywhere(seed, crash, setup, &Faults::default());
            assert!(crashes > 50, "only {crashes} operations");
            assert!(failures.is_empty(), "{} of {crashes}: {}", failures.len(), failures[0]);
        }
    }
}

#[test]
fn wal_survives_a_crash_in_every_operation() {
    assert_safe(WAL, 0..12);
}

#[test]
fn rollback_journals_survive_a_crash_in_every_operation() {
    assert_safe(Setup { journal: "DELETE", synchronous: "EXTRA" }, 0..4);
    assert_safe(Setup { journal: "TRUNCATE", synchronous: "FULL" }, 0..4);
    assert_safe(Setup { journal: "PERSIST", synchronous: "FULL" }, 0..4);
}

/// The checks above are worth nothing if they pass on a disk, or with a setting, that is known to lose data.
#[test]
fn the_checks_catch_every_saboteur() {
    let lying = Faults { lying_sync: true, ..Faults::default() };
    let honest = Faults::default();
    let bites = |setup, crash, faults: &Faults| {
        (0..4).map(|seed| crash_everywhere(seed, crash, setup, faults).1.len()).sum::<usize>()
    };
    assert!(bites(WAL, Crash::Power, &lying) > 0, "a lying disk");
    for synchronous in ["OFF", "NORMAL"] {
        let weak = Setup { synchronous, ..WAL };
        assert!(bites(weak, Crash::Power, &honest) > 0, "synchronous={synchronous}");
        assert_eq!(bites(weak, Crash::Process, &honest), 0, "a kill takes nothing");
    }
    assert!(bites(Setup { journal: "MEMORY", ..WAL }, Crash::Process, &honest) > 0, "no journal");
    // SQLite's own manual says that FULL does not sync the folder after the journal is deleted; EXTRA does.
    let resurrected = Setup { journal: "DELETE", synchronous: "FULL" };
    assert!(bites(resurrected, Crash::Power, &honest) > 0, "the journal is back");
}

#[test]
fn a_second_crash_in_recovery_is_survived_too() {
    for seed in 0..6 {
        for first in (5..60).step_by(7) {
            for second in 1..25 {
                let disk = Disk::new(seed);
                disk.crash_at(first, Crash::Power);
                let acknowledged = work(&disk, WAL);
                disk.restart();
                disk.crash_at(disk.ops() + second, Crash::Power);
                let _ = prepare(&disk, WAL).map(|db| commit(&db, TRANSACTIONS + 1));
                disk.restart();
                let db = prepare(&disk, WAL).unwrap();
                let mut query = db.prepare("SELECT DISTINCT number FROM t ORDER BY 1").unwrap();
                let found: Vec<i64> =
                    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
                let place =
                    format!("seed {seed} ops {first}, {second}: {acknowledged:?} {found:?}");
                assert!(found.starts_with(&acknowledged), "{place}");
            }
        }
    }
}

/// Fails operation, then read, 1, 2, 3, … until the workload meets no fault; a program that stops at the first error and
/// starts anew loses nothing, even if the power goes at that moment.
#[test]
fn stopping_at_the_first_io_error_is_safe() {
    let until_heal = [1, u64::MAX];
    for (seed, width) in (0..3).flat_map(|seed| until_heal.map(|width| (seed, width))) {
        for reads in [false, true] {
            for number in 1_u64.. {
                let disk = Disk::new(seed);
                let failing = Some(number..number.saturating_add(width));
                disk.set_faults(if reads {
                    Faults { failing_reads: failing, ..Faults::default() }
                } else {
                    Faults { failing_ops: failing, ..Faults::default() }
                });
                let acknowledged = work(&disk, WAL);
                let reached = if reads { disk.reads() } else { disk.ops() };
                disk.crash(Crash::Power);
                disk.restart();
                disk.set_faults(Faults::default());
                let result = verify(&disk, WAL, &acknowledged);
                let trace = || disk.trace().join("\n");
                assert_eq!(result, Ok(()), "seed {seed} number {number} {width}\n{}", trace());
                if reached < number {
                    break;
                }
            }
        }
    }
}
