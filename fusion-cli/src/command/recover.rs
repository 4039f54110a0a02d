//! `fusion recover`: finishes what dead processes left.

use std::collections::BTreeSet;

use fusion_core::Fusion;
use fusion_core::error::Result;
use fusion_core::model::{RunId, RunStatus};
use fusion_core::run::Options;
use serde_json::{Value, json};

use super::interrupt::{INTERRUPTED, Interrupt};
use crate::args::{Global, Recover};
use crate::project::{self, Need};
use crate::render::{Out, status_color};

/// Takes over what nobody drives, and drives it to its end or until it rests.
pub(super) async fn recover(args: &Recover, global: &Global, out: &Out) -> Result<u8> {
    let options = Options { work: false, concurrency: args.concurrency, ..Options::default() };
    let fusion = project::open(global, Need::Existing, options).await?;
    let mut interrupt = Interrupt::new()?;
    let mut taken = BTreeSet::new();
    let driven = tokio::select! {
        biased;
        () = interrupt.heard() => None,
        driven = drive(&fusion, &mut taken, out) => Some(driven),
    };
    let Some(driven) = driven else {
        interrupt.while_closing(fusion.close()).await?;
        if out.json {
            let runs: Vec<Value> = taken.iter().map(|run| json!({"run": run.as_str()})).collect();
            Out::value(&json!({"runs": runs, "interrupted": true}));
        }
        out.note("interrupted: `fusion recover` goes on with what is left");
        return Ok(INTERRUPTED);
    };
    driven?;
    let failed = tell(&fusion, &taken, out).await?;
    fusion.close().await?;
    Ok(u8::from(failed))
}

async fn drive(fusion: &Fusion, taken: &mut BTreeSet<RunId>, out: &Out) -> Result<()> {
    loop {
        let more = fusion.recover().await?;
        // A run that was taken may have ended already; those that end at once are seen by their status.
        for run in fusion.drives() {
            if taken.insert(run.clone()) {
                out.say(&format!("took over run {run}"));
            }
        }
        if more == 0 && fusion.driven() == 0 {
            return Ok(());
        }
        fusion.settled().await;
    }
}

/// Says how each run stands now; `true` when one of them failed.
async fn tell(fusion: &Fusion, taken: &BTreeSet<RunId>, out: &Out) -> Result<bool> {
    let mut failed = false;
    let mut runs: Vec<Value> = Vec::new();
    for id in taken {
        let run = fusion.find(id).await?;
        let state = run.state().await?;
        let status = state.status();
        failed |= status == RunStatus::Failed;
        let failure = state.result().and_then(|(_, _, failure)| failure.as_ref());
        runs.push(json!({"run": id.as_str(), "status": status.word(), "error": failure}));
        let why = failure.map(|failure| format!(": {}", failure.message)).unwrap_or_default();
        if !out.json && !out.quiet {
            let head = out.line().add(&format!("run {id} "));
            Out::print(&head.paint(status_color(status.word()), status.word()).add(&why));
        }
    }
    if out.json {
        Out::value(&json!({"runs": runs}));
    } else if taken.is_empty() {
        out.say("nothing is left to recover");
    }
    Ok(failed)
}
