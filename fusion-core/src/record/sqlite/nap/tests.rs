//! Tests of the writer's sleep.
#![cfg(test)]

use std::fs;
use std::io::Write;
use std::thread;

use super::{CALM_MS, Nap, SETTLE_MS, Woken};
use crate::model::limits;

/// A nap beside a file whose WAL is there.
fn nap() -> (Nap, fs::File, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let wal = fs::File::create(folder.path().join("f.db-wal")).unwrap();
    (Nap::new(&folder.path().join("f.db")).unwrap(), wal, folder)
}

#[test]
fn a_call_before_the_sleep_ends_it() {
    let (mut nap, ..) = nap();
    nap.waker().wake();
    nap.sleep(None);
}

#[test]
fn a_call_from_another_thread_ends_it() {
    let (mut nap, ..) = nap();
    let waker = nap.waker();
    thread::scope(|scope| {
        scope.spawn(move || waker.wake());
        nap.sleep(None);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn it_looks_often_after_a_write_and_seldom_when_nothing_moves() {
    let (mut nap, mut wal, _folder) = nap();
    let often_ms = limits::TAIL_MS.unsigned_abs();
    let mut passed_ms = 0;
    while passed_ms < SETTLE_MS {
        assert_eq!(nap.sleep_and_watch(), often_ms);
        passed_ms += often_ms;
    }
    assert_eq!(nap.sleep_and_watch(), CALM_MS);
    wal.write_all(b"page").unwrap();
    assert_eq!(nap.sleep_and_watch(), often_ms, "somebody wrote");
}

#[cfg(target_os = "linux")]
#[test]
fn a_write_ends_a_calm_sleep() {
    let (nap, mut wal, _folder) = nap();
    thread::scope(|scope| {
        scope.spawn(|| wal.write_all(b"page").unwrap());
        assert_eq!(nap.bed.sleep(None, true), Woken::Written);
    });
    assert!(nap.bed.was_written() && !nap.bed.was_written());
}
