//! Who does the tasks: whom the user names, else what is here.

use std::collections::BTreeMap;
use std::path::Path;

use fusion_core::coordination::{Aim, Router};
use fusion_core::error::{Code, Error, Result};
use fusion_ops::build::{Build, Crew, Worker};
use fusion_providers::{Http, discover, known};
use serde_json::{Value, json};

use crate::args::Building;
use crate::command::providers::call;
use crate::project::{Moded, cards, commands, keys, refused};

/// What an agent that is a model is told.
const SYSTEM: &str = "You are a careful developer. You work in one folder with the tools that you are given. Write whole, working files; \
                      never leave a placeholder. Say in one sentence what you did when you are done.";
/// How often a model is asked for one task.
const TURNS: u32 = 60;
/// The folder of a node's agent.
const FOLDER: &str = "{{ inputs.workspace }}";

/// Finds them, and says in a sentence who it is.
///
/// # Errors
/// `FU0405` when nobody is there, `FU0101` for one that is not known.
pub(super) async fn crew(
    args: &Building,
    build: &Build,
    own: Option<&Moded>,
) -> Result<(Crew, String)> {
    let mut workers = named(args, build)?;
    let mut tasks = BTreeMap::new();
    let said;
    if workers.is_empty() {
        workers = installed(own)?;
        if workers.is_empty() {
            let model = model_here().await?;
            said = format!("{model} does the tasks");
            workers = vec![model_of(&model, build)];
        } else {
            let names: Vec<&str> = workers.iter().map(|worker| worker.name.as_str()).collect();
            said = format!("programs do the tasks: {}", names.join(", "));
        }
        tasks = routed(build, &workers)?;
    } else {
        let names: Vec<&str> = workers.iter().map(|worker| worker.name.as_str()).collect();
        said = format!("{} does the tasks", names.join(", then "));
    }
    for job in &build.jobs {
        tasks.entry(job.id.clone()).or_insert_with(|| (0..workers.len()).take(2).collect());
    }
    let (jobs, attempts) = (args.jobs, build.settings.attempts);
    Ok((Crew { workers, tasks, jobs, attempts, person: !args.unattended }, said))
}

fn named(args: &Building, build: &Build) -> Result<Vec<Worker>> {
    let mut workers = Vec::new();
    for name in &args.agent {
        let whole = from_here(name);
        let line = whole.strip_prefix("command:").unwrap_or(&whole);
        let (dialect, _) = commands().find(line).map_err(|fault| refused(&fault))?;
        if !dialect.is_installed() {
            let message =
                format!("the program of `{name}` is not installed: {}", dialect.program());
            return Err(Error::new(Code::InvalidInput, message).hint(dialect.install.clone()));
        }
        workers.push(Worker { name: name.clone(), ..program(&whole) });
    }
    workers.extend(args.model.iter().map(|model| model_of(model, build)));
    if let Some(file) = &args.recordings {
        let whole = file.canonicalize().map_err(|why| {
            let message = format!("the recording {} cannot be read", file.display());
            Error::new(Code::FileUnreadable, message).because(why)
        })?;
        workers.push(model_of(&format!("replay:{}", whole.display()), build));
    }
    Ok(workers)
}

