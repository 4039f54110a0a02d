//! Tasks that commit one record at a time, each to a stream of its own.
#![expect(clippy::disallowed_methods, reason = "producers are plain tasks, and measured")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fusion_core::contract::Store;
use fusion_core::error::Result;
use fusion_core::model::{Append, Batch, Key, NodeIx, Op, Payload, Record};

use crate::meter::{self, Cost, Waits};
use crate::setup::Outcome;

/// The bytes of a step's output in durable benchmarks.
pub const PAYLOAD: usize = 200;
/// The bytes of its stored record with the frame: what the raw loop inserts.
pub const ROW: usize = 220;

fn batch(stream: &Arc<str>, expect: u64) -> Batch {
    let node = NodeIx(u32::try_from(expect).unwrap_or(0));
    let output = Payload::from_bytes(vec![b'x'; PAYLOAD]);
    let records = vec![Record::NodeSucceeded(Key::node(node), 1, 12, output, false)];
    let append = Append { stream: stream.clone(), expect, epoch: 0, records };
    Batch { now: 1_700_000_000_000, ops: vec![Op::Append(append)] }
}

/// What producers reached together.
#[derive(Debug, Clone, Copy)]
pub struct Produced {
    /// How many commits were acknowledged.
    pub commits: f64,
    /// What all of it cost.
    pub cost: Cost,
    /// How long acknowledgements took.
    pub waits: Waits,
}

/// Lets producers commit for as long as asked.
///
/// # Errors
/// The first refusal of the store.
pub async fn run(store: &Arc<dyn Store>, producers: usize, seconds: f64) -> Outcome<Produced> {
    // Several processes may produce into one file.
    let process = std::process::id();
    let streams: Vec<Arc<str>> = (0..producers)
        .map(|at| format!("run/{process:08x}-7c11-7000-8000-{at:012}").into())
        .collect();
    for first in streams.chunks(1000) {
        let ops = first.iter().flat_map(|stream| batch(stream, 0).ops).collect();
        store.commit(Batch { now: 1_700_000_000_000, ops }).await?;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicU64::new(0));
    let cost = meter::start();
    let mut tasks = tokio::task::JoinSet::<Result<Vec<f32>>>::new();
    for stream in streams {
        let (store, stop, done) = (store.clone(), stop.clone(), done.clone());
        tasks.spawn(async move {
            let mut waits = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let from = Instant::now();
                store.commit(batch(&stream, waits.len() as u64 + 1)).await?;
                waits.push(from.elapsed().as_secs_f32());
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(waits)
        });
    }
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    let (commits, cost) = (done.load(Ordering::Relaxed) as f64, cost());
    stop.store(true, Ordering::Relaxed);
    let mut waits = Vec::new();
    while let Some(task) = tasks.join_next().await {
        waits.extend(task??);
    }
    Ok(Produced { commits, cost, waits: Waits::of(waits) })
}
