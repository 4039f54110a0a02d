//! Shared libraries that a program loads by itself.

use std::path::Path;
use std::sync::Arc;

use fusion_core::contract::Provider;
use fusion_core::model::chat::{Fault, FaultKind};
use serde_json::{Map, Value};

use crate::plugins::Listed;
use crate::{Keys, Plugin, Plugins};

/// A library that is loaded, with what stands in the manifest beside it.
#[derive(Debug)]
pub struct Library {
    plugin: Plugin,
    config: Map<String, Value>,
}

/// Loads a library, or the one of a manifest. Nobody is asked whether it is trusted: the program names the file itself.
///
/// # Errors
/// `invalid_request` as [`Plugin::load`], and for a manifest that does not fit its library.
pub fn open(path: &Path) -> Result<Library, Fault> {
    // A name without a folder is a file here, never one that the system looks for.
    let whole =
        if path.components().count() == 1 { Path::new(".").join(path) } else { path.into() };
    let listed = Plugins::default().find(&whole.to_string_lossy())?;
    let plugin = Plugin::load(&listed.library)?;
    let config = listed.config();
    let Listed { manifest, library, .. } = listed;
    let Some(manifest) = manifest else { return Ok(Library { plugin, config }) };
    if manifest.name != plugin.name() {
        let (path, says, own) = (library.display(), manifest.name, plugin.name());
        let message = format!("the plugin {path} calls itself `{own}`, and its manifest `{says}`");
        return Err(Fault::new(FaultKind::InvalidRequest, message));
    }
    Ok(Library { plugin: plugin.secrets(manifest.secrets), config })
}

impl Library {
    /// Gives what it calls itself.
    pub fn name(&self) -> &str {
        self.plugin.name()
    }

    /// Lets it ask for these secrets only.
    pub(super) fn secrets(self, names: Vec<String>) -> Self {
        Self { plugin: self.plugin.secrets(names), ..self }
    }

    /// Opens a provider, with more configuration than its manifest has.
    pub(super) fn provider(
        self,
        config: Map<String, Value>,
        keys: &Keys,
        model: &str,
    ) -> Result<Arc<dyn Provider>, Fault> {
        let mut all = self.config;
        all.extend(config);
        self.plugin.with_model(&all.into(), keys, model)
    }
}
