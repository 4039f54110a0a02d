//! Replay: a journal is folded again, and what comes out is compared with what was recorded.

use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::graph::Program;
use crate::model::{Event, Record, RunId, Stamped};
use crate::schedule::State;

/// What a replay found.
#[derive(Debug)]
pub struct Replay {
    /// The state after the last record.
    pub state: State,
    /// The whole story.
    pub events: Vec<Event>,
    /// What does not fit: a record that could not have followed, an end that differs. Empty when all is well.
    pub problems: Vec<String>,
}

/// Folds the records of a run without running anything of it.
///
/// # Errors
/// `FU0311` when there is no beginning to fold from.
pub fn replay(run: &RunId, program: &Arc<Program>, records: &[Stamped]) -> Result<Replay> {
    let Some((first, rest)) = records.split_first() else {
        return Err(Error::new(Code::Codec, "there is no record to replay"));
    };
    let Record::RunStarted(start) = &first.record else {
        return Err(Error::new(Code::Codec, "the first record does not begin a run"));
    };
    let mut events = Vec::new();
    events.push(super::event(run, program, first));
    let mut state = State::new(program.clone(), start.as_ref().clone());
    let mut problems = Vec::new();
    for stamped in rest {
        if stamped.seq != state.seq() + 1 {
            problems.push(format!("record {} follows record {}", stamped.seq, state.seq()));
        }
        if !state.fits(&stamped.record) {
            problems.push(format!("record {} names what the run does not have", stamped.seq));
            break;
        }
        if state.result().is_some() && !matches!(stamped.record, Record::RunRetried(..)) {
            problems.push(format!("record {} comes after the end of the run", stamped.seq));
        }
        state.fold(&stamped.record);
        events.push(super::event(run, program, stamped));
    }
    if let Some((status, _, _)) = state.result()
        && *status == crate::model::RunStatus::Succeeded
        && state.left() > 0
    {
        problems.push(format!("the run succeeded while {} nodes were not settled", state.left()));
    }
    Ok(Replay { state, events, problems })
}
