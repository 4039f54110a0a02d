//! From a goal to a plan of changes; nothing is written here.

use std::collections::{BTreeMap, BTreeSet};

use cap_std::fs::Dir;
use fusion_core::error::{Code, Error, Result};
use fusion_core::graph::resolve::{Range, Resolution};
use semver::Version;
use serde::Serialize;

use super::super::lock::{LOCK, LOCK_BYTES, Lock, Locked};
use super::super::manifest::Moment;
use super::super::name::{self, Shown};
use super::super::template::Values;
use super::super::want::{Wants, wants};
use super::super::{Project, Registry, Wish, resolve, tree};

/// What is wanted of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// These components, each of a range, with all that they need.
    Add(BTreeMap<String, Range>),
    /// These no longer, nor what only they needed.
    Remove(Vec<String>),
    /// The newest versions of these; of all when the list is empty.
    Upgrade(Vec<String>),
}

/// How a goal is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Replace files that are in the way; what stood there is kept, and comes back when the component goes.
    pub overwrite: bool,
    /// The project's name, when it is not known yet.
    pub project: String,
    /// Words for the project's stack, beside those that are known.
    pub stack: Vec<String>,
    /// The folder within the project of the specification whose `tasks.md` gets the tasks of what is added.
    pub plan: Option<String>,
}

/// What will be done. It shows itself as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The components that come, go or change their version, in the order in which they do.
    pub components: Vec<Move>,
    /// The files that change.
    pub changes: Vec<Change>,
    /// What was edited here or stood in the way, and is kept as it is.
    pub conflicts: Vec<Conflict>,
    #[serde(skip)]
    pub(super) folders: Vec<String>,
    #[serde(skip)]
    pub(super) emptied: Vec<String>,
}

/// A component that comes, goes or changes its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// Its name.
    pub name: String,
    /// The version that was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Version>,
    /// The version that will be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Version>,
    /// Its commands, which are run only when the operator allows it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<Vec<String>>,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made.
    Create,
    /// It gets another content.
    Update,
    /// It gets back what stood there before a component replaced it.
    Restore,
    /// It is removed.
    Remove,
}

/// A change of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What happens.
    pub action: Action,
    /// The path within the project.
    pub path: String,
    /// Because of which component; empty for `fusion.lock`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub component: String,
    /// The hash of what must stand there before; none when nothing may.
    #[serde(skip)]
    pub(super) before: Option<String>,
    /// What stands there after, with its mode; none when nothing does.
    #[serde(skip)]
    pub(super) after: Option<(Vec<u8>, u32)>,
}

/// Something that is not touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The path within the project.
    pub path: String,
    /// Which component would have changed it.
    pub component: String,
    /// Why it is kept, and what to do.
    pub why: String,
}

impl Plan {
    /// Changes nothing but the lock file.
    pub(in super::super) fn of_lock(project: &Project, lock: &Lock) -> Result<Self> {
        let before = tree::read(project.dir(), LOCK, LOCK_BYTES)?.map(|bytes| tree::sum(&bytes));
        let change = Change {
            action: Action::Update,
            path: LOCK.to_owned(),
            component: String::new(),
            before,
            after: Some((lock.text()?.into_bytes(), 0o644)),
        };
        Ok(Self {
            components: Vec::new(),
            changes: vec![change],
            conflicts: Vec::new(),
            folders: Vec::new(),
            emptied: Vec::new(),
        })
    }

    /// Tells whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// What planning collects.
pub(super) struct Planner<'a> {
    pub(super) dir: &'a Dir,
    pub(super) old: &'a Lock,
    pub(super) lock: Lock,
    pub(super) wants: Wants,
    pub(super) overwrite: bool,
    pub(super) changes: Vec<Change>,
    pub(super) conflicts: Vec<Conflict>,
}

