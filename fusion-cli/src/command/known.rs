//! Whether what a workflow names is known, before a run of it begins.

use std::collections::BTreeSet;

use fusion_core::error::{Code, Error, Result, nearest};
use fusion_core::graph::check::{self, Named, Places, What};
use fusion_core::model::Graph;
use fusion_core::{Fusion, Run};

use crate::project::{Loaded, commands};

/// Refuses workflows whose code this program does not have.
///
/// # Errors
/// `FU0403`, with the place of each name.
pub(super) fn code(loaded: &Loaded) -> Result<()> {
    let near: Vec<&str> = loaded.others.keys().chain(&loaded.near).map(String::as_str).collect();
    let errors = loaded.named.iter().filter_map(|named| missing(named, &near));
    Error::join(errors.collect()).map_or(Ok(()), Err)
}

/// Refuses a workflow of the store when this program lacks code that it needs, or that the workflows need which it runs.
///
/// # Errors
/// `FU0403` for each, `FU0205` when the store lacks a workflow.
pub(super) async fn stored(fusion: &Fusion, graph: &Graph) -> Result<()> {
    let (mut open, mut seen) = (vec![graph.clone()], BTreeSet::new());
    let mut errors = Vec::new();
    while let Some(graph) = open.pop() {
        for named in check::named(&graph, &Places::none()) {
            match &named.what {
                What::Workflow(name) if seen.insert(name.clone()) => {
                    open.push(fusion.saved(name).await?);
                }
                _ => errors.extend(missing(&named, &[])),
            }
        }
    }
    Error::join(errors).map_or(Ok(()), Err)
}

/// Says what this program does not have; `near` are the workflows that a step's name may mean.
fn missing(named: &Named, near: &[&str]) -> Option<Error> {
    let what = match &named.what {
        What::Step(name) => format!("the step `{name}`"),
        What::Agent(None) => "an agent".to_owned(),
        What::Agent(Some(name)) if is_program(name) => return None,
        What::Agent(Some(name)) => format!("the agent `{name}`"),
        What::Model | What::Workflow(_) => return None,
    };
    let message = format!("node `{}` needs {what}, which is not in this program", named.node);
    let near = match &named.what {
        // `step: publish` where `workflow: publish` is meant.
        What::Step(name) => nearest::nearest(name, near.iter().copied())
            .map(|near| format!("did you mean `workflow: {near}`? else ")),
        _ => None,
    };
    let hint = format!(
        "{}run it from the program that has the code, or record it for that program's worker with `--detach`",
        near.unwrap_or_default()
    );
    Some(placed(Error::new(Code::UnknownStep, message).hint(hint), named))
}

/// Tells whether an agent is a program on the command line.
fn is_program(name: &str) -> bool {
    commands().find(name.strip_prefix("command:").unwrap_or(name)).is_ok()
}

/// Refuses workflows that name others which neither a file nor the store defines.
///
/// # Errors
/// `FU0205`, with the place of each name and the nearest one.
pub(super) async fn workflows(fusion: &Fusion, loaded: &Loaded) -> Result<()> {
    let mut errors = Vec::new();
    for named in &loaded.named {
        let What::Workflow(name) = &named.what else { continue };
        let Err(error) = fusion.saved(name).await else { continue };
        if error.code() != Code::UnknownReference {
            return Err(error);
        }
        let hint = match nearest::nearest(name, loaded.near.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => error.hint_text().unwrap_or_default().to_owned(),
        };
        let message = format!("node `{}`: {}", named.node, nowhere(name));
        errors.push(placed(Error::new(Code::UnknownReference, message).hint(hint), named));
    }
    Error::join(errors).map_or(Ok(()), Err)
}

/// Says that no workflow has a name.
pub(super) fn nowhere(name: &str) -> String {
    format!("no file in its folder defines the workflow `{name}`, and this store keeps none")
}

/// Keeps the definitions in the store and lets the engine know them.
pub(super) async fn register(fusion: &Fusion, loaded: Loaded) -> Result<Graph> {
    let all: Vec<&Graph> = std::iter::once(&loaded.graph).chain(loaded.others.values()).collect();
    fusion.save(&all).await?;
    fusion.workflow(loaded.graph.clone());
    for other in loaded.others.into_values() {
        fusion.workflow(other);
    }
    Ok(loaded.graph)
}

/// Drives a run here, if nobody in this process does.
pub(super) async fn take_up(fusion: &Fusion, run: &Run) -> Result<()> {
    if !fusion.drives().contains(run.id()) {
        fusion.take(run.id()).await?;
    }
    Ok(())
}

fn placed(error: Error, named: &Named) -> Error {
    match &named.place {
        Some(place) => error.at(place.clone()),
        None => error,
    }
}
