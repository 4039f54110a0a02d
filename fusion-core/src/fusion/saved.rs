//! Definitions that the store keeps, so that any process can run them by name.

use super::Fusion;
use crate::error::{Code, Error, Result, nearest};
use crate::model::{Batch, Graph};
use crate::run::saved;

/// The most names that are looked through for the nearest one.
const NAMES: usize = 500;

impl Fusion {
    /// Keeps definitions in the store under their names; one of the same name is replaced, for runs that begin later.
    ///
    /// A sub-workflow that no code of a process registered is looked for there, so that whoever recovers a run can go
    /// on with it.
    ///
    /// # Errors
    /// `FU03xx` from the store.
    pub async fn save(&self, graphs: &[&Graph]) -> Result<()> {
        self.engine().check_open()?;
        let mut ops = Vec::new();
        for graph in graphs {
            ops.extend(saved::put(self.engine(), graph).await?);
        }
        if ops.is_empty() {
            return Ok(());
        }
        let now = self.engine().env.now_ms();
        self.engine().store.commit(Batch { now, ops }).await.map(|_| ())
    }

    /// Finds the definition that the store keeps under a name.
    ///
    /// # Errors
    /// `FU0205` with the nearest name when there is none.
    pub async fn saved(&self, name: &str) -> Result<Graph> {
        self.engine().check_open()?;
        if let Some(graph) = saved::get(self.engine(), name).await? {
            return Ok(graph);
        }
        let page = self.engine().store.list(saved::KIND, None, None, NAMES).await?;
        let names = page.items.iter().map(|document| &*document.id);
        let message = format!("this store keeps no workflow `{name}`");
        Err(Error::new(Code::UnknownReference, message).hint(nearest::hint(name, names)))
    }
}
