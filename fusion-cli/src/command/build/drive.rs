//! Drives a build: what is needed, who does it, the run, what came of it.

use std::path::Path;

use fusion_core::error::{Code, Error, Result};
use fusion_core::graph::file;
use fusion_core::model::{RunId, RunStatus};
use fusion_core::run::Options;
use fusion_core::{Fusion, Run, Starting};
use fusion_ops::analyze::Analyzer;
use fusion_ops::build::{Build, Crew, prepare};
use fusion_ops::component::without_blocks;
use fusion_ops::spec::{Folder, Severity, validate};
use serde_json::json;

use super::crew::{crew, workspace};
use super::report;
use crate::args::{Building, Changing, Global};
use crate::command::components;
use crate::command::follow::{Followed, follow};
use crate::command::interrupt::{INTERRUPTED, Interrupt};
use crate::command::known;
use crate::project::{self, Loaded, Need, components as registry};
use crate::render::{Color, Out, Table};

/// How often a specification is built anew.
const MOST: u32 = 1_000;
/// The node with the checks at the end.
const VERIFY: &str = "verify";

/// Builds what a specification asks for, or goes on with it.
pub(in crate::command) async fn build(args: Building, global: &Global, out: &Out) -> Result<u8> {
    let folder = Folder::open(&args.folder)?;
    is_sound(&folder, out)?;
    let folder = needed(&args, folder, out).await?;
    let build = prepare(&folder)?;
    let workspace = workspace(&args.workspace, !args.dry_run)?;
    let (crew, who) = crew(&args, &build).await?;
    out.say(&who);
    if args.dry_run {
        return Ok(planned(&build, &crew, &workspace, out));
    }
    if let Some(text) = &build.made {
        let path = folder.path.join("tasks.md");
        std::fs::write(&path, text).map_err(|why| {
            let message = format!("{} cannot be written", path.display());
            Error::new(Code::FileUnreadable, message).because(why)
        })?;
        out.say(&format!("{}: tasks made of the requirements", path.display()));
    }
    let options = Options { work: false, hibernate: false, ..Options::default() };
    let fusion = project::open(global, Need::Any, options).await?;
    let run = begin(&fusion, &build, &crew, &workspace).await?;
    out.say(&format!("run {}", run.id()));
    let mut interrupt = Interrupt::new()?;
    if follow(&fusion, &run, out, &mut interrupt, true).await? == Followed::Interrupted {
        interrupt.while_closing(fusion.close()).await?;
        if out.json {
            Out::value(&json!({"run": run.id().as_str(), "interrupted": true}));
        }
        out.note("interrupted: the same command goes on with it");
        return Ok(INTERRUPTED);
    }
    let told = report::Told {
        fusion: &fusion,
        run: &run,
        workspace: &workspace,
        file: args.report.as_deref(),
    };
    let code = report::report(&told, &args.folder, out).await;
    fusion.close().await?;
    code
}

/// Refuses a specification in which something is wrong.
fn is_sound(folder: &Folder, out: &Out) -> Result<()> {
    let issues = validate(folder);
    let shown = |file: &str, line: usize| format!("{}:{line}", folder.path.join(file).display());
    for one in issues.iter().filter(|one| one.severity == Severity::Warning) {
        out.note(&format!("warning: {}\n  --> {}", one.message, shown(&one.file, one.line)));
    }
    let errors: Vec<Error> = issues
        .iter()
        .filter(|one| one.severity == Severity::Error)
        .map(|one| {
            let error = Error::new(
                Code::InvalidInput,
                format!("{}: {}", shown(&one.file, one.line), one.message),
            );
            match &one.hint {
                Some(hint) => error.hint(hint.clone()),
                None => error,
            }
        })
        .collect();
    Error::join(errors).map_or(Ok(()), Err)
}

