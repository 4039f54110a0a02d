//! Durable objects: a million of them asleep on disk, and how long one takes to answer that was asleep.
#![expect(clippy::disallowed_methods, reason = "callers are plain tasks, and measured")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fusion_benches::figure::Figure;
use fusion_benches::meter;
use fusion_benches::setup::{Outcome, folder, runtime};
use fusion_core::Fusion;
use fusion_core::contract::BoxFuture;
use fusion_core::model::Failure;
use fusion_core::object::{Object, Reaction, Turn};
use serde_json::{Value, json};

const CALLERS: u64 = 512;
const ASKED: u64 = 2_000;

/// Counts.
#[derive(Debug)]
struct Counter;

impl Object for Counter {
    fn kind(&self) -> &'static str {
        "counter"
    }

    fn initialize(&self, _: &str) -> Value {
        json!(0)
    }

    fn handle(&self, turn: Turn) -> BoxFuture<'static, Result<Reaction, Failure>> {
        let sum = turn.state.as_i64().unwrap_or(0) + 1;
        Box::pin(async move { Ok(Reaction::state(json!(sum)).reply(json!(sum))) })
    }
}

fn main() -> Outcome {
    let runtime = runtime()?;
    let folder = folder()?;
    let count = std::env::args().nth(1).map_or(Ok(1_000_000), |count| count.parse())?;
    let url = format!("sqlite://{}?durability=relaxed", folder.path().join("objects.db").display());
    runtime.block_on(measure(&url, count))
}

async fn measure(url: &str, count: u64) -> Outcome {
    let fusion = Fusion::open(url).await?;
    fusion.objects().register(Counter).await?;
    fusion.objects().set_idle_ms(1);
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = tokio::task::JoinSet::<fusion_core::error::Result<()>>::new();
    let cost = meter::start();
    for _ in 0..CALLERS {
        let (fusion, next) = (fusion.clone(), next.clone());
        tasks.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return Ok(());
                }
                let one = fusion.objects().get("counter", &n.to_string())?;
                one.call::<_, i64>("add", &1).await?;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    asleep(&fusion).await;
    let cost = cost();
    let name = format!("{count} objects made, called once and put to sleep");
    Figure::new(name, count as f64 / cost.seconds, "objects/s").say();
    let name = format!("memory with {count} objects asleep");
    Figure::new(name, meter::peak_bytes() / 1e6, "MB").target("<= 300").say();
    let mut times = Vec::new();
    for n in 0..ASKED {
        let one = fusion.objects().get("counter", &(n * 7919 % count).to_string())?;
        let cost = meter::start();
        one.call::<_, i64>("add", &1).await?;
        times.push(cost().seconds * 1e3);
    }
    Figure::new("a call that wakes an object", meter::median(times.iter().copied()), "ms")
        .target("<= 1")
        .say();
    let one = fusion.objects().get("counter", "0")?;
    fusion.objects().set_idle_ms(10_000);
    let mut times = Vec::new();
    for _ in 0..ASKED {
        let cost = meter::start();
        one.call::<_, i64>("add", &1).await?;
        times.push(cost().seconds * 1e3);
    }
    Figure::new("a call of an object that is awake", meter::median(times.into_iter()), "ms").say();
    fusion.close().await?;
    Ok(())
}

async fn asleep(fusion: &Fusion) {
    while fusion.objects().active() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
