//! `fusion tasks`: what is to be done by some agent.

use std::io::Read as _;
use std::path::PathBuf;

use fusion_core::coordination::{Past, TaskRow, TaskSpec, TaskState};
use fusion_core::error::{Code, Error, Result};
use fusion_ops::testing::Report;
use serde_json::json;

use super::forget::{What, forget};
use super::init::{Known, enlist};
use super::interrupt::{INTERRUPTED, Interrupt};
use super::team::{events, open};
use super::test;
use crate::args::{Add, Global, Tasks, Wish};
use crate::project::{self, Need};
use crate::render::{Color, Out, Table, ago};

/// The largest file of tasks, in bytes.
const MOST: u64 = 64 * 1024 * 1024;
/// How much of a title a list shows, in characters.
const TITLE: usize = 60;

/// Does one of them.
pub(super) async fn tasks(command: Tasks, global: &Global, out: &Out) -> Result<u8> {
    let need = match command {
        Tasks::Add(_) => Need::Any,
        Tasks::List { .. } | Tasks::Show(_) => Need::Reading,
        _ => Need::Existing,
    };
    let fusion = open(global, need).await?;
    let (tasks, by) = (fusion.tasks(), project::user());
    let mut code = 0;
    match command {
        Tasks::Add(args) => {
            let rows = tasks.submit_all(specs_of(*args, fusion.now_ms())?).await?;
            told(&rows, out);
        }
        Tasks::List { state } => {
            let state = TaskState::ALL.into_iter().find(|one| Some(one.word()) == state.as_deref());
            list(&tasks.list(state).await?, fusion.now_ms(), out);
        }
        Tasks::Show(args) => {
            let row = tasks.get(&args.id).await?;
            show(&row, &tasks.past(&args.id, 0, 100_000).await?, fusion.now_ms(), out);
        }
        Tasks::Assign { auto, optimize_for } => {
            let new = if auto { enlisted(global, out).await? } else { Vec::new() };
            let proposals = fusion.propose_tasks(Wish::aim(optimize_for)).await?;
            if auto {
                fusion.assign_tasks(Wish::aim(optimize_for)).await?;
            }
            if out.json {
                Out::value(&json!({ "assigned": auto, "tasks": proposals, "spawned": new }));
            } else {
                for one in &proposals {
                    let agent = one.agent.as_deref().unwrap_or("nobody");
                    out.say(&format!(
                        "{}  {agent}  {}  ({})",
                        one.task,
                        title(&one.title),
                        one.reason
                    ));
                }
                if proposals.is_empty() {
                    out.say("no task is ready");
                } else if !auto {
                    out.note("nothing was given out: --auto does it");
                }
            }
        }
        Tasks::Wait(args) => {
            let mut interrupt = Interrupt::new()?;
            let row = tokio::select! {
                biased;
                () = interrupt.heard() => return Ok(INTERRUPTED),
                row = tasks.wait(&args.id) => row?,
            };
            show(&row, &[], fusion.now_ms(), out);
            code = u8::from(row.state != TaskState::Completed);
        }
        Tasks::Cancel(args) => told(&[tasks.cancel(&args.id, &by, "cancelled").await?], out),
        Tasks::Prune(args) => code = forget(What::Tasks, &fusion, &args, out).await?,
        Tasks::Requeue(args) => told(&[tasks.requeue(&args.id, &by).await?], out),
    }
    fusion.close().await?;
    Ok(code)
}

/// Spawns the agents of the project's mode that are installed and not there yet; gives their names.
async fn enlisted(global: &Global, out: &Out) -> Result<Vec<String>> {
    let Some(moded) = project::mode_of(&project::here()?)? else { return Ok(Vec::new()) };
    let all = enlist(&moded, Known::Store(global), false).await?;
    let new: Vec<String> = all.into_iter().filter(|one| one.spawned).map(|one| one.agent).collect();
    for agent in &new {
        out.note(&format!("{agent} is of the mode {}, and was spawned", moded.mode.word()));
    }
    Ok(new)
}

