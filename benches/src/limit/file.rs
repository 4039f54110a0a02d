//! F: a bare file with group commit. Tasks send bytes to one thread, which writes what is there, flushes, and answers.
#![expect(clippy::disallowed_methods, reason = "the limit is the thread and the file themselves")]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::meter::{self, Cost};
use crate::setup::Outcome;

type Item = (Vec<u8>, oneshot::Sender<()>);

/// Lets so many tasks append to a file for as long as asked. Gives appends and cost.
///
/// # Errors
/// When the file cannot be made.
pub async fn run(
    path: &Path,
    producers: usize,
    bytes: usize,
    seconds: f64,
) -> Outcome<(f64, Cost)> {
    let file = File::create(path)?;
    let (send, receive) = mpsc::channel::<Item>(4096);
    let writer = std::thread::spawn(move || write(file, receive));
    let stop = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicU64::new(0));
    let cost = meter::start();
    for _ in 0..producers {
        let (send, stop, done) = (send.clone(), stop.clone(), done.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let (reply, written) = oneshot::channel();
                if send.send((vec![b'x'; bytes], reply)).await.is_err() || written.await.is_err() {
                    return;
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    drop(send);
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    let result = (done.load(Ordering::Relaxed) as f64, cost());
    stop.store(true, Ordering::Relaxed);
    tokio::task::spawn_blocking(move || writer.join())
        .await?
        .map_err(|_| "the writer panicked")??;
    Ok(result)
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
