//! Processes: four on one file, one that has nothing to do, runs that wait, the cold start of the command.
#![expect(clippy::disallowed_methods, reason = "the other processes are ours")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fusion_benches::figure::Figure;
use fusion_benches::meter::{self, Pair, median};
use fusion_benches::producers;
use fusion_benches::setup::{Outcome, folder, on_file, runtime};
use fusion_core::model::graph::{Node, WaitSpec};
use fusion_core::model::{Batch, Enqueue, Graph, Op};
use fusion_core::run::Os;
use serde_json::Value;
use tokio::runtime::Runtime;

const SECONDS: f64 = 3.0;
const WAITING: usize = 2_000;

fn main() -> Outcome {
    let runtime = runtime()?;
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, path, producers] = args.as_slice()
        && word == "produce"
    {
        return runtime.block_on(produce(Path::new(path), producers.parse()?));
    }
    let folder = folder()?;
    let wanted = |name: &str| args.first().is_none_or(|one| one == name);
    if wanted("cold") {
        cold_start(folder.path())?;
    }
    if wanted("idle") {
        runtime.block_on(idle(&folder.path().join("idle.db")))?;
    }
    if wanted("waiting") {
        runtime.block_on(waiting(&folder.path().join("waiting.db")))?;
        timers(&runtime, &folder.path().join("timers.db"))?;
    }
    if wanted("four") {
        four(folder.path())?;
    }
    Ok(())
}

/// What one of several processes reached: commits a second, and the time that 99 of 100 took no longer than, in seconds.
type Said = (f64, f64);

/// One of several processes on a file: it says what it reached in a file beside it.
async fn produce(path: &Path, producers: usize) -> Outcome {
    let store = fusion_core::record::open(&path.display().to_string(), Os::new()?).await?;
    let reached = producers::run(&store, producers, SECONDS).await?;
    store.close().await?;
    let said: Said = (reached.commits / reached.cost.seconds, reached.waits.p99);
    let path = path.with_extension(format!("said-{}", std::process::id()));
    Ok(std::fs::write(path, serde_json::to_vec(&said)?)?)
}

fn begin(path: &Path, producers: usize) -> Outcome<(Child, PathBuf)> {
    let mut program = Command::new(std::env::current_exe()?);
    let child = program.arg("produce").arg(path).arg(producers.to_string()).spawn()?;
    let said = path.with_extension(format!("said-{}", child.id()));
    Ok((child, said))
}

fn together(path: &Path, processes: usize, producers: usize) -> Outcome<Vec<Said>> {
    let all: Outcome<Vec<_>> = (0..processes).map(|_| begin(path, producers)).collect();
    let mut reached = Vec::new();
    for (mut child, said) in all? {
        if !child.wait()?.success() {
            return Err("a process on the shared file failed".into());
        }
        reached.push(serde_json::from_slice(&std::fs::read(said)?)?);
    }
    Ok(reached)
}

/// Four processes with 64 producers each, beside one with 256, for seconds that overlap but for their start.
fn four(folder: &Path) -> Outcome {
    let (mut totals, mut waits, mut spread) = (vec![], vec![], vec![]);
    for round in 0..5 {
        let four = together(&folder.join(format!("four-{round}.db")), 4, 64)?;
        let one = together(&folder.join(format!("one-{round}.db")), 1, 256)?;
        let total = |all: &[Said]| all.iter().map(|(rate, _)| rate).sum::<f64>();
        let worst = |all: &[Said]| all.iter().map(|(_, p99)| p99 * 1e3).fold(0.0, f64::max);
        totals.push((total(&four), total(&one)));
        waits.push((worst(&four), worst(&one)));
        let most = four.iter().map(|(rate, _)| *rate).fold(0.0, f64::max);
        let least = four.iter().map(|(rate, _)| *rate).fold(f64::MAX, f64::min);
        spread.push(most / least);
    }
    let say = |what: &str, all: &[(f64, f64)], unit, target| {
        let name = format!("four processes on one file{what}");
        Figure::beside(name, Pair::of(all), unit).target(target).say();
    };
    say(", beside one", &totals, "rows/s", ">= 0.40");
    say(", the worst p99 of theirs, beside one", &waits, "ms", "<= 2");
    let name = "four processes on one file, largest share by smallest";
    Figure::new(name, median(spread.into_iter()), "times").target("<= 1.5").say();
    Ok(())
}

/// An engine that is open, ready to work and told of others' commits, and has nothing to do.
async fn idle(path: &Path) -> Outcome {
    let fusion = on_file(path).await?;
    fusion.recover().await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let cost = meter::start();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let cost = cost();
    let share = cost.cpu / cost.seconds * 100.0;
    Figure::new("an open engine with nothing to do", share, "% of a core").target("< 0.5").say();
    fusion.close().await?;
    Ok(())
}

