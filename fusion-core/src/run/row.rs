//! The rows that lists of runs show: documents of kind `run`.

use std::collections::BTreeMap;

use serde::Deserialize;

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

/// A row as a document has it: a store keeps one for each run that it ever saw. Workflow, version, start, how long it took in
/// milliseconds; parent, error, labels. The status is the document's tag.
#[derive(Deserialize)]
struct Short(
    String,
    u32,
    i64,
    #[serde(default)] Option<i64>,
    #[serde(default)] Option<RunId>,
    #[serde(default)] Option<String>,
    #[serde(default)] BTreeMap<String, String>,
);

/// How many bytes longer a row gets when its run ends, mostly: a row that fits where it was costs no other its place.
const ROOM_BYTES: usize = 7;

fn encode(row: &RunRow) -> serde_json::Result<Vec<u8>> {
    let RunRow { workflow, version, started, finished, parent, error, labels, .. } = row;
    let took = finished.map(|finished| finished.wrapping_sub(*started));
    let mut body = if parent.is_some() || error.is_some() || !labels.is_empty() {
        serde_json::to_vec(&(workflow, version, started, took, parent, error, labels))?
    } else if let Some(took) = took {
        serde_json::to_vec(&(workflow, version, started, took))?
    } else {
        serde_json::to_vec(&(workflow, version, started))?
    };
    if row.status == RunStatus::Running {
        body.resize(body.len() + ROOM_BYTES, b' ');
    }
    Ok(body)
}

fn decode(document: &Document) -> serde_json::Result<RunRow> {
    // The programs before wrote names and values.
    if document.body.starts_with(b"{") {
        return serde_json::from_slice(&document.body);
    }
    let Short(workflow, version, started, took, parent, error, labels) =
        serde_json::from_slice(&document.body)?;
    let status = RunStatus::from_word(&document.tag)
        .ok_or_else(|| serde::de::Error::custom(format!("`{}` is no status", document.tag)))?;
    let finished = took.map(|took| started.wrapping_add(took));
    Ok(RunRow { workflow, version, status, started, finished, parent, error, labels })
}

/// The version of the row of most runs that ended or were let go: it was written at the begin, and then.
pub(crate) const ENDED: u64 = 2;

/// Makes the operation that writes a row over one of a version, as far as is known (0: there is none).
pub(crate) fn put(run: &RunId, row: &RunRow, version: u64) -> Result<Op> {
    let body = encode(row)
        .map_err(|e| Error::new(Code::Internal, "a run's row cannot be encoded").because(e))?;
    Ok(Op::Put(
        Document {
            kind: KIND.into(),
            id: run.as_str().into(),
            version,
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
    Ok(match put(&run, row, there.version)? {
        Op::Put(document, _) => Op::Put(document, Some(there.version)),
        other => other,
    })
}

/// Reads a row.
pub(crate) fn read(document: &Document) -> Result<RunRow> {
    decode(document).map_err(|e| {
        Error::new(Code::Codec, format!("the row of run `{}` cannot be read", document.id))
            .because(e)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(row: &RunRow) -> usize {
        let run = RunId::new("r").unwrap();
        let Op::Put(document, None) = put(&run, row, 0).unwrap() else { panic!("it is a write") };
        assert_eq!(read(&document).unwrap(), *row);
        document.body.len()
    }

    #[test]
    fn rows_come_back_whatever_they_hold() {
        let mut row = RunRow {
            workflow: "w \" [1]".to_owned(),
            version: 3,
            status: RunStatus::Running,
            started: 1_795_296_503_251,
            finished: None,
            parent: None,
            error: None,
            labels: BTreeMap::new(),
        };
        let begun = there_and_back(&row);
        (row.status, row.finished) = (RunStatus::Succeeded, Some(row.started + 12_345));
        assert!(there_and_back(&row) <= begun, "its end fits where its begin was");
        row.finished = Some(i64::MIN);
        there_and_back(&row);
        row.error = Some("no".to_owned());
        there_and_back(&row);
        (row.parent, row.error, row.finished) = (Some(RunId::new("p").unwrap()), None, None);
        there_and_back(&row);
        row.labels.insert("a".to_owned(), "b".to_owned());
        there_and_back(&row);
    }

    #[test]
    fn rows_of_programs_before_are_read() {
        let body = r#"{"workflow":"w","version":1,"status":"failed","started":5,"finished":7,"error":"no"}"#;
        let document = |tag: &str, body: &str| Document {
            kind: KIND.into(),
            id: "r".into(),
            version: 1,
            at: 0,
            tag: tag.into(),
            body: body.to_owned().into(),
        };
        let row = read(&document("failed", body)).unwrap();
        assert_eq!((row.status, row.finished), (RunStatus::Failed, Some(7)));
        assert_eq!(row.error.as_deref(), Some("no"));
        for (tag, body) in [("lost", "[\"w\",1,5]"), ("failed", "[\"w\",1]"), ("failed", "")] {
            assert_eq!(read(&document(tag, body)).unwrap_err().code(), Code::Codec, "{body}");
        }
    }
}
