//! What one has to know to reach a service.

use fusion_core::graph::template::Secrets;

use super::{Http, Key};
use crate::{Dialects, Plugins};

/// What one has to know to reach a service. What is empty is as the provider has it.
///
/// ```
/// use fusion_providers::{Key, Settings};
///
/// let settings = Settings::default().base_url("http://127.0.0.1:8080/v1").key(Key::new("sk-1234567")).model("small");
/// assert!(!format!("{settings:?}").contains("sk-1234567"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What the provider is called; by default the word for its protocol.
    pub name: String,
    /// Where the service is: `https://api.openai.com/v1`.
    pub base_url: String,
    /// The key.
    pub key: Option<Key>,
    /// The model of requests that name none.
    pub model: String,
    /// Headers that go with every request.
    pub headers: Vec<(String, String)>,
    /// The client; one client for many providers keeps fewer connections.
    pub http: Http,
    /// The plugins that may be opened by name; none by default.
    pub plugins: Plugins,
    /// The command-line agents that may be opened by name; those that are built in by default.
    pub commands: Dialects,
    /// The secrets that recordings are written without, beside those that the recorded provider has; none by default.
    pub secrets: Secrets,
}

impl Settings {
    /// Sets the name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets where the service is.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Sets the key.
    #[must_use]
    pub fn key(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    /// Sets the model of requests that name none.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// Adds a header to every request.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the client.
    #[must_use]
    pub fn http(mut self, http: Http) -> Self {
        self.http = http;
        self
    }

    /// Sets the plugins that may be opened by name.
    #[must_use]
    pub fn plugins(mut self, plugins: Plugins) -> Self {
        self.plugins = plugins;
        self
    }

    /// Sets the command-line agents that may be opened by name.
    #[must_use]
    pub fn commands(mut self, commands: Dialects) -> Self {
        self.commands = commands;
        self
    }

    /// Sets the secrets that recordings are written without: those of an engine, see `Fusion::secrets`.
    #[must_use]
    pub fn secrets(mut self, secrets: Secrets) -> Self {
        self.secrets = secrets;
        self
    }

    /// Fills in what is empty.
    pub(crate) fn or(mut self, name: &str, base_url: &str) -> Self {
        for (set, usual) in [(&mut self.name, name), (&mut self.base_url, base_url)] {
            if set.is_empty() {
                usual.clone_into(set);
            }
        }
        self
    }
}
