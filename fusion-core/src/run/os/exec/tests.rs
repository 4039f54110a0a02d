//! Real programs, really run.

mod find;
mod guard;
mod kill;
mod pipes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::contract::{Env as _, Exec, Exit, Peers as _, Stop};
use crate::model::Failure;
use crate::run::{Os, Wish};

use super::super::process;

fn never() -> Stop {
    Arc::new(Wish::default())
}

fn command(argv: &[&str]) -> Exec {
    let path = "/usr/local/bin:/usr/bin:/bin".to_owned();
    Exec {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        env: BTreeMap::from([("PATH".to_owned(), path)]),
        stdout_limit: 1024 * 1024,
        stderr_limit: 64 * 1024,
        grace_ms: 500,
        ..Exec::default()
    }
}

fn shell(line: &str) -> Exec {
    command(&["sh", "-c", line])
}

async fn run(exec: Exec) -> Result<Exit, Failure> {
    Os::current().unwrap().exec(exec, never()).await
}

#[expect(clippy::disallowed_methods, reason = "tests wait for the real machine")]
async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// The processes that live and hold this word among their arguments.
fn holders(word: &str) -> Vec<i32> {
    let held = |pid: i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes())
    };
    let living = process::list().into_iter().filter(|process| !process.ended);
    living.map(|process| process.pid).filter(|pid| held(*pid)).collect()
}

/// Waits until so many processes hold the word; tells after ten seconds that it did not come to that.
#[expect(clippy::disallowed_methods, reason = "tests wait for the real machine")]
async fn await_holders(word: &str, count: usize) {
    let start = Instant::now();
    while holders(word).len() != count {
        assert!(start.elapsed() < Duration::from_secs(10), "{count} awaited: {:?}", holders(word));
        pause(5).await;
    }
}

/// A number of seconds to sleep that no other test uses, to find the sleepers by.
fn unique_seconds() -> String {
    format!("9{}", Os::current().unwrap().random() % 1_000_000_000_000)
}
