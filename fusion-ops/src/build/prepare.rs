//! From the folder of a specification to what is needed to build it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Place, Result, nearest};
use fusion_core::model::Digest;
use serde_json::{Map, Value, json};

use super::graph::{Crew, workflow};
use super::job::{Job, Said, bases, jobs};
use crate::check::{Check, Settings, Tests, What};
use crate::spec::{self, Folder, OfComponent, Spec};
use crate::tasks::{self, Plan, State};

/// The file with the checks and gates of a build.
const SETTINGS: &str = "build.yaml";
/// How many letters of a hash stand in an id.
const HASH: usize = 10;
/// The longest name of a specification in an id.
const NAME: usize = 60;
/// How long the project's own tests may take, in milliseconds.
const TESTS_MS: u64 = 1_200_000;

/// What is needed to build a specification.
#[derive(Debug, Clone, PartialEq)]
pub struct Build {
    /// What it is called: the name of its folder.
    pub name: String,
    /// What `spec.md` says.
    pub spec: Spec,
    /// The requirements of the components beside it.
    pub components: Vec<OfComponent>,
    /// The tasks.
    pub plan: Plan,
    /// The checks and gates.
    pub settings: Settings,
    /// The open tasks as jobs.
    pub jobs: Vec<Job>,
    /// For each task what its words come to, as [`Outcome`](super::Outcome) has it of the task that was done.
    pub bases: BTreeMap<String, String>,
    /// The text for a `tasks.md` that is not there yet.
    pub made: Option<String>,
    /// The folder, as it is.
    folder: String,
    /// What the id of the run is made from; boxes count as empty.
    texts: Vec<String>,
}

/// Reads what is needed to build a specification. Without tasks, they are made of the requirements.
///
/// # Errors
/// Those of `build.yaml`; `FU0201` when there is nothing to build.
pub fn prepare(folder: &Folder) -> Result<Build> {
    prepare_over(folder, &Settings::default())
}

/// Reads what is needed to build a specification; `beneath` counts where `build.yaml` says nothing, such as what a project's mode
/// asks for.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_over(folder: &Folder, beneath: &Settings) -> Result<Build> {
    let whole = folder.path.canonicalize().unwrap_or_else(|_| folder.path.clone());
    let name =
        whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let spec = folder.text("spec.md").map(spec::read).unwrap_or_default();
    let own = folder.text("tasks.md").map(str::to_owned);
    let written = own.as_deref().map(tasks::plan).filter(|plan| !plan.tasks.is_empty());
    let (plan, text, made) = match (written, own) {
        (Some(plan), Some(text)) => (plan, text, None),
        (_, own) => {
            let may = own.as_deref().is_none_or(spec::is_unfilled);
            let text = tasks::derive(&spec, &spec::components(&folder.path)).filter(|_| may);
            let Some(text) = text else {
                let message = format!(
                    "{} has no tasks, and no requirements to make them of",
                    folder.path.display()
                );
                let hint =
                    "write requirements (`- **FR-001**: ...`) into spec.md, or tasks into tasks.md";
                return Err(Error::new(Code::FileUnreadable, message).hint(hint));
            };
            (tasks::plan(&text), text.clone(), Some(text))
        }
    };
    let (file, settings_text) = settings_of(folder)?;
    let mut settings = if settings_text.is_empty() {
        beneath.clone()
    } else {
        Settings::parse_over(&settings_text, &file.display().to_string(), beneath.clone())?
    };
    let components = spec::component_requirements(&folder.path);
    names_fit(
        &settings,
        (&plan, &spec, &components),
        (&settings_text, &file.display().to_string()),
    )?;
    let empty = tasks::tick(&text, &plan, &|id| {
        let task = plan.tasks.iter().find(|task| task.id == id)?;
        (task.state == State::Done).then_some(State::Open)
    });
    let spec_text = folder.text("spec.md").unwrap_or_default().to_owned();
    let mut texts = vec![spec_text, empty, settings_text];
    let of_components = spec::component_texts(&folder.path);
    if !of_components.is_empty() {
        texts.push(json!(of_components).to_string());
    }
    // In another mode other things are checked: that is another run.
    if *beneath != Settings::default() {
        texts.push(json!(beneath).to_string());
    }
    if settings.gates.tests {
        settings.checks.push(Check {
            what: What::Tests(Tests::default()),
            task: None,
            requirement: None,
            story: None,
            timeout_ms: TESTS_MS,
        });
    }
    let said = Said::new(&spec, of_components);
    let jobs = jobs(&plan, &said, &settings);
    let bases = bases(&plan, &said);
    let folder = whole.display().to_string();
    Ok(Build { name, spec, components, plan, settings, jobs, bases, made, folder, texts })
}

