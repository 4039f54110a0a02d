//! A mailbox under fire: three agents write to one, which reads; each writes a line before and after what it does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fusion_core::Fusion;
use fusion_core::contract::About;
use fusion_core::coordination::{Delivery, Message};
use fusion_core::model::RunId;
use fusion_core::run::Os;
use futures_util::future::try_join_all;

use crate::Fault;
use crate::ledger::{Ledger, What};

/// Who writes.
pub const SENDERS: [&str; 3] = ["alice", "carol", "dave"];
/// How many messages each of them sends.
pub const MESSAGES: usize = 12;
/// Who reads.
pub const READER: &str = "bob";

/// How many messages the reader takes at once.
const AT_ONCE: usize = 4;
/// How long it rests when there is nothing.
const PAUSE: Duration = Duration::from_millis(2);

/// Sends what is not sent, and reads until nothing is left; dies right after a line of the ledger, unless it is 0.
///
/// Who starts again sends all of it again: the names of the messages keep each from being there twice.
///
/// # Errors
/// Whatever the engine or the ledger says.
pub async fn work(store: PathBuf, ledger: PathBuf, die_at: u64) -> Result<(), Fault> {
    let env = Os::current().ok_or("no runtime")?;
    let ledger = Arc::new(Ledger::new(ledger, env, (die_at > 0).then_some(die_at)));
    let fusion = Fusion::open(&format!("sqlite://{}", store.display())).await?;
    // It is there before the first message.
    drop(fusion.messages().mailbox(READER).await?);
    let senders = SENDERS.map(|name| send(&fusion, &ledger, name));
    let (sent, read) = tokio::join!(try_join_all(senders), read(&fusion, &ledger));
    sent?;
    read?;
    // What was sent after the reader had its number of messages.
    rest(&fusion, &ledger).await?;
    fusion.close().await?;
    Ok(())
}

async fn send(fusion: &Fusion, ledger: &Ledger, name: &str) -> Result<(), Fault> {
    for number in 0..MESSAGES {
        let id = format!("{name}-{number:02}");
        let mut message = Message::new(name, READER, "note", &number)?;
        message.id = Some(id.as_str().into());
        note(ledger, name, &id, 1, What::Entered)?;
        fusion.send(message).await?;
        note(ledger, name, &id, 1, What::Left)?;
    }
    Ok(())
}

/// Reads until all that can come has come, or nothing comes for a while.
async fn read(fusion: &Fusion, ledger: &Ledger) -> Result<(), Fault> {
    let mut mailbox = fusion.messages().mailbox(READER).await?;
    let mut quiet = 0;
    while quiet < 20 {
        let found = mailbox.receive_now(AT_ONCE).await?;
        quiet = if found.is_empty() { quiet + 1 } else { 0 };
        take(ledger, found).await?;
        if quiet > 0 {
            pause().await;
        }
    }
    Ok(())
}

/// Reads until nothing lies in the mailbox.
async fn rest(fusion: &Fusion, ledger: &Ledger) -> Result<(), Fault> {
    let mut mailbox = fusion.messages().mailbox(READER).await?;
    while mailbox.waiting(1).await? > 0 {
        let found = mailbox.receive(AT_ONCE).await?;
        take(ledger, found).await?;
    }
    Ok(())
}

async fn take(ledger: &Ledger, found: Vec<Delivery>) -> Result<(), Fault> {
    for delivery in found {
        let id = delivery.message().id().to_owned();
        let attempt = u16::try_from(delivery.attempt())?;
        note(ledger, READER, &id, attempt, What::Entered)?;
        delivery.acknowledge().await?;
        note(ledger, READER, &id, attempt, What::Left)?;
    }
    Ok(())
}

fn note(ledger: &Ledger, who: &str, id: &str, attempt: u16, what: What) -> Result<(), Fault> {
    let about = About {
        run: RunId::new(who)?,
        node: id.into(),
        attempt,
        epoch: 0,
        idempotency_key: String::new(),
        feedback: None,
    };
    ledger.write(&about, "", what)
}

#[expect(clippy::disallowed_methods, reason = "a reader is outside of the engine's world")]
async fn pause() {
    tokio::time::sleep(PAUSE).await;
}
