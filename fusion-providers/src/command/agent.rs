//! The agent: a program that works in a folder.

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use fusion_core::contract::{Agent, Call, Desk, Timeouts};
use fusion_core::model::agent::{Ask, Ended, Reply};
use fusion_core::model::chat::{Chunk, Fault, FaultKind, Fold, Message, Request, Usd};
use fusion_core::model::{Class, Digest, Failure};
use serde_json::json;

use super::changes::Seen;
use super::dialect::{Dialect, Mode};
use super::prompt;
use super::room;
use super::run::{Place, Running};
use crate::Keys;

/// How long an agent may be silent, in milliseconds: it waits for a build or a test perhaps.
const IDLE_MS: u64 = 600_000;
/// How long it may take, in milliseconds.
const TOTAL_MS: u64 = 3_600_000;
/// How often its words are shown as progress, in milliseconds.
const SHOW_MS: u64 = 100;
/// How much of them, in characters.
const SHOWN: usize = 400;

/// An agent that is a program on the command line: it works in a folder, with tools of its own.
///
/// What it may do there is its mode: it reads, unless it is told otherwise. Its outcome is recorded once: its last words, the files
/// that changed, the name of its session, tokens and cost. One that was under way when the process died is ended, and asked anew in
/// the same folder, with the same idempotency key among its variables (`FUSION_IDEMPOTENCY_KEY`); a node that says `at_most_once`
/// is in doubt instead.
///
/// ```no_run
/// use fusion_core::{Fusion, model::Graph};
/// use fusion_providers::command::{CommandAgent, Mode};
/// use fusion_providers::{Dialects, Keys};
///
/// # async fn example(keys: Keys) -> Result<(), Box<dyn std::error::Error>> {
/// let fusion = Fusion::open("sqlite://fixes.db").await?;
/// let (claude, _) = Dialects::default().find("claude").map_err(|fault| fault.to_string())?;
/// let fixer = CommandAgent::new("fixer", claude, keys).workspace("/srv/shop").mode(Mode::Edit);
/// let fixer = fusion.agent(fixer);
/// let graph = Graph::new("fix").node("fix", fixer.with("Mend the failing test.")).output("files", "{{ nodes.fix.files }}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CommandAgent {
    name: Arc<str>,
    dialect: Arc<Dialect>,
    keys: Keys,
    model: String,
    system: String,
    session: String,
    mode: Mode,
    workspace: Option<PathBuf>,
    workspaces: Option<PathBuf>,
    timeouts: Timeouts,
}

impl CommandAgent {
    /// Makes an agent of a program; keys are looked up with every ask.
    pub fn new(name: impl Into<Arc<str>>, dialect: impl Into<Arc<Dialect>>, keys: Keys) -> Self {
        Self {
            name: name.into(),
            dialect: dialect.into(),
            keys,
            model: String::new(),
            system: String::new(),
            session: String::new(),
            mode: Mode::default(),
            workspace: None,
            workspaces: None,
            timeouts: Self::usual(),
        }
    }

    /// Gives its usual limits of time.
    pub(crate) fn usual() -> Timeouts {
        Timeouts { idle_ms: IDLE_MS, total_ms: TOTAL_MS, ..Timeouts::default() }
    }