/// Runs that wait for a signal and were let go of.
async fn waiting(path: &Path) -> Outcome {
    let fusion = on_file(path).await?;
    let wait = WaitSpec::Signal { name: "go".to_owned(), timeout_ms: None };
    let graph = Graph::new("waiting").add(Node::wait("w", wait));
    for _ in 0..WAITING {
        fusion.start(&graph, Value::Null).await?;
    }
    for _ in 0..100 {
        if fusion.driven() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let driven = fusion.driven() as f64;
    fusion.close().await?;
    let bytes = std::fs::metadata(path)?.len() as f64 / WAITING as f64;
    Figure::new("tasks of 2,000 runs that wait for a signal", driven, "tasks").target("0").say();
    let name = "a run that waits for a signal, in the database";
    Figure::new(name, bytes, "B").target("<= 400").say();
    Ok(())
}

/// A million timers far away: how long it takes to open, look, and be ready, and what stays in memory.
fn timers(runtime: &Runtime, path: &Path) -> Outcome {
    let url = format!("sqlite://{}?durability=relaxed", path.display());
    runtime.block_on(async {
        let store = fusion_core::record::open(&url, Os::new()?).await?;
        for thousand in 0..1_000_i64 {
            let timer = |n: i64| {
                let due = 4_000_000_000_000 + thousand * 1_000 + n;
                Op::Enqueue(Enqueue { queue: "runs".into(), due, ..Enqueue::default() })
            };
            store.commit(Batch { now: 1, ops: (0..1_000).map(timer).collect() }).await?;
        }
        store.close().await?;
        Outcome::Ok(())
    })?;
    let before = meter::resident_bytes();
    let cost = meter::start();
    let fusion = runtime.block_on(async {
        let fusion = on_file(path).await?;
        fusion.recover().await?;
        Outcome::Ok(fusion)
    })?;
    let seconds = cost().seconds;
    let grown = (meter::resident_bytes() - before).max(0.0) / f64::from(1 << 20);
    runtime.block_on(fusion.close())?;
    Figure::new("start with 1,000,000 timers", seconds, "s").target("<= 2").say();
    Figure::new("memory for 1,000,000 timers", grown, "MiB").target("<= 64").say();
    Ok(())
}

fn once(command: &Path, file: &Path, store: &Path) -> Command {
    let mut program = Command::new(command);
    program.arg("run").arg(file).arg("--store").arg(store);
    program.stdout(Stdio::null()).stderr(Stdio::null());
    program
}

/// Asks the system about a process until it is gone: the last answer is the most memory it had, in MiB.
fn peak_of(mut program: Command) -> Outcome<f64> {
    let mut child = program.spawn()?;
    let mut peak: f64 = 0.0;
    while child.try_wait()?.is_none() {
        peak = peak.max(meter::peak_bytes_of(&child.id().to_string()));
    }
    Ok(peak / f64::from(1 << 20))
}

/// `fusion run` on a file with one node, SQLite included: the command that stands beside this program.
fn cold_start(folder: &Path) -> Outcome {
    let command = std::env::current_exe()?.with_file_name("fusion");
    if !command.exists() {
        let build = "build it first: cargo build --release -p fusion-cli";
        return Err(format!("`{}` is not there; {build}", command.display()).into());
    }
    let file = folder.join("one.yaml");
    std::fs::write(&file, "fusion: 1\nname: one\nnodes:\n  hello:\n    command: [\"true\"]\n")?;
    let (mut walls, mut peaks, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..21 {
        let store = folder.join(format!("cold-{round}.db"));
        let cost = meter::start();
        let status = once(&command, &file, &store).status()?;
        walls.push(cost().seconds * 1e3);
        if !status.success() {
            return Err(format!("`fusion run` ended with {status}").into());
        }
        let store = folder.join(format!("peak-{round}.db"));
        peaks.push(peak_of(once(&command, &file, &store))?);
        let cost = meter::start();
        Command::new("true").status()?;
        bare.push(cost().seconds * 1e3);
    }
    let (limit, value) = (median(bare.into_iter()), median(walls.into_iter()));
    let pair = Pair { limit, value, ratio: value / limit };
    let name = "cold start of `fusion run` on one node, SQLite included";
    Figure::beside(name, pair, "ms").target("< 30 ms").say();
    let peak = median(peaks.into_iter());
    Figure::new("cold start of `fusion run`: most memory", peak, "MiB").target("< 25").say();
    Ok(())
}
