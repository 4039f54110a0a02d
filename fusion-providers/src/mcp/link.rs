//! The connection to a server: made when it is needed, made again when it broke.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use fusion_core::contract::Env;
use fusion_core::model::{Class, Failure};
use process_wrap::tokio::CommandWrap;
use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, Tool};
use rmcp::service::{Peer, RoleClient, RunningService, ServiceExt};
use rmcp::transport::child_process::TokioChildProcess;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
};
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStderr, Command};

use super::server::{Mcp, Program, Way};
use crate::Key;
use crate::http::is_here;
use crate::inherited::{FEW, inherited};
use crate::open::names_secret;

/// How much of what a program says of its troubles is kept, in bytes from the end.
const SAID_BYTES: usize = 2_048;
/// How long a connection may take to be made, in milliseconds.
const CONNECT_MS: u64 = 10_000;

type Running = RunningService<RoleClient, ClientConfig>;

/// The connection that all tools of a server share.
pub(super) struct Link {
    pub(super) mcp: Mcp,
    env: Arc<dyn Env>,
    running: tokio::sync::Mutex<Option<Running>>,
    /// The last that the program said on its standard error.
    said: Arc<Mutex<VecDeque<u8>>>,
}

impl Link {
    pub(super) fn new(mcp: Mcp, env: Arc<dyn Env>) -> Self {
        Self { mcp, env, running: tokio::sync::Mutex::default(), said: Arc::default() }
    }

    /// Asks for all tools.
    pub(super) async fn list(&self) -> Result<Vec<Tool>, Failure> {
        let listed = async {
            let peer = self.connected().await?;
            peer.list_all_tools().await.map_err(|error| self.broke("listed no tools", &error))
        };
        self.in_time(listed).await
    }

    /// Gives the connection, and makes it if there is none.
    pub(super) async fn peer(&self) -> Result<Peer<RoleClient>, Failure> {
        self.in_time(self.connected()).await
    }

    async fn connected(&self) -> Result<Peer<RoleClient>, Failure> {
        let mut running = self.running.lock().await;
        let whole =
            running.as_ref().map(RunningService::peer).filter(|peer| !peer.is_transport_closed());
        if let Some(peer) = whole {
            return Ok(peer.clone());
        }
        let fresh = Box::pin(self.start()).await?;
        let peer = fresh.peer().clone();
        *running = Some(fresh);
        Ok(peer)
    }

    async fn start(&self) -> Result<Running, Failure> {
        let about = Implementation::new("fusion", env!("CARGO_PKG_VERSION"));
        let client = ClientConfig::new(ClientCapabilities::default(), about);
        let started = match &self.mcp.way {
            Way::Program(program) => client.serve(self.spawn(program)?).await,
            Way::Http { url, key, http } => {
                let is_here = reqwest::Url::parse(url).is_ok_and(|url| is_here(&url));
                let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
                if let Some(key) = key {
                    config = config.auth_header(key.expose());
                }
                let asking = http.client(CONNECT_MS, is_here)?;
                client.serve(StreamableHttpClientTransport::with_client(asking, config)).await
            }
        };
        started.map_err(|error| self.broke("did not answer as a server of the protocol", &error))
    }

    fn spawn(&self, program: &Program) -> Result<TokioChildProcess, Failure> {
        let failed = |what: String| {
            Failure::new(Class::SPAWN, format!("the server `{}`: {what}", self.mcp.name))
        };
        let Some((name, arguments)) = program.argv.split_first() else {
            return Err(failed("it names no program".to_owned()));
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "`Env::exec` runs a program to its end; with this one is talked"
        )]
        let mut command = Command::new(name);
        // Also one that is dropped before it has answered as a server.
        command.args(arguments).env_clear().kill_on_drop(true);
        command.envs(inherited(&FEW));
        command.envs(program.variables.iter().map(|(name, value)| (name, value.expose())));
        if let Some(folder) = &program.folder {
            command.current_dir(folder);
        }
        let mut command = CommandWrap::from(command);
        // What it starts itself ends with it.
        #[cfg(unix)]
        command.wrap(process_wrap::tokio::ProcessGroup::leader());
        let spawned = TokioChildProcess::builder(command).stderr(Stdio::piped()).spawn();
        let (process, stderr) =
            spawned.map_err(|error| failed(format!("`{name}` cannot be started: {error}")))?;
        if let Some(stderr) = stderr {
            let guarded = process.id().map(|id| self.env.guard(id));
            let said = self.said.clone();
            self.env.spawn(Box::pin(async move {
                listen(stderr, said).await;
                // It says nothing more because it has ended; its number may soon be another's.
                drop(guarded);
            }));
        }
        Ok(process)
    }

    /// Says that the server did not do its part, with what it said itself.
    pub(super) fn broke(&self, what: &str, error: &dyn std::fmt::Display) -> Failure {
        let failure = Failure::new(
            "transport".into(),
            format!("the server `{}` {what}: {}", self.mcp.name, self.hidden(&error.to_string())),
        );
        let said: Vec<u8> = {
            let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            said.iter().copied().collect()
        };
        let said = String::from_utf8_lossy(&said);
        if said.trim().is_empty() { failure } else { failure.detail(self.hidden(said.trim())) }
    }

    /// Takes all keys out of a text.
    pub(super) fn hidden(&self, text: &str) -> String {
        let keys: Vec<&Key> = match &self.mcp.way {
            Way::Program(program) => program.variables.iter().map(|(_, value)| value).collect(),
            Way::Http { key, .. } => key.iter().collect(),
        };
        keys.iter().fold(text.to_owned(), |text, key| key.hide(&text))
    }

    /// Takes what is secret by its name out of a result, which has to keep paths and other values of the environment.
    pub(super) fn without_keys(&self, text: String) -> String {
        match &self.mcp.way {
            Way::Program(program) => {
                let keys = program.variables.iter().filter(|(name, _)| names_secret(name));
                keys.fold(text, |text, (_, key)| key.hide(&text))
            }
            Way::Http { key, .. } => key.iter().fold(text, |text, key| key.hide(&text)),
        }
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let ms = self.mcp.connect_ms;
        let until = self.env.monotonic_ns().saturating_add(ms.saturating_mul(1_000_000));
        tokio::select! {
            biased;
            done = work => done,
            () = self.env.sleep_until(until) => {
                let late = self.broke("is not ready", &format!("nothing came within {ms} ms"));
                Err(Failure { class: Class::TIMEOUT, ..late })
            }
        }
    }
}

/// Keeps the end of what a program says.
async fn listen(mut stderr: ChildStderr, said: Arc<Mutex<VecDeque<u8>>>) {
    let mut piece = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut piece).await {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.extend(piece.get(..count).unwrap_or_default());
        let over = said.len().saturating_sub(SAID_BYTES);
        said.drain(..over);
    }
}
