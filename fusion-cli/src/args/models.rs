//! The options of the commands that ask models.

use clap::{Args, Subcommand};

use super::agents::Forgetting;

/// What to do with providers.
#[derive(Debug, Subcommand)]
pub(crate) enum Providers {
    /// List the providers that are known by name, and what listens on this machine
    List,
    /// Ask a model for one word, to see that name, key and network are right
    Test(Model),
    /// List the models of a provider
    Models(Named),
    /// Forget what was kept of calls: answers, gates, what days and runs that are gone have spent
    Prune(Forgetting),
}

/// Which provider.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The provider: openai, anthropic, ollama …, local, or the URL of a server that speaks OpenAI's protocol
    #[arg(value_name = "PROVIDER")]
    pub provider: String,
}

/// Which model.
#[derive(Debug, Args)]
pub(crate) struct Model {
    /// The provider and the model, such as openai:gpt-4o-mini; a name of the list alone takes its usual model
    #[arg(value_name = "PROVIDER[:MODEL]")]
    pub provider: String,
}

/// The options of `chat`.
#[derive(Debug, Args)]
pub(crate) struct Chat {
    /// The provider, and the model after a colon [default: what listens on this machine, else the first with a key]
    #[arg(long, short, value_name = "PROVIDER[:MODEL]")]
    pub provider: Option<String>,
    /// The model
    #[arg(long, short, value_name = "MODEL")]
    pub model: Option<String>,
    /// What the model is told to be
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// Keep the conversation in the store under this name, and go on with it when it is there
    #[arg(long, short, value_name = "NAME")]
    pub session: Option<String>,
    /// List the conversations of the store
    #[arg(long, conflicts_with_all = ["session", "provider", "model", "system"])]
    pub sessions: bool,
    /// Forget the conversation
    #[arg(long, requires = "session", conflicts_with_all = ["provider", "model", "system"])]
    pub forget: bool,
}
