//! Callers: they start runs, answer what is asked, interfere, and note what they were told.

use std::sync::Arc;

use serde_json::json;

use super::plan::{Control, Work};
use super::rng::hash;
use super::store::Tap;
use super::witness::Witness;
use super::workload::approves;
use crate::error::{Code, Error};
use crate::fusion::{Fusion, Starting};
use crate::model::{Answer, Key, NodeIx, NodeStatus, Payload, RunId, Verdict, Wait};
use crate::schedule::State;

/// Something that a caller asks of a process.
#[derive(Debug, Clone)]
pub(super) enum Errand {
    /// Start the run, and wait for its end.
    Start(Box<Work>),
    Control(RunId, Control),
    Signal(RunId, String),
    Answer(RunId, String),
    Resolve(RunId, String),
    /// Look at the list of runs; that also tells whether the engine is still open.
    Look,
}

/// Does an errand at one process and notes what came of it.
pub(super) async fn run(fusion: Fusion, errand: Errand, witness: Arc<Witness>, tap: Arc<Tap>) {
    let words = format!("{errand:?}");
    let Err(error) = go(&fusion, errand, &witness).await else { return };
    match error.code() {
        // It is no longer in a state in which this can be done: somebody else was faster. Or the run ended otherwise
        // than well, and the caller was told. Or the store refused for now.
        Code::NotApplicable
        | Code::UnknownReference
        | Code::RunNotFound
        | Code::Conflict
        | Code::RunFailed
        | Code::RunCancelled
        | Code::StoreFull
        | Code::StoreBusy
        | Code::Limit => {}
        // The program ends itself, and whoever watches over it starts it again.
        Code::Closed | Code::Fenced | Code::StoreFailed => tap.fail(),
        _ => witness.accuse([format!("answer: {} of {words}: {error}", error.code())]),
    }
}

async fn go(fusion: &Fusion, errand: Errand, witness: &Witness) -> Result<(), Error> {
    match errand {
        Errand::Start(work) => start(fusion, &work, witness).await,
        Errand::Control(run, control) => interfere(fusion, &run, control).await,
        Errand::Signal(run, name) => {
            let payload = json!({"v": hash(&[name.as_bytes()]) % 1_000});
            fusion.find(&run).await?.signal(&name, payload).await
        }
        Errand::Answer(run, node) => {
            let approved = approves(&node);
            let answer = Answer { approved, by: "somebody".to_owned(), comment: String::new() };
            fusion.find(&run).await?.answer(Some(&node), answer).await
        }
        Errand::Resolve(run, node) => {
            let verdict = match hash(&[run.as_str().as_bytes(), node.as_bytes()]) % 3 {
                0 => Verdict::Done(Payload::value(&json!({"v": 7}))),
                1 => Verdict::NotDone,
                _ => Verdict::Failed("nothing was done".to_owned()),
            };
            fusion.find(&run).await?.resolve(&node, verdict, "somebody").await
        }
        Errand::Look => {
            let told = witness.ends_told();
            let rows = fusion.list(None, None, 1_000).await?.items;
            let rows: Vec<_> = rows.into_iter().map(|(run, row)| (run, row.status)).collect();
            witness.listed(&told, &rows);
            Ok(())
        }
    }
}

async fn start(fusion: &Fusion, work: &Work, witness: &Witness) -> Result<(), Error> {
    let starting =
        Starting { id: Some(work.id.clone()), input: work.input.clone(), ..Starting::default() };
    let run = fusion.start_with(&work.graph, starting).await?;
    witness.started(&work.id);
    let (status, outputs, _) = run.wait().await?;
    witness.told(&work.id, status, &outputs);
    Ok(())
}

async fn interfere(fusion: &Fusion, run: &RunId, control: Control) -> Result<(), Error> {
    let run = fusion.find(run).await?;
    match control {
        Control::Cancel => run.cancel("somebody", "enough").await,
        Control::Pause => run.pause("somebody").await,
        Control::Resume => run.resume("somebody").await,
        Control::Retry => run.retry(&[], "somebody").await,
        Control::Again => Ok(()),
    }
}

/// Gives what the runs need of people now.
pub(super) fn wanted(witness: &Witness, resume: bool) -> Vec<Errand> {
    let notes = witness.notes();
    let mut errands = Vec::new();
    for (name, state) in notes.mirror.states() {
        let (Ok(run), None) = (RunId::new(name), state.result()) else { continue };
        for (key, wait) in state.waits() {
            match wait {
                Wait::Signal(name, _) => errands.push(Errand::Signal(run.clone(), name.clone())),
                Wait::Approval(..) => {
                    errands.push(Errand::Answer(run.clone(), state.program().key_text(key)));
                }
                Wait::Timer(_) | Wait::Child(_) | Wait::ChildUntil(..) => {}
            }
        }
        errands.extend(doubts(state).map(|node| Errand::Resolve(run.clone(), node)));
        if resume && state.asked().0 {
            errands.push(Errand::Control(run, Control::Resume));
        }
    }
    errands
}

fn doubts(state: &State) -> impl Iterator<Item = String> {
    let nodes = (0u32..).zip(&state.program().graph().nodes);
    nodes
        .map(|(ix, _)| Key::node(NodeIx(ix)))
        .filter(|key| state.node_status(*key) == NodeStatus::InDoubt)
        .map(|key| state.program().key_text(key))
}
