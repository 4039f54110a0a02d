//! Where agents have their folders: what coordination asks of workspaces.

use std::path::PathBuf;
use std::sync::Arc;

use super::Fusion;
use crate::coordination::OwnWorkspace;
use crate::error::{Code, Error, Result};
use crate::workspace::{Quota, Workspace, Workspaces};

/// The folder of an engine's workspaces, opened when it is needed.
#[derive(Debug, Clone, Default)]
pub(super) struct Lodgings(Option<Arc<PathBuf>>);

impl Lodgings {
    pub(super) fn new(root: Option<PathBuf>) -> Self {
        Self(root.map(Arc::new))
    }
}

impl Fusion {
    /// Opens the folder of the agents' workspaces, which [`Builder::workspaces`](super::Builder::workspaces) names, and makes it if it is
    /// not there.
    ///
    /// # Errors
    /// `FU0601` when the program names none, or it cannot be opened.
    pub fn workspaces(&self) -> Result<Workspaces> {
        let nowhere = || {
            Error::new(Code::Workspace, "this engine has no folder for the workspaces of agents")
                .hint("name one when it is opened: `workspaces`")
        };
        Workspaces::open(self.lodgings.0.as_deref().ok_or_else(nowhere)?)
    }

    /// Gives the folder of an agent to work in, and makes it if it is not there.
    pub(super) async fn lodging(&self, id: &str) -> Result<String> {
        let id = id.to_owned();
        self.in_workspaces(move |all| {
            Ok(all.create(&id)?.projects().to_string_lossy().into_owned())
        })
        .await
    }

    /// Makes the folder of an agent. Tells whether it was not there.
    pub(super) async fn lodge_here(&self, id: String, own: OwnWorkspace) -> Result<bool> {
        self.in_workspaces(move |all| {
            let is_new = !all.has(&id);
            let usual = Quota::default();
            let quota = Quota {
                bytes: own.bytes.unwrap_or(usual.bytes),
                files: own.files.unwrap_or(usual.files),
            };
            all.create(&id)?.limited(quota)?;
            Ok(is_new)
        })
        .await
    }

    /// Removes the folder of an agent; one that has none is done with.
    pub(super) async fn evict_here(&self, id: String) -> Result<()> {
        self.in_workspaces(move |all| {
            if all.has(&id) {
                all.find(&id).and_then(Workspace::destroy)?;
            }
            Ok(())
        })
        .await
    }

    /// Lists who has a folder.
    pub(super) async fn lodgers_here(&self) -> Result<Vec<String>> {
        match self.lodgings.0.as_deref() {
            Some(root) if root.is_dir() => self.in_workspaces(Workspaces::list).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Does something with the workspaces where it may block and take its time: reading and writing them holds up other tasks.
    ///
    /// # Errors
    /// As [`Fusion::workspaces`]; those of the work; `FU0501` when the engine is closed meanwhile.
    pub async fn in_workspaces<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Workspaces) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let all = self.workspaces()?;
        let (tell, told) = tokio::sync::oneshot::channel();
        self.env().blocking(Box::new(move || {
            // Who asked may be gone.
            let _ = tell.send(work(&all));
        }));
        told.await.unwrap_or_else(|_| Err(Error::new(Code::Closed, "the engine was closed")))
    }
}
