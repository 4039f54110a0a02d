//! What is known by heart of entries that this process has made, which nearly all are that it asks for: no look at the file.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use super::slot::Slot;
use super::{BLOBS, SCARCE};
use crate::error::Result;
use crate::model::Ticket;
use crate::record::sqlite::fault::{Fault, signed};
use crate::record::sqlite::writer::Writer;

/// The most entries that are known.
const ENTRIES: usize = 16_384;
/// How the names of runs' streams begin, and the text after all that begin so.
const RUNS: [&str; 2] = ["run/", "run0"];

/// The streams of plain entries: those that own no blobs, and whose place nobody waits for. An entry has one stream all its life,
/// and no number of one that was committed is given out twice, so this holds whatever anybody writes.
#[derive(Debug, Default)]
pub(in crate::record::sqlite) struct Own(
    HashMap<i64, Option<i64>, BuildHasherDefault<DefaultHasher>>,
);

impl Own {
    /// Notes an entry that is made.
    pub(super) fn note(&mut self, slot: &Slot) {
        if slot.flags & (BLOBS | SCARCE) != 0 {
            return;
        }
        if self.0.len() >= ENTRIES {
            self.0.clear();
        }
        self.0.insert(slot.id, slot.stream);
    }

    /// Forgets entries that were not made after all: their numbers are given out again.
    pub(in crate::record::sqlite) fn forget_after(&mut self, id: i64) {
        self.0.retain(|known, _| *known <= id);
    }
}

/// Tells whether a dedup key is what the stream of a run could be called.
pub(super) fn names_a_run(key: &str) -> bool {
    let [begin, _] = RUNS;
    key.starts_with(begin)
}

impl Writer {
    /// Removes an entry of this process that stands at the ticket's epoch; `false` when that takes a closer look.
    pub(super) fn take_out_own(&mut self, ticket: Ticket) -> Result<bool, Fault> {
        let (id, epoch) = (signed(ticket.entry), signed(ticket.epoch));
        let Some(stream) = self.own.0.remove(&id) else { return Ok(false) };
        let mut statement =
            self.connection.prepare_cached("DELETE FROM queue WHERE id = ? AND epoch = ?")?;
        let is_gone = statement.execute((id, epoch))? == 1;
        drop(statement);
        if is_gone {
            self.gone(id, stream, 0)?;
        }
        Ok(is_gone)
    }

    /// Tells whether no entry has the name of a stream as its dedup key, without a look for it: the stream is a run's that began just
    /// now, and no entry has the name of a run that is not its own.
    pub(super) fn nobody_has(&mut self, dedup: &str, stream: Option<i64>) -> Result<bool, Fault> {
        let is_new = stream.is_some_and(|stream| self.behind.is_new(stream));
        if !is_new || !names_a_run(dedup) {
            return Ok(false);
        }
        if self.known.has_alien.is_none() {
            let mut statement = self.connection.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM queue WHERE dedup >= ? AND dedup < ?)",
            )?;
            self.known.has_alien = Some(statement.query_row(RUNS, |row| row.get(0))?);
        }
        // The entry itself may be this transaction's second: then its stream has a user.
        Ok(self.known.has_alien == Some(false)
            && stream.is_some_and(|stream| !self.behind.is_used(stream)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::model::{Append, Batch, Enqueue, Op, Record};
    use crate::record::bus::Local;
    use crate::record::sqlite::Options;
    use crate::record::sqlite::group::Prepared;

    fn open(path: &std::path::Path) -> Writer {
        Writer::open(&Options::new(path), Local::new(), 0).unwrap()
    }

    fn apply(writer: &mut Writer, ops: impl Into<Vec<Op>>) -> crate::error::Result<Vec<Ticket>> {
        let batch = Prepared::new(Batch { now: 1_000, ops: ops.into() }).unwrap();
        writer.apply(vec![batch]).remove(0).map(|receipt| receipt.entries)
    }

    fn begin(stream: &str) -> Op {
        let records = vec![Record::RunResumed("x".into())];
        Op::Append(Append { stream: stream.into(), expect: 0, epoch: 0, records })
    }

    fn entry(dedup: &str, stream: Option<&str>) -> Op {
        let (dedup, stream) = (Some(dedup.into()), stream.map(Into::into));
        Op::Enqueue(Enqueue { queue: "q".into(), dedup, stream, ..Enqueue::default() })
    }

    #[test]
    fn an_entry_with_the_name_of_a_run_to_come_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let (mut writer, mut other) = (open(&path), open(&path));
        apply(&mut writer, [begin("run/a"), entry("run/a", Some("run/a"))]).unwrap();
        assert_eq!(writer.known.has_alien, Some(false));
        // Of another process, and then of this one.
        let [theirs, ours] = [&mut other, &mut writer].map(|writer| {
            let name = format!("run/{}", writer.known.queue);
            let made = apply(writer, [entry(&name, None)]).unwrap();
            assert_eq!(apply(writer, [begin(&name), entry(&name, Some(&name))]).unwrap(), made);
            name
        });
        for (name, writer) in [(theirs, &mut writer), (ours, &mut other)] {
            let again = apply(writer, [entry(&name, Some(&name))]).unwrap();
            apply(writer, [Op::Complete(again[0])]).unwrap();
        }
        // One of the very transaction that makes the stream.
        let both = apply(
            &mut writer,
            [begin("run/b"), entry("run/b", Some("run/b")), entry("run/b", Some("run/b"))],
        );
        let both = both.unwrap();
        assert_eq!(both[0], both[1]);
    }

    #[test]
    fn what_is_known_of_an_entry_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let (mut writer, mut other) = (open(&path), open(&path));
        let made = apply(&mut writer, [begin("run/a"), entry("run/a", Some("run/a"))]).unwrap();
        let late = Ticket { epoch: made[0].epoch + 1, ..made[0] };
        let refused = apply(&mut writer, [Op::Complete(late)]).unwrap_err();
        assert_eq!(refused.code(), Code::Fenced);
        apply(&mut writer, [Op::Complete(made[0]), Op::Drop("run/a".into())]).unwrap();
        assert_eq!(apply(&mut writer, [Op::Complete(made[0])]).unwrap_err().code(), Code::Fenced);
        // The number of one that was not made after all is not given to one of another process.
        let lost = [begin("run/b"), entry("run/b", Some("run/b")), Op::Complete(late)];
        assert!(apply(&mut writer, lost).is_err());
        let theirs = apply(&mut other, [begin("run/c"), entry("run/c", Some("run/c"))]).unwrap();
        assert!(!writer.own.0.contains_key(&signed(theirs[0].entry)), "{:?}", writer.own);
        apply(&mut writer, [Op::Complete(theirs[0]), Op::Drop("run/c".into())]).unwrap();
    }

    #[test]
    fn what_was_rolled_back_is_not_known() {
        let mut own = Own::default();
        own.0.extend([(7, None), (8, Some(1))]);
        own.forget_after(7);
        assert_eq!(own.0.keys().collect::<Vec<_>>(), [&7]);
    }
}
