//! Drives a build: what is needed, who does it, the run, what came of it.

use std::path::Path;

use fusion_core::error::{Code, Error, Result};
use fusion_core::run::Options;
use fusion_ops::analyze::Analyzer;
use fusion_ops::build::{Boxes, Build, Crew, prepare_over};
use fusion_ops::spec::{Folder, Severity, validate};
use fusion_ops::tasks::unnamed;
use serde_json::json;

use super::begin::{begin, make_tasks, so_far};
use super::crew::{crew, workspace};
use super::report;
use crate::args::{Building, Changing, Global};
use crate::command::components;
use crate::command::follow::{Followed, How, follow};
use crate::command::interrupt::{INTERRUPTED, Interrupt};
use crate::project::{self, Moded, Need, components as registry};
use crate::render::{Color, Out, Table};

/// Builds what a specification asks for, or goes on with it.
pub(in crate::command) async fn build(args: Building, global: &Global, out: &Out) -> Result<u8> {
    let folder = Folder::open(&args.folder)?;
    is_sound(&folder, Some(out))?;
    let folder = needed(&args, folder, out).await?;
    let moded = project::mode_of(&folder.path)?;
    let build = prepare_over(&folder, &Moded::settings(moded.as_ref()))?;
    let workspace = workspace(&args.workspace, !args.dry_run)?;
    let (crew, who) = crew(&args, &build, moded.as_ref()).await?;
    out.say(&who);
    if let Some(moded) = &moded {
        out.say(&moded.line());
    }
    if args.dry_run {
        if args.components {
            out.note("the tasks that components bring come before these");
        }
        return Ok(planned(&build, &crew, (&workspace, moded.as_ref()), out));
    }
    let options = Options { work: false, hibernate: false, ..Options::default() };
    let fusion = project::open(global, Need::Any, options).await?;
    if let Some(path) = make_tasks(&fusion, &build, (&folder, &workspace)).await? {
        out.say(&format!("{}: tasks made of the requirements", path.display()));
    }
    let since = fusion.now_ms();
    let run = begin(&fusion, &build, &crew, &workspace).await?;
    out.say(&format!("run {}", run.id()));
    if let Some(told) = so_far(&run, since).await? {
        out.say(&told);
    }
    let mut interrupt = Interrupt::new()?;
    let how = How { drive: true, since };
    if follow(&fusion, &run, out, &mut interrupt, how).await? == Followed::Interrupted {
        // When it goes on, what is ticked counts as ticked by people.
        Boxes::of(&fusion, build.folder()).sweep().await?;
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
        settings: &build.settings,
        spec: &build.spec,
        components: &build.components,
        file: args.report.as_deref(),
        moded: moded.as_ref(),
    };
    let code = report::report(&told, &args.folder, out).await;
    fusion.close().await?;
    code
}

/// Refuses a specification in which something is wrong; warnings are told where somebody reads them.
pub(super) fn is_sound(folder: &Folder, out: Option<&Out>) -> Result<()> {
    let issues = validate(folder);
    let shown = |file: &str, line: usize| format!("{}:{line}", folder.path.join(file).display());
    for one in issues.iter().filter(|one| one.severity == Severity::Warning) {
        if let Some(out) = out {
            out.note(&format!("warning: {}\n  --> {}", one.message, shown(&one.file, one.line)));
        }
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
    let analysis = Analyzer::new().analyze(&folder.without_components());
    let names: Vec<&str> = analysis.components.iter().map(|one| one.id).collect();
    if !names.is_empty() {
        out.say(&format!("it needs: {} (`--components` adds them)", names.join(", ")));
    }
    Ok(folder)
}

/// Shows what would be done.
fn planned(
    build: &Build,
    crew: &Crew,
    (workspace, moded): (&Path, Option<&Moded>),
    out: &Out,
) -> u8 {
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
            "workflow": build.workflow(workspace, crew), "mode": moded.map(Moded::json),
            "warning": unnamed(&build.plan, &build.spec),
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
    if let Some(told) = unnamed(&build.plan, &build.spec) {
        out.note(&format!("warning: {told}"));
    }
    out.say(&format!("{} tasks; nothing was done", build.jobs.len()));
    0
}
