//! The provider: a question is a run of a program.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider, gather};
use fusion_core::model::chat::{Answer, Fault, Request};

use super::dialect::{Dialect, Mode};
use super::prompt;
use super::run::{Place, Running, chunks};
use crate::Keys;

/// A provider that is a program on the command line: `claude`, `codex`, `gemini`, `qwen`, `copilot`, `opencode`, or another one of
/// which a [`Dialect`] tells how it is called and what its output means.
///
/// A question is one run of the program in an empty folder of its own, in the mode `read_only`. It uses tools of its own, which are
/// shown among its thoughts; it cannot use those of the caller.
///
/// ```no_run
/// use fusion_core::contract::{Call, Provider};
/// use fusion_core::model::chat::{Fault, Request};
/// use fusion_providers::{Keys, Settings, open};
///
/// # async fn example(call: &Call, keys: &Keys) -> Result<(), Fault> {
/// let claude = open("command:claude", keys, Settings::default())?;
/// println!("{}", claude.complete(call, &Request::new("").user("Hello!")).await?.text());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct CommandLine {
    dialect: Arc<Dialect>,
    name: String,
    model: String,
    keys: Keys,
}

impl CommandLine {
    /// Makes a provider of a program; keys are looked up with every question.
    pub fn new(dialect: impl Into<Arc<Dialect>>, keys: Keys) -> Self {
        let dialect = dialect.into();
        let name = format!("command:{}", dialect.name);
        Self { dialect, name, model: String::new(), keys }
    }

    /// Sets the model of requests that name none.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    fn start(&self, call: &Call, request: &Request) -> Result<Running, Fault> {
        request.check()?;
        let asked = prompt::ask(&self.dialect, request, &self.model, "")?;
        let env = call.env();
        let run = call.for_whom().run.as_deref().unwrap_or("none");
        let marks = BTreeMap::from([
            ("FUSION_RUN_ID".to_owned(), run.to_owned()),
            ("FUSION_CALL".to_owned(), format!("{:016x}{:016x}", env.random(), env.random())),
        ]);
        let mode = Some(Mode::ReadOnly);
        let place = Place { workspace: None, mode, marks, keys: &self.keys };
        Running::new(&self.dialect, call, &asked, place)
    }
}

#[async_trait]
impl Provider for CommandLine {
    fn name(&self) -> &str {
        &self.name
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        gather(self.stream(call, request).await?).await
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        let running = self.start(call, request).map_err(|fault| fault.provider(&self.name))?;
        Ok(chunks(running, self.name.clone()))
    }
}