fn specs_of(args: Add, now: i64) -> Result<Vec<TaskSpec>> {
    if let Some(file) = args.file {
        let unreadable = |error| {
            let text = format!("the tasks of {} cannot be read", file.display());
            Error::new(Code::FileUnreadable, text).because(error)
        };
        let mut text = String::new();
        if file.as_os_str() == "-" {
            std::io::stdin().take(MOST).read_to_string(&mut text).map_err(unreadable)?;
        } else {
            let open = std::fs::File::open(&file).map_err(unreadable)?;
            open.take(MOST).read_to_string(&mut text).map_err(unreadable)?;
        }
        return serde_json::from_str(&text).map_err(|error| {
            let text = format!("{} is no JSON list of tasks", file.display());
            Error::new(Code::InvalidInput, text)
                .because(error)
                .hint(r#"such as [{"id": "a", "title": "Write the guide", "needs": []}]"#)
        });
    }
    let due = args.in_.map(|ms| now.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX)));
    Ok(vec![TaskSpec {
        id: args.id,
        prompt: args.prompt.unwrap_or_default(),
        kind: args.kind,
        agent: args.agent,
        needs: args.needs,
        capabilities: args.capability,
        priority: args.priority,
        project: args.project.unwrap_or_default(),
        not_before: due,
        ..TaskSpec::new(args.title.join(" "))
    }])
}

fn told(rows: &[TaskRow], out: &Out) {
    if out.json {
        return Out::value(&json!({ "tasks": rows }));
    }
    for row in rows {
        out.say(&format!("{} is {}", row.id, row.state));
    }
}

fn color(state: TaskState) -> Color {
    match state {
        TaskState::Completed => Color::Green,
        TaskState::Running => Color::Cyan,
        TaskState::Failed | TaskState::Dead => Color::Red,
        TaskState::Queued | TaskState::Assigned => Color::Yellow,
        TaskState::Cancelled => Color::Dim,
    }
}

fn title(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(TITLE).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

fn list(rows: &[TaskRow], now: i64, out: &Out) {
    if out.json {
        return Out::value(&json!({ "tasks": rows }));
    }
    let mut table = Table::new(&["task", "state", "agent", "since", "title"]);
    for row in rows {
        table.row(vec![
            (Color::Plain, row.id.clone()),
            (color(row.state), row.state.word().to_owned()),
            (Color::Plain, row.agent.clone().unwrap_or_default()),
            (Color::Plain, ago(row.since, now)),
            (Color::Plain, title(&row.spec.title)),
        ]);
    }
    table.print(out);
}

fn show(row: &TaskRow, past: &[Past], now: i64, out: &Out) {
    if out.json {
        let tests = tests_of(row).map(|(report, file)| {
            json!({"status": report.status, "counts": report.counts, "report": file.display().to_string()})
        });
        return Out::value(&json!({ "task": row, "events": past, "tests": tests }));
    }
    let line = out.line().add(&row.id).add("  ").paint(color(row.state), row.state.word());
    Out::print(&line.add(&format!(" {}", ago(row.since, now))));
    out.say(&format!("  title   {}", row.spec.title));
    if !row.waits_for.is_empty() {
        out.say(&format!("  waits   for {}", row.waits_for.join(", ")));
    }
    if !row.reason.is_empty() {
        out.say(&format!("  agent   {}", row.reason));
    }
    if let Some(run) = &row.run {
        let why = if row.state == TaskState::Running {
            "; `fusion why` says what it waits for"
        } else {
            ""
        };
        out.say(&format!("  run     {run} (attempt {}{why})", row.attempts));
    }
    if let Some(failure) = &row.failure {
        out.say(&format!("  failed  {failure}"));
    }
    if let Some(reply) = &row.reply {
        out.say(&format!("  reply   {}", reply.text));
    }
    if let Some((report, file)) = tests_of(row) {
        let counts = test::words(&report.counts);
        out.say(&format!("  tests   {}: {counts} ({})", report.status.word(), file.display()));
    }
    events(past, out);
}

/// The latest report of the tests that were run for a task. Most have none, and one that cannot be read hinders nobody here.
fn tests_of(row: &TaskRow) -> Option<(Report, PathBuf)> {
    test::latest_of(Some(&row.id)).ok()
}
