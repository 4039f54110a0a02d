//! `fusion swarm`: teams from files.

use std::path::Path;

use fusion_core::coordination::swarm::{Deployment, Stage, Swarm};
use fusion_core::error::{Code, Error, Result, nearest};
use serde_json::json;

use super::team::open;
use crate::args::{self, Deploy, Global};
use crate::project::{Need, commands, swarms};
use crate::render::{Color, Out, Table};

/// The largest file of a team, in bytes.
const MOST: u64 = 1024 * 1024;

/// Does one of them.
pub(super) async fn swarm(command: args::Swarm, global: &Global, out: &Out) -> Result<u8> {
    match command {
        args::Swarm::List => {
            let (all, broken) = all();
            list(&all, out);
            for error in broken {
                out.note(&format!("left out: {error}"));
            }
        }
        args::Swarm::Show { template } => show(&find(&template)?, out),
        args::Swarm::Deploy(args) => deploy(args, global, out).await?,
    }
    Ok(0)
}

fn read(file: &Path) -> Result<Swarm> {
    let unreadable = |what: String| {
        Error::new(Code::FileUnreadable, format!("the team {}: {what}", file.display()))
    };
    let size = file.metadata().map_err(|error| unreadable(error.to_string()))?.len();
    if size > MOST {
        return Err(unreadable(format!("it has more than {MOST} bytes")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    Swarm::read(&file.display().to_string(), &text)
}

/// Gives the teams of the project and those that come along, of two of one name the project's; and why files are left out.
fn all() -> (Vec<Swarm>, Vec<Error>) {
    let (mut all, mut broken) = (Vec::new(), Vec::new());
    for file in swarms() {
        match read(&file) {
            Ok(swarm) => all.push(swarm),
            Err(error) => broken.push(error),
        }
    }
    for known in Swarm::known() {
        if all.iter().all(|own| own.name != known.name) {
            all.push(known);
        }
    }
    (all, broken)
}

fn find(name: &str) -> Result<Swarm> {
    if Path::new(name).is_file() {
        return read(Path::new(name));
    }
    let (all, broken) = all();
    let names: Vec<String> = all.iter().map(|one| one.name.clone()).collect();
    all.into_iter().find(|one| one.name == name).ok_or_else(|| {
        // It may be the one in a file that cannot be read.
        if let Some(error) = broken.into_iter().next() {
            return error;
        }
        let hint = nearest::hint(name, names.iter().map(String::as_str));
        Error::new(Code::UnknownReference, format!("there is no team `{name}`"))
            .hint(format!("{hint}; or name a file"))
    })
}

fn list(all: &[Swarm], out: &Out) {
    if out.json {
        return Out::value(&json!({ "swarms": all }));
    }
    let mut table = Table::new(&["team", "agents", "workflows", "for"]);
    for one in all {
        let workflows: Vec<&str> = one.workflows.iter().map(|flow| flow.name.as_str()).collect();
        let cells = [
            one.name.clone(),
            one.size().to_string(),
            workflows.join(", "),
            one.description.clone(),
        ];
        table.row(cells.into_iter().map(|cell| (Color::Plain, cell)).collect());
    }
    table.print(out);
}

fn show(swarm: &Swarm, out: &Out) {
    if out.json {
        return Out::value(&json!({ "swarm": swarm }));
    }
    out.say(&format!("{}: {}", swarm.name, swarm.description));
    for (name, member) in &swarm.agents {
        out.say(&format!("  {} x {name}  {}", member.instances, member.focus.join(", ")));
    }
    for workflow in &swarm.workflows {
        out.say(&format!("workflow {}", workflow.name));
        for stage in &workflow.stages {
            out.say(&format!("  {}", stage.name()));
            if let Stage::Tasks { tasks, .. } = stage {
                for task in tasks {
                    out.say(&format!("    {task}"));
                }
            }
        }
    }
}

async fn deploy(args: Deploy, global: &Global, out: &Out) -> Result<()> {
    let swarm = find(&args.template)?;
    let about = match &args.spec {
        None => String::new(),
        Some(folder) => {
            let whole = folder.canonicalize().map_err(|error| {
                let text = format!("there is no folder {}", folder.display());
                Error::new(Code::FileUnreadable, text).because(error)
            })?;
            format!("The specification is in the folder {}: read it first.", whole.display())
        }
    };
    let (agents, tasks) = swarm.plan(&Deployment {
        project: args.project.unwrap_or_else(|| swarm.usual_project()),
        workflow: args.workflow,
        about,
        programs: commands().names(),
        mode: args.mode,
    })?;
    if !args.dry_run {
        let fusion = open(global, Need::Any).await?;
        for spec in &agents {
            fusion.agents().spawn(spec.clone()).await?;
        }
        fusion.tasks().submit_all(tasks.clone()).await?;
        fusion.close().await?;
    }
    if out.json {
        Out::value(&json!({ "deployed": !args.dry_run, "agents": agents, "tasks": tasks }));
        return Ok(());
    }
    for id in agents.iter().flat_map(fusion_core::coordination::AgentSpec::ids) {
        out.say(&format!("agent  {id}"));
    }
    for task in &tasks {
        let id = task.id.as_deref().unwrap_or_default();
        let needs = if task.needs.is_empty() {
            String::new()
        } else {
            format!("  (after {})", task.needs.join(", "))
        };
        out.say(&format!("task   {id}  {}{needs}", task.title));
    }
    out.note(if args.dry_run { "nothing was done" } else { "`fusion worker` works at the tasks" });
    Ok(())
}
