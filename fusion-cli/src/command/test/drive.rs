//! Finds the suites, runs them or goes on with a run that was not ended, and tells what came of it.

use std::path::Path;

use fusion_core::error::{Code, Error, Result, nearest};
use fusion_core::model::{Event, Key, NodeIx, RunId};
use fusion_core::run::Options;
use fusion_core::{Driven, Fusion, Run, Starting};
use fusion_ops::testing::{Plan, Reports, Suite, SuiteReport, find, fingerprint};
use serde_json::json;

use super::show;
use crate::args::{Global, TestVerb, Testing};
use crate::command::follow::{DRAW, every, look_after, lost, meanwhile};
use crate::command::interrupt::{INTERRUPTED, Interrupt};
use crate::command::known;
use crate::project::{self, Loaded, Need};
use crate::render::{Board, Color, Live, Out, Table, length};

/// The node that runs suites.
const SUITES: &str = "suites";
/// How often the same tests are run.
const MOST: u32 = 100_000;
/// How many rows are read at once.
const PAGE: usize = 1_000;

/// Runs tests, or shows the latest report.
pub(in crate::command) async fn test(args: Testing, global: &Global, out: &Out) -> Result<u8> {
    if let Some(TestVerb::Report(args)) = &args.verb {
        return show::latest(args, out);
    }
    let plan = plan(&args, &project::here()?)?;
    if args.list {
        list(&plan.suites, out);
        return Ok(0);
    }
    Reports::of(&plan.kept, plan.task.as_deref())?;
    let options = Options { work: false, hibernate: false, ..Options::default() };
    let fusion = project::open(global, Need::Any, options).await?;
    let mut interrupt = Interrupt::new()?;
    let (run, how) = begin(&fusion, &plan).await?;
    out.say(&format!("run {}{how}", run.id()));
    let ended = tokio::select! {
        biased;
        () = interrupt.heard() => None,
        error = lost(&run) => return Err(error),
        // Those who run it may die.
        error = look_after(&fusion, run.id(), true) => return Err(error),
        ended = follow(&fusion, &run, out) => Some(ended?),
    };
    if ended.is_none() {
        interrupt.while_closing(fusion.close()).await?;
        if out.json {
            Out::value(&json!({"run": run.id().as_str(), "interrupted": true}));
        }
        out.note("interrupted: the same command goes on with it, while the files are the same");
        return Ok(INTERRUPTED);
    }
    let result = run.result::<serde_json::Value>().await;
    fusion.close().await?;
    let result = result?;
    let file =
        result.pointer("/report/json").and_then(serde_json::Value::as_str).unwrap_or_default();
    show::ended(file.as_ref(), &args, out)
}

/// Finds what is to be run; what is kept of it is kept with the project of `here`.
pub(super) fn plan(args: &Testing, here: &Path) -> Result<Plan> {
    let root = args.folder.canonicalize().map_err(|why| {
        let message = format!("there is no folder {}", args.folder.display());
        Error::new(Code::FileUnreadable, message).because(why)
    })?;
    let all = find(&root)?;
    let names: Vec<String> = all.iter().map(|suite| suite.name.clone()).collect();
    if let Some(name) = args.suite.iter().find(|name| !names.contains(name)) {
        let hint = nearest::hint(name, names.iter().map(String::as_str));
        let message = format!("there is no suite `{name}` in {}", root.display());
        return Err(Error::new(Code::UnknownReference, message).hint(hint));
    }
    let is_wanted = |suite: &Suite| args.suite.is_empty() || args.suite.contains(&suite.name);
    let suites: Vec<Suite> = all.into_iter().filter(is_wanted).collect();
    if suites.is_empty() {
        let message = format!("there are no tests in {}", root.display());
        let hint = "looked for Cargo.toml, pyproject.toml or test*.py, package.json with a script `test` or *.test.js, go.mod, pom.xml and build.gradle";
        return Err(Error::new(Code::NotThere, message).hint(hint));
    }
    let tree = if args.list { String::new() } else { fingerprint(&root)? };
    Ok(Plan {
        kept: if args.list { root.clone() } else { project::kept(here)? },
        root,
        task: args.task.clone(),
        suites,
        tree,
        jobs: args.jobs,
        retries: args.retries,
        timeout_ms: args.timeout,
    })
}

