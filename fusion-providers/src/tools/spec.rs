//! [`ToolsSpec`]: a set of tools as workflow files and programs in other languages describe it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use fusion_core::agent::Tool;
use fusion_core::contract::Env;
use fusion_core::coordination::memory::Memories;
use fusion_core::graph::duration::parse_ms;
use fusion_core::model::{Class, Failure};
use fusion_core::workspace::{Isolation, Network, Policy};
use serde::Deserialize;
use serde_json::Value;

use super::{Commands, Web, Workspace};
use crate::Key;
use crate::mcp::{Mcp, Program};

/// The description of a set of tools, in JSON: exactly one of `workspace`, `command`, `http`, `mcp`, `memory`, and what belongs to it.
///
/// | JSON | is |
/// |---|---|
/// | `{"workspace": "./src", "write": true, "name": "src"}` | [`Workspace`]; one that may be written is made if it is not there |
/// | `{"command": ["cargo", "git log *"], "folder": "./src", "timeout": "2m", "env": {}, "sandbox": "strict"}` | [`Commands`], in the one workspace beside it when no folder is named; in a sandbox also `network` and `readable` |
/// | `{"http": ["docs.rs"], "post": true, "private": true, "timeout": "30s"}` | [`Web`] |
/// | `{"memory": "writer"}` | the [`Memory`](fusion_core::coordination::memory::Memory) of this owner: `remember`, `recall`, `forget` |
/// | `{"mcp": ["npx", "server"], "name": "files", "allow": ["read_*"], "env": {}}` | [`Mcp`]; a text is the URL of a server, with its `key` |
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ToolsSpec {
    workspace: Option<String>,
    write: Option<bool>,
    command: Option<Vec<String>>,
    folder: Option<String>,
    sandbox: Option<Isolation>,
    network: Option<Network>,
    readable: Option<Vec<PathBuf>>,
    http: Option<Vec<String>>,
    post: Option<bool>,
    private: Option<bool>,
    timeout: Option<String>,
    mcp: Option<Server>,
    memory: Option<String>,
    allow: Option<Vec<String>>,
    key: Option<String>,
    name: Option<String>,
    env: Option<BTreeMap<String, Value>>,
}

/// Where a server is.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Server {
    Url(String),
    Program(Vec<String>),
}

impl std::fmt::Debug for ToolsSpec {
    /// Says nothing of keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "tools `{}`", self.kind().unwrap_or("?"))
    }
}

/// A server whose tools have to be asked for, and which of them are allowed.
pub(crate) type Remote = (Mcp, Vec<String>);

/// What tools stand on: the world, and what agents remember, where there is a store for it.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) env: &'a Arc<dyn Env>,
    pub(crate) memories: Option<&'a Memories>,
}

/// Makes the tools of an agent; those of servers are asked for.
///
/// # Errors
/// Of class `validation` for what does not fit; as [`Workspace::open`] and [`Mcp::tools`].
pub(crate) async fn make(specs: &[ToolsSpec], ground: Ground<'_>) -> Result<Vec<Tool>, Failure> {
    let (mut tools, servers) = make_here(specs, ground)?;
    tools.extend(ask(&servers, ground.env).await?);
    unique(tools.iter())?;
    Ok(tools)
}

/// Asks servers for their tools.
///
/// # Errors
/// As [`Mcp::tools`].
pub(crate) async fn ask(servers: &[Remote], env: &Arc<dyn Env>) -> Result<Vec<Tool>, Failure> {
    let mut tools = Vec::new();
    for (server, allow) in servers {
        let allow: Vec<&str> = allow.iter().map(String::as_str).collect();
        tools.extend(server.tools(env.clone(), &allow).await?);
    }
    Ok(tools)
}

/// Makes the tools of an agent that need nobody else, and gives the servers that have to be asked for theirs.
///
/// # Errors
/// Of class `validation` for what does not fit; as [`Workspace::open`].
pub(crate) fn make_here(
    specs: &[ToolsSpec],
    ground: Ground<'_>,
) -> Result<(Vec<Tool>, Vec<Remote>), Failure> {
    let env = ground.env;
    let (mut tools, mut servers, mut folders) = (Vec::new(), Vec::new(), Vec::new());
    for spec in specs {
        spec.check()?;
        if let Some(path) = &spec.workspace {
            let workspace = spec.workspace(path)?;
            tools.extend(workspace.tools(env.clone()));
            folders.push(workspace);
        }
    }
    for spec in specs {
        if let Some(rules) = &spec.command {
            tools.push(spec.commands(rules, &folders)?.tool(env.clone()));
        }
        if let Some(hosts) = &spec.http {
            tools.push(spec.web(hosts)?.tool(env.clone()));
        }
        if let Some(owner) = &spec.memory {
            tools.extend(ToolsSpec::memory(owner, ground.memories)?);
        }
        if let Some(server) = &spec.mcp {
            servers.push((spec.server(server)?, spec.allow.clone().unwrap_or_default()));
        }
    }
    Ok((tools, servers))
}

/// Refuses two tools of one name: which of them was meant, nobody could say.
pub(crate) fn unique<'a>(mut tools: impl Iterator<Item = &'a Tool>) -> Result<(), Failure> {
    let mut names = BTreeSet::new();
    match tools.find(|tool| !names.insert(tool.about().name.as_str())) {
        None => Ok(()),
        Some(twice) => Err(wrong(format!(
            "two tools are called `{}`: rename one of them, put lists into one, or give a workspace a `name`",
            twice.about().name
        ))),
    }
}

