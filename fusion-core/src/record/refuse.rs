//! The refusals that every store words alike.

use crate::error::{Code, Error, Result};
use crate::model::{Digest, Head, Op, SessionId, limits};

/// Tests an append against where its stream stands (0 and 0 when it does not exist).
///
/// Creating what is there is a conflict whoever owns it; otherwise the fence comes before the place, so that an owner who
/// was replaced learns that first.
pub(super) fn append(stream: &str, head: Head, expect: u64, epoch: u64) -> Result<()> {
    if expect == 0 && head.seq > 0 {
        return Err(Error::new(Code::Conflict, format!("stream `{stream}` exists already")));
    }
    if epoch != head.epoch {
        let text = format!("stream `{stream}` is at epoch {}, not {epoch}", head.epoch);
        return Err(Error::new(Code::Fenced, text).hint("another owner has taken it over"));
    }
    if expect != head.seq {
        let text = format!("stream `{stream}` ends at {}, not at {expect}", head.seq);
        return Err(Error::new(Code::Conflict, text).hint("read again and repeat"));
    }
    Ok(())
}

/// Refuses to write into what was opened for reading.
#[cfg(feature = "sqlite")]
pub(super) fn read_only() -> Error {
    Error::new(Code::StoreReadOnly, "the store was opened for reading only: nothing was written")
        .hint("change the permissions of the file and its folder, or choose another store")
}

/// Refuses an append of nothing, or of more than fits one row.
pub(super) fn length(stream: &str, records: usize) -> Result<()> {
    let most = limits::APPEND_RECORDS;
    if (1..=most).contains(&records) {
        return Ok(());
    }
    let text = format!("an append to `{stream}` has {records} records, not 1 to {most}");
    Err(Error::new(Code::Limit, text))
}

/// Refuses what is larger than any payload may be, and gives the size of the others, in bytes.
pub(super) fn size(op: &Op) -> Result<usize> {
    let (what, bytes) = match op {
        Op::Blob(_, body) => ("a payload", body.len()),
        Op::Enqueue(enqueue) => ("a queue entry", enqueue.body.len()),
        Op::Put(document, _) => ("a document", document.body.len()),
        _ => return Ok(64),
    };
    if bytes as u64 <= limits::PAYLOAD_BYTES {
        return Ok(bytes);
    }
    let text = format!("{what} has {bytes} bytes; the most is {}", limits::PAYLOAD_BYTES);
    Err(Error::new(Code::Limit, text).hint("keep large data elsewhere and hand its address on"))
}

/// Refuses a ticket whose entry is gone, free again or claimed anew.
pub(super) fn ticket(entry: u64, epoch: u64) -> Error {
    let text = format!("queue entry {entry} is not held under epoch {epoch}");
    Error::new(Code::Fenced, text).hint("its lease ended, or it was removed")
}

/// Refuses a session that was never opened or is over.
pub(super) fn session(id: SessionId) -> Error {
    Error::new(Code::Fenced, format!("session {:x} is not open", id.0))
        .hint("open a new session with a new id")
}

/// Refuses a message to somebody who is gone.
pub(super) fn wake(dedup: &str) -> Error {
    Error::new(Code::RunNotFound, format!("there is no queue entry `{dedup}` to wake"))
}

/// Refuses an entry for a queue that is full.
pub(super) fn full(queue: &str, limit: u32) -> Error {
    Error::new(Code::Limit, format!("queue `{queue}` has {limit} entries and takes no more"))
        .hint("try again later")
}

/// Refuses a write that expected another version of a document.
pub(super) fn version(kind: &str, id: &str, found: u64, expect: u64) -> Error {
    let text = format!("{kind} `{id}` is at version {found}, not {expect}");
    Error::new(Code::Conflict, text).hint("read again and repeat")
}

/// Refuses to name a blob that is not there: whoever reads on from it later would find a hole.
pub(super) fn blob(who: &str, digest: Digest) -> Error {
    let text = format!("{who} names the blob {digest}, which is not in the store");
    Error::new(Code::InvalidInput, text)
        .hint("store the bytes before, or earlier in the same batch; was what named them deleted meanwhile?")
}

/// Refuses what is done only when a queue is empty.
pub(super) fn not_vacant(queue: &str) -> Error {
    Error::new(Code::Conflict, format!("queue `{queue}` is not empty")).hint("read it, and repeat")
}

/// Refuses to delete a stream that is still somebody's work.
pub(super) fn in_use(stream: &str) -> Error {
    Error::new(Code::Conflict, format!("a queue entry points at stream `{stream}`"))
}

/// Refuses whatever comes after `close`.
pub(super) fn closed() -> Error {
    Error::new(Code::Closed, "the store was closed")
}