/// Says which components a specification needs, or adds them; gives the specification as it is then.
async fn needed(args: &Building, folder: Folder, out: &Out) -> Result<Folder> {
    if args.components {
        let how = Changing { dry_run: args.dry_run, ..Changing::default() };
        let required = components::install(&args.folder, &how, &registry(&[]), out).await?;
        if !out.json {
            required.lines(out);
        }
        return Folder::open(&args.folder);
    }
    let mut own = folder.clone();
    for document in &mut own.documents {
        document.text = without_blocks(&document.text);
    }
    let analysis = Analyzer::new().analyze(&own);
    let names: Vec<&str> = analysis.components.iter().map(|one| one.id).collect();
    if !names.is_empty() {
        out.say(&format!("it needs: {} (`--components` adds them)", names.join(", ")));
    }
    Ok(folder)
}

/// Shows what would be done.
fn planned(build: &Build, crew: &Crew, workspace: &Path, out: &Out) -> u8 {
    let worker = |id: &str| -> Vec<&str> {
        let own = crew.tasks.get(id).into_iter().flatten();
        own.filter_map(|at| crew.workers.get(*at)).map(|one| one.name.as_str()).collect()
    };
    if out.json {
        let tasks: Vec<_> = build
            .jobs
            .iter()
            .map(|job| json!({"id": job.id, "title": job.title, "workers": worker(&job.id), "needs": job.needs, "files": job.files, "checks": job.checks}))
            .collect();
        Out::value(&json!({
            "run": build.id(workspace, crew), "tasks": tasks, "made": build.made,
            "workflow": build.workflow(workspace, crew),
        }));
        return 0;
    }
    let mut table = Table::new(&["task", "by", "after", "what"]);
    for job in &build.jobs {
        let cells = [
            job.id.clone(),
            worker(&job.id).join(", then "),
            job.needs.join(" "),
            job.title.clone(),
        ];
        table.row(cells.map(|cell| (Color::Plain, cell)).to_vec());
    }
    table.print(out);
    out.say(&format!("{} tasks; nothing was done", build.jobs.len()));
    0
}

/// Starts the run of a build, or takes it up where it is.
async fn begin(fusion: &Fusion, build: &Build, crew: &Crew, workspace: &Path) -> Result<Run> {
    let base = build.id(workspace, crew);
    for number in 1..=MOST {
        let id = if number == 1 { base.clone() } else { format!("{base}-{number}") };
        let id = RunId::new(&id)?;
        let run = match fusion.find(&id).await {
            Err(error) if error.code() == Code::RunNotFound => {
                return start(fusion, build, crew, (workspace, id)).await;
            }
            found => found?,
        };
        match run.status().await? {
            // A tick was taken away since: what is open again is a run of its own.
            RunStatus::Succeeded if !build.jobs.is_empty() => {}
            RunStatus::Succeeded => {
                run.retry(&[VERIFY], &project::user()).await?;
                return Ok(run);
            }
            RunStatus::Failed | RunStatus::Cancelled => {
                run.retry(&[], &project::user()).await?;
                return Ok(run);
            }
            _ => {
                if !fusion.drives().contains(run.id()) {
                    fusion.take(run.id()).await?;
                }
                return Ok(run);
            }
        }
    }
    Err(Error::new(Code::Limit, format!("it was built {MOST} times"))
        .hint("`fusion runs prune` removes runs that ended"))
}

async fn start(
    fusion: &Fusion,
    build: &Build,
    crew: &Crew,
    (workspace, id): (&Path, RunId),
) -> Result<Run> {
    let text = build.workflow(workspace, crew).to_string();
    let read = file::parse(&text, "the workflow of the build")?;
    let loaded = Loaded {
        graph: read.graph,
        others: read.workflows,
        named: read.named,
        near: std::collections::BTreeSet::new(),
        warnings: read.warnings,
    };
    let graph = known::register(fusion, loaded).await?;
    let starting = Starting { id: Some(id), input: build.input(workspace), detached: false };
    let run = fusion.start_with(&graph, starting).await?;
    if !fusion.drives().contains(run.id()) {
        fusion.take(run.id()).await?;
    }
    Ok(run)
}