impl Project {
    /// Plans what brings the project to a goal. The same project, registry and goal give the same plan.
    ///
    /// # Errors
    /// As [`resolve`]; `FU0205` for a component that is not there, `FU0105` for one that others need; what is wrong with a
    /// package; `FU0101` for links and other things in the way of its files.
    pub fn plan(&self, registry: &Registry, goal: &Goal, options: &Options) -> Result<Plan> {
        let old = self.lock()?;
        let (values, plans) = about(&old, goal, options)?;
        let wish = wish(&old, goal, &values)?;
        let found = resolve(registry, &wish)?;
        let plans = found.order.iter().filter_map(|name| {
            let kept = old.components.get(name).map(|locked| locked.plan.clone());
            kept.unwrap_or_else(|| plans.clone()).map(|plan| (name.clone(), plan))
        });
        let plans: BTreeMap<String, String> = plans.collect();
        let wants = wants(registry, &found, &values, &plans)?;
        let mut lock = Lock { project: values.project, stack: values.stack, ..Lock::default() };
        lock.components = components(registry, (&old, &wish, &found), &wants, &plans);
        let mut planner = Planner {
            dir: self.dir(),
            old: &old,
            lock,
            wants,
            overwrite: options.overwrite,
            changes: Vec::new(),
            conflicts: Vec::new(),
        };
        planner.files()?;
        planner.shared()?;
        let (folders, emptied) = planner.folders()?;
        planner.lock_file()?;
        let components = moves(registry, &old, &planner.lock, &found);
        let Planner { changes, conflicts, .. } = planner;
        Ok(Plan { components, changes, conflicts, folders, emptied })
    }
}

/// The values for templates, and where tasks go.
fn about(old: &Lock, goal: &Goal, options: &Options) -> Result<(Values, Option<String>)> {
    let project = if old.project.is_empty() { &options.project } else { &old.project };
    let mut stack = old.stack.clone();
    stack.extend(options.stack.iter().cloned());
    let values = Values::new(if project.is_empty() { "project" } else { project }, &stack)?;
    let plan = options.plan.clone().filter(|_| matches!(goal, Goal::Add(_)));
    if let Some(plan) = &plan {
        name::target(&format!("{plan}/tasks.md"))?;
    }
    Ok((values, plan))
}

/// What the resolver is asked.
fn wish(old: &Lock, goal: &Goal, values: &Values) -> Result<Wish> {
    let mut wish = Wish { stack: values.stack.clone(), ..Wish::default() };
    for (name, locked) in &old.components {
        wish.locked.insert(name.clone(), locked.version.clone());
        if let Some(range) = &locked.asked {
            wish.asked.insert(name.clone(), range.parse()?);
        }
    }
    let there = |names: &[String]| -> Result<()> {
        let absent = names.iter().find(|name| !old.components.contains_key(*name));
        absent.map_or(Ok(()), |name| {
            let known: Vec<&str> = old.components.keys().map(String::as_str).collect();
            let message = format!("the component {} is not in this project", Shown(name));
            let hint = fusion_core::error::nearest::hint(name, known);
            let hint = if hint.is_empty() { "it has no components yet".to_owned() } else { hint };
            Err(Error::new(Code::UnknownReference, message).hint(hint))
        })
    };
    match goal {
        Goal::Add(names) => {
            for (name, range) in names {
                // What was asked for with a range keeps it when it is named without one.
                if !(range.is_any() && wish.asked.contains_key(name)) {
                    wish.asked.insert(name.clone(), range.clone());
                }
                if !range.is_any() && wish.locked.get(name).is_some_and(|own| !range.contains(own))
                {
                    wish.locked.remove(name);
                }
            }
        }
        Goal::Remove(names) => {
            there(names)?;
            for name in names {
                let others: Vec<&str> = old
                    .needed_by(name)
                    .into_iter()
                    .filter(|other| !names.iter().any(|one| one == other))
                    .collect();
                if !others.is_empty() {
                    let message =
                        format!("the component {} is needed by {}", Shown(name), others.join(", "));
                    let hint = format!(
                        "`fusion components remove {} {name}` removes all of them",
                        others.join(" ")
                    );
                    return Err(Error::new(Code::NotApplicable, message).hint(hint));
                }
                wish.asked.remove(name);
            }
        }
        Goal::Upgrade(names) => {
            there(names)?;
            wish.locked.retain(|name, _| !names.is_empty() && !names.contains(name));
        }
    }
    Ok(wish)
}

