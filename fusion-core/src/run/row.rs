//! The rows that lists of runs show: documents of kind `run`.

use crate::error::{Code, Error, Result};
use crate::model::{Document, Op, Origin, RunId, RunRow, RunStatus, Start};

/// The kind of the documents.
pub(crate) const KIND: &str = "run";

/// Makes the row of a run that began like this.
pub(crate) fn of(start: &Start, status: RunStatus, started: i64) -> RunRow {
    let parent = match &start.origin {
        Some(Origin::Child { parent, .. }) => Some(parent.clone()),
        _ => None,
    };
    RunRow {
        workflow: start.workflow.clone(),
        version: start.version,
        status,
        started,
        finished: None,
        parent,
        error: None,
        labels: std::collections::BTreeMap::new(),
    }
}

/// Makes the operation that writes a row.
pub(crate) fn put(run: &RunId, row: &RunRow) -> Result<Op> {
    let body = serde_json::to_vec(row)
        .map_err(|e| Error::new(Code::Internal, "a run's row cannot be encoded").because(e))?;
    Ok(Op::Put(
        Document {
            kind: KIND.into(),
            id: run.as_str().into(),
            version: 0,
            at: 0,
            tag: row.status.word().into(),
            body: body.into(),
        },
        None,
    ))
}

/// Makes the operation that writes a row if nobody has written it since it was read.
pub(crate) fn put_over(there: &Document, row: &RunRow) -> Result<Op> {
    let run = RunId::new(&there.id)?;
    Ok(match put(&run, row)? {
        Op::Put(document, _) => Op::Put(document, Some(there.version)),
        other => other,
    })
}

/// Reads a row.
pub(crate) fn read(document: &Document) -> Result<RunRow> {
    serde_json::from_slice(&document.body).map_err(|e| {
        Error::new(Code::Codec, format!("the row of run `{}` cannot be read", document.id))
            .because(e)
    })
}
