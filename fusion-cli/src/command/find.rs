//! Opening a store for a command on a run, and finding the run that the user means.

use fusion_core::error::{Code, Error, Result, nearest};
use fusion_core::model::RunId;
use fusion_core::run::Options;
use fusion_core::{Driven, Fusion, Run};
use serde_json::json;

use crate::args::Global;
use crate::project::{self, Need};
use crate::render::Out;

/// How many rows are read at once.
const PAGE: usize = 1_000;
/// How many runs are named when a beginning fits several.
const NAMED: usize = 5;

/// Opens the store to look at it, or to speak to those who drive.
pub(super) async fn look(global: &Global) -> Result<Fusion> {
    let options = Options { work: false, hibernate: false, ..Options::default() };
    project::open(global, Need::Reading, options).await
}

/// Opens the store to take runs up again; with `detach`, somebody else drives them.
pub(super) async fn take_up(global: &Global, text: &str, detach: bool) -> Result<(Fusion, Run)> {
    let options = Options { work: false, hibernate: false, drive: !detach, ..Options::default() };
    let fusion = project::open(global, Need::Existing, options).await?;
    let run = find(&fusion, text).await?;
    Ok((fusion, run))
}

/// Opens the store and finds a run by its id or the beginning of it.
pub(super) async fn open(global: &Global, text: &str) -> Result<(Fusion, Run)> {
    let fusion = look(global).await?;
    let run = find(&fusion, text).await?;
    Ok((fusion, run))
}

/// Finds a run by its id or the beginning of it.
///
/// # Errors
/// `FU0104` when there is none, `FU0101` when there are several.
pub(super) async fn find(fusion: &Fusion, text: &str) -> Result<Run> {
    let id = RunId::new(text)?;
    let missing = match fusion.find(&id).await {
        Err(error) if error.code() == Code::RunNotFound => error,
        found => return found,
    };
    let mut matches: Vec<(RunId, bool)> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = fusion.list(None, after.as_deref(), PAGE).await?;
        for (id, row) in page.items {
            if id.as_str().starts_with(text) {
                matches.push((id, row.parent.is_some()));
            } else if names.len() < PAGE {
                names.push(id.as_str().to_owned());
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    // The ids of child runs begin with those of their parents.
    let parents = matches.iter().filter(|(_, child)| !child).count();
    if parents > 0 {
        matches.retain(|(_, child)| !child);
    }
    match matches.as_slice() {
        [] => {
            let near = nearest::nearest(text, names.iter().map(String::as_str));
            Err(match near {
                Some(near) => missing.hint(format!("did you mean `{near}`?")),
                None => missing,
            })
        }
        [(only, _)] => fusion.find(only).await,
        several => {
            let listed: Vec<&str> = several.iter().take(NAMED).map(|(id, _)| id.as_str()).collect();
            let message = format!("{} runs begin with `{text}`", several.len());
            Err(Error::new(Code::InvalidInput, message)
                .hint(format!("such as {}", listed.join(", "))))
        }
    }
}

/// Says that a wish was recorded, and who carries it out.
pub(super) async fn told(fusion: &Fusion, run: &Run, what: &str, out: &Out) -> Result<u8> {
    let driven = fusion.driver(run.id()).await?;
    fusion.close().await?;
    if out.json {
        Out::value(&json!({"run": run.id().as_str(), "recorded": what, "driven": word(driven)}));
        return Ok(0);
    }
    out.say(&format!("{what}: run {}", run.id()));
    if driven == Driven::Nowhere {
        out.note(
            "no process drives the run now: `fusion recover` or a `fusion worker` carries it out",
        );
    }
    Ok(0)
}

/// The word for who drives a run.
pub(super) fn word(driven: Driven) -> &'static str {
    match driven {
        Driven::Here => "here",
        Driven::Elsewhere => "elsewhere",
        Driven::Nowhere => "nowhere",
        Driven::Over => "over",
    }
}
