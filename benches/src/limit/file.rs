//! F: a bare file with group commit. Tasks send bytes to one thread, which writes what is there, flushes, and answers.
#![expect(clippy::disallowed_methods, reason = "the limit is the thread and the file themselves")]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::meter::{self, Cost, Waits};
use crate::setup::Outcome;

type Item = (Vec<u8>, oneshot::Sender<()>);

/// Lets so many tasks append to a file for as long as asked. Gives appends, cost, and how long answers took.
///
/// # Errors
/// When the file cannot be made.
pub async fn run(
    path: &Path,
    producers: usize,
    bytes: usize,
    seconds: f64,
) -> Outcome<(f64, Cost, Waits)> {
    let file = File::create(path)?;
    let (send, receive) = mpsc::channel::<Item>(4096);
    let writer = std::thread::spawn(move || write(file, receive));
    let stop = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicU64::new(0));
    let cost = meter::start();
    let mut tasks = JoinSet::new();
    for _ in 0..producers {
        let (send, stop, done) = (send.clone(), stop.clone(), done.clone());
        tasks.spawn(async move {
            let mut waits = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let from = Instant::now();
                let (reply, written) = oneshot::channel();
                if send.send((vec![b'x'; bytes], reply)).await.is_err() || written.await.is_err() {
                    break;
                }
                waits.push(from.elapsed().as_secs_f32());
                done.fetch_add(1, Ordering::Relaxed);
            }
            waits
        });
    }
    drop(send);
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    let (appends, cost) = (done.load(Ordering::Relaxed) as f64, cost());
    stop.store(true, Ordering::Relaxed);
    let waits = tasks.join_all().await.concat();
    tokio::task::spawn_blocking(move || writer.join())
        .await?
        .map_err(|_| "the writer panicked")??;
    Ok((appends, cost, Waits::of(waits)))
}

fn write(mut file: File, mut receive: mpsc::Receiver<Item>) -> std::io::Result<()> {
    let mut waiting = Vec::new();
    let mut buffer = Vec::new();
    while let Some(first) = receive.blocking_recv() {
        buffer.clear();
        waiting.push(first);
        while waiting.len() < 1000 {
            let Ok(next) = receive.try_recv() else { break };
            waiting.push(next);
        }
        for (bytes, _) in &waiting {
            buffer.extend_from_slice(bytes);
        }
        file.write_all(&buffer)?;
        file.sync_data()?;
        for (_, reply) in waiting.drain(..) {
            // A producer that was stopped does not listen.
            let _ = reply.send(());
        }
    }
    Ok(())
}
