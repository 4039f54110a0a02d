//! The two tables of locks, as SQLite's manual describes them.

use rusqlite::ffi;

use super::{Level, Locks, Shm};

const BUSY: Result<(), i32> = Err(ffi::SQLITE_BUSY);

#[test]
fn a_waiting_writer_lets_readers_finish_and_none_start() {
    let mut locks = Locks::default();
    assert_eq!(locks.acquire(1, Level::Shared), Ok(()));
    assert_eq!(locks.acquire(2, Level::Shared), Ok(()));
    assert_eq!(locks.acquire(1, Level::Reserved), Ok(()));
    assert!(locks.is_reserved());
    assert_eq!(locks.acquire(2, Level::Reserved), BUSY, "one writer");
    assert_eq!(
        locks.acquire(3, Level::Shared),
        Ok(()),
        "readers beside a writer that has not begun"
    );
    assert_eq!(locks.acquire(1, Level::Exclusive), BUSY);
    assert_eq!(locks.acquire(4, Level::Shared), BUSY, "no new reader");
    locks.release(2, Level::None);
    locks.release(3, Level::None);
    assert_eq!(locks.acquire(1, Level::Exclusive), Ok(()));
    assert_eq!(locks.acquire(2, Level::Shared), BUSY);
    locks.release(1, Level::Shared);
    assert!(!locks.is_reserved());
    assert_eq!(locks.acquire(2, Level::Shared), Ok(()));
    locks.release(1, Level::None);
    locks.release(2, Level::None);
    assert!(locks.is_free());
}

#[test]
fn slots_are_shared_or_exclusive_each_for_itself() {
    let mut shm = Shm::default();
    assert_eq!(shm.acquire(1, 0b0001, false), Ok(()));
    assert_eq!(shm.acquire(2, 0b0001, false), Ok(()));
    assert_eq!(shm.acquire(2, 0b0011, true), BUSY, "a run of slots is taken whole or not at all");
    assert_eq!(shm.acquire(2, 0b0010, true), Ok(()));
    assert_eq!(shm.acquire(1, 0b0010, false), BUSY);
    shm.release(2, 0b0010);
    assert_eq!(shm.acquire(1, 0b0010, false), Ok(()));
    shm.release(1, 0b0011);
    shm.release(2, 0b0001);
    assert_eq!(shm.acquire(3, 0b1111, true), Ok(()));
    assert!(!shm.leave(3) && !shm.leave(2) && shm.leave(1), "three were there");
}

#[test]
fn regions_are_made_on_request_and_shared() {
    let mut shm = Shm::default();
    assert!(shm.map(1, 0, 32768, false).is_none());
    let first = shm.map(1, 1, 32768, true).unwrap();
    let same = shm.map(2, 1, 32768, false).unwrap();
    assert_eq!(first.pointer(), same.pointer());
    assert_ne!(first.pointer(), shm.map(2, 0, 32768, false).unwrap().pointer());
}