/// A line whose program is named from the folder that the user is in: agents work in another one.
fn from_here(name: &str) -> String {
    let (prefix, line) = match name.strip_prefix("command:") {
        Some(line) => ("command:", line),
        None => ("", name),
    };
    let (program, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
    let path = Path::new(program);
    let is_inner = program.contains('/') && path.is_relative();
    match std::path::absolute(path).ok().filter(|path| is_inner && path.is_file()) {
        Some(whole) => {
            let whole = whole.display().to_string();
            let mark = if whole.contains(char::is_whitespace) { "'" } else { "" };
            format!("{prefix}{mark}{whole}{mark}{rest}")
        }
        None => name.to_owned(),
    }
}

/// A program on the command line; one that is only known by its line has no modes.
fn program(name: &str) -> Worker {
    let is_line = name.contains(['/', ' ']);
    let program = if is_line && !name.starts_with("command:") {
        format!("command:{name}")
    } else {
        name.to_owned()
    };
    let mode = if is_line { "full" } else { "edit" };
    Worker {
        name: name.to_owned(),
        agent: json!({"program": program, "mode": mode, "workspace": FOLDER}),
    }
}

fn model_of(model: &str, build: &Build) -> Worker {
    let mut tools: Vec<Value> = vec![json!({"workspace": FOLDER, "write": true})];
    if !build.settings.commands.is_empty() {
        tools.push(json!({"command": build.settings.commands}));
    }
    let agent = json!({"model": model, "system": SYSTEM, "turns": TURNS, "tools": tools});
    Worker { name: model.to_owned(), agent }
}

/// The programs that are installed, among those that have a card; those of the project's mode, in its order, where one of them is.
fn installed(moded: Option<&Moded>) -> Result<Vec<Worker>> {
    let commands = commands();
    let is_here = |name: &str| commands.find(name).is_ok_and(|(dialect, _)| dialect.is_installed());
    let workers = |names: Vec<String>| -> Vec<Worker> {
        names.iter().filter(|name| is_here(name)).map(|name| program(name)).collect()
    };
    if let Some(moded) = moded {
        let own = workers(moded.agents()?);
        if !own.is_empty() {
            return Ok(own);
        }
    }
    let names = cards()?.into_iter().map(|card| card.name.trim_start_matches('@').to_owned());
    Ok(workers(names.collect()))
}

/// A model that listens on this machine, else one that there is a key for.
async fn model_here() -> Result<String> {
    let found =
        discover(&call()?, &keys(), &Http::default()).await.map_err(|fault| refused(&fault))?;
    if let Some((name, model)) = found.iter().find_map(|one| Some((one.name, one.models.first()?)))
    {
        return Ok(format!("{name}:{}", model.id));
    }
    let set = known(&keys()).into_iter().find(|one| one.is_set && !one.is_free);
    set.map(|one| one.name.to_owned()).ok_or_else(|| {
        let message = "nobody is here to do the tasks: no agent is installed, no model listens, no provider has a key";
        let hint = "name one: `--agent claude`, `--agent ./work.sh`, `--model ollama:qwen3`, `--recordings FILE`";
        Error::new(Code::NoAnswer, message).hint(hint)
    })
}

/// For each task the worker that its line names, or whose card fits; the next best takes over.
fn routed(build: &Build, workers: &[Worker]) -> Result<BTreeMap<String, Vec<usize>>> {
    let router = Router::new(cards()?);
    let place =
        |name: &str| workers.iter().position(|worker| worker.name == name.trim_start_matches('@'));
    let mut all = BTreeMap::new();
    for job in &build.jobs {
        let task = build.plan.tasks.iter().find(|task| task.id == job.id);
        let named = task.and_then(|task| task.agent.as_deref()).and_then(place);
        let ranking = router.route(&job.title, Aim::Fit).ranking;
        let mut own: Vec<usize> = named.into_iter().collect();
        for at in ranking.iter().filter_map(|one| place(&one.agent)).chain(0..workers.len()) {
            if !own.contains(&at) {
                own.push(at);
            }
        }
        own.truncate(2);
        all.insert(job.id.clone(), own);
    }
    Ok(all)
}

/// Gives the folder that is worked in, whole; it is made when it is not there.
pub(super) fn workspace(path: &Path, make: bool) -> Result<std::path::PathBuf> {
    let refused = |why: std::io::Error| {
        Error::new(Code::FileUnreadable, format!("there is no folder {}", path.display()))
            .because(why)
    };
    if make {
        std::fs::create_dir_all(path).map_err(refused)?;
    }
    path.canonicalize().map_err(refused)
}
