//! An agent of its description.

use std::fmt;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use fusion_core::agent::{Limits, LlmAgent, Tool};
use fusion_core::contract::{Agent, BoxFuture, Desk, Env, Timeouts};
use fusion_core::model::Failure;
use fusion_core::model::agent::{Ask, Reply};
use fusion_core::model::chat::{Fault, FaultKind};
use tokio::sync::Mutex;

use super::described::{AgentForm, AnyAgent, LimitsForm, ProgramForm, ToolForm};
use super::make::Kit;
use super::refused::Refused;
use crate::command::CommandAgent;
use crate::tools::{self, Remote};

/// An agent that a [`Kit`] has made: one that asks a model, or a program on the command line. Clones share their servers of tools.
///
/// Servers of tools are started, or asked, when it begins to work; all of its tasks that are under way share them, and they
/// end with the last of these.
#[derive(Debug, Clone)]
pub struct KitAgent(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Asks(Arc<Asking>),
    Program(Box<CommandAgent>),
}

/// One that asks a model: with all but the tools of servers, and who it may hand over to.
struct Asking {
    agent: LlmAgent,
    /// The tools that are there without a server.
    tools: Vec<Tool>,
    servers: Vec<Remote>,
    others: Vec<Arc<Self>>,
    /// The whole one, while somebody works with it.
    whole: Mutex<Weak<LlmAgent>>,
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking")
            .field("agent", &self.agent)
            .field("tools", &self.tools)
            .field("others", &self.others)
            .finish_non_exhaustive()
    }
}

/// Makes an agent, with those that it may hand over to.
///
/// # Errors
/// `invalid_request` when it names a provider or a program that is not there, or tools that cannot be made.
pub(super) fn make(kit: &Kit, spec: AnyAgent) -> Result<KitAgent, Fault> {
    Ok(KitAgent(match spec {
        AnyAgent::Asks(form) => Kind::Asks(Arc::new(asking(kit, *form)?)),
        AnyAgent::Program(form) => Kind::Program(Box::new(program(kit, form)?)),
    }))
}

fn asking(kit: &Kit, spec: AgentForm) -> Result<Asking, Fault> {
    let mut agent = LlmAgent::new(spec.name, kit.provider(spec.provider)?)
        .model(spec.model)
        .sampling(spec.sampling)
        .limits(limits(spec.limits));
    if let Some(text) = spec.system {
        agent = agent.system(text);
    }
    if let Some(result) = spec.result {
        agent = agent.result(result.schema);
        if let Some(check) = result.check {
            agent = agent.checked_by(kit.code(&check));
        }
    }
    if let Some(price) = spec.price {
        agent = agent.price(price);
    }
    if let Some(tokens) = spec.window {
        agent = agent.window(tokens);
    }
    if let Some(watch) = spec.watch {
        agent = agent.watched_by(kit.code(&watch));
    }
    if spec.keep_messages {
        agent = agent.keep_messages();
    }
    let (tools, servers) = made(kit, spec.tools)?;
    let others = spec.others.into_iter().map(|other| asking(kit, other).map(Arc::new));
    let others = others.collect::<Result<_, _>>()?;
    Ok(Asking { agent, tools, servers, others, whole: Mutex::default() })
}

fn made(kit: &Kit, specs: Vec<ToolForm>) -> Result<(Vec<Tool>, Vec<Remote>), Fault> {
    let (mut own, mut built_in) = (Vec::new(), Vec::new());
    for spec in specs {
        match spec {
            ToolForm::Own(tool) => {
                own.push(Tool::of_step(tool.about, kit.code(&tool.code)));
            }
            ToolForm::BuiltIn(set) => built_in.push(*set),
        }
    }
    let refused = |why: Failure| Fault::new(FaultKind::InvalidRequest, why.message);
    let (more, servers) = tools::make_here(&built_in, kit.models().ground()).map_err(refused)?;
    own.extend(more);
    tools::unique(own.iter()).map_err(refused)?;
    Ok((own, servers))
}

