//! Folders of agents in a build without workspaces: there are none, and who asks for one is told so.

use super::Fusion;
use crate::coordination::OwnWorkspace;
use crate::error::{Code, Error, Result};

impl Fusion {
    #[expect(clippy::unused_async, reason = "where there are workspaces it waits")]
    pub(super) async fn lodging(&self, _id: &str) -> Result<String> {
        Err(none())
    }

    #[expect(clippy::unused_async, reason = "where there are workspaces it waits")]
    pub(super) async fn lodge_here(&self, _id: String, _own: OwnWorkspace) -> Result<bool> {
        Err(none())
    }

    #[expect(clippy::unused_async, reason = "where there are workspaces it waits")]
    pub(super) async fn evict_here(&self, _id: String) -> Result<()> {
        Err(none())
    }

    #[expect(clippy::unused_async, reason = "where there are workspaces it waits")]
    pub(super) async fn lodgers_here(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

fn none() -> Error {
    Error::new(Code::Workspace, "this program was built without workspaces")
        .hint("build fusion-core with its feature `workspace`")
}
