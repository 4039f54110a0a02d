//! What is wrong with a specification, with the lines.

use std::collections::{BTreeMap, HashMap};

use fusion_core::error::nearest;
use serde::Serialize;

use super::folder::{Folder, component_texts};
use super::model::Spec;
use super::read::read;
use super::yaml::SpecFile;
use crate::component::without_blocks;
use crate::tasks::{self, Plan};

/// The most problems that are told.
const MOST: usize = 10_000;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Work cannot begin like this.
    Error,
    /// Somebody should look at it.
    Warning,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// The file, within the folder.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Says what is wrong with a specification: errors in its `spec.md`, `spec.yaml` and `tasks.md` and between them, and what is open.
pub fn validate(folder: &Folder) -> Vec<Issue> {
    let mut found = Found::default();
    let spec = folder.text("spec.md").map(read);
    match &spec {
        Some(spec) => {
            requirements(spec, &mut found);
            stories(spec, &mut found);
            open(spec, &mut found);
        }
        None if folder.text("spec.yaml").or_else(|| folder.text("spec.yml")).is_none() => {
            let hint = "`fusion spec new NAME` makes one to begin with";
            found.warn("spec.md", 1, "there is no spec.md", Some(hint.to_owned()));
        }
        None => {}
    }
    for name in ["spec.yaml", "spec.yml"] {
        if let Some(text) = folder.text(name) {
            short(name, text, &mut found);
        }
    }
    if let Some(text) = folder.text("tasks.md") {
        let plan = tasks::plan(text);
        let brought = component_texts(&folder.path);
        planned((text, &plan), (spec.as_ref(), &brought), &mut found);
    }
    let mut issues = found.0;
    issues.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    issues.truncate(MOST);
    issues
}

#[derive(Default)]
struct Found(Vec<Issue>);

impl Found {
    fn add(
        &mut self,
        severity: Severity,
        at: (&str, usize),
        message: String,
        hint: Option<String>,
    ) {
        let (file, line) = (at.0.to_owned(), at.1);
        self.0.push(Issue { file, line, severity, message, hint });
    }

    fn error(&mut self, file: &str, line: usize, message: String, hint: &str) {
        self.add(Severity::Error, (file, line), message, Some(hint.to_owned()));
    }

    fn warn(&mut self, file: &str, line: usize, message: &str, hint: Option<String>) {
        self.add(Severity::Warning, (file, line), message.to_owned(), hint);
    }
}

fn requirements(spec: &Spec, found: &mut Found) {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for one in &spec.requirements {
        match first.get(one.id.as_str()) {
            Some(line) => {
                let message = format!("{} is already the id of line {line}", one.id);
                found.error("spec.md", one.line, message, "give one of them another number");
            }
            None => {
                first.insert(&one.id, one.line);
            }
        }
        if one.text.is_empty() {
            let message = format!("{} says nothing", one.id);
            found.error("spec.md", one.line, message, "write behind it what is required");
        } else if is_template(&one.text) {
            let message = format!("{} is still that of the template", one.id);
            found.warn("spec.md", one.line, &message, Some("write what is required".to_owned()));
        }
    }
    if spec.requirements.is_empty() {
        let hint = "write them as `- **FR-001**: Users MUST be able to ...`".to_owned();
        found.warn("spec.md", 1, "no requirement has an id", Some(hint));
    }
}

fn stories(spec: &Spec, found: &mut Found) {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for story in &spec.stories {
        match first.get(story.id.as_str()) {
            Some(line) => {
                let message = format!("{} is already the story of line {line}", story.id);
                found.error("spec.md", story.line, message, "give one of them another number");
            }
            None => {
                first.insert(&story.id, story.line);
            }
        }
        if story.scenarios.is_empty() {
            let message = format!("{} has no scenario: nobody can tell when it is done", story.id);
            let hint = "write one: `1. **Given** ..., **When** ..., **Then** ...`";
            found.error("spec.md", story.line, message, hint);
        }
        for id in story.requirements.iter().filter(|id| spec.requirement(id).is_none()) {
            if !spec.requirements.is_empty() {
                let message = format!("{} names {id}, which is not there", story.id);
                found.warn("spec.md", story.line, &message, near(spec, id));
            }
        }
    }
}

fn open(spec: &Spec, found: &mut Found) {
    for one in &spec.clarifications {
        let message = format!("still open: {}", one.text);
        let hint = "decide it, and write the answer in place of the mark".to_owned();
        found.warn("spec.md", one.line, &message, Some(hint));
    }
}

/// Whether nothing stands there but what the template says: `[Who] MUST be able to [do what]`.
pub(crate) fn is_template(text: &str) -> bool {
    let inside = |piece: &str| {
        let words = piece.split(']').next().unwrap_or_default();
        !words.starts_with("NEEDS") && words.contains(' ') && piece.contains(']')
    };
    text.split('[').skip(1).any(inside) && text.contains("[Who]")
        || text.strip_prefix('[').is_some_and(|rest| rest.ends_with(']') && inside(rest))
}

/// Checks a `spec.yaml`; those that other programs write in forms of their own are left alone.
fn short(name: &str, text: &str, found: &mut Found) {
    let Err(error) = SpecFile::parse(text, name) else { return };
    let own = text.lines().any(|line| line.starts_with("spec:") || line.starts_with('{'));
    let other = ["feature:", "_meta:", "user_stories:"];
    if !own && text.lines().any(|line| other.iter().any(|key| line.starts_with(key))) {
        let message = "it has another form than `spec: {name, type, stack, requirements}`: it was not checked";
        return found.warn(name, 1, message, None);
    }
    for one in error.all() {
        let line = one.place().map_or(1, |place| place.line);
        let hint = one.hint_text().map(str::to_owned);
        found.add(Severity::Error, (name, line), one.message().to_owned(), hint);
    }
}

fn planned(
    (text, plan): (&str, &Plan),
    (spec, brought): (Option<&Spec>, &BTreeMap<String, String>),
    found: &mut Found,
) {
    for problem in &plan.problems {
        let severity = if problem.message.contains("stands here again") {
            Severity::Warning
        } else {
            Severity::Error
        };
        found.add(severity, ("tasks.md", problem.line), problem.message.clone(), None);
    }
    let Some(spec) = spec.filter(|spec| !spec.requirements.is_empty()) else { return };
    // What a component brought is for the requirements of its own specification.
    let own = without_blocks(text);
    let own: Vec<bool> = own.lines().map(|line| !line.trim().is_empty()).collect();
    let is_own = |line: usize| own.get(line.wrapping_sub(1)).copied().unwrap_or(true);
    for task in plan.tasks.iter().filter(|task| is_own(task.line)) {
        // One of a component may be served by a task of the specification's own, too.
        let is_missing =
            |id: &&String| spec.requirement(id).is_none() && !brought.contains_key(*id);
        for id in task.requirements.iter().filter(is_missing) {
            let message = format!("{} names {id}, which spec.md does not have", task.id);
            let hint = near(spec, id);
            found.add(Severity::Error, ("tasks.md", task.line), message, hint);
        }
        for id in &task.stories {
            if !spec.stories.is_empty() && spec.stories.iter().all(|story| story.id != *id) {
                let message = format!("{} is for {id}, which spec.md does not have", task.id);
                found.warn("tasks.md", task.line, &message, None);
            }
        }
    }
}

fn near(spec: &Spec, id: &str) -> Option<String> {
    let known = spec.requirements.iter().map(|one| one.id.as_str());
    nearest::nearest(id, known).map(|near| format!("did you mean {near}?"))
}