fn wrong(what: String) -> Failure {
    Failure::new(Class::VALIDATION, what)
}

impl ToolsSpec {
    fn kind(&self) -> Option<&'static str> {
        let all = [
            ("workspace", self.workspace.is_some()),
            ("command", self.command.is_some()),
            ("http", self.http.is_some()),
            ("mcp", self.mcp.is_some()),
            ("memory", self.memory.is_some()),
        ];
        let mut given = all.iter().filter(|(_, given)| *given);
        let first = given.next()?;
        given.next().is_none().then_some(first.0)
    }

    /// Refuses what is several things at once, and what does not belong to what it is.
    fn check(&self) -> Result<(), Failure> {
        let Some(kind) = self.kind() else {
            return Err(wrong(
                "tools are exactly one of `workspace`, `command`, `http`, `mcp`, `memory`"
                    .to_owned(),
            ));
        };
        let further = [
            ("write", self.write.is_some(), &["workspace"][..]),
            ("name", self.name.is_some(), &["workspace", "mcp"]),
            ("folder", self.folder.is_some(), &["command"]),
            ("sandbox", self.sandbox.is_some(), &["command"]),
            ("network", self.network.is_some(), &["command"]),
            ("readable", self.readable.is_some(), &["command"]),
            ("env", self.env.is_some(), &["command", "mcp"]),
            ("timeout", self.timeout.is_some(), &["command", "http"]),
            ("post", self.post.is_some(), &["http"]),
            ("private", self.private.is_some(), &["http"]),
            ("allow", self.allow.is_some(), &["mcp"]),
            ("key", self.key.is_some(), &["mcp"]),
        ];
        let isolated = !matches!(self.sandbox, None | Some(Isolation::Off));
        if !isolated && (self.network.is_some() || self.readable.is_some()) {
            let what = "`network` and `readable` need `sandbox`: without it commands reach all that this program reaches";
            return Err(wrong(what.to_owned()));
        }
        match further.iter().find(|(_, given, of)| *given && !of.contains(&kind)) {
            Some((key, ..)) => Err(wrong(format!("tools of a `{kind}` have no `{key}`"))),
            None => Ok(()),
        }
    }

    fn workspace(&self, path: &str) -> Result<Workspace, Failure> {
        let workspace = if self.write == Some(true) {
            Workspace::create(path)?.writable()
        } else {
            Workspace::open(path)?
        };
        Ok(match &self.name {
            Some(name) => workspace.named(name),
            None => workspace,
        })
    }

    fn commands(&self, rules: &[String], folders: &[Workspace]) -> Result<Commands, Failure> {
        let folder = match (&self.folder, folders) {
            (Some(path), _) => Workspace::open(path)?,
            (None, [one]) => one.clone(),
            (None, []) => Workspace::open(".")?,
            (None, _) => {
                return Err(wrong(
                    "there are several workspaces: say the `folder` of `command`".to_owned(),
                ));
            }
        };
        let mut commands = Commands::new(&folder, rules)?;
        for (name, value) in self.variables() {
            commands = commands.variable(name, value);
        }
        if let Some(isolation) = self.sandbox {
            let network = self.network.unwrap_or_default();
            let readable = self.readable.clone().unwrap_or_default();
            commands =
                commands.sandbox(Policy { isolation, network, readable, ..Policy::default() });
        }
        Ok(match self.limit_ms()? {
            Some(ms) => commands.limit_ms(ms),
            None => commands,
        })
    }

    fn web(&self, hosts: &[String]) -> Result<Web, Failure> {
        let mut web = Web::new(hosts)?;
        if self.post == Some(true) {
            web = web.allow_post();
        }
        if self.private == Some(true) {
            web = web.allow_private();
        }
        Ok(match self.limit_ms()? {
            Some(ms) => web.limit_ms(ms),
            None => web,
        })
    }

    fn memory(owner: &str, memories: Option<&Memories>) -> Result<Vec<Tool>, Failure> {
        let Some(memories) = memories else {
            return Err(wrong("there is no store here to remember anything in".to_owned()));
        };
        let memory = memories.of(owner).map_err(|why| wrong(format!("`memory`: {why}")))?;
        Ok(super::memory::tools(&memory))
    }

    fn server(&self, server: &Server) -> Result<Mcp, Failure> {
        let Some(name) = self.name.as_deref().filter(|_| self.allow.is_some()) else {
            let what = "a server of tools (`mcp`) needs a `name`, and `allow`: which of its tools, such as [\"read_*\"]";
            return Err(wrong(what.to_owned()));
        };
        Ok(match server {
            Server::Url(url) => Mcp::http(name, url, self.key.as_ref().map(Key::new)),
            Server::Program(argv) => {
                let with = |program: Program, (name, value)| program.variable(name, value);
                Mcp::program(name, self.variables().fold(Program::new(argv), with))
            }
        })
    }

    fn variables(&self) -> impl Iterator<Item = (String, Key)> {
        self.env.iter().flatten().map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), Key::new(text))
        })
    }

    fn limit_ms(&self) -> Result<Option<u64>, Failure> {
        let read = |text: &String| parse_ms(text).map_err(|why| wrong(format!("`timeout`: {why}")));
        self.timeout.as_ref().map(read).transpose()
    }
}
