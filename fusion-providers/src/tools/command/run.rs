//! [`Commands`], and the tool that it gives.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use fusion_core::agent::Tool;
use fusion_core::contract::{BoxFuture, Context, Env, Exec, Exit, Stopped};
use fusion_core::model::{Class, Failure, chat};
use fusion_core::workspace::{Command, Isolation, Network, Policy, Sandbox};
use serde::Deserialize;
use serde_json::json;

use super::policy::{self, Rule};
use super::told::told;
use crate::Key;
use crate::inherited::{FEW, inherited};
use crate::tools::Workspace;

/// How long a program may take when nobody says how long, in milliseconds.
const LIMIT_MS: u64 = 120_000;
/// How long it may take to end when it is asked to, in milliseconds.
const GRACE_MS: u64 = 2_000;
/// How much of what it writes is kept, in bytes, and how much of each stream is shown.
const KEPT_BYTES: usize = 4 * 1024 * 1024;
const SHOWN_BYTES: usize = 24 * 1024;

/// Programs that an agent may run: those that a list allows, in a workspace's folder.
///
/// A line of the list is a program (`git`: any arguments), a command line (`git status`: just this one) or the beginning of one
/// (`git log *`). No shell reads it. A program sees `PATH`, `HOME`, `LANG`, `TMPDIR`, what it is given here, and the `FUSION_*`
/// variables of the attempt; it gets two minutes, and ends with all its children. The list is a policy and no prison: a
/// program that is allowed can do what it can do. After a crash a program that was under way is run again.
///
/// ```
/// use fusion_core::model::Failure;
/// use fusion_providers::tools::{Commands, Workspace};
///
/// # fn example() -> Result<(), Failure> {
/// let commands = Commands::new(&Workspace::open(".")?, ["git log *", "git diff *", "cargo"])?.limit_ms(60_000);
/// # Ok(())
/// # }
/// # example().unwrap();
/// ```
#[derive(Clone)]
pub struct Commands {
    rules: Vec<Rule>,
    folder: PathBuf,
    variables: Vec<(String, Key)>,
    limit_ms: u64,
    policy: Option<Policy>,
}

impl Commands {
    /// Allows these command lines, in this folder.
    ///
    /// # Errors
    /// Of class `validation` for a rule that names no program.
    pub fn new(
        workspace: &Workspace,
        rules: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, Failure> {
        let rules = rules.into_iter().map(|rule| Rule::read(rule.as_ref()));
        let rules: Result<Vec<Rule>, String> = rules.collect();
        Ok(Self {
            rules: rules.map_err(|why| Failure::new(Class::VALIDATION, why))?,
            folder: workspace.path().to_owned(),
            variables: Vec::new(),
            limit_ms: LIMIT_MS,
            policy: None,
        })
    }

    /// Sets a variable of their environment. The value is hidden from what the model sees.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: Key) -> Self {
        self.variables.push((name.into(), value));
        self
    }

    /// Sets how long a program may take, in milliseconds; two minutes without it. The agent's own limit of tools counts, too.
    #[must_use]
    pub fn limit_ms(mut self, ms: u64) -> Self {
        self.limit_ms = ms;
        self
    }