fn components(
    registry: &Registry,
    (old, wish, found): (&Lock, &Wish, &Resolution),
    wants: &Wants,
    plans: &BTreeMap<String, String>,
) -> BTreeMap<String, Locked> {
    let locked = |(name, version): (&String, &Version)| {
        let component = registry.get(name, version)?;
        let manifest = component.manifest();
        let needs = manifest
            .requires
            .keys()
            .map(|need| (need.clone(), found.via.get(need).unwrap_or(need).clone()));
        let before = old.components.get(name);
        let is_new = before.is_none_or(|before| before.version != *version);
        let moment = if before.is_some() { Moment::AfterUpgrade } else { Moment::AfterAdd };
        let hooks_open = if is_new {
            manifest.hooks.iter().any(|hook| hook.on == moment).then_some(moment)
        } else {
            before.and_then(|before| before.hooks_open)
        };
        let locked = Locked {
            version: version.clone(),
            hash: wants.hashes.get(name).cloned().unwrap_or_default(),
            source: component.source(),
            asked: wish.asked.get(name).map(|range| range.text().to_owned()),
            needs: needs.collect(),
            plan: plans.get(name).cloned(),
            hooks_open,
        };
        Some((name.clone(), locked))
    };
    let mut all: BTreeMap<String, Locked> = found.picks.iter().filter_map(locked).collect();
    // A name that another component provides is asked for as that one.
    for name in wish.asked.keys() {
        if let Some(own) = found.via.get(name).and_then(|via| all.get_mut(via)) {
            own.asked.get_or_insert_with(|| "*".to_owned());
        }
    }
    all
}

fn moves(registry: &Registry, old: &Lock, new: &Lock, found: &Resolution) -> Vec<Move> {
    let version =
        |lock: &Lock, name: &String| lock.components.get(name).map(|one| one.version.clone());
    let gone: BTreeSet<&String> =
        old.components.keys().filter(|name| !new.components.contains_key(*name)).collect();
    let all = gone.into_iter().chain(&found.order);
    let all = all.map(|name| (name, version(old, name), version(new, name)));
    all.filter(|(_, from, to)| from != to)
        .map(|(name, from, to)| {
            let moment = if from.is_some() { Moment::AfterUpgrade } else { Moment::AfterAdd };
            let component = to.as_ref().and_then(|version| registry.get(name, version));
            let hooks = component.into_iter().flat_map(|one| &one.manifest().hooks);
            let hooks = hooks.filter(|hook| hook.on == moment).map(|hook| hook.command.clone());
            Move { name: name.clone(), from, to, hooks: hooks.collect() }
        })
        .collect()
}

impl Planner<'_> {
    /// Plans the lock file itself, the last of all changes.
    fn lock_file(&mut self) -> Result<()> {
        let now = tree::read(self.dir, LOCK, LOCK_BYTES)?;
        let is_used = !self.lock.components.is_empty();
        let after = is_used.then(|| self.lock.text()).transpose()?.map(String::into_bytes);
        if now == after || (now.is_none() && self.changes.is_empty() && !is_used) {
            return Ok(());
        }
        let action = match (&now, &after) {
            (None, _) => Action::Create,
            (Some(_), Some(_)) => Action::Update,
            (Some(_), None) => Action::Remove,
        };
        self.changes.push(Change {
            action,
            path: LOCK.to_owned(),
            component: String::new(),
            before: now.map(|bytes| tree::sum(&bytes)),
            after: after.map(|bytes| (bytes, 0o644)),
        });
        Ok(())
    }
}
