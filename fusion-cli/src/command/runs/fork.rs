//! `fusion runs fork`: a new run that keeps the outcomes of another one.

use std::path::Path;

use fusion_core::Run;
use fusion_core::error::Result;
use fusion_core::graph::inputs;
use fusion_core::model::{Graph, RunId};
use serde_json::Value;

use crate::args::{Forking, Global};
use crate::command::find;
use crate::command::known;
use crate::command::run::{left, to_its_end};
use crate::project;
use crate::render::Out;

/// Forks and follows.
pub(super) async fn fork(args: &Forking, global: &Global, out: &Out) -> Result<u8> {
    let id = args.id.as_deref().map(RunId::new).transpose()?;
    let loaded = args.file.as_deref().map(|file| project::load(Path::new(file))).transpose()?;
    let (fusion, run) = find::take_up(global, &args.run, args.detach).await?;
    let graph = match loaded {
        Some(loaded) => {
            if !args.detach {
                known::code(&loaded)?;
                known::workflows(&fusion, &loaded).await?;
            }
            Some(known::register(&fusion, loaded).await?)
        }
        None => None,
    };
    let input = input(&run, graph.as_ref(), &args.input).await?;
    let nodes: Vec<&str> = args.from.iter().map(String::as_str).collect();
    let again: Vec<&str> = args.again.iter().map(String::as_str).collect();
    let forking = fusion_core::Forking { nodes: &nodes, again: &again, input, graph, id };
    let forked = run.fork_with(forking).await?;
    if args.detach {
        return left(&fusion, &forked, out).await;
    }
    to_its_end(&fusion, &forked, out).await
}

/// The run's own input with what is given now; none when nothing is given.
async fn input(run: &Run, graph: Option<&Graph>, texts: &[String]) -> Result<Option<Value>> {
    if texts.is_empty() {
        return Ok(None);
    }
    let state = run.state().await?;
    let graph = graph.unwrap_or_else(|| state.program().graph());
    let mut input: Value =
        run.loaded(state.start().input.clone()).await?.decode().unwrap_or_default();
    if let (Value::Object(input), Value::Object(given)) =
        (&mut input, inputs::bind_texts(graph, &project::pairs(texts)?)?)
    {
        input.extend(given);
    }
    Ok(Some(input))
}
