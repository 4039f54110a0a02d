//! What the author of a plugin writes and gets.

use fusion_core::contract::Provider;
use fusion_core::model::chat::{Fault, FaultKind};
use serde::de::DeserializeOwned;

use crate::host::Host;

/// A provider that can be opened from a configuration: what [`export_provider!`](crate::export_provider) exports.
pub trait Plugin: Provider + Sized + 'static {
    /// Opens it. It is called on no runtime and should not wait for anything: connect when the first call comes.
    ///
    /// # Errors
    /// `invalid_request` for a wrong configuration, `auth` for a missing secret; the message is what the user reads.
    fn open(setup: &Setup) -> Result<Self, Fault>;
}

/// What a plugin is opened with.
#[derive(Debug, Clone)]
pub struct Setup {
    host: Host,
    config: Vec<u8>,
}

/// How grave a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Level {
    /// Something went wrong.
    Error = 1,
    /// Something may go wrong.
    Warn = 2,
    /// What happens.
    Info = 3,
    /// For who looks closer.
    Debug = 4,
    /// All.
    Trace = 5,
}

impl Setup {
    /// Puts it together.
    pub(crate) fn new(host: Host, config: &[u8]) -> Self {
        Self { host, config: config.to_vec() }
    }

    /// Reads the configuration, a JSON object: `{}` when there is none.
    ///
    /// # Errors
    /// `invalid_request` with what does not fit.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let text: &[u8] = if self.config.is_empty() { b"{}" } else { &self.config };
        serde_json::from_slice(text).map_err(|error| {
            Fault::new(
                FaultKind::InvalidRequest,
                format!("the plugin's configuration is wrong: {error}"),
            )
        })
    }

    /// Gives a secret by its name, such as `OPENAI_API_KEY`; none when the host has none, or gives this plugin none.
    pub fn secret(&self, name: &str) -> Option<String> {
        self.host.secret(name)
    }

    /// Writes a line into the host's log.
    pub fn log(&self, level: Level, message: &str) {
        self.host.log(level as u32, message);
    }
}
