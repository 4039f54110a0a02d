//! Hooks and checks that are commands. Nothing here runs by itself: who makes a [`Runner`] allows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fusion_core::contract::{Env, Exec};
use fusion_core::error::Result;
use fusion_core::run::Wish;
use serde::Serialize;

use super::change::Plan;
use super::check::{CheckState, Checked};
use super::lock::Lock;
use super::{Component, Project, Registry, hash};
use crate::check::Until;

/// How much of what a command writes is kept, in bytes.
const KEPT: usize = 64 << 10;
/// How long a command may take unless it is said, in milliseconds: while it runs, nobody else changes the project's components.
const LIMIT_MS: u64 = 600_000;
/// How long a command may take to end after it was asked to, in milliseconds.
const GRACE_MS: u64 = 5_000;

/// A hook that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookRun {
    /// Whose.
    pub component: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Whether it exited with 0.
    pub ok: bool,
    /// What it said last, or why it could not be run.
    pub said: String,
}

/// Runs commands of components in the project's folder, without a shell between.
#[derive(Debug)]
pub struct Runner {
    env: Arc<dyn Env>,
    variables: BTreeMap<String, String>,
    limit_ms: u64,
}

impl Runner {
    /// Makes one. The commands get these variables and no others, and ten minutes each.
    pub fn new(env: Arc<dyn Env>, variables: BTreeMap<String, String>) -> Self {
        Self { env, variables, limit_ms: LIMIT_MS }
    }

    /// Sets how long each command may take, in milliseconds; then it is ended with all that it started, and has failed.
    #[must_use]
    pub fn limit_ms(mut self, limit_ms: u64) -> Self {
        self.limit_ms = limit_ms;
        self
    }

    /// Runs the hooks that are open, each component after what it needs, and notes in `fusion.lock` which were run. The first that
    /// fails ends this; it stays open.
    ///
    /// # Errors
    /// For a lock file that cannot be understood or written. A hook that fails is none.
    pub async fn hooks(&self, project: &Project, registry: &Registry) -> Result<Vec<HookRun>> {
        let mut lock = project.lock()?;
        let mut runs = Vec::new();
        for name in order(&lock) {
            let Some(locked) = lock.components.get_mut(&name) else { continue };
            let Some(moment) = locked.hooks_open else { continue };
            // What was planned and shown is run, and nothing that has taken its place since.
            let same = |one: &&Arc<dyn Component>| {
                hash(one.as_ref()).is_ok_and(|hash| hash == locked.hash)
            };
            let Some(component) = registry.get(&name, &locked.version).filter(same) else {
                continue;
            };
            let hooks = component.manifest().hooks.iter().filter(|hook| hook.on == moment);
            let mut ok = true;
            for hook in hooks {
                let (passed, said) = self.run(project, &hook.command).await;
                let (component, command) = (name.clone(), hook.command.clone());
                runs.push(HookRun { component, command, ok: passed, said });
                ok = passed;
                if !ok {
                    break;
                }
            }
            if !ok {
                break;
            }
            locked.hooks_open = None;
            project.apply(&Plan::of_lock(project, &lock)?)?;
        }
        Ok(runs)
    }

    /// Runs the checks that are commands, in the place of those that were skipped.
    pub async fn checks(
        &self,
        project: &Project,
        registry: &Registry,
        checks: &mut [Checked],
    ) -> Result<()> {
        let lock = project.lock()?;
        for checked in checks.iter_mut().filter(|one| one.state == CheckState::Skipped) {
            let version = lock.components.get(&checked.component).map(|locked| &locked.version);
            let component = version.and_then(|version| registry.get(&checked.component, version));
            let all = component.into_iter().flat_map(|one| &one.manifest().checks);
            let check = all.into_iter().find(|check| check.name == checked.name);
            if let Some(check) = check.filter(|check| !check.command.is_empty()) {
                let (ok, said) = self.run(project, &check.command).await;
                checked.state = if ok { CheckState::Passed } else { CheckState::Failed };
                checked.why =
                    if ok { format!("`{}` exits with 0", check.command.join(" ")) } else { said };
            }
        }
        Ok(())
    }

    async fn run(&self, project: &Project, command: &[String]) -> (bool, String) {
        let exec = Exec {
            argv: command.to_vec(),
            cwd: Some(project.path().to_owned()),
            env: self.variables.clone(),
            stdout_limit: KEPT,
            stderr_limit: KEPT,
            grace_ms: GRACE_MS,
            ..Exec::default()
        };
        let until = Arc::new(Until::new(None, &self.env, self.limit_ms, Wish::default()));
        match self.env.exec(exec, until.clone()).await {
            Ok(exit) if exit.code == Some(0) => {
                (true, String::from_utf8_lossy(&exit.stdout).trim_end().to_owned())
            }
            Ok(_) if until.is_late() => {
                let command = command.join(" ");
                (false, format!("`{command}` took longer than {} ms and was ended", self.limit_ms))
            }
            Ok(exit) => {
                let how = exit.code.map_or_else(
                    || format!("signal {}", exit.signal.unwrap_or_default()),
                    |code| format!("exit code {code}"),
                );
                let said = String::from_utf8_lossy(&exit.stderr);
                (false, format!("`{}` ended with {how}: {}", command.join(" "), said.trim()))
            }
            Err(failure) => (false, failure.message),
        }
    }
}

/// The components, each after what it needs.
fn order(lock: &Lock) -> Vec<String> {
    fn visit(name: &str, lock: &Lock, seen: &mut BTreeSet<String>, order: &mut Vec<String>) {
        let Some(locked) = lock.components.get(name) else { return };
        if seen.insert(name.to_owned()) {
            locked.needs.values().for_each(|need| visit(need, lock, seen, order));
            order.push(name.to_owned());
        }
    }
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    lock.components.keys().for_each(|name| visit(name, lock, &mut seen, &mut order));
    order
}

#[cfg(test)]
mod tests {
    use fusion_core::run::Os;

    use super::*;

    #[tokio::test]
    async fn a_command_that_does_not_end_is_ended() {
        let folder = tempfile::TempDir::new().unwrap();
        let project = Project::open(folder.path()).unwrap();
        let path = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        let env: Arc<dyn Env> = Os::current().unwrap();
        let runner = Runner::new(env, path).limit_ms(300);
        let words = |line: &str| ["sh", "-c", line].map(str::to_owned).to_vec();
        let (ok, said) = runner.run(&project, &words("sleep 600")).await;
        assert!(!ok && said.ends_with("took longer than 300 ms and was ended"), "{said}");
        assert_eq!(runner.run(&project, &words("echo all")).await, (true, "all".to_owned()));
    }
}