    /// Runs the programs in a sandbox: they change the folder and nothing else, and reach only what the policy lists. Their variables
    /// and the time that they get are those that are said here; programs of the policy are not looked at, as the list stands for them.
    /// One that needs a layer which is missing is refused, and the model is told why.
    #[must_use]
    pub fn sandbox(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Gives the tool: `run_command`.
    pub fn tool(&self, env: Arc<dyn Env>) -> Tool {
        let isolated = self.policy.as_ref().filter(|policy| policy.isolation != Isolation::Off);
        let what = format!(
            "Runs a program in the workspace, without a shell. {}{}",
            policy::listed(&self.rules),
            isolated.map_or_else(String::new, confined),
        );
        let sandbox = isolated.map(|_| Sandbox::new(env.clone()));
        let about = chat::Tool::new("run_command", what).schema(json!({
            "type": "object",
            "properties": {
                "command": {
                    "type": "array", "items": {"type": "string"}, "minItems": 1,
                    "description": "The program and its arguments, a text each.",
                },
                "stdin": {"type": "string", "description": "What it reads from its standard input."},
            },
            "required": ["command"], "additionalProperties": false,
        }));
        let all = Arc::new(self.clone());
        Tool::with(about, move |ctx, asked: Asked| {
            let (all, env, sandbox) = (all.clone(), env.clone(), sandbox.clone());
            async move { all.run(ctx, (env, sandbox), asked).await }
        })
    }

    async fn run(
        &self,
        body: Context,
        (env, sandbox): (Arc<dyn Env>, Option<Sandbox>),
        asked: Asked,
    ) -> Result<String, Failure> {
        policy::check(&self.rules, &asked.command).map_err(Failure::error)?;
        if let (Some(sandbox), Some(policy)) = (&sandbox, &self.policy) {
            return self.confined(&body, (&env, sandbox, policy), asked).await;
        }
        let exec = Exec {
            argv: asked.command,
            stdin: Bytes::from(asked.stdin),
            cwd: Some(self.folder.clone()),
            env: self.environment(&body),
            stdout_limit: KEPT_BYTES,
            stderr_limit: KEPT_BYTES,
            grace_ms: GRACE_MS,
            leaves_nothing: false,
            heard: None,
        };
        let until_ns = env.monotonic_ns().saturating_add(self.limit_ms.saturating_mul(1_000_000));
        let end = End { body: body.clone(), env: env.clone(), until_ns };
        let exit = env.exec(exec, Arc::new(end)).await;
        if body.is_cancelled() {
            return Err(Failure::new(Class::CANCELLED, "cancelled"));
        }
        let late = env.monotonic_ns() >= until_ns;
        let ended = late.then(|| format!("ended, as it took longer than {} ms", self.limit_ms));
        // What is wrong with the call is nothing that the agent's node could be tried again for.
        let exit = exit.map_err(|failure| Failure::error(failure.message))?;
        let hide = |text: String, (_, key): &(String, Key)| key.hide(&text);
        Ok(self.variables.iter().fold(told(&exit, ended, SHOWN_BYTES), hide))
    }

    /// Runs it in a sandbox.
    async fn confined(
        &self,
        body: &Context,
        (env, sandbox, policy): (&Arc<dyn Env>, &Sandbox, &Policy),
        asked: Asked,
    ) -> Result<String, Failure> {
        let until_ns = env.monotonic_ns().saturating_add(self.limit_ms.saturating_mul(1_000_000));
        let end = End { body: body.clone(), env: env.clone(), until_ns };
        let command = Command {
            argv: asked.command,
            stdin: Bytes::from(asked.stdin),
            cwd: self.folder.clone(),
            writable: vec![self.folder.clone()],
            attempt: body.about().variables().collect(),
            ..Command::default()
        };
        let given = self.variables.iter();
        let given = given.map(|(name, key)| (name.clone(), key.expose().to_owned()));
        let policy = Policy {
            programs: None,
            time_ms: self.limit_ms,
            stdout_bytes: KEPT_BYTES,
            stderr_bytes: KEPT_BYTES,
            env: policy.env.clone().into_iter().chain(given).collect(),
            ..policy.clone()
        };
        let output = sandbox.run(command, &policy, Arc::new(end)).await;
        if body.is_cancelled() {
            return Err(Failure::new(Class::CANCELLED, "cancelled"));
        }
        let output = output.map_err(|error| Failure::error(error.message().to_owned()))?;
        let late = output.ended.is_some() || env.monotonic_ns() >= until_ns;
        let ended = late.then(|| format!("ended, as it took longer than {} ms", self.limit_ms));
        let exit = Exit {
            code: output.code,
            signal: output.signal,
            stdout: output.stdout,
            stdout_bytes: output.stdout_bytes,
            stderr: output.stderr,
            stderr_bytes: output.stderr_bytes,
            duration_ms: output.duration_ms,
        };
        let hide = |text: String, (_, key): &(String, Key)| key.hide(&text);
        Ok(self.variables.iter().fold(told(&exit, ended, SHOWN_BYTES), hide))
    }

    fn environment(&self, body: &Context) -> BTreeMap<String, String> {
        let mut env: BTreeMap<String, String> = inherited(&FEW).collect();
        let given = self.variables.iter();
        env.extend(given.map(|(name, key)| (name.clone(), key.expose().to_owned())));
        env.extend(body.about().variables());
        env
    }
}

/// Tells a model what its programs do not reach, so that it does not try.
fn confined(policy: &Policy) -> String {
    let network = match policy.network {
        Network::None => "no network",
        Network::Own => "no network but their own",
        Network::Host => "the network",
    };
    format!(
        " Programs run in a sandbox: they see the system's programs and the workspace, change the workspace and /tmp, and have {network}."
    )
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commands({})", policy::listed(&self.rules))
    }
}

#[derive(Deserialize)]
struct Asked {
    command: Vec<String>,
    #[serde(default)]
    stdin: String,
}

/// A program has to end when its time is over, or when nobody wants it any more.
#[derive(Debug)]
struct End {
    body: Context,
    env: Arc<dyn Env>,
    until_ns: u64,
}

impl Stopped for End {
    fn is_set(&self) -> bool {
        self.body.is_cancelled() || self.env.monotonic_ns() >= self.until_ns
    }

    fn wait(&self) -> BoxFuture<'static, ()> {
        let (body, over) = (self.body.clone(), self.env.sleep_until(self.until_ns));
        Box::pin(async move {
            tokio::select! {
                () = body.cancelled() => {}
                () = over => {}
            }
        })
    }

    fn alive(&self) {
        self.body.heartbeat();
    }
}
