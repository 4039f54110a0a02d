//! One store and one worker at a time, for tests that need no kills of their own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fusion_core::model::Stamped;
use serde_json::Value;

use super::acks::Acks;
use super::observe;
use super::slot::{Look, Slot};
use crate::Fault;
use crate::worker::Orders;

/// A folder with a store and a ledger.
#[derive(Debug)]
pub struct Scene {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Scene {
    /// Makes one, with a copy of a store or without any.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(program: &Path, store: Option<&Path>) -> Result<Self, Fault> {
        let scene = Self { program: program.to_owned(), folder: tempfile::tempdir()? };
        if let Some(store) = store {
            std::fs::copy(store, scene.store())?;
        }
        Ok(scene)
    }

    /// Gives the place of the store.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    /// Starts or finds the run, and lets it end.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn finish(&self, run: &str) -> Result<Value, Fault> {
        let mut acks = self.live(run, 0).await?;
        acks.results.remove(run).ok_or_else(|| format!("run {run} gave no result").into())
    }

    /// Starts the run, and lets its worker die after a line of the ledger.
    ///
    /// # Errors
    /// When the run ends before that line.
    pub async fn leave(&self, run: &str, line: u64) -> Result<(), Fault> {
        let acks = self.live(run, line).await?;
        if acks.results.is_empty() { Ok(()) } else { Err("the run has ended".into()) }
    }

    async fn live(&self, run: &str, die_at: u64) -> Result<Acks, Fault> {
        let orders = Orders {
            store: self.store(),
            ledger: self.folder.path().join("ledger"),
            runs: vec![run.to_owned()],
            die_at,
            mark: "scene".to_owned(),
        };
        let mut slot = Slot::start(&self.program, &orders, self.folder.path().join("out"), None)?;
        while slot.look()? == Look::Alive {
            pause().await;
        }
        slot.check_complaints()?;
        let mut acks = Acks::default();
        acks.read(&slot.output)?;
        Ok(acks)
    }

    /// Folds and reads the journals of a run and its children from outside.
    ///
    /// # Errors
    /// When the store is damaged, or a journal does not fit.
    pub async fn records(&self, run: &str) -> Result<Vec<Stamped>, Fault> {
        records(&self.store(), run).await
    }
}

/// Folds and reads the journals of a run and its children, one after another, the run's own first.
///
/// # Errors
/// When the store is damaged, or a journal does not fit, or there is none.
pub async fn records(store: &Path, run: &str) -> Result<Vec<Stamped>, Fault> {
    let mut stories = observe::look(store, &[run.to_owned()]).await?;
    let own = stories.remove(run).ok_or_else(|| format!("run {run} is gone"))?;
    Ok(own.journal)
}

#[expect(clippy::disallowed_methods, reason = "the harness waits in real time")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
