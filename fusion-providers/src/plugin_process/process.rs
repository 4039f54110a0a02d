//! [`PluginProcess`]: a plugin that is to be run in a process of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::contract::Provider;
use fusion_core::model::Digest;
use fusion_core::model::chat::{Fault, FaultKind};
use serde_json::Value;

use super::frame::{Opening, PROTOCOL};
use super::life::{Life, Start};
use super::program::program;
use crate::Keys;
use crate::inherited::{FEW, MANY};
use crate::plugin_host::Foreign;

/// How much memory of its own a process may have that is told nothing else, in bytes: 4 GiB.
pub(crate) const MEMORY: u64 = 4 << 30;

/// A plugin that runs in a process of its own, a program that calls [`plugins::host`](crate::plugins::host): one that crashes,
/// hangs or ends itself takes no program along. Its calls, streams, limits and faults are those of a plugin in this process.
///
/// It is isolation from crashes, not a sandbox: the process may do all that its user may. It gets the secrets that are named
/// here and no others, few variables of the environment, and `/` as its folder. Clocks are the machine's.
///
/// ```no_run
/// use fusion_providers::{Keys, PluginProcess};
/// use serde_json::json;
///
/// let plugin = PluginProcess::new("/opt/plugins/libwords.so").secrets(["WORDS_KEY"]);
/// let provider = plugin.open(&json!({}), &Keys::new(|name| std::env::var(name).ok()))?;
/// # Ok::<(), fusion_core::model::chat::Fault>(())
/// ```
#[derive(Debug, Clone)]
pub struct PluginProcess {
    library: PathBuf,
    argv: Option<Vec<String>>,
    secrets: Vec<String>,
    hash: Option<Digest>,
    name: Option<String>,
    memory: Option<u64>,
}

impl PluginProcess {
    /// Names the library.
    pub fn new(library: impl Into<PathBuf>) -> Self {
        let (library, memory) = (library.into(), Some(MEMORY));
        Self { library, argv: None, secrets: Vec::new(), hash: None, name: None, memory }
    }

    /// Names the program that is started, with its arguments: one that calls [`plugins::host`](crate::plugins::host). By default it
    /// is this one, if it is the `fusion` command, else the `fusion` of the `PATH`.
    #[must_use]
    pub fn program(mut self, argv: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.argv = Some(argv.into_iter().map(Into::into).collect());
        self
    }

    /// Lets the plugin have these secrets; by default it gets none. They are looked up whenever a process starts.
    #[must_use]
    pub fn secrets(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.secrets = names.into_iter().map(Into::into).collect();
        self
    }

    /// Limits the memory that the process may have of its own, in bytes, files that it only reads not counted; `None` is no limit. It
    /// is 4 GiB by default. A plugin that asks for more gets none, and most end with that. Linux keeps the limit, macOS does not.
    #[must_use]
    pub fn memory(mut self, bytes: Option<u64>) -> Self {
        self.memory = bytes;
        self
    }

    /// Says which bytes somebody trusted: nothing else is loaded, and it inherits more of the environment.
    pub(crate) fn trusted(mut self, hash: Digest) -> Self {
        self.hash = Some(hash);
        self
    }

    /// Says what it has to call itself.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Starts a process and opens a provider in it, with a configuration, a JSON object. It waits for that, at most 10 seconds.
    ///
    /// A process that ends is followed by another one with the next call; after the second one in a row that lived less than a
    /// minute there are pauses, and after the tenth none follows.
    ///
    /// # Errors
    /// What the plugin says against it; `invalid_request` when it is none, or there is no program; `transport` when the process
    /// cannot be started, or ends, or does not answer.
    pub fn open(&self, config: &Value, keys: &Keys) -> Result<Arc<dyn Provider>, Fault> {
        self.with_model(config, keys, "")
    }

    /// Opens a provider whose requests have this model when they name none.
    pub(crate) fn with_model(
        &self,
        config: &Value,
        keys: &Keys,
        model: &str,
    ) -> Result<Arc<dyn Provider>, Fault> {
        let path = self.library.display();
        let wrong = |what: String| {
            Fault::new(FaultKind::InvalidRequest, format!("the plugin {path}: {what}"))
        };
        let library = self.library.canonicalize().map_err(|error| wrong(error.to_string()))?;
        let argv = self.argv.clone().map_or_else(program, Ok)?;
        let secrets = self.secrets.iter().map(|name| (name.clone(), None)).collect();
        let (hash, memory, config) = (self.hash, self.memory, config.clone());
        let name = self.name.clone().unwrap_or_else(|| stem(&library));
        let opening = Opening { protocol: PROTOCOL, library, hash, memory, config, secrets };
        let inherits: &[&str] = if hash.is_some() { &MANY } else { &FEW };
        let start =
            Start { argv, opening, keys: keys.clone(), inherits, name: name.as_str().into() };
        let (life, about) = Life::open(start)?;
        match &self.name {
            Some(name) if *name != about.name => {
                let own = &about.name;
                Err(wrong(format!("it calls itself `{own}`, and its manifest `{name}`")))
            }
            _ => Ok(Arc::new(Foreign::new(Arc::new(life), (about.ops, about.flags), model))),
        }
    }
}

/// What it is called until it says so itself.
fn stem(library: &Path) -> String {
    library.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
