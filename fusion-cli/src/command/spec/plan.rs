//! `fusion spec plan`: tasks as a graph, and as a workflow file.

use std::path::Path;

use fusion_core::error::{Code, Error, Result};
use fusion_ops::build::Said;
use fusion_ops::spec::{self, Folder};
use fusion_ops::tasks::{self, Plan, State};
use serde_json::json;

use crate::args::Planning;
use crate::project::write_file;
use crate::render::Out;

/// Prints the plan as JSON, or writes its workflow file.
pub(super) fn plan(args: &Planning, out: &Out) -> Result<u8> {
    let folder = Folder::open(&args.folder)?;
    let own = folder.text("tasks.md").map(tasks::plan).filter(|plan| !plan.tasks.is_empty());
    let plan = match own {
        Some(plan) => plan,
        None => made(args, &folder, out)?,
    };
    if out.json {
        Out::value(&json!(plan));
    } else {
        problems(&plan, &folder.path, out);
        let spec = folder.text("spec.md").map(spec::read).unwrap_or_default();
        if let Some(told) = tasks::unnamed(&plan, &spec) {
            out.note(&format!("warning: {told}"));
        }
    }
    if !out.json || args.out.is_some() {
        write(args, &folder, &plan, out)?;
    }
    Ok(0)
}

/// Makes tasks of the requirements, and keeps them as `tasks.md` unless only JSON is asked for.
fn made(args: &Planning, folder: &Folder, out: &Out) -> Result<Plan> {
    let old = folder.text("tasks.md");
    let spec = folder.text("spec.md").map(spec::read).unwrap_or_default();
    let Some(text) = tasks::derive(&spec, &spec::components(&folder.path)) else {
        // Says that there are no tasks.
        return folder.tasks().map(tasks::plan);
    };
    let plan = tasks::plan(&text);
    if out.json && args.out.is_none() {
        return Ok(plan);
    }
    let path = folder.path.join("tasks.md");
    if old.is_some_and(|old| !spec::is_unfilled(old)) && !args.force {
        let message = format!(
            "{} has no task in it, and is not the empty page of `fusion spec new`",
            path.display()
        );
        let hint =
            "write tasks into it, or replace it by tasks made of the requirements with `--force`";
        return Err(Error::new(Code::InvalidInput, message).hint(hint));
    }
    write_file(&path, &text)?;
    // Standard output may be where the workflow goes.
    out.note(&format!("{}: {} tasks, made of the requirements", path.display(), plan.tasks.len()));
    Ok(plan)
}

fn problems(plan: &Plan, folder: &Path, out: &Out) {
    for problem in &plan.problems {
        out.note(&format!("warning: {}", problem.message));
        out.note(&format!("  --> {}:{}", folder.join("tasks.md").display(), problem.line));
    }
}

fn write(args: &Planning, folder: &Folder, plan: &Plan, out: &Out) -> Result<()> {
    let name = folder.path.canonicalize().ok();
    let name = name.as_deref().unwrap_or(&folder.path).file_name();
    let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let spec = folder.text("spec.md").map(spec::read).unwrap_or_default();
    let texts = Said::new(&spec, spec::component_texts(&folder.path)).texts;
    let Some(text) = tasks::workflow(plan, &name, &texts) else {
        let count = plan.tasks.len();
        if count > 0 {
            out.say(&format!("nothing is left to do: of {count} tasks none is open"));
            return Ok(());
        }
        let message =
            format!("{} has no task, and no requirement to make one of", folder.path.display());
        let hint = "write requirements (`- **FR-001**: ...`) into spec.md, or tasks into tasks.md";
        return Err(Error::new(Code::NotApplicable, message).hint(hint));
    };
    let path = args.out.clone().unwrap_or_else(|| folder.path.join("workflow.yaml"));
    if path.as_os_str() == "-" {
        Out::text(&text);
        return Ok(());
    }
    let whole = |path: &Path| path.canonicalize().ok();
    let own = folder.documents.iter().map(|one| folder.path.join(&one.name));
    if path.exists() && own.map(|one| whole(&one)).any(|one| one == whole(&path)) {
        let message = format!("{} is a part of the specification itself", path.display());
        return Err(Error::new(Code::InvalidInput, message)
            .hint("write the workflow elsewhere with `--out FILE`"));
    }
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    if path.exists() && !args.force && !old.starts_with(tasks::HEADER) {
        let message = format!("{} is there and was not made by this command", path.display());
        let hint = "write elsewhere with `--out FILE`, or replace it with `--force`";
        return Err(Error::new(Code::InvalidInput, message).hint(hint));
    }
    write_file(&path, &text)?;
    let count = |state: State| plan.tasks.iter().filter(|task| task.state == state).count();
    let (open, done) = (count(State::Open), count(State::Done));
    out.say(&format!("{}: {open} open tasks as nodes, {done} are done", path.display()));
    out.note(&format!("draw it with `fusion graph {}`", path.display()));
    Ok(())
}