fn program(kit: &Kit, spec: ProgramForm) -> Result<CommandAgent, Fault> {
    let settings = kit.models().settings();
    let named = spec.program.strip_prefix("command:").unwrap_or(&spec.program);
    let (dialect, model) = settings.commands.find(named)?;
    let usual = CommandAgent::usual();
    let total_ms = spec.total_ms.unwrap_or(usual.total_ms);
    let idle_ms = spec.idle_ms.unwrap_or(usual.idle_ms).min(total_ms);
    let mut agent = CommandAgent::new(spec.name, dialect, kit.models().keys().clone())
        .model(model)
        .system(spec.system.unwrap_or_default())
        .mode(spec.mode)
        .timeouts(Timeouts { total_ms, idle_ms, ..usual });
    if let Some(folder) = &settings.commands.workspaces {
        agent = agent.workspaces(folder);
    }
    Ok(placed(agent, spec.workspace, spec.session))
}

fn placed(
    agent: CommandAgent,
    workspace: Option<impl Into<std::path::PathBuf>>,
    session: Option<String>,
) -> CommandAgent {
    let agent = match workspace {
        Some(folder) => agent.workspace(folder),
        None => agent,
    };
    match session {
        Some(session) => agent.session(session),
        None => agent,
    }
}

impl KitAgent {
    /// Makes what stands in the place of an agent that could not be made.
    pub(super) fn refused(name: String, why: Refused) -> Self {
        let agent = LlmAgent::new(name, why);
        let (tools, servers, others) = (Vec::new(), Vec::new(), Vec::new());
        let whole = Mutex::default();
        Self(Kind::Asks(Arc::new(Asking { agent, tools, servers, others, whole })))
    }

    /// Lets a program on the command line work in another folder, or go on with a conversation, this time.
    ///
    /// # Errors
    /// Of class `decode` for an agent that asks a model, which has neither.
    pub(super) fn placed(
        self,
        workspace: Option<String>,
        session: Option<String>,
    ) -> Result<Self, Failure> {
        match self.0 {
            kind if workspace.is_none() && session.is_none() => Ok(Self(kind)),
            Kind::Program(agent) => {
                Ok(Self(Kind::Program(Box::new(placed(*agent, workspace, session)))))
            }
            Kind::Asks(agent) => Err(Failure::new(
                fusion_core::model::Class::DECODE,
                format!(
                    "the agent `{}` asks a model: it has no `workspace` and no `session`",
                    agent.agent.name()
                ),
            )),
        }
    }
}

impl Asking {
    /// Gives the whole agent, with the tools of its servers.
    fn whole<'a>(&'a self, env: &'a Arc<dyn Env>) -> BoxFuture<'a, Result<Arc<LlmAgent>, Failure>> {
        Box::pin(async move {
            // Held while servers start, so that tasks that begin together start them once.
            let mut known = self.whole.lock().await;
            if let Some(whole) = known.upgrade() {
                return Ok(whole);
            }
            let mut tools = self.tools.clone();
            tools.extend(tools::ask(&self.servers, env).await?);
            tools::unique(tools.iter())?;
            let mut agent = self.agent.clone().tools(tools);
            for other in &self.others {
                agent = agent.hand_off(LlmAgent::clone(&*other.whole(env).await?));
            }
            let whole = Arc::new(agent);
            *known = Arc::downgrade(&whole);
            Ok(whole)
        })
    }
}

#[async_trait]
impl Agent for KitAgent {
    fn name(&self) -> &str {
        match &self.0 {
            Kind::Asks(agent) => agent.agent.name(),
            Kind::Program(agent) => agent.name(),
        }
    }

    async fn work(&self, desk: &Desk, ask: Ask) -> Result<Reply, Failure> {
        match &self.0 {
            Kind::Asks(agent) => agent.whole(desk.env()).await?.work(desk, ask).await,
            Kind::Program(agent) => agent.work(desk, ask).await,
        }
    }
}

fn limits(spec: LimitsForm) -> Limits {
    let usual = Limits::default();
    Limits {
        turns: spec.turns.unwrap_or(usual.turns),
        cost: spec.cost.unwrap_or(usual.cost),
        total_ms: spec.total_ms.unwrap_or(usual.total_ms),
        tools_at_once: spec.tools_at_once.unwrap_or(usual.tools_at_once),
        tool_ms: spec.tool_ms.unwrap_or(usual.tool_ms),
        result_bytes: spec.result_bytes.unwrap_or(usual.result_bytes),
    }
}
