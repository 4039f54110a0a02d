//! The `agent` nodes of workflow files that name a program on the command line.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use fusion_core::contract::{Agent, BoxFuture, Context, Desk, Env, Output, Step, Timeouts};
use fusion_core::graph::duration::parse_ms;
use fusion_core::model::agent::Ask;
use fusion_core::model::{Class, Failure, Payload};
use serde::Deserialize;
use serde_json::Value;

use super::agent::CommandAgent;
use super::dialect::Mode;
use super::dialects::Dialects;
use crate::Keys;
use crate::node::either;

/// What names of programs begin with.
const COMMAND: &str = "command";

/// The steps behind the `agent` nodes that name a program on the command line: `agent: claude`, `agent: "command:codex:gpt-5"`.
/// Register them all and files may use these programs as agents:
///
/// ```yaml
/// fix:
///   agent: { program: claude, mode: edit, workspace: "{{ inputs.repo }}" }
///   with: { prompt: "Mend the failing test." }
/// ```
///
/// The output is a [`Reply`](fusion_core::model::agent::Reply) with `text`, `files`, `session`, `workspace`, `usage` and `cost`.
///
/// ```
/// use std::sync::Arc;
///
/// use fusion_core::contract::Env;
/// use fusion_core::{Fusion, run::Os};
/// use fusion_providers::command::CommandStep;
/// use fusion_providers::{Dialects, Keys};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let fusion = Fusion::open("memory://").await?;
/// let env: Arc<dyn Env> = Os::current().ok_or("no runtime")?;
/// let keys = Keys::new(|name| std::env::var(name).ok());
/// for step in CommandStep::all(&env, &keys, &Dialects::default()) {
///     fusion.register(step);
/// }
/// # Ok(())
/// # }
/// # Os::new()?.handle().block_on(example())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CommandStep {
    name: String,
    env: Arc<dyn Env>,
    keys: Keys,
    dialects: Dialects,
}

impl CommandStep {
    /// Makes the steps: one for each program by its name, and one for all that are named with `command:`.
    pub fn all(env: &Arc<dyn Env>, keys: &Keys, dialects: &Dialects) -> Vec<Self> {
        let names = dialects.names().into_iter().chain([COMMAND.to_owned()]);
        let step = |name: String| Self {
            name: format!("agent:{name}"),
            env: env.clone(),
            keys: keys.clone(),
            dialects: dialects.clone(),
        };
        names.map(step).collect()
    }
}

impl fmt::Debug for CommandStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

/// What a node says: `agent` and `with`.
#[derive(Deserialize)]
struct Node {
    agent: Value,
    with: Ask,
}

/// The agent of a node.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    program: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    system: String,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    workspace: Option<PathBuf>,
    #[serde(default)]
    session: String,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    idle: Option<String>,
}

impl Form {
    /// Gives its limits of time.
    fn timeouts(&self) -> Result<Timeouts, Failure> {
        let read = |(word, text): (&str, &Option<String>)| {
            let wrong = |why| Failure::new(Class::DECODE, format!("`{word}` of an agent: {why}"));
            text.as_deref().map(|text| parse_ms(text).map_err(wrong)).transpose()
        };
        let usual = CommandAgent::usual();
        let total_ms = read(("time", &self.time))?.unwrap_or(usual.total_ms);
        let idle_ms = read(("idle", &self.idle))?.unwrap_or(usual.idle_ms).min(total_ms);
        Ok(Timeouts { total_ms, idle_ms, ..usual })
    }
}

impl Step for CommandStep {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        let own = self.clone();
        Box::pin(async move {
            let node: Node = input.decode().map_err(|_| {
                Failure::new(Class::DECODE, "an agent takes a text, or `prompt` and `messages`")
            })?;
            let agent = own.agent(either("agent", "program", node.agent)?)?;
            let reply = agent.work(&Desk::new(ctx, own.env.clone()), node.with).await?;
            Ok(Output::Value(Payload::json(&reply)?))
        })
    }
}

impl CommandStep {
    fn agent(&self, form: Form) -> Result<CommandAgent, Failure> {
        let named = form.program.strip_prefix(COMMAND).and_then(|rest| rest.strip_prefix(':'));
        let (dialect, model) = self.dialects.find(named.unwrap_or(&form.program))?;
        let timeouts = form.timeouts()?;
        let name = if form.name.is_empty() { form.program } else { form.name };
        let mut agent = CommandAgent::new(name, dialect, self.keys.clone())
            .model(model)
            .system(form.system)
            .session(form.session)
            .mode(form.mode)
            .timeouts(timeouts);
        if let Some(folder) = form.workspace {
            agent = agent.workspace(folder);
        }
        Ok(match &self.dialects.workspaces {
            Some(folder) => agent.workspaces(folder),
            None => agent,
        })
    }
}
