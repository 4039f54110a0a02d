//! What `fusion init` did, and what to type next.

use std::path::Path;

use fusion_ops::mode::Mode;
use serde_json::{Value, json};

use super::agents::Enlisted;
use super::steps::Came;
use crate::args::Initial;
use crate::command::components::Done;
use crate::project::Moded;
use crate::render::Out;

/// What was done.
pub(super) struct Told {
    moded: Moded,
    before: Option<Mode>,
    spec: String,
    pub made: Vec<String>,
    pub changed: Vec<String>,
    pub kept: Vec<String>,
    /// What became of the components.
    pub change: Option<Done>,
    /// The components that would come.
    pub added: Vec<String>,
    pub unknown: Vec<String>,
    pub agents: Vec<Enlisted>,
    pub has_tasks: bool,
    pub has_workflow: bool,
    pub dry: bool,
}

impl Told {
    pub(super) fn new(moded: &Moded, spec: &str, before: Option<Mode>) -> Self {
        Self {
            moded: moded.clone(),
            before,
            spec: spec.to_owned(),
            made: Vec::new(),
            changed: Vec::new(),
            kept: Vec::new(),
            change: None,
            added: Vec::new(),
            unknown: Vec::new(),
            agents: Vec::new(),
            has_tasks: false,
            has_workflow: false,
            dry: false,
        }
    }

    pub(super) fn note(&mut self, path: &str, came: Came) {
        match came {
            Came::Made => self.made.push(path.to_owned()),
            Came::Changed => self.changed.push(path.to_owned()),
            Came::Kept => self.kept.push(path.to_owned()),
            Came::Same => {}
        }
    }

    /// Tells whether the file that is there says another mode.
    pub(super) fn is_moved(&self) -> bool {
        self.before.is_some_and(|before| before != self.moded.mode)
    }

    fn is_changed(&self) -> bool {
        let components = self.change.as_ref().is_some_and(|done| !done.plan.is_empty());
        let agents = self.agents.iter().any(|one| one.spawned);
        !self.made.is_empty() || !self.changed.is_empty() || components || agents
    }

    /// The commands to type next: they work as they are.
    fn next(&self, args: &Initial) -> Vec<String> {
        let spec = quoted(&self.spec);
        let command = if !self.has_tasks {
            format!("fusion spec validate {spec}")
        } else if self.agents.iter().any(|one| one.installed) {
            format!("fusion build {spec}")
        } else if self.has_workflow {
            format!("fusion graph {}", quoted(&format!("{}/workflow.yaml", self.spec)))
        } else {
            format!("fusion spec analyze {spec}")
        };
        let folder = args.folder.as_path();
        if folder == Path::new(".") {
            return vec![command];
        }
        vec![format!("cd {}", quoted(&folder.display().to_string())), command]
    }

    pub(super) fn tell(&self, args: &Initial, out: &Out) {
        if out.json {
            Out::value(&self.json(args));
        } else {
            self.lines(args, out);
        }
    }

    pub(super) fn json(&self, args: &Initial) -> Value {
        let set = &self.moded.set;
        let mut told = json!({
            "project": self.moded.root.display().to_string(), "before": self.before, "set": set,
            "environments": set.deployment.environments(), "spec": self.spec, "made": self.made, "changed_files": self.changed,
            "kept": self.kept, "agents": self.agents, "unknown": self.unknown, "dry_run": self.dry,
            "changed": self.is_changed() && !self.dry, "next": self.next(args),
        });
        let components = match &self.change {
            Some(done) => done.json(),
            None => {
                json!({"components": self.added.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()})
            }
        };
        if let (Some(told), Value::Object(mode)) = (told.as_object_mut(), self.moded.json()) {
            told.extend(mode);
            told.insert("install".to_owned(), components);
        }
        told
    }

    fn lines(&self, args: &Initial, out: &Out) {
        let set = &self.moded.set;
        match self.before {
            Some(before) if self.is_moved() => {
                out.say(&format!("mode {}, before {}", self.moded.mode.word(), before.word()));
            }
            _ => out.say(&format!("mode {}", self.moded.mode.word())),
        }
        for path in &self.made {
            out.say(&format!("  create  {path}"));
        }
        for path in &self.changed {
            out.say(&format!("  update  {path}"));
        }
        match &self.change {
            Some(done) if !done.plan.is_empty() => done.lines(out),
            _ => self.added.iter().for_each(|name| out.say(&format!("+ {name}"))),
        }
        for name in &self.unknown {
            out.note(&format!("no registry has a component `{name}`"));
        }
        for path in &self.kept {
            out.note(&format!("kept: {path}: it was not made by this command"));
        }
        for one in self.agents.iter().filter(|one| one.spawned || (self.dry && one.installed)) {
            out.say(&format!("agent  {}", one.agent));
        }
        let missing: Vec<&str> =
            self.agents.iter().filter(|one| !one.installed).map(|one| one.agent.as_str()).collect();
        if !missing.is_empty() {
            out.note(&format!("not installed: {}", missing.join(", ")));
        }
        let checks: Vec<&str> = set.qa.demands().map(|one| one.name).collect();
        out.say(&format!("checks {}: {}", set.qa.word(), checks.join(", ")));
        out.say(&format!("environments: {}", set.deployment.environments().join(", ")));
        if self.dry {
            out.say("nothing was changed: this is what would be (`--dry-run`)");
        } else if !self.is_changed() {
            out.say("nothing to change");
        }
        if !self.has_tasks {
            out.note(&format!("write down what is wanted in {}/spec.md", self.spec));
        } else if !self.agents.iter().any(|one| one.installed) {
            out.note(&format!(
                "name who shall do the tasks: `fusion build {} --agent PROGRAM`, `--model NAME`, `--recordings FILE`",
                quoted(&self.spec)
            ));
        }
        if !self.dry {
            out.note(&format!("next: {}", self.next(args).join(" && ")));
        }
    }
}

/// A word as a shell takes it.
fn quoted(text: &str) -> String {
    let is_plain = |sign: char| sign.is_alphanumeric() || "/._-+@%=:,".contains(sign);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
