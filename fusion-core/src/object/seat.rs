//! How an activation gets the lease of its object.

use super::names::Name;
use crate::error::{Code, Result};
use crate::model::{Batch, Op, Ticket};
use crate::run::engine::Shared;
use crate::run::session;

/// Takes the lease of an object; nothing, when another process holds it that is alive as far as anybody knows.
pub(super) async fn take(engine: &Shared, name: &Name) -> Result<Option<Ticket>> {
    let mut has_reaped = false;
    loop {
        let now = engine.env.now_ms();
        let mut ops = Vec::new();
        match engine.store.entry(&name.stream).await? {
            Some(entry) if entry.session == Some(engine.session) => {
                return Ok(Some(entry.ticket()));
            }
            Some(entry) if entry.session.is_some() => {
                // Perhaps of the dead; somebody else here may look for them at the same time.
                if has_reaped {
                    return Ok(None);
                }
                session::reap(engine).await?;
                has_reaped = true;
                continue;
            }
            // A claim takes what comes first; to take this one, its entry is put in anew with its owner.
            Some(entry) => ops.push(Op::Complete(entry.ticket())),
            None => {}
        }
        ops.push(Op::Enqueue(name.entry(Some(engine.session), now)));
        match engine.store.commit_here(Batch { now, ops }).await {
            Ok(receipt) => {
                // Where there was none, somebody may have put one in between: then this is his.
                let ticket = receipt.entries.first().copied();
                let entry = engine.store.entry(&name.stream).await?;
                let mine = entry.filter(|entry| entry.session == Some(engine.session));
                if mine.map(|entry| entry.ticket()) == ticket {
                    return Ok(ticket);
                }
            }
            // Somebody was faster, or this process is taken for dead.
            Err(error) if error.code() == Code::Fenced => session::confirm(engine).await?,
            Err(error) => return Err(error),
        }
    }
}
