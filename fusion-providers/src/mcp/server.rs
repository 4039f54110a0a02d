//! Where a server is, and which of its tools are allowed.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use fusion_core::agent::Tool;
use fusion_core::contract::Env;
use fusion_core::graph::nearest;
use fusion_core::model::chat;
use fusion_core::model::{Class, Failure};
use serde_json::Value;

use super::link::Link;
use super::tool::Remote;
use crate::{Http, Key};

/// How long a server may take to start and to say what it can, in milliseconds: programs that fetch themselves first take a while.
const CONNECT_MS: u64 = 60_000;
/// The longest name of a tool, in bytes; services refuse longer ones.
const NAME_BYTES: usize = 64;

/// A program that serves tools on its standard input and output.
///
/// It sees `PATH`, `HOME`, `LANG`, `TMPDIR` and what is given here, and nothing else of the environment.
#[derive(Debug, Clone)]
pub struct Program {
    pub(super) argv: Vec<String>,
    pub(super) variables: Vec<(String, Key)>,
    pub(super) folder: Option<PathBuf>,
}

impl Program {
    /// Names the program and its arguments; no shell reads them.
    pub fn new(argv: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let argv = argv.into_iter().map(Into::into).collect();
        Self { argv, variables: Vec::new(), folder: None }
    }

    /// Sets a variable of its environment. The value is hidden from whatever the program says when it fails.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: Key) -> Self {
        self.variables.push((name.into(), value));
        self
    }

    /// Sets its working directory; that of this process without it.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }
}

/// How a server is reached.
#[derive(Debug, Clone)]
pub(super) enum Way {
    Program(Program),
    Http { url: String, key: Option<Key>, http: Http },
}

/// A server of the Model Context Protocol (<https://modelcontextprotocol.io>), whose tools agents may use.
///
/// ```no_run
/// use fusion_core::agent::LlmAgent;
/// use fusion_core::contract::Provider;
/// use fusion_core::run::Os;
/// use fusion_providers::mcp::{Mcp, Program};
///
/// # async fn example(provider: impl Provider + 'static) -> Result<(), Box<dyn std::error::Error>> {
/// let files = Mcp::program("files", Program::new(["mcp-server-filesystem", "/srv/papers"]));
/// let env = Os::current().ok_or("no runtime")?;
/// let mut agent = LlmAgent::new("librarian", provider);
/// for tool in files.tools(env, &["read_*", "list_directory"]).await? {
///     agent = agent.tool(tool);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Mcp {
    pub(super) name: Arc<str>,
    pub(super) way: Way,
    pub(super) connect_ms: u64,
}

impl Mcp {
    /// Names a server that is a program. It is started when its tools are asked for, and ends with the last of them.
    pub fn program(name: impl Into<Arc<str>>, program: Program) -> Self {
        Self { name: name.into(), way: Way::Program(program), connect_ms: CONNECT_MS }
    }

    /// Names a server behind a URL (streamable HTTP); the key is sent as a bearer token.
    pub fn http(name: impl Into<Arc<str>>, url: impl Into<String>, key: Option<Key>) -> Self {
        let way = Way::Http { url: url.into(), key, http: Http::default() };
        Self { name: name.into(), way, connect_ms: CONNECT_MS }
    }

    /// Sets how long it may take to start and to say what it can, in milliseconds; a minute without it.
    #[must_use]
    pub fn connect_ms(mut self, ms: u64) -> Self {
        self.connect_ms = ms;
        self
    }

    /// Gives the tools whose names fit one of the patterns, in which one `*` stands for anything: `&["read_*"]`, or `&["*"]` for
    /// all. To a model they are called `SERVER_TOOL`.
    ///
    /// A connection that breaks is made again by the next call; what happened to the call under way, nobody knows, and the
    /// model is told so. A tool that asks its caller for more (sampling, questions to a person) is refused.
    ///
    /// # Errors
    /// `spawn` when the program cannot be started, `timeout` or `transport` when the server does not answer as one, `validation`
    /// when a pattern fits no tool or two tools would have one name.
    pub async fn tools(&self, env: Arc<dyn Env>, allowed: &[&str]) -> Result<Vec<Tool>, Failure> {
        let link = Arc::new(Link::new(self.clone(), env));
        let offered = link.list().await?;
        self.check_patterns(allowed, offered.iter().map(|tool| &*tool.name))?;
        let (mut tools, mut names) = (Vec::new(), BTreeSet::new());
        for tool in offered {
            if !allowed.iter().any(|pattern| fits(pattern, &tool.name)) {
                continue;
            }
            let name = self.tool_name(&tool.name);
            if !names.insert(name.clone()) {
                return Err(
                    self.wrong(format!("two of its tools would be called `{name}`: allow one"))
                );
            }
            let about = chat::Tool::new(name.clone(), tool.description.unwrap_or_default())
                .schema(Value::Object(tool.input_schema.as_ref().clone()));
            let remote = Remote { name, tool: tool.name.into_owned(), link: link.clone() };
            tools.push(Tool::of_step(about, Arc::new(remote)));
        }
        Ok(tools)
    }

    fn check_patterns<'a>(
        &self,
        allowed: &[&str],
        names: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<(), Failure> {
        let idle = allowed.iter().find(|pattern| !names.clone().any(|name| fits(pattern, name)));
        let Some(idle) = idle else { return Ok(()) };
        let hint = nearest::hint(idle, names);
        Err(self.wrong(format!("it has no tool that fits `{idle}`; {hint}")))
    }

    fn wrong(&self, what: impl std::fmt::Display) -> Failure {
        Failure::new(Class::VALIDATION, format!("the server `{}`: {what}", self.name))
    }

    /// Names a tool as services accept it.
    fn tool_name(&self, tool: &str) -> String {
        let plain =
            |sign: char| if sign.is_ascii_alphanumeric() || sign == '-' { sign } else { '_' };
        format!("{}_{tool}", self.name).chars().map(plain).take(NAME_BYTES).collect()
    }
}

/// Tells whether a name fits a pattern, in which one `*` stands for anything.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
        None => pattern == name,
    }
}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/agents.md")]
struct Page;
