//! `add`, `remove`, `upgrade`: the plan is shown, then done as a whole or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use fusion_core::contract::Env;
use fusion_core::error::{Code, Error, Result};
use fusion_core::graph::resolve::Range;
use fusion_core::run::Os;
use fusion_ops::component::{Action, Goal, HookRun, Options, Plan, Project, Registry, Runner};
use fusion_ops::spec::Folder;
use serde_json::{Value, json};

use super::place;
use crate::args::{AddComponents, Changing, RemoveComponents, UpgradeComponents};
use crate::project::of_commands;
use crate::render::Out;

/// What was planned and done.
#[derive(Debug)]
pub(in crate::command) struct Done {
    pub(in crate::command) plan: Plan,
    dry: bool,
    hooks: Vec<HookRun>,
    open: Vec<String>,
}

/// Adds components.
pub(super) async fn add(args: &AddComponents, registry: &Registry, out: &Out) -> Result<u8> {
    let mut names = BTreeMap::new();
    for text in &args.names {
        let (name, range) = text.split_once('@').unwrap_or((text, "*"));
        names.insert(name.to_owned(), range.parse::<Range>()?);
    }
    let mut options = Options { stack: args.change.stack.clone(), ..Options::default() };
    let project = match &args.change.spec {
        Some(spec) => {
            let (root, inner) = place::of_spec(&Folder::open(spec)?)?;
            options.plan = Some(inner);
            place::open_at(&root, out)?
        }
        None => place::open(out)?,
    };
    let done = change(&project, registry, &Goal::Add(names), options, &args.change).await?;
    Ok(done.tell(out))
}

/// Removes components.
pub(super) async fn remove(args: RemoveComponents, registry: &Registry, out: &Out) -> Result<u8> {
    let how = Changing { dry_run: args.dry_run, ..Changing::default() };
    let goal = Goal::Remove(args.names);
    let done = change(&place::open(out)?, registry, &goal, Options::default(), &how).await?;
    Ok(done.tell(out))
}

/// Upgrades components.
pub(super) async fn upgrade(args: UpgradeComponents, registry: &Registry, out: &Out) -> Result<u8> {
    let UpgradeComponents { names, dry_run, overwrite, allow_hooks } = args;
    let how = Changing { dry_run, overwrite, allow_hooks, ..Changing::default() };
    let goal = Goal::Upgrade(names);
    let done = change(&place::open(out)?, registry, &goal, Options::default(), &how).await?;
    Ok(done.tell(out))
}

/// Plans, and does it unless it shall only be shown.
pub(in crate::command) async fn change(
    project: &Project,
    registry: &Registry,
    goal: &Goal,
    options: Options,
    how: &Changing,
) -> Result<Done> {
    let options = Options { overwrite: how.overwrite, project: project.name(), ..options };
    let plan = project.plan(registry, goal, &options)?;
    let mut done = Done { plan, dry: how.dry_run, hooks: Vec::new(), open: Vec::new() };
    if how.dry_run {
        return Ok(done);
    }
    project.apply(&done.plan)?;
    if how.allow_hooks {
        let env: Arc<dyn Env> =
            Os::current().ok_or_else(|| Error::new(Code::Internal, "there is no runtime"))?;
        done.hooks = Runner::new(env, of_commands()).hooks(project, registry).await?;
    }
    let open = project.lock()?.components;
    done.open = open
        .into_iter()
        .filter(|(_, one)| one.hooks_open.is_some())
        .map(|(name, _)| name)
        .collect();
    Ok(done)
}

impl Done {
    /// Prints it, and gives the exit code: 1 when a hook failed.
    pub(super) fn tell(&self, out: &Out) -> u8 {
        if out.json {
            Out::value(&self.json());
        } else {
            self.lines(out);
        }
        u8::from(self.hooks.iter().any(|hook| !hook.ok))
    }

    pub(in crate::command) fn json(&self) -> Value {
        let mut told = json!(self.plan);
        if let Some(told) = told.as_object_mut() {
            told.insert("dry_run".to_owned(), self.dry.into());
            told.insert("changed".to_owned(), (!self.dry && !self.plan.is_empty()).into());
            told.insert("hooks".to_owned(), json!(self.hooks));
            told.insert("hooks_open".to_owned(), json!(self.open));
        }
        told
    }

    pub(in crate::command) fn lines(&self, out: &Out) {
        for one in &self.plan.components {
            out.say(&match (&one.from, &one.to) {
                (None, Some(to)) => format!("+ {} {to}", one.name),
                (Some(from), None) => format!("- {} {from}", one.name),
                (Some(from), Some(to)) => format!("~ {} {from} → {to}", one.name),
                (None, None) => one.name.clone(),
            });
        }
        for change in &self.plan.changes {
            let word = match change.action {
                Action::Create => "create ",
                Action::Update => "update ",
                Action::Restore => "restore",
                Action::Remove => "remove ",
            };
            out.say(&format!("  {word} {}", change.path));
        }
        for conflict in &self.plan.conflicts {
            out.note(&format!(
                "kept: {} ({}): {}",
                conflict.path, conflict.component, conflict.why
            ));
        }
        if self.plan.is_empty() {
            out.say("nothing to change");
        } else if self.dry {
            out.say("nothing was changed: this is what would be (`--dry-run`)");
        }
        for hook in &self.hooks {
            let how = if hook.ok { "done" } else { "failed" };
            out.say(&format!("{how}: `{}` of {}", hook.command.join(" "), hook.component));
            if !hook.ok {
                out.note(&hook.said);
            }
        }
        for one in
            self.plan.components.iter().filter(|one| self.dry || self.open.contains(&one.name))
        {
            for hook in &one.hooks {
                out.note(&format!(
                    "not run: `{}` of {}; `--allow-hooks` runs it",
                    hook.join(" "),
                    one.name
                ));
            }
        }
    }
}