    /// Names the model.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// Sets its instructions.
    #[must_use]
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.system = text.into();
        self
    }

    /// Goes on with a session: the one that a reply named.
    #[must_use]
    pub fn session(mut self, name: impl Into<String>) -> Self {
        self.session = name.into();
        self
    }

    /// Sets what it may do; it reads without it.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Lets it work in this folder. Without it, it gets one of its own, which stays when it has ended.
    #[must_use]
    pub fn workspace(mut self, folder: impl Into<PathBuf>) -> Self {
        self.workspace = Some(folder.into());
        self
    }

    /// Makes folders of its own in this one; without it where the system keeps what is temporary.
    #[must_use]
    pub fn workspaces(mut self, folder: impl Into<PathBuf>) -> Self {
        self.workspaces = Some(folder.into());
        self
    }

    /// Sets how long it may be silent (10 minutes without it) and how long it may take (an hour). When its time is over, the
    /// reply says so and holds what there is; silence is a failure of class `timeout`.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Gives the folder to work in: the same for all attempts.
    fn place(&self, key: &str, own: &str) -> Result<PathBuf, Failure> {
        let wrong = |path: &Path, what: String| {
            let message = format!("the workspace {} {what}", path.display());
            Failure::new(Class::from("invalid_request"), message)
        };
        let own = (!own.is_empty()).then(|| PathBuf::from(own));
        if let Some(given) = self.workspace.as_ref().or(own.as_ref()) {
            let found = given
                .canonicalize()
                .map_err(|error| wrong(given, format!("cannot be used: {error}")))?;
            return if found.is_dir() {
                Ok(found)
            } else {
                Err(wrong(given, "is no folder".to_owned()))
            };
        }
        let base = self
            .workspaces
            .clone()
            .unwrap_or_else(|| std::env::temp_dir().join("fusion-workspaces"));
        let name: String =
            Digest::of_parts(&[key.as_bytes()]).to_string().chars().take(16).collect();
        let made = base.join(format!("{}-{name}", self.dialect.name));
        room::private(&made).map_err(|error| wrong(&made, format!("cannot be made: {error}")))?;
        made.canonicalize().map_err(|error| wrong(&made, format!("cannot be used: {error}")))
    }

    fn start(
        &self,
        desk: &Desk,
        call: &Call,
        ask: &Ask,
        workspace: &Path,
    ) -> Result<Running, Fault> {
        if !self.dialect.modes.contains_key(&self.mode) && self.mode != Mode::Full {
            let mode = self.mode.as_str();
            let message = format!(
                "it has no mode `{mode}`: nothing would keep it from more, so say `full` if you mean it"
            );
            return Err(Fault::new(FaultKind::Unsupported, message));
        }
        let mut request = Request::new(self.model.as_str());
        if !self.system.is_empty() {
            request.messages.push(Message::system(self.system.as_str()));
        }
        request.messages.extend(ask.messages.iter().cloned());
        let about = desk.body().about();
        let told = about.feedback.as_ref().filter(|failure| failure.class == Class::VALIDATION);
        let told =
            told.map(|failure| format!("\n\nYour answer before was refused: {}", failure.message));
        request.messages.push(Message::user(format!("{}{}", ask.prompt, told.unwrap_or_default())));
        let asked = prompt::ask(&self.dialect, &request, "", &self.session)?;
        let marks = about.variables().collect();
        let (workspace, mode) = (Some(workspace.to_owned()), Some(self.mode));
        Running::new(
            &self.dialect,
            call,
            &asked,
            Place { workspace, mode, marks, keys: &self.keys },
        )
    }

    async fn run(&self, desk: &Desk, ask: &Ask) -> Result<Reply, Failure> {
        let (env, body) = (desk.env(), desk.body());
        let began: i64 = body.memo("began", async { Ok(env.now_ms()) }).await?;
        let workspace = self.place(&body.idempotency_key(), &ask.workspace)?;
        let before = Seen::look(env, workspace.clone()).await;
        let call = desk.call(&self.name, "run").timeouts(self.timeouts);
        let until_ns =
            env.monotonic_ns().saturating_add(self.timeouts.total_ms.saturating_mul(1_000_000));
        let named = |fault: Fault| fault.provider(&format!("command:{}", self.dialect.name));
        let mut running = self.start(desk, &call, ask, &workspace).map_err(named)?;
        let mut fold = Fold::default();
        let ended = match self.listen(desk, &mut running, &mut fold).await {
            Ok(()) => Ended::Done,
            Err(fault) if fault.kind() == FaultKind::Timeout && env.monotonic_ns() >= until_ns => {
                Ended::Time
            }
            Err(fault) => return Err(named(fault).into()),
        };
        let answer = fold.partial();
        let files = Seen::look(env, workspace.clone()).await.changed(&before, began);
        Ok(Reply {
            text: running.reader.last_words(),
            ended,
            agent: self.name.to_string(),
            turns: 1,
            usage: answer.usage,
            cost: answer.cost.unwrap_or(Usd::ZERO),
            session: running.reader.session.clone(),
            files,
            workspace: workspace.to_string_lossy().into_owned(),
            ..Reply::default()
        })
    }

    /// Listens to its end, and shows its words on the way.
    async fn listen(
        &self,
        desk: &Desk,
        running: &mut Running,
        fold: &mut Fold,
    ) -> Result<(), Fault> {
        let (body, env) = (desk.body(), desk.env());
        let (mut ready, mut text, mut shown) = (VecDeque::new(), String::new(), None::<u64>);
        loop {
            let over = running.more(&mut ready).await?;
            for chunk in ready.drain(..) {
                // Its last words are known to the reader: of the rest only what it cost is wanted.
                match &chunk {
                    Chunk::Text { text: piece } | Chunk::Reasoning { text: piece } => {
                        text.push_str(piece);
                    }
                    _ => fold.push(chunk)?,
                }
            }
            let from = text.char_indices().rev().nth(SHOWN).map_or(0, |(at, _)| at);
            text.drain(..from);
            let now = env.monotonic_ns();
            let is_time = shown.is_none_or(|at| now.saturating_sub(at) >= SHOW_MS * 1_000_000);
            if is_time && !text.is_empty() {
                shown = Some(now);
                body.progress(json!({"agent": &*self.name, "text": text}));
            } else {
                body.heartbeat();
            }
            if over {
                return Ok(());
            }
        }
    }
}

impl fmt::Debug for CommandAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandAgent")
            .field("name", &self.name)
            .field("program", &self.dialect.program())
            .field("mode", &self.mode)
            .field("workspace", &self.workspace)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Agent for CommandAgent {
    fn name(&self) -> &str {
        &self.name
    }

    async fn work(&self, desk: &Desk, ask: Ask) -> Result<Reply, Failure> {
        // An answer that a check refused is no answer to the next attempt.
        let about = desk.body().about();
        let refused = about.feedback.is_some_and(|failure| failure.class == Class::VALIDATION);
        let name = if refused { format!("done/{}", about.attempt) } else { "done".to_owned() };
        desk.body().memo(&name, self.run(desk, &ask)).await
    }
}
