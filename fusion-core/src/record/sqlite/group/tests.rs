//! Groups in which batches are refused: the others lose nothing by it.

use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::contract::{Bus, Subscription};
use crate::model::{Append, Document, Enqueue};
use crate::record::bus::Local;
use crate::record::sqlite::{Options, check};
use futures_util::FutureExt;

fn ready(ops: impl Into<Vec<Op>>) -> Prepared {
    Prepared::new(Batch { now: 1_000, ops: ops.into() }).unwrap()
}

fn append(stream: &str, expect: u64) -> Op {
    let records = vec![Record::RunResumed("x".into())];
    Op::Append(Append { stream: stream.into(), expect, epoch: 0, records })
}

fn enqueue(queue: &str) -> Op {
    let stream = Some(queue.into());
    Op::Enqueue(Enqueue { queue: queue.into(), stream, ..Enqueue::default() })
}

/// Is refused: there is no such document.
fn put() -> Op {
    let (kind, id, tag): (Arc<str>, Arc<str>, Arc<str>) = ("k".into(), "i".into(), "".into());
    let document = Document { kind, id, version: 0, at: 0, tag, body: Bytes::new() };
    Op::Put(document, Some(7))
}

fn rang(ear: &mut Box<dyn Subscription>) -> bool {
    ear.heard().now_or_never().is_some()
}

fn count(writer: &Writer, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    writer.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn what_is_refused_takes_nothing_else_along() {
    let folder = tempfile::tempdir().unwrap();
    let bus = Local::new();
    let mut writer =
        Writer::open(&Options::new(folder.path().join("x.db")), bus.clone(), 0).unwrap();
    assert!(writer.apply(vec![ready([append("old", 0)])]).iter().all(Result::is_ok));
    let mut ears = ["stream/old", "stream/new", "stream/half", "queue/half", "queue/whole"]
        .map(|topic| bus.listen(&[topic]));
    let answers = writer.apply(vec![
        ready([append("old", 1)]),
        ready([append("half", 0), append("old", 2), enqueue("half"), put()]),
        ready([append("old", 1)]),
        ready([append("new", 0), append("old", 2), enqueue("whole")]),
    ]);
    let codes: Vec<_> = answers.iter().map(|one| one.as_ref().map_err(Error::code)).collect();
    assert!(codes[0].is_ok() && codes[3].is_ok(), "{codes:?}");
    for refused in [1, 2] {
        assert_eq!(codes[refused].err(), Some(Code::Conflict), "{refused}");
    }
    assert_eq!(ears.each_mut().map(rang), [true, true, false, false, true]);
    // A queue entry and a row of the journal for each stream that is there, and nothing that leads nowhere.
    let tables = ["journal", "names", "streams", "queue", "bells"];
    assert_eq!(tables.map(|table| count(&writer, table)), [4, 3, 3, 1, 0]);
    let (_, problems) = check::describe(&writer.connection, true).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    // What the writer knows by heart is what the file has.
    assert!(writer.apply(vec![ready([append("old", 3)])]).iter().all(Result::is_ok));
    assert!(writer.apply(vec![ready([append("half", 0)])]).iter().all(Result::is_ok));
}

#[test]
fn a_refusal_that_wrote_nothing_costs_nobody_a_second_try() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(folder.path().join("x.db"));
    let mut writer = Writer::open(&options, Local::new(), 0).unwrap();
    let changes = writer.connection.total_changes();
    writer.apply(vec![ready([append("a", 0)])]);
    let alone = writer.connection.total_changes() - changes;
    writer.apply(vec![ready([put(), append("b", 0)]), ready([append("c", 0)])]);
    assert_eq!(writer.connection.total_changes() - changes, 2 * alone);
}
