//! After a crash: is everything there that was acknowledged, and nothing that was not?

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::mirror::Mirror;
use super::witness::Witness;
use crate::contract::Store;
use crate::error::Result;
use crate::model::{Record, Stamped};

/// Gives the answer of a store that answers at once.
pub(super) fn now<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => Err(crate::error::Error::new(
            crate::error::Code::Internal,
            "an inline store did not answer at once",
        )),
    }
}

/// Compares what the disk has with what was acknowledged, and takes over what is there beyond it.
///
/// # Errors
/// What the store says when the disk fails again.
pub(super) fn after_crash(store: &dyn Store, witness: &Witness) -> Result<()> {
    let mut wrong: Vec<String> = now(store.status(true))?
        .problems
        .into_iter()
        .map(|problem| format!("integrity: {problem}"))
        .collect();
    let mut notes = witness.notes();
    let mirror = &mut notes.mirror;
    let unknown = std::mem::take(&mut mirror.unknown);
    let mut names: Vec<Arc<str>> = mirror.streams.keys().cloned().collect();
    names.extend(unknown.iter().map(|append| append.stream.clone()));
    names.sort();
    names.dedup();
    let mut read = Vec::new();
    for name in names {
        let head = now(store.head(&name))?.unwrap_or_default();
        let found = now(store.read(&name, 0, 100_000))?;
        read.push((name, head.epoch, found));
    }
    for (name, epoch, found) in read {
        let extra: Vec<&Record> = unknown
            .iter()
            .filter(|append| append.stream == name)
            .flat_map(|append| &append.records)
            .collect();
        compare(&name, mirror, (epoch, &found), &extra, &mut wrong);
        if mirror.streams.get(&name).is_some_and(|stream| stream.records.is_empty()) {
            mirror.streams.remove(&name);
        }
    }
    mail(store, mirror, &mut wrong)?;
    mirror.take_sessions(now(store.sessions())?);
    drop(notes);
    witness.accuse(wrong);
    Ok(())
}

fn compare(
    name: &Arc<str>,
    mirror: &mut Mirror,
    (epoch, found): (u64, &[Stamped]),
    extra: &[&Record],
    wrong: &mut Vec<String>,
) {
    let Mirror { streams, blobs, .. } = mirror;
    let stream = streams.entry(name.clone()).or_default();
    for (at, known) in stream.records.iter().enumerate() {
        match found.get(at) {
            Some(stamped) if stamped.record == *known => {}
            Some(stamped) => wrong.push(format!(
                "acknowledged: record {} of {name} was {known:?} and is {:?}",
                at + 1,
                stamped.record
            )),
            None => {
                wrong.push(format!("acknowledged: record {} of {name} is lost: {known:?}", at + 1));
                return;
            }
        }
    }
    for (stamped, seq) in found.iter().zip(1u64..) {
        if stamped.seq != seq {
            wrong.push(format!("gap: record {seq} of {name} has the number {}", stamped.seq));
        }
    }
    if epoch < stream.epoch && !stream.records.is_empty() {
        wrong.push(format!("fence: {name} stood at epoch {}, and stands at {epoch}", stream.epoch));
    }
    stream.epoch = epoch;
    for stamped in found.iter().skip(stream.records.len()) {
        if !extra.contains(&&stamped.record) {
            wrong.push(format!("stranger: {name} has a record that nobody wrote: {stamped:?}"));
        }
        stream.fold((name, &stamped.record), blobs, wrong);
    }
}

/// Looks for the messages that were acknowledged and that no run has taken.
fn mail(store: &dyn Store, mirror: &mut Mirror, wrong: &mut Vec<String>) -> Result<()> {
    let mut lost = Vec::new();
    for (entry, mail) in mirror.mail.iter().filter(|(_, mail)| !mail.taken) {
        let inbox = mail.run.replacen("run/", "inbox/", 1);
        let found = now(store.entries(&inbox, 0, 10_000))?;
        if found.iter().any(|there| there.id == *entry) {
            continue;
        }
        lost.push(*entry);
        // The batch that took it may be one whose outcome nobody knew.
        if !mirror.taken_unknown.contains(entry) {
            wrong.push(format!("acknowledged: message {entry} to {} is lost", mail.run));
        }
    }
    for entry in lost {
        mirror.mail.remove(&entry);
    }
    mirror.taken_unknown.clear();
    Ok(())
}
