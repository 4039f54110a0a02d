//! The program that is killed: starts or finds the reference runs, recovers, plays the operator, and says what was
//! acknowledged, a line each on standard output.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fusion_core::contract::Env;
use fusion_core::error::Code;
use fusion_core::model::{
    Answer, Key, NodeStatus, Payload, Record, RunId, RunStatus, Verdict, Wait,
};
use fusion_core::run::Os;
use fusion_core::{Fusion, Run, Starting};
use futures_util::future::try_join_all;
use serde_json::json;

use crate::Fault;
use crate::ledger::{self, Ledger, What};
use crate::{steps, workflow};

/// What a worker is told.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    /// The SQLite file, with its settings behind a `?` if it has any.
    pub store: PathBuf,
    /// The ledger.
    pub ledger: PathBuf,
    /// The runs to start or find.
    pub runs: Vec<String>,
    /// The line of the ledger after which to die; 0 for never.
    pub die_at: u64,
    /// A word by which the processes of this worker's commands are found.
    pub mark: String,
}

impl Orders {
    /// Reads them from command line arguments, in the order of the fields; runs are joined by commas.
    pub fn from_args(args: &[String]) -> Option<Self> {
        let [store, ledger, runs, die_at, mark] = args else { return None };
        Some(Self {
            store: store.into(),
            ledger: ledger.into(),
            runs: runs.split(',').map(str::to_owned).collect(),
            die_at: die_at.parse().ok()?,
            mark: mark.clone(),
        })
    }

    /// Writes them as command line arguments.
    pub fn to_args(&self) -> [String; 5] {
        [
            self.store.display().to_string(),
            self.ledger.display().to_string(),
            self.runs.join(","),
            self.die_at.to_string(),
            self.mark.clone(),
        ]
    }
}

/// The environment variable that marks the processes of commands.
pub const MARK: &str = "FUSION_CRASH_MARK";

/// Works until all runs have ended.
///
/// # Errors
/// Whatever the engine or the ledger says.
pub async fn work(orders: Orders) -> Result<(), Fault> {
    let env = Os::current().ok_or("no runtime")?;
    let die_at = (orders.die_at > 0).then_some(orders.die_at);
    let ledger = Arc::new(Ledger::new(orders.ledger.clone(), env.clone(), die_at));
    let commands = [
        ("PATH", "/usr/bin:/bin".to_owned()),
        ("LEDGER", orders.ledger.display().to_string()),
        ("DIE_AT", die_at.map(|line| line.to_string()).unwrap_or_default()),
        (MARK, orders.mark.clone()),
    ];
    let fusion = Fusion::builder(&format!("sqlite://{}", orders.store.display()))
        .command_env(commands.map(|(name, value)| (name.to_owned(), value)).into())
        .open()
        .await?;
    steps::register(&fusion, &ledger);
    // First what others left, so that its time can be told.
    let from = env.monotonic_ns();
    // What works in the background may have been quicker than this call.
    let taken = fusion.recover().await?.max(fusion.driven());
    say(&format!("recovered {taken} {}", (env.monotonic_ns() - from) / 1000))?;
    let mut runs = Vec::new();
    for id in &orders.runs {
        let starting =
            Starting { id: Some(RunId::new(id)?), input: workflow::input(), ..Starting::default() };
        runs.push(fusion.start_with(&workflow::reference(), starting).await?);
        say(&format!("started {id}"))?;
    }
    try_join_all(runs.iter().map(|run| follow(run, &orders, env.as_ref()))).await?;
    fusion.close().await?;
    Ok(())
}

/// Writes one acknowledgement, by one `write`.
fn say(line: &str) -> Result<(), Fault> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Plays the operator of a run until it has ended, and tells its result.
async fn follow(run: &Run, orders: &Orders, env: &dyn Env) -> Result<(), Fault> {
    let mut sent = 0_u32;
    loop {
        let state = run.state().await?;
        if state.status().is_final() {
            let (status, outputs, failure) = run.wait().await?;
            let outputs: serde_json::Value = outputs.decode()?;
            if status != RunStatus::Succeeded {
                return Err(format!("run {} {status}: {failure:?}", run.id()).into());
            }
            return say(&format!("result {} {outputs}", run.id()));
        }
        let waits: Vec<(Key, Wait)> =
            state.waits().map(|(key, wait)| (key, wait.clone())).collect();
        for (key, wait) in waits {
            let name = state.program().key_text(key);
            match wait {
                Wait::Signal(..) if sent == 0 && !has_signal(run).await? => {
                    sent += 1;
                    let id = format!("{:016x}", env.random());
                    match run.signal(workflow::SIGNAL, json!({"ok": true, "id": id})).await {
                        Ok(()) => say(&format!("signalled {} {id}", run.id()))?,
                        // Another process has sent one meanwhile, and the run has ended.
                        Err(error) if error.code() == Code::NotApplicable => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Wait::Approval(..) => {
                    let answer = Answer { approved: true, by: "ada".into(), comment: name.clone() };
                    if run.answer(Some(&name), answer).await.is_ok() {
                        say(&format!("answered {} {name}", run.id()))?;
                    }
                }
                _ => {}
            }
        }
        let doubt = state
            .program()
            .find_key("once")
            .filter(|key| state.node_status(*key) == NodeStatus::InDoubt);
        if doubt.is_some() {
            resolve(run, orders).await?;
        }
        pause().await;
    }
}

async fn has_signal(run: &Run) -> Result<bool, Fault> {
    let journal = run.journal(0, usize::MAX).await?;
    Ok(journal.iter().any(|stamped| matches!(stamped.record, Record::SignalReceived(..))))
}

/// Finds out from the outside world how the node in doubt ended, and tells the run.
async fn resolve(run: &Run, orders: &Orders) -> Result<(), Fault> {
    // Somebody may be writing his line at this moment: the next look finds it whole.
    let Ok(lines) = ledger::read(&orders.ledger) else { return Ok(()) };
    let entered = lines.iter().any(|line| {
        line.run == run.id().as_str() && line.node == "once" && line.what == What::Entered
    });
    let verdict = if entered { Verdict::Done(Payload::json(&1005)?) } else { Verdict::NotDone };
    // Somebody else may have been quicker.
    if run.resolve("once", verdict, "ada").await.is_ok() {
        say(&format!("resolved {} once", run.id()))?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the operator is outside of the engine's world")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(4)).await;
}
