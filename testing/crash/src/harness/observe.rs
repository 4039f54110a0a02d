//! Reading the runs' journals from outside, between kills.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fusion_core::error::Code;
use fusion_core::graph::Program;
use fusion_core::model::{Record, RunId, Stamped};
use fusion_core::run::Options;
use fusion_core::{Fusion, Run};

use crate::Fault;

/// A run as its journal tells it.
#[derive(Debug)]
pub(super) struct Story {
    pub program: Arc<Program>,
    pub journal: Vec<Stamped>,
}

/// All runs that there are, children included, by id.
pub(super) type Stories = BTreeMap<String, Story>;

/// Reads the journals of runs and of their children.
///
/// # Errors
/// When the store cannot be read, its files are damaged, or a journal cannot be folded.
pub(super) async fn look(store: &Path, runs: &[String]) -> Result<Stories, Fault> {
    let options = Options { work: false, ..Options::default() };
    let url = format!("sqlite://{}", store.display());
    let fusion = Fusion::builder(&url).options(options).open().await?;
    let mut stories = Stories::new();
    let mut open: Vec<String> = runs.to_vec();
    while let Some(id) = open.pop() {
        let run = match fusion.find(&RunId::new(&id)?).await {
            Ok(run) => run,
            Err(error) if error.code() == Code::RunNotFound => continue,
            Err(error) => return Err(error.into()),
        };
        let told = read(&run).await?;
        open.extend(told.journal.iter().filter_map(|stamped| match &stamped.record {
            Record::NodeWaiting(_, wait) => wait.child().map(|child| child.as_str().to_owned()),
            _ => None,
        }));
        stories.insert(id, told);
    }
    let problems = fusion.status(true).await?.problems;
    fusion.close().await?;
    if problems.is_empty() {
        Ok(stories)
    } else {
        Err(format!("the store is damaged: {problems:?}").into())
    }
}

async fn read(run: &Run) -> Result<Story, Fault> {
    // Folding checks that every record fits the graph and what is before it.
    let state = run.state().await?;
    let mut journal = Vec::new();
    loop {
        let after = journal.last().map_or(0, |stamped: &Stamped| stamped.seq);
        let page = run.journal(after, 1000).await?;
        if page.is_empty() {
            return Ok(Story { program: state.program().clone(), journal });
        }
        journal.extend(page);
    }
}

/// Compares with an earlier look: what was recorded stays as it was.
///
/// # Errors
/// When a record has changed or is gone.
pub(super) fn same_past(before: &Stories, now: &Stories) -> Result<(), Fault> {
    for (run, old) in before {
        let new = now.get(run).ok_or_else(|| format!("run {run} is gone"))?;
        if !new.journal.starts_with(&old.journal) {
            return Err(format!("what was recorded of run {run} has changed").into());
        }
    }
    Ok(())
}

/// Asks SQLite itself.
///
/// # Errors
/// When `PRAGMA integrity_check` finds anything.
pub(super) fn integrity(store: &Path) -> Result<(), Fault> {
    let connection = rusqlite::Connection::open(store)?;
    let said: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if said == "ok" { Ok(()) } else { Err(format!("integrity_check: {said}").into()) }
}
