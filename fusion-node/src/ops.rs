//! What can be asked of an engine or a run, by name. Arguments and answers are JSON.

use fusion_core::error::{Code, Error, Result};
use fusion_core::model::{Answer, Graph, Payload, RunId, RunStatus, Verdict};
use fusion_core::{Forking, Fusion, Retrying, Run};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::convert::text;
use crate::look;

/// The arguments of all questions.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Args {
    pub(crate) run: String,
    by: String,
    why: String,
    name: String,
    payload: Value,
    node: Option<String>,
    nodes: Vec<String>,
    again: Vec<String>,
    approved: bool,
    comment: String,
    verdict: String,
    id: Option<String>,
    input: Option<Value>,
    graph: Option<Graph>,
    graphs: Vec<Graph>,
    status: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
    deep: bool,
}

/// Answers a question.
pub(crate) async fn answer(fusion: &Fusion, what: &str, args: Args) -> Result<String> {
    match what {
        "recover" => return text(&fusion.recover().await?),
        "settled" => fusion.settled().await,
        "close" => fusion.close().await?,
        "save" => fusion.save(&args.graphs.iter().collect::<Vec<_>>()).await?,
        "prune" => fusion.prune(&RunId::new(&args.run)?).await?,
        "build" => return text(&fusion_cli::build_in(fusion, args.payload).await?),
        "init" => return text(&fusion_cli::init_in(fusion, args.payload).await?),
        "test" => return text(&fusion_cli::test_in(fusion, args.payload).await?),
        "proved" => return text(&fusion_cli::proved(fusion, args.payload).await?),
        "list" => return list(fusion, &args).await,
        "check" => return look::store(fusion, args.deep).await,
        _ => {
            let run = fusion.find(&RunId::new(&args.run)?).await?;
            return of_run(fusion, &run, what, args).await;
        }
    }
    Ok("null".to_owned())
}

async fn of_run(fusion: &Fusion, run: &Run, what: &str, args: Args) -> Result<String> {
    match what {
        "find" => {}
        "status" => return look::status(fusion, run).await,
        "wait" => return look::outcome(run).await,
        "show" => return text(&fusion_cli::show(fusion, run).await?),
        "why" => return look::why(run).await,
        "progress" => return text(&run.progress()),
        "cancel" => run.cancel(&args.by, &args.why).await?,
        "pause" => run.pause(&args.by).await?,
        "resume" => run.resume(&args.by).await?,
        "retry" => retry(run, &args).await?,
        "fork" => return fork(run, args).await,
        "signal" => run.signal(&args.name, &args.payload).await?,
        "answer" => {
            let answer = Answer { approved: args.approved, by: args.by, comment: args.comment };
            run.answer(args.node.as_deref(), answer).await?;
        }
        "resolve" => run.resolve(&args.name, verdict(&args)?, &args.by).await?,
        other => {
            return Err(Error::new(Code::Internal, format!("nobody knows how to `{other}`")));
        }
    }
    Ok("null".to_owned())
}

fn names(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

async fn retry(run: &Run, args: &Args) -> Result<()> {
    let (nodes, again) = (names(&args.nodes), names(&args.again));
    run.retry_with(Retrying { nodes: &nodes, again: &again, by: &args.by }).await
}

async fn fork(run: &Run, args: Args) -> Result<String> {
    let (nodes, again) = (names(&args.nodes), names(&args.again));
    let id = args.id.as_deref().map(RunId::new).transpose()?;
    let forking =
        Forking { nodes: &nodes, again: &again, input: args.input, graph: args.graph, id };
    text(&run.fork_with(forking).await?.id().as_str())
}

fn verdict(args: &Args) -> Result<Verdict> {
    match args.verdict.as_str() {
        "done" => Ok(Verdict::Done(Payload::value(&args.payload))),
        "failed" => Ok(Verdict::Failed(args.why.clone())),
        "not_done" => Ok(Verdict::NotDone),
        other => Err(Error::new(Code::InvalidInput, format!("there is no verdict `{other}`"))
            .hint("say done, failed or not_done")),
    }
}

async fn list(fusion: &Fusion, args: &Args) -> Result<String> {
    let status = args.status.as_deref().map(status_of).transpose()?;
    let page = fusion.list(status, args.after.as_deref(), args.limit.unwrap_or(100)).await?;
    let items: Vec<Value> = page
        .items
        .iter()
        .map(|(id, row)| {
            json!({
                "id": id.as_str(), "workflow": row.workflow, "version": row.version,
                "status": row.status.word(), "started": row.started,
            })
        })
        .collect();
    text(&json!({"items": items, "next": page.next}))
}

fn status_of(word: &str) -> Result<RunStatus> {
    serde_json::from_value(word.into()).map_err(|_: serde_json::Error| {
        Error::new(Code::InvalidInput, format!("no run has the status `{word}`"))
            .hint("there are pending, running, waiting, paused, succeeded, failed and cancelled")
    })
}
