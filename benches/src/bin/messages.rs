//! Messages between agents: within the process without a record, and recorded and acknowledged on SQLite.
#![expect(
    clippy::disallowed_methods,
    reason = "senders and receivers are plain tasks, and measured"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fusion_benches::figure::Figure;
use fusion_benches::meter::{self, median};
use fusion_benches::setup::{Outcome, folder, runtime};
use fusion_core::Fusion;
use fusion_core::coordination::{Message, Recipient};
use fusion_core::model::Payload;

const UNRECORDED: u64 = 2_000_000;
const SENDERS: u64 = 4_000;
const MAILBOXES: u64 = 4;
const SECONDS: u64 = 3;
const ROUNDS: usize = 3;

fn main() -> Outcome {
    let runtime = runtime()?;
    let folder = folder()?;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        rates.push(runtime.block_on(unrecorded())?);
    }
    Figure::new("unrecorded messages between two agents", median(rates.into_iter()), "messages/s")
        .target(">= 1000000")
        .say();
    let (mut rates, mut cpu) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let path = folder.path().join(format!("messages-{round}.db"));
        let url = format!("sqlite://{}?durability=relaxed", path.display());
        let (rate, each) = runtime.block_on(recorded(&url))?;
        rates.push(rate);
        cpu.push(each);
    }
    let name = "recorded and acknowledged messages, relaxed, 4,000 in flight";
    Figure::new(name, median(rates.into_iter()), "messages/s").target(">= 100000").say();
    Figure::new(format!("{name}: CPU"), median(cpu.into_iter()), "us/message").say();
    Ok(())
}

/// One agent sends to another one as fast as it can.
async fn unrecorded() -> Outcome<f64> {
    let fusion = Fusion::open("memory://").await?;
    let mut bob = fusion.mailbox("bob").await?;
    let line = fusion.line("bob")?;
    let cost = meter::start();
    let send = tokio::spawn(async move {
        let (alice, note): (Arc<str>, Arc<str>) = ("alice".into(), "note".into());
        let (to, content) = (Recipient::read("bob")?, Payload::value(&"x".repeat(200).into()));
        for _ in 0..UNRECORDED {
            let message = Message::of(alice.clone(), to.clone(), note.clone(), content.clone());
            line.send(message).await?;
        }
        fusion_core::error::Result::<()>::Ok(())
    });
    let mut count = 0;
    while count < UNRECORDED {
        count += bob.receive(512).await?.len() as u64;
    }
    send.await??;
    Ok(count as f64 / cost().seconds)
}

/// Many senders, a few mailboxes whose owners acknowledge what they get. Gives messages per second, and microseconds of all
/// threads per message.
async fn recorded(url: &str) -> Outcome<(f64, f64)> {
    let fusion = Fusion::open(url).await?;
    let done = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::<fusion_core::error::Result<()>>::new();
    for n in 0..MAILBOXES {
        let mut mailbox = fusion.mailbox(&format!("m{n}")).await?;
        let done = done.clone();
        tasks.spawn(async move {
            loop {
                let found = mailbox.receive(1000).await?;
                let count = found.len() as u64;
                mailbox.acknowledge(found).await?;
                done.fetch_add(count, Ordering::Relaxed);
            }
        });
    }
    let content = Payload::value(&"x".repeat(200).into());
    for n in 0..SENDERS {
        let (fusion, content, stop) = (fusion.clone(), content.clone(), stop.clone());
        tasks.spawn(async move {
            let (from, note): (Arc<str>, Arc<str>) = (format!("s{n}").into(), "note".into());
            let to = Recipient::read(&format!("m{}", n % MAILBOXES))?;
            while !stop.load(Ordering::Relaxed) {
                let message = Message::of(from.clone(), to.clone(), note.clone(), content.clone());
                fusion.send(message).await?;
            }
            Ok(())
        });
    }
    let pause = |ms| tokio::time::sleep(std::time::Duration::from_millis(ms));
    pause(500).await;
    let (cost, before) = (meter::start(), done.load(Ordering::Relaxed));
    pause(SECONDS * 1000).await;
    let (cost, count) = (cost(), done.load(Ordering::Relaxed) - before);
    stop.store(true, Ordering::Relaxed);
    pause(200).await;
    while let Some(ended) = tasks.try_join_next() {
        ended??;
    }
    tasks.abort_all();
    fusion.close().await?;
    Ok((count as f64 / cost.seconds, cost.cpu * 1e6 / count as f64))
}