/// Reads the text of a specification's `build.yaml`, empty where there is none, with its place.
fn settings_of(folder: &Folder) -> Result<(PathBuf, String)> {
    let file = folder.path.join(SETTINGS);
    if file.is_dir() {
        let message = format!("{} is a folder, not a file", file.display());
        return Err(Error::new(Code::FileUnreadable, message)
            .hint("write the checks and gates into a file of this name, or remove it"));
    }
    let text = if file.is_file() {
        Folder::open(&file)?.text(SETTINGS).unwrap_or_default().to_owned()
    } else {
        String::new()
    };
    Ok((file, text))
}

/// Tests that what is named in `build.yaml` is there: a check of something else would silently never be made.
fn names_fit(
    settings: &Settings,
    (plan, spec, components): (&Plan, &Spec, &[OfComponent]),
    (text, file): (&str, &str),
) -> Result<()> {
    let tasks: Vec<&str> = plan.tasks.iter().map(|task| task.id.as_str()).collect();
    let stories: Vec<&str> = spec.stories.iter().map(|story| story.id.as_str()).collect();
    let mut requirements: Vec<&str> =
        spec.requirements.iter().map(|requirement| requirement.id.as_str()).collect();
    requirements.extend(components.iter().map(|one| one.requirement.id.as_str()));
    requirements.extend(plan.tasks.iter().flat_map(|task| &task.requirements).map(String::as_str));
    let both = [requirements.as_slice(), stories.as_slice()].concat();
    let mut errors = Vec::new();
    let mut known_as = |id: &str, known: &[&str], what: &str| {
        if known.contains(&id) {
            return;
        }
        let line = (1..).zip(text.lines()).find(|(_, line)| line.contains(id));
        let place = Place { file: file.into(), line: line.map_or(1, |(line, _)| line), column: 1 };
        let hint = nearest::hint(id, known.iter().copied());
        let message = format!("there is no {what} `{id}`");
        errors.push(Error::new(Code::UnknownReference, message).hint(hint).at(place));
    };
    for check in &settings.checks {
        match (&check.task, &check.requirement, &check.story) {
            (Some(id), ..) => known_as(id, &tasks, "task"),
            (_, Some(id), _) => known_as(id, &requirements, "requirement"),
            (.., Some(id)) => known_as(id, &stories, "story"),
            // It is made at the end, for the whole.
            (None, None, None) => {}
        }
    }
    settings.inputs.keys().for_each(|id| known_as(id, &tasks, "task"));
    settings.gates.critical.iter().for_each(|id| known_as(id, &both, "requirement or story"));
    Error::join(errors).map_or(Ok(()), Err)
}

impl Build {
    /// Gives the folder of the specification, whole.
    pub fn folder(&self) -> &Path {
        Path::new(&self.folder)
    }

    /// Gives what the ids of all its runs in a workspace begin with.
    pub fn prefix(&self, workspace: &Path) -> String {
        let fits = |sign: char| if sign.is_ascii_alphanumeric() { sign } else { '-' };
        let name: String = self.name.chars().map(fits).take(NAME).collect();
        let place =
            Digest::of_parts(&[self.folder.as_bytes(), workspace.display().to_string().as_bytes()]);
        let place: String = place.to_string().chars().take(HASH).collect();
        format!("build-{}-{place}-", name.trim_matches('-'))
    }

    /// Gives the id of its run: the same for the same texts, workspace and crew, whichever boxes are ticked.
    pub fn id(&self, workspace: &Path, crew: &Crew) -> String {
        let agents: Vec<(&str, &Value)> =
            crew.workers.iter().map(|worker| (worker.name.as_str(), &worker.agent)).collect();
        let crew = json!([agents, crew.attempts, crew.person]).to_string();
        let mut parts: Vec<&[u8]> = self.texts.iter().map(String::as_bytes).collect();
        parts.push(crew.as_bytes());
        let hash: String = Digest::of_parts(&parts).to_string().chars().take(HASH).collect();
        format!("{}{hash}", self.prefix(workspace))
    }

    /// Gives its workflow, as JSON.
    pub fn workflow(&self, workspace: &Path, crew: &Crew) -> Value {
        let (name, id) = (format!("build-{}", self.slug()), self.id(workspace, crew));
        workflow((&name, &id), &self.jobs, crew)
    }

    fn slug(&self) -> String {
        let fits = |sign: char| if sign.is_ascii_alphanumeric() { sign } else { '-' };
        let name: String = self.name.chars().map(fits).take(NAME).collect();
        let name = name.trim_matches('-').to_owned();
        if name.is_empty() { "spec".to_owned() } else { name }
    }

    /// Gives the input of its run.
    pub fn input(&self, workspace: &Path) -> Value {
        let jobs: Map<String, Value> =
            self.jobs.iter().map(|job| (job.id.clone(), json!(job))).collect();
        json!({
            "workspace": workspace.display().to_string(), "spec": self.folder,
            "jobs": jobs, "checks": self.settings.at_end(),
        })
    }
}
