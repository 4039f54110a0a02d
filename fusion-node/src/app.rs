//! An opened engine: its steps and workflows, and starting runs.
#![expect(
    clippy::needless_pass_by_value,
    reason = "what comes from JavaScript is a copy that belongs to us"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use fusion_core::error::{Code, Error};
use fusion_core::graph::draw::{Format, draw};
use fusion_core::graph::{Definition as Checked, file};
use fusion_core::model::{Graph, RunId};
use fusion_core::run::Options;
use fusion_core::{Events, Fusion, Starting};
use fusion_providers::kit::Kit;
use napi_derive::napi;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::bridge::Shared;
use crate::convert::{text, thrown};
use crate::ops::{self, Args};
use crate::staff::{self, Staff};
use crate::step::JsStep;

/// How an engine is opened.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Opening {
    #[serde(default)]
    concurrency: Option<usize>,
    #[serde(default)]
    work: Option<bool>,
    #[serde(default)]
    lease_ms: Option<i64>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    #[serde(default)]
    command_env: BTreeMap<String, String>,
    #[serde(default)]
    command_cwd: Option<String>,
    /// The program that runs plugins in a process of their own.
    #[serde(default)]
    host: Vec<String>,
}

impl Opening {
    /// Reads it from JSON.
    pub(crate) fn read(options: &str) -> Result<Self, Error> {
        serde_json::from_str(options).map_err(|cause| {
            Error::new(Code::InvalidInput, "the options of the engine do not fit").because(cause)
        })
    }

    /// Gives where keys of providers are found, and the program that runs plugins.
    pub(crate) fn keys(&self) -> (BTreeMap<String, String>, Vec<String>) {
        (self.secrets.clone(), self.host.clone())
    }

    /// Opens the engine.
    pub(crate) async fn open(self, url: &str) -> Result<Fusion, Error> {
        let plain = Options::default();
        let options = Options {
            concurrency: self.concurrency.unwrap_or(plain.concurrency),
            work: self.work.unwrap_or(plain.work),
            lease_ms: self.lease_ms.unwrap_or(plain.lease_ms),
            ..plain
        };
        let secrets = self.secrets;
        let mut builder = Fusion::builder(url)
            .options(options)
            .secrets(move |name| secrets.get(name).cloned())
            .command_env(self.command_env);
        if let Some(cwd) = self.command_cwd {
            builder = builder.command_cwd(cwd);
        }
        if let Some(folder) = fusion_cli::workspaces_here() {
            builder = builder.workspaces(folder);
        }
        builder.open().await
    }
}

/// A checked graph, to be started often.
#[napi]
#[derive(Debug)]
pub struct Definition(Checked);

#[napi]
impl Definition {
    /// Draws it: `mermaid`, `dot`, `svg` or `json`.
    ///
    /// # Errors
    /// `FU0101` for another format, `FU0106` for a graph that is too large for a picture.
    #[napi]
    pub fn draw(&self, format: String) -> napi::Result<String> {
        let known = Format::from_name(&format).ok_or_else(|| {
            Error::new(Code::InvalidInput, format!("there is no format `{format}`"))
                .hint("there are mermaid, dot, svg and json")
        });
        known.and_then(|format| draw(self.0.graph(), format, None)).map_err(|error| thrown(&error))
    }
}

/// Checks a graph that is given as JSON.
///
/// # Errors
/// `FU02xx`: all that is wrong with it at once.
#[napi]
pub fn define(graph: String) -> napi::Result<Definition> {
    let graph: Graph = serde_json::from_str(&graph)
        .map_err(|cause| thrown(&Error::new(Code::WrongType, "this is no graph").because(cause)))?;
    graph.define().map(Definition).map_err(|error| thrown(&error))
}

/// Reads a workflow file and checks it: JSON with its graph, its further workflows, and warnings.
///
/// # Errors
/// Everything that is wrong with it, joined, each with its place.
#[napi]
pub fn parse(content: String, name: String) -> napi::Result<String> {
    let read = file::parse(&content, &name).and_then(|read| {
        let warnings: Vec<&String> = read.warnings.iter().map(|one| &one.message).collect();
        text(&json!({"graph": read.graph, "workflows": read.workflows, "warnings": warnings}))
    });
    read.map_err(|error| thrown(&error))
}

/// How a run is started.
#[derive(Debug, Deserialize)]
struct Beginning {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    detached: bool,
}

