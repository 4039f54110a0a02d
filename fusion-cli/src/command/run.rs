//! `fusion run`: starts a run, or goes on with it, and follows it to its end.

use std::path::Path;

use fusion_core::error::{Code, Error, Result};
use fusion_core::model::{Graph, RunId};
use fusion_core::run::Options;
use fusion_core::{Driven, Fusion, Run, Starting};
use serde_json::{Value, json};

use super::follow::{Followed, How, follow};
use super::interrupt::{INTERRUPTED, Interrupt};
use super::known;
use crate::args::{Global, RunArgs};
use crate::project::{self, Need};
use crate::render::{Out, length, report};

/// Runs a workflow.
pub(super) async fn run(args: RunArgs, global: &Global, out: &Out) -> Result<u8> {
    if args.detach && global.store.as_deref() == Some("memory://") {
        let message = "a run in `memory://` cannot be left to others: it ends with this command";
        return Err(Error::new(Code::InvalidInput, message).hint("name a file with `--store`"));
    }
    let id = args.id.as_deref().map(RunId::new).transpose()?;
    let loaded = if project::is_path(&args.workflow) {
        Some(project::load(Path::new(&args.workflow))?)
    } else {
        None
    };
    // What is wrong with the inputs is said before a store is made.
    let bind = |graph: &Graph| project::given(graph, &args.input, args.input_file.as_deref());
    let early = loaded.as_ref().map(|loaded| bind(&loaded.graph)).transpose()?;
    if let (Some(loaded), false) = (&loaded, args.detach) {
        known::code(loaded)?;
    }
    let options = Options { work: false, hibernate: false, ..Options::default() };
    let fusion = project::open(global, Need::Any, options).await?;
    let graph = if let Some(loaded) = loaded {
        if !args.detach {
            known::workflows(&fusion, &loaded).await?;
        }
        known::register(&fusion, loaded).await?
    } else {
        let graph = fusion.saved(&args.workflow).await?;
        if !args.detach {
            known::stored(&fusion, &graph).await?;
        }
        graph
    };
    let input = match early {
        Some(input) => input,
        None => bind(&graph)?,
    };
    let starting = Starting { id, input, detached: args.detach };
    let run = fusion.start_with(&graph, starting).await?;
    if args.detach {
        return left(&fusion, &run, out).await;
    }
    known::take_up(&fusion, &run).await?;
    to_its_end(&fusion, &run, out).await
}

/// Follows a run that this process drives, and tells how it ended.
pub(super) async fn to_its_end(fusion: &Fusion, run: &Run, out: &Out) -> Result<u8> {
    let mut interrupt = Interrupt::new()?;
    out.say(&format!("run {}", run.id()));
    match follow(fusion, run, out, &mut interrupt, How { drive: true, since: 0 }).await? {
        Followed::Ended => conclude(fusion, run, out).await,
        Followed::Interrupted => interrupt.while_closing(stopped(fusion, run, out)).await,
    }
}

/// Tells of a run that is left to a worker.
pub(super) async fn left(fusion: &Fusion, run: &Run, out: &Out) -> Result<u8> {
    if out.json {
        let report = report(run, fusion.driver(run.id()).await?).await?;
        Out::value(&json!({
            "run": run.id().as_str(),
            "workflow": report.state.start().workflow,
            "version": report.state.start().version,
            "status": report.run_status().word(),
        }));
    } else {
        Out::result(run.id().as_str());
        if fusion.driver(run.id()).await? == Driven::Nowhere {
            out.note("it is recorded: `fusion worker` or `fusion recover` drives it");
        }
    }
    fusion.close().await?;
    Ok(0)
}

/// Tells how a run ended.
pub(super) async fn conclude(fusion: &Fusion, run: &Run, out: &Out) -> Result<u8> {
    let report = report(run, Driven::Over).await?;
    let json = report.json(run, out.json).await?;
    let result = run.result::<Value>().await;
    fusion.close().await?;
    if out.json {
        Out::value(&json);
        return Ok(u8::from(result.is_err()));
    }
    let outputs = result?;
    let (began, ended) = report.span();
    let took = length(ended.unwrap_or(began) - began);
    out.say(&format!("succeeded in {took}"));
    tell(&outputs);
    Ok(0)
}

/// Prints the outputs: a text as it is, everything else as JSON.
fn tell(outputs: &Value) {
    let Value::Object(map) = outputs else { return };
    for (name, value) in map {
        match value {
            Value::String(text) if text.contains('\n') => {
                Out::result(&format!("\n{name}:\n{}", text.trim_end()));
            }
            Value::String(text) => Out::result(&format!("{name}: {text}")),
            other => Out::result(&format!("{name}: {other}")),
        }
    }
}

async fn stopped(fusion: &Fusion, run: &Run, out: &Out) -> Result<u8> {
    let state = run.state().await;
    fusion.close().await?;
    let id = run.id();
    if out.json {
        let state = state?;
        Out::value(&json!({
            "run": id.as_str(),
            "workflow": state.start().workflow,
            "version": state.start().version,
            "status": state.status().word(),
            "interrupted": true,
        }));
    }
    out.note(&format!(
        "interrupted: run {id} goes on with `fusion recover`, or with `fusion run … --id {id}`"
    ));
    Ok(INTERRUPTED)
}