fn list(suites: &[Suite], out: &Out) {
    if out.json {
        return Out::value(&json!({ "suites": suites }));
    }
    let mut table = Table::new(&["suite", "folder", "runner", "command"]);
    for suite in suites {
        let cells = [
            suite.name.clone(),
            suite.folder.clone(),
            suite.kind.word().to_owned(),
            suite.command.join(" "),
        ];
        table.row(cells.map(|cell| (Color::Plain, cell)).to_vec());
    }
    table.print(out);
}

/// Goes on with the newest run of the same tests that was not ended, or starts one. One that another process drives is waited for: the
/// same tests of the same files would say the same, and those that share something would disturb one another.
pub(super) async fn begin(fusion: &Fusion, plan: &Plan) -> Result<(Run, &'static str)> {
    let prefix = plan.prefix();
    let mut after: Option<String> = None;
    let mut newest = 0;
    loop {
        let page = fusion.list(None, after.as_deref(), PAGE).await?;
        for (id, _) in &page.items {
            let number = id.as_str().strip_prefix(&prefix).and_then(|rest| rest.parse().ok());
            newest = newest.max(number.unwrap_or(0));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if newest > 0 {
        let run = fusion.find(&RunId::new(&format!("{prefix}{newest}"))?).await?;
        if !run.status().await?.is_final() {
            return join(fusion, run).await;
        }
    }
    if newest >= MOST {
        return Err(Error::new(Code::Limit, format!("these tests were run {MOST} times"))
            .hint("`fusion runs prune` removes runs that ended"));
    }
    let loaded = Loaded::written(&plan.workflow().to_string(), "the workflow of the tests")?;
    let graph = known::register(fusion, loaded).await?;
    let id = RunId::new(&format!("{prefix}{}", newest + 1))?;
    let input = plan.input(fusion.now_ms());
    match fusion.start_with(&graph, Starting { id: Some(id.clone()), input, detached: false }).await
    {
        // Another one began at the same moment.
        Err(error) if error.code() == Code::IdConflict => {
            join(fusion, fusion.find(&id).await?).await
        }
        started => {
            let run = started?;
            known::take_up(fusion, &run).await?;
            Ok((run, ""))
        }
    }
}

/// Takes a run up, or waits for who runs it.
async fn join(fusion: &Fusion, run: Run) -> Result<(Run, &'static str)> {
    if fusion.driver(run.id()).await? == Driven::Elsewhere {
        return Ok((run, ", which goes on elsewhere already: it is waited for"));
    }
    known::take_up(fusion, &run).await?;
    Ok((run, ", which was not ended"))
}

/// Tells of each suite when it is done, to the end of the run.
async fn follow(fusion: &Fusion, run: &Run, out: &Out) -> Result<()> {
    let program = run.state().await?.program().clone();
    let Some(node) = program.find(SUITES) else { return run.wait().await.map(|_| ()) };
    let mut board = Board::new(program);
    let mut live = out.is_live().then(|| Live::new("tests", 2));
    let mut events = run.events(0);
    let mut ticks = every(DRAW);
    let shown = loop {
        let draw = || {
            if let Some(live) = &mut live {
                live.show(&board, &run.progress(), fusion.now_ms());
            }
        };
        let event = match meanwhile(events.next(), &mut ticks, draw).await {
            Err(error) => break Err(error),
            Ok(None) => break Ok(()),
            Ok(Some(event)) => event,
        };
        board.take(&event);
        let told = match item(&event) {
            Some(item) if !out.json && !out.quiet => done(run, node, item).await?,
            _ => None,
        };
        match (told, &live) {
            (Some(text), Some(live)) => live.line(&text),
            (Some(text), None) => out.say(&text),
            _ => {}
        }
    };
    if let Some(live) = &live {
        live.clear();
    }
    shown?;
    run.wait().await.map(|_| ())
}

/// The place of a suite that is done.
fn item(event: &Event) -> Option<u32> {
    let name = event.node.as_deref().filter(|_| &*event.name == "node.succeeded")?;
    name.strip_prefix(SUITES)?.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// A suite in a line.
async fn done(run: &Run, node: NodeIx, item: u32) -> Result<Option<String>> {
    let state = run.state().await?;
    let output = run.output(&state, Key { node, item }).await?;
    let Some(report) = output.and_then(|value| serde_json::from_value::<SuiteReport>(value).ok())
    else {
        return Ok(None);
    };
    let counts = show::words(&report.counts);
    let took = length(i64::try_from(report.duration_ms).unwrap_or(i64::MAX));
    Ok(Some(format!("{:<6} {}  {counts}  in {took}", report.status.word(), report.name)))
}