/// An engine on a store.
#[napi]
#[derive(Debug)]
pub struct App {
    fusion: Fusion,
    shared: Arc<Shared>,
    kit: Arc<Kit>,
}

impl App {
    pub(crate) fn new(
        fusion: Fusion,
        shared: Arc<Shared>,
        (keys, host): (BTreeMap<String, String>, Vec<String>),
    ) -> Self {
        fusion_cli::register_builds(&fusion);
        let kit = Arc::new(staff::kit(&fusion, &shared, (keys, &host)));
        Self { fusion, shared, kit }
    }
}

#[napi]
impl App {
    /// Registers a step by the number of its function.
    #[napi]
    pub fn register(&self, name: String, number: u32) {
        let step = JsStep { name, number, shared: self.shared.clone() };
        self.fusion.register(step);
    }

    /// Gives the engine's providers and agents.
    #[napi]
    pub fn staff(&self) -> Staff {
        let (fusion, kit) = (self.fusion.clone(), self.kit.clone());
        Staff { fusion, kit, shared: self.shared.clone() }
    }

    /// Registers a graph, so that others can run it by its name.
    #[napi]
    pub fn workflow(&self, definition: &Definition) {
        self.fusion.workflow(definition.0.clone());
    }

    /// Gives an id for a new run.
    #[napi]
    pub fn new_id(&self) -> String {
        self.fusion.new_id().as_str().to_owned()
    }

    /// Gives the ids of the runs that are driven here.
    #[napi]
    pub fn drives(&self) -> Vec<String> {
        self.fusion.drives().iter().map(|run| run.as_str().to_owned()).collect()
    }

    /// Starts a run, or finds the one that has the id; the ticket resolves to its id.
    #[napi]
    pub fn start(&self, ticket: i64, definition: &Definition, options: String) {
        let (fusion, made) = (self.fusion.clone(), definition.0.clone());
        self.shared.ask(ticket, async move {
            let begin: Beginning = serde_json::from_str(&options).map_err(|cause| {
                Error::new(Code::InvalidInput, "the input cannot be read").because(cause)
            })?;
            let id = begin.id.as_deref().map(RunId::new).transpose()?;
            let starting = Starting { id, input: begin.input, detached: begin.detached };
            let run = fusion.start_with(&made, starting).await?;
            text(&run.id().as_str())
        });
    }

    /// Asks for something by its name, see `ops`; the ticket resolves to its answer.
    #[napi]
    pub fn ask(&self, ticket: i64, what: String, args: String) {
        let fusion = self.fusion.clone();
        self.shared.ask(ticket, async move {
            let args: Args = serde_json::from_str(&args).map_err(|cause| {
                Error::new(Code::InvalidInput, "the arguments do not fit").because(cause)
            })?;
            ops::answer(&fusion, &what, args).await
        });
    }

    /// Counts the runs that are driven here.
    #[napi]
    pub fn driven(&self) -> u32 {
        u32::try_from(self.fusion.driven()).unwrap_or(u32::MAX)
    }

    /// Follows a run from a place in its journal on.
    ///
    /// # Errors
    /// `FU0102` for what is no id.
    #[napi]
    pub fn events(&self, ticket: i64, run: String, after: i64) -> Stream {
        let events = Arc::new(Mutex::new(None));
        let (fusion, made) = (self.fusion.clone(), events.clone());
        self.shared.ask(ticket, async move {
            let run = fusion.find(&RunId::new(&run)?).await?;
            *made.lock().await = Some(run.events(u64::try_from(after).unwrap_or(0)));
            Ok("null".to_owned())
        });
        Stream { events, shared: self.shared.clone() }
    }
}

/// The events of one run.
#[napi]
#[derive(Debug)]
pub struct Stream {
    events: Arc<Mutex<Option<Events>>>,
    shared: Arc<Shared>,
}

#[napi]
impl Stream {
    /// Waits for the next events; the ticket resolves to all that are there, or to null at the end.
    #[napi]
    pub fn next(&self, ticket: i64) {
        let events = self.events.clone();
        self.shared.ask(ticket, async move {
            let batch = match events.lock().await.as_mut() {
                Some(events) => events.batch().await?,
                None => Vec::new(),
            };
            if batch.is_empty() { Ok("null".to_owned()) } else { text(&batch) }
        });
    }
}
